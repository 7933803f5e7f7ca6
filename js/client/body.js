// The beginning of an answer's body: it may be larger than anybody wants to keep, and may never end.

/**
 * Fills `bytes` with it. What does not fit is not waited for.
 * @param {Response} response
 * @param {Uint8Array} bytes
 * @param {AbortSignal} signal gives up: what came so far counts
 * @returns {Promise<number>} how many bytes there are
 */
export async function readBody(response, bytes, signal) {
  const reader = response.body?.getReader();
  const stop = () => reader?.cancel().catch(() => {});
  signal.addEventListener('abort', stop);
  let length = 0;
  const take = (part) => {
    part = part.subarray(0, bytes.length - length);
    bytes.set(part, length);
    length += part.length;
  };
  if (!reader)
    take(new Uint8Array(await response.arrayBuffer())); // browsers of 2020 give it as a whole only
  else for (let piece; length < bytes.length && !(piece = await reader.read()).done;) take(piece.value);
  stop();
  return length;
}
