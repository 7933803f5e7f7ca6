// Gets a token from the page's own server, where tokenHandler (js/server/) answers.

import { AuthError, invalid } from './errors.js';

/** The codes of the statuses that tokenHandler sends. */
const CODES = {
  401: 'credentials_rejected',
  403: 'credentials_rejected',
  429: 'rate_limited',
  502: 'server_error',
  503: 'server_error',
  504: 'server_error',
};

/** Hints for some codes. The others have their usual hint. */
const hintOf = (code, url, { ok, status }) =>
  ({
    credentials_rejected: 'Your server refused this visitor. Look at what authorize returns.',
    bad_response: `Your server does not answer as tokenHandler does: ${url} sent status ${status}${ok ? ' without JSON' : ''}.`,
  })[code];

/**
 * Makes a `reauthorize` callback that requests a token from your server: `reauthorize: tokenFrom('/token')`.
 * @param {string | URL} url
 * @param {RequestInit} [init] more options for fetch, such as headers against request forgery
 * @returns {(context: {signal: AbortSignal}) => Promise<import('./token.js').Grant>}
 * @throws {AuthError} invalid_config
 */
export function tokenFrom(url, init) {
  if (typeof url != 'string' && !url?.href) throw invalid('tokenFrom takes a URL.');
  const facts = { endpoint: String(url) };
  return async ({ signal }) => {
    let answer;
    try {
      answer = await fetch(url, { method: 'POST', credentials: 'same-origin', cache: 'no-store', ...init, signal });
    } catch (cause) {
      throw new AuthError(signal.aborted ? 'timeout' : 'network', { cause, retryable: true }, facts);
    }
    const { status } = answer;
    try {
      if (answer.ok) return await answer.json();
    } catch {}
    const code = CODES[status] ?? 'bad_response';
    const retryAfterMs = 1000 * Number(answer.headers.get('Retry-After')) || 0;
    throw new AuthError(
      code,
      { status, retryable: status == 429 || code == 'server_error', retryAfterMs, hint: hintOf(code, url, answer) },
      facts,
    );
  };
}
