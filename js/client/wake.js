// Tells when the machine may have slept or the network may be back. Several of these come at once; the core's
// minimum interval makes one request of them.

/**
 * @param {() => void} woke
 * @param {AbortSignal} signal stops listening
 */
export function onWake(woke, signal) {
  const heard = () => globalThis.document?.visibilityState != 'hidden' && woke();
  // Those of the document pass by the window on their way down.
  const types = ['online', 'pageshow', 'visibilitychange', 'resume'];
  for (const type of types) globalThis.addEventListener?.(type, heard, true);
  // Not by its option `signal`: jsdom takes no signal of Node's, which fetch needs there.
  signal.addEventListener('abort', () => types.forEach((type) => globalThis.removeEventListener?.(type, heard, true)));
}
