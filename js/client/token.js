// The shape of a token: the same members in memory, between tabs and in storage. The C core checks every token before
// it is used.

import { AuthError, invalid } from './errors.js';
import { checkCredential, isCredential, ownMembers } from './config.js';
import { checkBaseUrl } from './text.js';

/**
 * @typedef {object} AccessToken
 * @property {string} accessToken for the header `Authorization: Bearer …`
 * @property {number} expiration Unix seconds on the server's clock, as the API gave it
 * @property {number} expiresAt this machine's clock, in milliseconds since 1970
 * @property {Readonly<Record<string, string>>} apis base URLs of the products
 */

/**
 * A token from a server: the response of /auth or of tokenHandler. Other members are ignored.
 * @typedef {object} Grant
 * @property {string} accessToken
 * @property {number} [expires_in] seconds from now; preferred to `expiration`, which is on another machine's clock
 * @property {number} [expiration] Unix seconds
 * @property {Record<string, string> | null} [apis] base URLs of the products
 */

/**
 * A token with its lifetime, as it passes between tabs, storage and the core.
 * @typedef {object} Token
 * @property {string} accessToken
 * @property {number} expiration Unix seconds on the server's clock
 * @property {number} expiresAt this machine's wall clock, in milliseconds since 1970
 * @property {number} lifetimeMs its whole lifetime
 * @property {number} [leftMs] its remaining lifetime when it was sent; undefined: unknown
 * @property {Record<string, string>} [apis] undefined: unknown
 */

/**
 * The assumed lifetime of a token without one. The token is refreshed before, and the new token has a known lifetime.
 */
const UNKNOWN_LIFETIME_MS = 60_000;

/** Larger times are in milliseconds: as seconds, they would be after the year 5138. */
const LATEST_S = 1e11;

function readSeconds(grant, name) {
  const value = grant[name];
  if (value === undefined || value === null) return undefined;
  if (!Number.isFinite(value) || value > LATEST_S)
    throw invalid(`${name} must be a number of seconds, not text or milliseconds.`);
  return value;
}

/** The products with a base URL that the C core accepts. */
const usableProducts = (apis) =>
  Object.fromEntries(Object.entries(apis).filter(([, url]) => typeof url == 'string' && !checkBaseUrl(url)));

/**
 * Converts a token of a page or its server.
 * @param {string | Grant} given
 * @returns {Token}
 * @throws {AuthError} invalid_config
 */
export function fromGrant(given) {
  if (given?.then) throw invalid('Use await: this is a Promise.');
  const grant = ownMembers(typeof given == 'string' ? { accessToken: given } : given);
  checkCredential('accessToken', grant.accessToken);
  const now = Date.now();
  const [expiresIn, expiration] = [readSeconds(grant, 'expires_in'), readSeconds(grant, 'expiration')];
  const expiresAt =
    expiresIn !== undefined
      ? now + expiresIn * 1000
      : expiration !== undefined
        ? expiration * 1000
        : now + UNKNOWN_LIFETIME_MS;
  const leftMs = Math.max(0, expiresAt - now);
  return {
    accessToken: grant.accessToken,
    expiration: expiration ?? Math.floor(expiresAt / 1000),
    expiresAt,
    lifetimeMs: leftMs,
    leftMs,
    apis: grant.apis ? usableProducts(grant.apis) : undefined,
  };
}

/**
 * Wraps the page's own `reauthorize`, and converts its result.
 * @param {(context: {signal: AbortSignal}) => Grant | Promise<Grant>} reauthorize
 * @returns {(signal: AbortSignal) => Promise<Token>} rejects with the page's own AuthError or, for any other error,
 *   with reauthorize_failed. An invalid_config is a mistake in the page's code, so it becomes reauthorize_failed, too.
 */
export const wrapReauthorize = (reauthorize) => async (signal) => {
  try {
    const given = await reauthorize({ signal });
    if (given === undefined || given === null) throw invalid('reauthorize returned no token.');
    return fromGrant(given);
  } catch (cause) {
    throw cause instanceof AuthError && cause.code != 'invalid_config'
      ? cause
      : new AuthError('reauthorize_failed', { cause, hint: cause?.hint });
  }
};

/** True if a value from a sibling or storage has the shape of a token. C decides whether the token is good. */
export const isToken = (/** @type {any} */ token) =>
  isCredential(token?.accessToken) &&
  [token.expiration, token.expiresAt, token.lifetimeMs, token.leftMs ?? 0].every(Number.isFinite);

/** Joins strings for C. Each one ends in a NUL, so a NUL inside a string is replaced. */
export const stringsForC = (strings) => strings.map((text) => `${text.replaceAll('\0', '\ufffd')}\0`).join('');

/**
 * The strings of a token for C: the token, then the name and the URL of each product. Unusable products are left out.
 */
export const tokenStrings = ({ accessToken, apis }) => [
  accessToken,
  ...Object.entries(apis ?? {})
    .filter(([name, url]) => name && url && typeof url == 'string')
    .flat(),
];
