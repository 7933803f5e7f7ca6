// The one error class, and what each code means.

/** What went wrong and what to do about it. `code` is the name to program against. */
const TEXTS = {
  invalid_config: ['The configuration is not valid', 'Check the keys, the endpoint and the options that you passed.'],
  insecure_endpoint: ['The endpoint is not https', 'Use an https endpoint; plain http works for this machine only.'],
  secret_in_browser: ['A secret must not be used in a browser', 'Use createFromDomainKey, or get the token from your server.'],
  aborted: ['The caller aborted', 'Nothing to do: the signal that you passed was aborted.'],
  timeout: ['No answer in time', 'Try again; raise timeoutMs if the network is slow.'],
  network: ['The Auth API could not be reached', 'Check the connection, the endpoint, CORS and the connect-src of your CSP.'],
  origin_not_allowed: ['The origin of this page is not allowed', "Add ORIGIN to the domain key's list of domains."],
  credentials_rejected: ['The keys were rejected', 'Check the API key and the domain key, and that they belong together.'],
  key_revoked: ['The key was revoked', 'Create a new domain key and put it into your page.'],
  token_expired: ['The access token has expired', 'Get a new token: pass reauthorize, or create a new client.'],
  rate_limited: ['Too many requests', 'Wait for retryAfterMs, then try again.'],
  server_error: ['The Auth API has a problem', 'Try again later.'],
  bad_response: ['The answer is not one of the Auth API', 'Check that the endpoint is right and that nothing in between changes its answers.'],
  body_too_large: ['The answer is too large', 'Check that the endpoint is right.'],
  wasm_unavailable: ['The WebAssembly module could not be loaded or failed', 'Check that inbenta-auth.wasm of this version is served beside the script and that connect-src allows it.'],
  wasm_blocked_by_csp: ['The Content Security Policy of this page blocks WebAssembly', "Add 'wasm-unsafe-eval' to its script-src."],
  disposed: ['The client was disposed of', 'Create a new client.'],
};

/** The codes in the order of src/core/errors.def: C's error -1 is the first. */
const FROM_C = ['invalid_config', 'insecure_endpoint', 'wasm_unavailable', 'aborted', 'disposed', 'timeout', 'network',
  'origin_not_allowed', 'credentials_rejected', 'key_revoked', 'token_expired', 'rate_limited', 'server_error',
  'bad_response', 'bad_response', 'bad_response', 'bad_response', 'bad_response', 'bad_response', 'body_too_large', 'network'];

/** @typedef {keyof typeof TEXTS} AuthErrorCode */

/**
 * Everything that can go wrong is one of these. It never holds a key or a token.
 * @property code what happened; see the list in the README
 * @property status HTTP status of the answer, 0 if there was none
 * @property retryable whether a later try may succeed without anybody changing anything
 * @property retryAfterMs how long until the next try reaches the network, in milliseconds
 * @property attempts requests in a row that failed
 * @property hint what to do, in one sentence
 */
export class AuthError extends Error {
  /**
   * @param {AuthErrorCode} code
   * @param {{status?: number, retryable?: boolean, retryAfterMs?: number, attempts?: number, cause?: unknown, hint?: string}} [details]
   */
  constructor(code, { status = 0, retryable = false, retryAfterMs = 0, attempts = 0, cause, hint } = {}) {
    const [message, advice] = TEXTS[code];
    const text = hint ?? advice.replace('ORIGIN', globalThis.location?.origin ?? 'your origin');
    super(`${message} (${code}). ${text}`, cause === undefined ? undefined : { cause });
    this.name = 'AuthError';
    this.code = code;
    this.status = status;
    this.retryable = retryable;
    this.retryAfterMs = retryAfterMs;
    this.attempts = attempts;
    this.hint = text;
  }
}

/** Makes the error of what C says: [error, status, retryable, retryAfterMs, attempts]. */
export const errorFromC = ([error, status = 0, retryable = 0, retryAfterMs = 0, attempts = 0]) =>
  new AuthError(FROM_C[-1 - error] ?? 'wasm_unavailable', { status, retryable: !!retryable, retryAfterMs, attempts });

/** C's number for what a callback of the page failed with; anything unknown counts as a network error. */
export const numberForC = (code) => -1 - FROM_C.indexOf(FROM_C.includes(code) ? code : 'network');
