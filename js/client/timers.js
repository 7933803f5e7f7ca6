// Timers, as every environment has them.

/** What timers take, in milliseconds. Beyond that they fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** A duration that a timer can take. */
export const timerMs = (ms) => Math.min(ms, LONGEST_MS);

/**
 * setTimeout for what nobody waits for. It keeps no process of Node alive, and it runs outside Angular's zone: a pending
 * timer inside it would keep an application from ever becoming stable.
 * @param {() => void} run
 * @param {number} ms
 */
export function background(run, ms) {
  const timer = (globalThis[globalThis.Zone?.__symbol__?.('setTimeout')] ?? setTimeout)(run, ms);
  timer.unref?.();
  return timer;
}

/**
 * AbortSignal.timeout, which browsers of 2021 do not have, and which leaves a timer behind.
 * @template Result
 * @param {number} ms
 * @param {(signal: AbortSignal) => Promise<Result>} run
 * @param {AbortSignal} [outer] aborts as well
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
