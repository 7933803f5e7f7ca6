// The error class, and a hint for each code.

import { BAD_STATUS } from './boundary.js';

/** Each bundle has its own copy of the class. The brand is the same in all of them. */
const BRAND = Symbol.for('inbenta-auth.AuthError');

/**
 * The facts that hints mention.
 * @typedef {{status?: number, credentialName?: string, endpoint?: string, reauthorize?: unknown}} Facts
 */

/** The origin of the page; undefined outside pages. */
const origin = () => globalThis.origin ?? globalThis.location?.origin;

/**
 * Why this environment cannot use a domain key; undefined if it can. All browsers and happy-dom add Origin, and name
 * themselves "Mozilla". jsdom has that name too, but its fetch is Node's, which adds no Origin.
 */
function noOrigin() {
  if (!/^Mozilla(?!.*jsdom)/.test(globalThis.navigator?.userAgent))
    return 'No Origin is sent here. Use inbenta-auth/server; in tests, happy-dom or a browser.';
  if (origin() == 'null') return 'This page has no origin: it is a file, or in a sandbox without allow-same-origin.';
}

/** The hint for a response that does not come from the Auth API. */
const notTheApi = ({ endpoint, reauthorize }) =>
  `Does ${endpoint} end in /v1? ${reauthorize ? 'reauthorize or it' : 'It'} did not answer as the Auth API does, in application/json.`;

/**
 * The hints: a text, or a function that builds it from the facts. C's codes come first, in the order of its numbers.
 */
const HINTS = {
  invalid_config: 'Check the keys and options.',
  insecure_endpoint: 'Use https in endpoint. Plain http works for this machine only.',
  out_of_memory: 'Too many calls wait.',
  aborted: 'Your signal was aborted.',
  disposed: 'Create a new client.',
  timeout: ({ endpoint, reauthorize }) =>
    `${reauthorize ? 'reauthorize or ' : ''}${endpoint} gave no token within timeoutMs.`,
  network: ({ endpoint }) =>
    globalThis.navigator?.onLine === false
      ? 'The browser is offline.'
      : `${endpoint} cannot be reached. Check the URL; in a page, also connect-src of the CSP, and CORS in the console.`,
  origin_not_allowed: () => noOrigin() ?? `Add ${origin()} to the domain key's list of domains.`,
  credentials_rejected: ({ status, credentialName }) => {
    const isDomainKey = credentialName == 'domain key';
    return (
      (isDomainKey && noOrigin()) ||
      `Check that the API key and the ${credentialName} belong together and are not revoked` +
        (isDomainKey
          ? `, and that the domain key's list has ${origin()}${status == 400 ? ", or try domainKeyName: 'domain_key'" : ''}`
          : '') +
        '. A gateway can repeat an old refusal for 5 minutes.'
    );
  },
  key_revoked: ({ credentialName }) => `Create a new ${credentialName}.`,
  token_expired: ({ reauthorize }) =>
    reauthorize ? 'reauthorize has no newer token.' : 'Pass reauthorize, or create a new client.',
  endpoint_refused: notTheApi,
  rate_limited: 'Try again after retryAfterMs. All visitors share the limits of an API key.',
  server_error: 'Try again later.',
  body_too_large: notTheApi,
  bad_response: notTheApi,
  // Codes that C does not have:
  wasm_unavailable: 'The cause says why.',
  wasm_blocked_by_csp: "Add 'wasm-unsafe-eval' to the script-src of the CSP.",
  redirect_refused: 'Use the final URL, or pass redirect.',
  reauthorize_failed: 'The cause is what your reauthorize threw.',
};

/** @typedef {keyof typeof HINTS | 'secret_in_browser'} AuthErrorCode */

const BaseError = Error; // a page may replace the global later, as zone.js does

/** The error of all functions here. It never contains a key or a token. docs/api.md has the list of codes. */
export class AuthError extends BaseError {
  name = 'AuthError';
  /** HTTP status of the response; 0 if there was none. */
  status = 0;
  /** True if a later try may succeed without any change. */
  retryable = false;
  /** Milliseconds until the next request is possible; 0 if it is possible now. */
  retryAfterMs = 0;
  /** Failed requests in a row. */
  attempts = 0;
  /** The server's message; undefined if there is none. */
  serverMessage;

  /**
   * @param {AuthErrorCode} code
   * @param {{status?: number, retryable?: boolean, retryAfterMs?: number, attempts?: number, serverMessage?: string,
   *   cause?: unknown, hint?: string}} [details]
   * @param {Facts} [facts]
   */
  constructor(code, { cause, hint, ...details } = {}, facts) {
    const { serverMessage } = details;
    const known = HINTS[code];
    hint ??= known.call ? known({ endpoint: 'The server', credentialName: 'key', ...facts, ...details }) : known;
    super(
      `${serverMessage ? `The server says: ${serverMessage} – ` : ''}${hint} (${code})`,
      cause === undefined ? undefined : { cause },
    );
    Object.assign(this, details, { code, hint });
  }

  /** @internal */
  get [BRAND]() {
    return true;
  }

  /** `instanceof` is also true for errors of other bundles of this package. */
  static [Symbol.hasInstance](value) {
    // AuthError is the one that extends Error. Not by its own name: esbuild renames a class that uses it, and Node would
    // print "_AuthError".
    return super[Symbol.hasInstance](value) || (Object.getPrototypeOf(this) == BaseError && !!value?.[BRAND]);
  }
}

/** A mistake of the caller. */
export const invalid = (hint, cause) => new AuthError('invalid_config', { hint, cause });

const CODES = Object.keys(HINTS);

/** The error for C's number. -1 is the first code. BAD_STATUS and all numbers below it are bad_response. */
export const errorFromC = (error, details, facts) =>
  new AuthError(CODES[-1 - Math.max(error, BAD_STATUS)], details, facts);

/** C's number for a code; 0 if it has none. */
export function numberForC(code) {
  const number = -1 - CODES.indexOf(code);
  return number < BAD_STATUS ? 0 : number;
}
