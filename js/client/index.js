// The package's main entry: how a page makes a client.

import { AuthClient } from './client.js';
import { checkConfig, checkKey, FLOW_DOMAIN_KEY, FLOW_TOKEN } from './config.js';
import { AuthError } from './errors.js';

export { AuthClient, AuthError };

/**
 * @typedef {object} Options
 * @property {string} [endpoint] base URL of the Auth API
 * @property {boolean} [autoRefresh=true] refresh before expiry once a token was asked for
 * @property {boolean} [shareAcrossTabs=true] tabs of one origin with the same keys share their token; not in
 *   createFromAccessToken, where each tab has its own
 * @property {number} [minValidityMs=30000] default of getToken
 * @property {number} [timeoutMs=10000] for one request, and default of getToken
 * @property {string | URL | BufferSource | WebAssembly.Module} [wasm] where the module is, if not beside
 *   the script
 * @property {string} [environment] x-inbenta-env of `client.fetch`
 * @property {string} [source] x-inbenta-source of `client.fetch`
 * @property {string} [userType] x-inbenta-user-type of `client.fetch`
 * @property {boolean} [allowInsecure=false] plain http to other machines: for test networks only
 */

/**
 * A client for the Domain Key flow. Synchronous, starts nothing until it is asked for a token.
 * @param {string} domainKey public; the API answers only pages whose origin is on its list
 * @param {string} apiKey
 * @param {Options} [options]
 * @throws {AuthError} invalid_config, insecure_endpoint
 */
export function createFromDomainKey(domainKey, apiKey, options) {
  return new AuthClient(checkConfig({ ...options, apiKey, credential: checkKey('domainKey', domainKey), flow: FLOW_DOMAIN_KEY }));
}

/**
 * A client for a token that a server handed over. It is refreshed before it expires; after that,
 * `reauthorize` is asked for a new one.
 * @param {string} accessToken
 * @param {string} apiKey
 * @param {Options & {
 *   expiration?: number,
 *   expires_in?: number,
 *   apis?: Record<string, string>,
 *   reauthorize?: (context: {signal: AbortSignal}) => Promise<string | {accessToken: string, expiration?: number, expires_in?: number, apis?: Record<string, string>}>,
 * }} [options] `expires_in` in seconds from now or `expiration` in Unix
 *   seconds; without them the token is refreshed within a minute
 * @throws {AuthError} invalid_config, insecure_endpoint
 */
export function createFromAccessToken(accessToken, apiKey, options) {
  return new AuthClient(checkConfig({ ...options, apiKey, accessToken: checkKey('accessToken', accessToken), credential: '', flow: FLOW_TOKEN }));
}
