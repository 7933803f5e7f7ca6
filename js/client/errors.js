// The one error class, and what each code means.

import { CODES } from './boundary.js';

/** What to do about each code. */
const HINTS = {
  invalid_config: 'Check the keys, the endpoint and the options.',
  insecure_endpoint: 'Use https; plain http works for this machine only.',
  out_of_memory: 'Wait for answers before you ask for more.',
  aborted: 'The signal that you passed was aborted.',
  disposed: 'Create a new client.',
  timeout: 'Try again; raise timeoutMs if the network is slow.',
  network: 'Check the connection, the endpoint, CORS and the connect-src of the CSP.',
  origin_not_allowed: "Add ORIGIN to the domain key's list of domains.",
  credentials_rejected: 'Check that the API key and the domain key are right and belong together.',
  key_revoked: 'Create a new domain key and put it into the page.',
  token_expired: 'Pass reauthorize, or create a new client.',
  endpoint_refused: 'Check the endpoint: does it end in /v1? A firewall or gateway refused the request.',
  rate_limited: 'Try again after retryAfterMs.',
  server_error: 'Try again later.',
  body_too_large: 'Check the endpoint.',
  bad_response: 'Check the endpoint, and that nothing in between changes its answers.',
  // Of JavaScript alone:
  wasm_unavailable: 'Serve inbenta-auth.wasm of this version beside the script; connect-src must allow it.',
  secret_in_browser: 'Use createFromDomainKey, or get the token from your server.',
  wasm_blocked_by_csp: "Add 'wasm-unsafe-eval' to the script-src of the CSP.",
};

/** @typedef {keyof typeof HINTS} AuthErrorCode */

/**
 * Everything that can go wrong is one of these. It never holds a key or a token.
 * @property code what happened; see the list in the README
 * @property status HTTP status of the answer, 0 if there was none
 * @property retryable whether a later try may succeed without anybody changing anything
 * @property retryAfterMs how long until the next try reaches the network, in milliseconds
 * @property attempts requests in a row that failed
 * @property serverMessage the server's own sentence, undefined if it said none
 * @property hint what to do, in one sentence
 */
export class AuthError extends Error {
  /**
   * @param {AuthErrorCode} code
   * @param {{status?: number, retryable?: boolean, retryAfterMs?: number, attempts?: number, serverMessage?: string, cause?: unknown, hint?: string}} [details]
   */
  constructor(code, { status = 0, retryable = false, retryAfterMs = 0, attempts = 0, serverMessage, cause, hint } = {}) {
    const text = hint ?? HINTS[code].replace('ORIGIN', globalThis.location?.origin ?? 'your origin');
    super(`${text} (${code})`, cause === undefined ? undefined : { cause });
    this.name = 'AuthError';
    this.code = code;
    this.status = status;
    this.retryable = retryable;
    this.retryAfterMs = retryAfterMs;
    this.attempts = attempts;
    this.serverMessage = serverMessage;
    this.hint = text;
  }
}

/** A mistake of the caller. */
export const invalid = (hint) => new AuthError('invalid_config', { hint });

/** The error of C's number; all that follow bad_response share its code. */
export const errorFromC = (error, details) => new AuthError(CODES[Math.min(-1 - error, CODES.length - 1)], details);

/** C's number for a code, 0 if there is none. */
export const numberForC = (code) => -1 - CODES.indexOf(code);

export { INSECURE_ENDPOINT, INVALID_CONFIG, NETWORK } from './boundary.js';
