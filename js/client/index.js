// The package's main entry: how a page makes a client.

import { AuthClient } from './client.js';
import { checkConfig, checkKey, FLOW_DOMAIN_KEY, FLOW_TOKEN } from './config.js';
import { AuthError } from './errors.js';
import { fromGrant } from './token.js';

export { AuthClient, AuthError };
export { tokenFrom } from './token-from.js';

/** @typedef {import('./token.js').AccessToken} AccessToken */
/** @typedef {import('./token.js').Grant} Grant */
/** @typedef {import('./errors.js').AuthErrorCode} AuthErrorCode */
/** @typedef {import('./client.js').AuthEvents} AuthEvents */
/** @typedef {import('./client.js').GetTokenOptions} GetTokenOptions */
/** @typedef {import('./client.js').LogEntry} LogEntry */
/** @typedef {import('./client.js').Quota} Quota */

/**
 * The options of every flow. Other names, and values of other types, are refused.
 * @typedef {object} ClientOptions
 * @property {string | undefined} [endpoint] base URL of the Auth API with its version, https://api.inbenta.io/v1
 * @property {string | undefined} [connectionEntryPoint] the same without the version, as Inbenta's own SDKs take it
 * @property {boolean | undefined} [autoRefresh] refresh before expiry while the token is used (true)
 * @property {boolean | undefined} [shareAcrossTabs] tabs of one origin with the same keys share their token (true); not in
 *   createFromAccessToken, where each client has its own
 * @property {number | undefined} [minValidityMs] default of getToken (30,000)
 * @property {number | undefined} [timeoutMs] for one request, and default of getToken (10,000)
 * @property {string | URL | BufferSource | WebAssembly.Module | undefined} [wasm] where the module is, if not inside or
 *   beside the script
 * @property {string | undefined} [environment] x-inbenta-env of `client.fetch`
 * @property {string | undefined} [source] x-inbenta-source of `client.fetch`
 * @property {string | number | undefined} [userType] x-inbenta-user-type of `client.fetch`
 * @property {boolean | undefined} [allowInsecure] plain http to other machines: for test networks only (false)
 * @property {((entry: LogEntry) => void) | undefined} [log] gets what happens, never a key or a token
 */

/**
 * @typedef {ClientOptions & {
 *   domainKeyName?: string | undefined,
 *   persist?: 'session' | undefined,
 * }} DomainKeyOptions `domainKeyName`: the name of the domain key in the request (domainKey). `persist`: keeps the token
 *   in sessionStorage, so that the next page view of this tab needs no request; scripts of your origin can read it there
 */

/**
 * @typedef {ClientOptions & {
 *   reauthorize?: ((context: {signal: AbortSignal}) => Promise<string | Grant>) | undefined,
 * }} AccessTokenOptions `reauthorize`: gets a new token when the old one can no longer be refreshed; see tokenFrom
 */

/**
 * A client for the Domain Key flow. Synchronous, starts nothing until it is asked for a token.
 * @param {string} domainKey public; the API answers only pages whose origin is on its list
 * @param {string} apiKey
 * @param {DomainKeyOptions} [options]
 * @throws {AuthError} invalid_config, insecure_endpoint
 */
export function createFromDomainKey(domainKey, apiKey, options) {
  const fixed = { apiKey, credential: checkKey('domainKey', domainKey), credentialName: 'domain key', flow: FLOW_DOMAIN_KEY };
  return new AuthClient(checkConfig(options, fixed, { domainKeyName: 'string', persist: 'string' }));
}

/**
 * A client for a token that a server handed over. It is refreshed before it expires; after that, `reauthorize` is asked
 * for a new one. Each such client has its own token, and shares it with no other one.
 * @param {string | Grant} tokenOrGrant a token, which is refreshed within a minute, or the server's whole answer
 * @param {string} apiKey
 * @param {AccessTokenOptions} [options]
 * @throws {AuthError} invalid_config, insecure_endpoint
 */
export function createFromAccessToken(tokenOrGrant, apiKey, options) {
  const fixed = { apiKey, credential: '', credentialName: 'access token', flow: FLOW_TOKEN, grant: fromGrant(tokenOrGrant) };
  return new AuthClient(checkConfig(options, fixed, { reauthorize: 'function' }));
}
