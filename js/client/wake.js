// Calls back when the machine may have woken up or the network may be back. Several events may come at once; the core's
// minimum interval makes one request of them.

/**
 * @param {() => void} woke
 * @param {AbortSignal} signal stops listening
 */
export function onWake(woke, signal) {
  const onEvent = () => globalThis.document?.visibilityState != 'hidden' && woke();
  // Events of the document pass the window first, in the capture phase. The option `signal` is not used: jsdom rejects
  // Node's AbortSignal, and fetch needs that one there.
  try {
    for (const type of ['online', 'pageshow', 'visibilitychange', 'resume']) {
      addEventListener(type, onEvent, true);
      signal.addEventListener('abort', () => globalThis.removeEventListener?.(type, onEvent, true));
    }
  } catch {} // no page: Node has no such events, and Cloudflare's Workers no capture phase
}
