// The entry for servers, 'inbenta-auth/server': a client that has the secret, and the answer to a page that asks
// its own server for a token. The secret stays in this process; a page gets tokens only.

import { AuthClient } from '../client/client.js';
import { checkConfig, checkKey } from '../client/config.js';
import { AuthError } from '../client/errors.js';

export { AuthClient, AuthError };

/** A bit of src/wasm/boundary.h, which the browser's module does not know. */
const FLOW_SECRET = 16;

/**
 * A client for the API Secret flow. Synchronous, starts nothing until it is asked for a token.
 * @param {string} secret from a file or the environment, never from code that a browser gets
 * @param {string} apiKey
 * @param {import('../client/index.js').Options} [options]
 * @throws {AuthError} secret_in_browser, invalid_config, insecure_endpoint
 */
export function createFromSecret(secret, apiKey, options) {
  if ('document' in globalThis || 'importScripts' in globalThis) throw new AuthError('secret_in_browser');
  return new AuthClient(checkConfig({ ...options, apiKey, credential: checkKey('secret', secret), flow: FLOW_SECRET }));
}

const answer = (status, body, headers = {}) => new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers } });

/**
 * Gives a page of this server a token: the other end of `reauthorize`. It answers POST from pages of the same
 * origin (Fetch Metadata, `Sec-Fetch-Site`) whom `authorize` lets pass, and tells nothing of what went wrong
 * behind it but when to try again.
 * @param {AuthClient} client
 * @param {object} options
 * @param {(request: Request) => boolean | Promise<boolean>} options.authorize whether this visitor may have a
 *   token, for example by the session's cookie
 * @returns {(request: Request) => Promise<Response>} `{accessToken, expiration, expires_in, apis}`
 */
export function tokenHandler(client, { authorize }) {
  if (typeof authorize != 'function') throw new AuthError('invalid_config', { hint: 'authorize must be a function that says who may have a token.' });
  return async (request) => {
    if (request.method != 'POST') return answer(405, { error: 'Use POST.' }, { Allow: 'POST' });
    if (!['same-origin', null].includes(request.headers.get('Sec-Fetch-Site'))) return answer(403, { error: 'Only pages of this origin get a token.' });
    if (!(await authorize(request))) return answer(403, { error: 'You may not have a token.' });
    try {
      const { accessToken, expiration, expiresAt, apis } = await client.getToken();
      return answer(200, { accessToken, expiration, expires_in: Math.floor((expiresAt - Date.now()) / 1000), apis });
    } catch ({ retryable, retryAfterMs }) {
      if (retryable) return answer(503, { error: 'Try again later.' }, { 'Retry-After': String(Math.ceil(retryAfterMs / 1000)) });
      return answer(500, { error: 'There is no token; the log of the server says why.' });
    }
  };
}

/**
 * The same for Node's http and Express. `authorize` gets a Request with the method, URL and headers; Express's
 * own request is `authorize`'s second argument.
 * @param {AuthClient} client
 * @param {{authorize: (request: Request, incoming: import('node:http').IncomingMessage) => boolean | Promise<boolean>}} options
 * @returns {(incoming: import('node:http').IncomingMessage, response: import('node:http').ServerResponse, next?: (error: unknown) => void) => Promise<void>}
 */
export function nodeTokenHandler(client, { authorize }) {
  return async (incoming, response, next) => {
    try {
      const request = new Request(new URL(incoming.url, 'http://localhost'), { method: incoming.method, headers: Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]) });
      const handle = tokenHandler(client, { authorize: authorize && ((request) => authorize(request, incoming)) });
      const { status, headers, body } = await handle(request);
      response.writeHead(status, Object.fromEntries(headers));
      response.end(body ? await new Response(body).text() : undefined);
    } catch (error) {
      if (next) next(error);
      else response.writeHead(500).end();
    }
  };
}
