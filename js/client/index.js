// The main entry of the package: the functions that make a client. Its types are in js/types/inbenta-auth.d.cts.

import { AuthClient } from './client.js';
import { checkConfig, checkCredential, FLOW_DOMAIN_KEY, FLOW_TOKEN } from './config.js';
import { AuthError } from './errors.js';
import { fromGrant, wrapReauthorize } from './token.js';
import { tokenFrom } from './token-from.js';
// The last import, because a module as text compresses better behind the code.
import defaultWasm from '#default-wasm';

export { AuthClient, AuthError, tokenFrom };

/** @typedef {import('../types/inbenta-auth.cjs').Grant} Grant */
/** @typedef {import('../types/inbenta-auth.cjs').DomainKeyOptions} DomainKeyOptions */
/** @typedef {import('../types/inbenta-auth.cjs').AccessTokenOptions} AccessTokenOptions */

/**
 * Makes a client for the Domain Key flow. Sends no request until somebody asks the client for a token.
 * @param {string} domainKey public; the API answers only pages whose origin is on its list
 * @param {string} apiKey
 * @param {DomainKeyOptions} [options]
 * @throws {AuthError} invalid_config, insecure_endpoint
 */
export function createFromDomainKey(domainKey, apiKey, options) {
  const fixed = {
    apiKey,
    defaultWasm,
    credential: checkCredential('domainKey', domainKey),
    credentialName: 'domain key',
    flow: FLOW_DOMAIN_KEY,
  };
  return new AuthClient(checkConfig(options, fixed, { domainKeyName: 'string', persist: 'string' }));
}

/**
 * Makes a client for a token that your server passed to the page. The client refreshes it before it expires. If that is
 * not possible, it calls `reauthorize` for a new one. Clients of this kind do not share tokens.
 * @param {string | Grant} tokenOrGrant the server's whole response, or only a token, which is refreshed within a minute
 * @param {string} apiKey
 * @param {AccessTokenOptions} [options]
 * @throws {AuthError} invalid_config, insecure_endpoint
 */
export function createFromAccessToken(tokenOrGrant, apiKey, options) {
  const fixed = {
    apiKey,
    defaultWasm,
    credentialName: 'access token',
    flow: FLOW_TOKEN,
    grant: fromGrant(tokenOrGrant),
  };
  const config = checkConfig(options, fixed, { reauthorize: 'function' });
  config.reauthorize &&= wrapReauthorize(config.reauthorize);
  return new AuthClient(config);
}
