// A token on its way. It has one shape with named members, in memory, between tabs and in storage, and wherever it
// comes from, the C core checks it before it is used.

import { AuthError, invalid } from './errors.js';
import { checkKey, isKey, ownMembers } from './config.js';
import { checkBaseUrl } from './text.js';

/**
 * @typedef {object} AccessToken
 * @property {string} accessToken for the header `Authorization: Bearer …`
 * @property {number} expiration Unix seconds on the server's clock, as the API gave it
 * @property {number} expiresAt this machine's clock, in milliseconds since 1970
 * @property {Readonly<Record<string, string>>} apis base URLs of the products
 */

/**
 * What a server hands over: the answer of /auth, or of tokenHandler. Other members are ignored.
 * @typedef {object} Grant
 * @property {string} accessToken
 * @property {number} [expires_in] seconds from now; it counts for more than `expiration`, which is of another clock
 * @property {number} [expiration] Unix seconds
 * @property {Record<string, string> | null} [apis] base URLs of the products
 */

/**
 * A token as it is passed on.
 * @typedef {object} Token
 * @property {string} accessToken
 * @property {number} expiration Unix seconds on the server's clock
 * @property {number} expiresAt this machine's wall clock, in milliseconds since 1970
 * @property {number} lifetimeMs the whole life of it
 * @property {number} [leftMs] what was left of it when it was passed on, if the giver knows
 * @property {Record<string, string>} [apis] undefined: not known
 */

/** A token of unknown life counts for so long; it is refreshed before, and then its life is known. */
const UNKNOWN_LIFE_MS = 60_000;

/** Times beyond this are milliseconds: as seconds they would be in the year 5138. */
const LATEST_S = 1e11;

function seconds(grant, name) {
  const value = grant[name];
  if (value === undefined || value === null) return undefined;
  if (!Number.isFinite(value) || value > LATEST_S)
    throw invalid(`${name} must be a number of seconds, not text or milliseconds.`);
  return value;
}

/** The products with a usable base URL, as the C core takes them. */
const productsOf = (apis) =>
  Object.fromEntries(Object.entries(apis).filter(([, url]) => typeof url == 'string' && !checkBaseUrl(url)));

/**
 * A token that a page or its server gives.
 * @param {string | Grant} given
 * @returns {Token}
 * @throws {AuthError} invalid_config
 */
export function fromGrant(given) {
  const grant = ownMembers(typeof given == 'string' ? { accessToken: given } : given);
  checkKey('accessToken', grant.accessToken);
  const now = Date.now();
  const [expiresIn, expiration] = [seconds(grant, 'expires_in'), seconds(grant, 'expiration')];
  const expiresAt =
    expiresIn !== undefined
      ? now + expiresIn * 1000
      : expiration !== undefined
        ? expiration * 1000
        : now + UNKNOWN_LIFE_MS;
  const leftMs = Math.max(0, expiresAt - now);
  return {
    accessToken: grant.accessToken,
    expiration: expiration ?? Math.floor(expiresAt / 1000),
    expiresAt,
    lifetimeMs: leftMs,
    leftMs,
    apis: grant.apis ? productsOf(grant.apis) : undefined,
  };
}

/**
 * Asks a page's own callback for a token.
 * @param {(context: {signal: AbortSignal}) => Grant | Promise<Grant>} reauthorize
 * @returns {(signal: AbortSignal) => Promise<Token>} rejects with an AuthError: the page's own one or, for anything else,
 *   reauthorize_failed. A mistake in the page's code is invalid_config where it is made: that is no token, too.
 */
export const askPage = (reauthorize) => async (signal) => {
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

/** Whether something that a sibling told or storage kept has the shape of a token. What its values are worth, C decides. */
export const isToken = (/** @type {any} */ token) =>
  isKey(token?.accessToken) &&
  [token.expiration, token.expiresAt, token.lifetimeMs, token.leftMs ?? 0].every(Number.isFinite);

/** Strings as C takes them, each with a NUL at its end, so none inside. */
export const stringsForC = (strings) => strings.map((text) => `${text.replaceAll('\0', '\ufffd')}\0`).join('');

/** A token's strings: itself, then the name and the URL of each product. An entry that cannot be one is left out. */
export const stringsOf = ({ accessToken, apis }) => [
  accessToken,
  ...Object.entries(apis ?? {})
    .filter(([name, url]) => name && typeof url == 'string')
    .flat(),
];
