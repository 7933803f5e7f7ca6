// Calls back when the machine may have woken up or the network may be back. Several events may come at once; the core's
// minimum interval makes one request of them.

/**
 * @param {() => void} woke
 * @param {AbortSignal} signal stops listening
 */
export function onWake(woke, signal) {
  const onEvent = () => globalThis.document?.visibilityState != 'hidden' && woke();
  // Events of the document pass the window first, in the capture phase.
  const types = ['online', 'pageshow', 'visibilitychange', 'resume'];
  for (const type of types) globalThis.addEventListener?.(type, onEvent, true);
  // The option `signal` is not used: jsdom rejects Node's AbortSignal, and fetch needs that one there.
  signal.addEventListener('abort', () =>
    types.forEach((type) => globalThis.removeEventListener?.(type, onEvent, true)),
  );
}
