// Gets a token from the page's own server, where tokenHandler (js/server/) answers.

import { AuthError, invalid } from './errors.js';

/** The code for a status that tokenHandler sends. */
function codeOf(status) {
  if (status == 401 || status == 403) return 'credentials_rejected';
  if (status == 429) return 'rate_limited';
  return status > 501 ? 'server_error' : 'bad_response';
}

/**
 * Makes a `reauthorize` callback that requests a token from your server: `reauthorize: tokenFrom('/token')`.
 * @param {string | URL} url
 * @param {RequestInit} [init] more options for fetch, such as headers against request forgery
 * @returns {(context?: {signal?: AbortSignal}) => Promise<import('./token.js').Grant>}
 * @throws {AuthError} invalid_config
 */
export function tokenFrom(url, init) {
  if (typeof url != 'string' && !url?.href) throw invalid('tokenFrom takes a URL.');
  const facts = { endpoint: String(url) };
  return async ({ signal } = {}) => {
    let answer;
    try {
      answer = await fetch(url, {
        __proto__: null,
        method: 'POST',
        credentials: 'same-origin',
        cache: 'no-store',
        body: init?.method ? undefined : new Blob(['{}'], { type: 'application/json' }), // else SvelteKit takes it for a form
        ...init,
        signal,
      });
    } catch (cause) {
      throw new AuthError(signal?.aborted ? 'timeout' : 'network', { cause, retryable: true }, facts);
    }
    const { ok, status } = answer;
    try {
      if (ok) return await answer.json();
    } catch {}
    const code = codeOf(status);
    const retryAfterMs = 1000 * Number(answer.headers.get('Retry-After')) || 0;
    const hint =
      code == 'credentials_rejected'
        ? `${url} refused this visitor. Look at what authorize returns.`
        : `${url} sent status ${status}${ok ? ' without JSON' : ''}. Check that URL, and your server's log.`;
    throw new AuthError(code, { status, retryable: status == 429 || status > 501, retryAfterMs, hint });
  };
}
