// Timers that work in every environment.

/** The longest delay of a timer, in milliseconds. With a longer one, it fires immediately. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** Limits a duration to the longest delay of a timer. */
export const timerMs = (ms) => Math.min(ms, TIMER_MAX_MS);

/**
 * setTimeout for work that nobody waits for. The timer does not keep a Node process alive. It runs outside Angular's
 * zone, because an application does not become stable while a timer is pending in the zone.
 * @param {() => void} run
 * @param {number} ms
 */
export function backgroundTimeout(run, ms) {
  const timer = (globalThis[globalThis.Zone?.__symbol__?.('setTimeout')] ?? setTimeout)(run, ms);
  timer.unref?.();
  return timer;
}

/**
 * Calls `run` with a signal that is aborted after `ms`. AbortSignal.timeout is not used: browsers of 2021 lack it, and
 * its timer stays after the end of `run`.
 * @template Result
 * @param {number} ms
 * @param {(signal: AbortSignal) => Promise<Result>} run
 * @param {AbortSignal} [outer] aborts the signal, too
 * @returns {Promise<Result>}
 */
export async function withTimeout(ms, run, outer) {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const timer = setTimeout(abort, ms);
  outer?.addEventListener('abort', abort);
  try {
    return await run(controller.signal);
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener('abort', abort);
  }
}
