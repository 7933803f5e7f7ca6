// Reads the beginning of a response's body. The whole body may be very large, and may never end.

/**
 * Fills `bytes` with the body. Does not wait for more than that.
 * @param {Response} response
 * @param {Uint8Array} bytes
 * @param {AbortSignal} signal stops reading; the bytes received so far count
 * @returns {Promise<number>} the number of bytes
 */
export async function readBody(response, bytes, signal) {
  const reader = response.body?.getReader();
  const stop = () => reader?.cancel().catch(() => {});
  signal.addEventListener('abort', stop);
  let length = 0;
  const append = (part) => {
    part = part.subarray(0, bytes.length - length);
    bytes.set(part, length);
    length += part.length;
  };
  if (!reader)
    append(new Uint8Array(await response.arrayBuffer())); // some browsers of 2020 have no stream for a body
  else for (let piece; length < bytes.length && !(piece = await reader.read()).done;) append(piece.value);
  stop();
  return length;
}
