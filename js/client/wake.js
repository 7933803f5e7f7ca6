// Tells when the machine may have slept or the network may be back. Several of these come at once; the core's
// minimum interval makes one request of them.

/**
 * @param {() => void} woke
 * @param {AbortSignal} signal stops listening
 */
export function onWake(woke, signal) {
  const heard = () => globalThis.document?.visibilityState != 'hidden' && woke();
  // Those of the document pass by the window on their way down.
  for (const type of ['online', 'pageshow', 'visibilitychange', 'resume']) globalThis.addEventListener?.(type, heard, { capture: true, signal });
}
