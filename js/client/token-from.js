// The page's half of the hand-over: asks its own server, where tokenHandler answers.

import { AuthError } from './errors.js';

/**
 * A `reauthorize` that asks your server: `reauthorize: tokenFrom('/token')`.
 * @param {string | URL} url
 * @param {RequestInit} [init] more for fetch, such as headers against request forgery
 * @returns {(context: {signal: AbortSignal}) => Promise<import('./token.js').Grant>}
 */
export function tokenFrom(url, init) {
  const facts = { endpoint: String(url) };
  return async ({ signal }) => {
    let answer;
    try {
      answer = await fetch(url, { method: 'POST', credentials: 'same-origin', cache: 'no-store', ...init, signal });
    } catch (cause) {
      throw new AuthError(signal.aborted ? 'timeout' : 'network', { cause, retryable: true }, facts);
    }
    const { status } = answer;
    const retryAfterMs = 1000 * Number(answer.headers.get('Retry-After')) || 0;
    if (status == 401 || status == 403) throw new AuthError('credentials_rejected', { status, hint: 'Your server refused this visitor. Look at what authorize returns.' });
    if (status == 429) throw new AuthError('rate_limited', { status, retryable: true, retryAfterMs });
    if (status == 502 || status == 503 || status == 504) throw new AuthError('server_error', { status, retryable: true, retryAfterMs }, facts);
    try {
      if (answer.ok) return await answer.json();
    } catch {}
    throw new AuthError('bad_response', { status, hint: 'Your server did not answer as tokenHandler does.' });
  };
}
