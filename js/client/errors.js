// The one error class, and what each code means.

import { CODES } from './boundary.js';

/** Each bundle has a copy of the class; the brand is one. */
const BRAND = Symbol.for('inbenta-auth.AuthError');

const GATEWAY = ' A gateway can repeat an old refusal for 5 minutes.';

/**
 * What a hint is made of: facts, no guesses.
 * @typedef {{status?: number, credentialName?: string, endpoint?: string}} Facts
 */

/** The origin that the browser sends, or why it sends none. */
const origin = () => globalThis.origin ?? globalThis.location?.origin;

/** Why this environment cannot use a domain key; undefined if it can. */
function noOrigin() {
  if (globalThis.process?.versions?.node)
    return 'A domain key works in browsers only: Node sends no Origin, with or without a DOM for tests. Use inbenta-auth/server, or the emulator in tests.';
  if (origin() == 'null')
    return 'This page has no origin: it is a file or in a sandboxed frame. Open it from a web server, or add allow-same-origin to the sandbox.';
}

/** What to do about each code: a sentence, or what makes it of the facts. */
const HINTS = {
  invalid_config: 'Check the keys, the endpoint and the options.',
  insecure_endpoint: 'Use https. Plain http works for this machine only.',
  out_of_memory: 'Too many calls wait at once. Try again later.',
  aborted: 'The signal that you passed was aborted.',
  disposed: 'Create a new client.',
  timeout: ({ endpoint = 'The server' }) => `${endpoint} did not answer in time. Try again, or raise timeoutMs.`,
  network: ({ endpoint = 'The server' }) =>
    `${endpoint} cannot be reached. Check the connection and the URL` +
    (origin() ? ', and in the console the connect-src of the CSP and CORS: a refusal without CORS headers looks the same.' : '.'),
  origin_not_allowed: () => noOrigin() ?? `Add ${origin()} to the domain key's list of domains.`,
  credentials_rejected: ({ status, credentialName = 'key' }) =>
    (credentialName != 'domain key'
      ? `Check that the API key and the ${credentialName} are right and belong together.`
      : (noOrigin() ??
        `Check that the API key and the domain key belong together, that the key's list has ${origin()}, and that it was not revoked.` +
          (status == 400 ? " If so, try domainKeyName: 'domain_key'." : ''))) + GATEWAY,
  key_revoked: ({ credentialName = 'key' }) => `Create a new ${credentialName}.`,
  token_expired: 'Pass reauthorize, or create a new client.',
  endpoint_refused: ({ endpoint = 'The endpoint' }) => `Something before the API refused the request. Does ${endpoint} end in /v1? Is there a firewall?${GATEWAY}`,
  rate_limited: 'Try again after retryAfterMs. All visitors share the limits of an API key.',
  server_error: 'The client tried until the call timed out. Try again later.',
  body_too_large: 'Check the endpoint.',
  bad_response: 'Check the endpoint, and that nothing in between changes its answers.',
  // Of JavaScript alone:
  wasm_unavailable: 'The WebAssembly module did not start. The cause says why.',
  secret_in_browser: 'Use createFromDomainKey, or get the token from your server.',
  wasm_blocked_by_csp: "Add 'wasm-unsafe-eval' to the script-src of the CSP.",
  redirect_refused: 'The product redirects, and the keys must not follow. Use the final URL, or pass redirect.',
  reauthorize_failed: 'Your reauthorize failed. The cause is what it threw.',
};

/** @typedef {keyof typeof HINTS} AuthErrorCode */

/**
 * Everything that can go wrong is one of these. It never holds a key or a token.
 * @property code what happened; see the list in docs/api.md
 * @property status HTTP status of the answer, 0 if there was none
 * @property retryable whether a later try may succeed without anybody changing anything
 * @property retryAfterMs how long until the next try reaches the network, in milliseconds
 * @property attempts requests in a row that failed
 * @property serverMessage what the server said, in its own words; undefined if it said nothing
 * @property hint what to do
 */
export class AuthError extends Error {
  /**
   * @param {AuthErrorCode} code
   * @param {{status?: number, retryable?: boolean, retryAfterMs?: number, attempts?: number, serverMessage?: string, cause?: unknown, hint?: string}} [details]
   * @param {Facts} [facts]
   */
  constructor(code, { status = 0, retryable = false, retryAfterMs = 0, attempts = 0, serverMessage, cause, hint } = {}, facts) {
    const known = HINTS[code];
    const text = hint ?? (typeof known == 'string' ? known : known({ ...facts, status }));
    super(`${serverMessage ? `The server says: ${serverMessage} – ` : ''}${text} (${code})`, cause === undefined ? undefined : { cause });
    this.name = 'AuthError';
    this.code = code;
    this.status = status;
    this.retryable = retryable;
    this.retryAfterMs = retryAfterMs;
    this.attempts = attempts;
    this.serverMessage = serverMessage;
    this.hint = text;
  }

  /** @internal */
  get [BRAND]() {
    return true;
  }

  /** Of every bundle's class: `instanceof` holds across the package's entries. */
  static [Symbol.hasInstance](value) {
    return this === AuthError ? !!value?.[BRAND] : Function.prototype[Symbol.hasInstance].call(this, value);
  }
}

/** A mistake of the caller. */
export const invalid = (hint, cause) => new AuthError('invalid_config', { hint, cause });

/** The error of C's number; all that follow bad_response share its code. */
export const errorFromC = (error, details) => new AuthError(CODES[Math.min(-1 - error, CODES.length - 1)], details);

/** The same error with other details. */
export const errorWith = (error, details, facts) => new AuthError(error.code, { ...error, cause: error.cause, ...details }, facts);

/** C's number for a code, 0 if there is none. */
export const numberForC = (code) => -1 - CODES.indexOf(code);
