// Tells when the machine may have slept or the network may be back. Several of these come at once; the core's
// minimum interval makes one request of them.

/**
 * @param {() => void} woke
 * @returns {() => void} stops listening
 */
export function onWake(woke) {
  const { document } = globalThis;
  const heard = () => document?.visibilityState != 'hidden' && woke();
  const sources = [
    [globalThis, 'online'],
    [globalThis, 'pageshow'],
    [document, 'visibilitychange'],
    [document, 'resume'],
  ].filter(([target]) => target?.addEventListener);
  for (const [target, type] of sources) target.addEventListener(type, heard);
  return () => {
    for (const [target, type] of sources) target.removeEventListener(type, heard);
  };
}
