// The entry for servers, 'inbenta-auth/server': a client that has the secret, and a handler that gives tokens to the
// server's own pages. The secret stays in this process. A page gets tokens only.

import { AuthClient } from '../client/client.js';
import { checkConfig, checkCredential, checkOptions } from '../client/config.js';
import { AuthError, invalid } from '../client/errors.js';
import defaultWasm from '#default-wasm';

export { AuthClient, AuthError };

/** A flag of src/wasm/boundary.h. The browser's WebAssembly module does not have this flow. */
const FLOW_SECRET = 16;

/** Cloudflare's Workers and Vercel's edge runtime take a module that was compiled before, and do not compile one. */
const cannotCompile = () => globalThis.navigator?.userAgent == 'Cloudflare-Workers' || 'EdgeRuntime' in globalThis;

/** @typedef {import('../types/server.cjs').SecretOptions} SecretOptions */
/** @typedef {import('../types/server.cjs').HandlerOptions} HandlerOptions */

/**
 * Makes a client for the API Secret flow. Synchronous. Nothing starts until a token is requested.
 * @param {string} secret from a file or the environment, never from code that a browser gets
 * @param {string} apiKey
 * @param {SecretOptions} [options]
 * @throws {AuthError} secret_in_browser, invalid_config, insecure_endpoint, wasm_unavailable
 */
export function createFromSecret(secret, apiKey, options) {
  if ('document' in globalThis || 'importScripts' in globalThis)
    throw new AuthError('secret_in_browser', {
      hint: 'Use createFromDomainKey, or get the token from your server. A test of a server needs the environment node.',
    });
  const fixed = {
    apiKey,
    defaultWasm,
    credential: checkCredential('secret', secret),
    credentialName: 'secret',
    flow: FLOW_SECRET,
  };
  const config = checkConfig(options, fixed, { userPersonalSecret: 'string' });
  if (!config.wasm && cannotCompile())
    throw new AuthError('wasm_unavailable', {
      hint:
        'This runtime does not compile WebAssembly. In Next, use the Node.js runtime. In Cloudflare Workers, import ' +
        'inbenta-auth/inbenta-auth-server.wasm, and pass it as the option wasm.',
    });
  return new AuthClient(config);
}

const respond = (status, body, headers = {}) =>
  new Response(JSON.stringify(body), {
    status,
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers },
  });

const usePost = () => respond(405, { error: 'Use POST.' }, { Allow: 'POST' });

/**
 * Whether the request comes from a page of this origin. Fetch Metadata decides; without it, Origin is compared with
 * Host. A request with neither cannot come from a page of another site in a current browser. `authorize` decides then.
 */
function isSameOrigin(headers, host) {
  const site = headers.get('Sec-Fetch-Site');
  if (site !== null) return site == 'same-origin';
  const origin = headers.get('Origin');
  if (origin === null) return true;
  try {
    const { protocol, host: originHost } = new URL(origin);
    return originHost != '' && new URL(`${protocol}//${host}`).host == originHost;
  } catch {
    return false; // "null", or no host
  }
}

/** A function like `log` that neither throws nor rejects: a log must not end a request or the process. */
const safe = (log) => async (message, error) => {
  try {
    await log(`inbenta-auth: ${message}`, ...(error === undefined ? [] : [error]));
  } catch {}
};

/**
 * Says what is wrong with a handler's arguments, where the handler is made. A stand-in for a client is fine in tests.
 */
function checkHandler(client, options) {
  if (typeof client?.getToken != 'function') throw invalid('The first argument must be a client of createFromSecret.');
  const { authorize, log = console.error } = checkOptions(options, { authorize: 'function', log: 'function' });
  if (!authorize) throw invalid('authorize must be a function that decides who may have a token.');
  return { client, authorize, log: safe(log) };
}

/** Answers a Request. `incoming` is Node's own request, if there is one. Never rejects. */
async function answer({ client, authorize, log }, request, ...incoming) {
  const fail = (message, error) => {
    log(message, error);
    return respond(500, { error: 'There is no token. The log of the server has the reason.' });
  };
  if (typeof request?.headers?.get != 'function')
    return fail(
      'tokenHandler takes a Request of the Fetch API. With SvelteKit, React Router and Astro: ({ request }) => handler(request). ' +
        'With Hono: (c) => handler(c.req.raw). For node:http and Express, use nodeTokenHandler.',
    );
  if (request.method != 'POST') return usePost();
  if (!isSameOrigin(request.headers, request.headers.get('Host') ?? new URL(request.url).host))
    return respond(403, { error: 'Only pages of this origin get a token.' });
  let isAllowed;
  try {
    isAllowed = await authorize(request, ...incoming);
  } catch (error) {
    return fail('authorize failed.', error);
  }
  if (isAllowed === false || isAllowed === null || isAllowed === undefined)
    return respond(403, { error: 'You may not have a token.' });
  if (isAllowed !== true)
    return fail(
      `authorize must return true or false, not ${typeof isAllowed == 'object' ? 'an object' : `a ${typeof isAllowed}`}: so nobody gets a token.`,
    );
  try {
    const { accessToken, expiration, expiresAt, apis } = await client.getToken();
    return respond(200, { accessToken, expiration, expires_in: Math.floor((expiresAt - Date.now()) / 1000), apis });
  } catch (error) {
    if (!error?.retryable) return fail('There is no token for a page.', error);
    log('There is no token for a page now.', error);
    return respond(
      503,
      { error: 'Try again later.' },
      { 'Retry-After': String(Math.max(1, Math.ceil(error.retryAfterMs / 1000))) },
    );
  }
}

/** Sends a Response by Node's own response, unless somebody else has answered meanwhile: a timeout, or `authorize`. */
async function send(incoming, response, result) {
  const text = await result.text();
  if (response.headersSent) return;
  response.writeHead(result.status, Object.fromEntries(result.headers));
  response.end(incoming.method == 'HEAD' ? undefined : text);
}

/**
 * Makes a handler that gives tokens to this server's pages; `tokenFrom` calls it from the page. It accepts POST from
 * the same origin if `authorize` returns true. The page gets no details of a failure, only when to try again.
 * @param {AuthClient} client
 * @param {HandlerOptions} options
 * @returns {(request: Request) => Promise<Response>} `{accessToken, expiration, expires_in, apis}`
 * @throws {AuthError} invalid_config
 */
export function tokenHandler(client, options) {
  const handler = checkHandler(client, options);
  return async (request, /** @type {any[]} */ ...[response]) => {
    const result = await answer(handler, request);
    // Somebody passed this handler to node:http, which ignores what it returns.
    if (typeof response?.writeHead == 'function') await send(request, response, result.clone());
    return result;
  };
}

/** Converts Node's request to a web Request: method, URL and headers, without the pseudo-headers of HTTP/2. */
function requestOf({ method, url, originalUrl = url, headers }) {
  const host = headers.host ?? headers[':authority'] ?? 'localhost';
  const own = Object.entries(headers).filter(([name]) => !name.startsWith(':'));
  let target;
  try {
    target = new URL(originalUrl, 'http://localhost'); // throws for "//" and others
  } catch {
    target = 'http://localhost';
  }
  return new Request(target, {
    method,
    headers: [...own.map(([name, value]) => [name, String(value)]), ...('host' in headers ? [] : [['host', host]])],
  });
}

/**
 * The same for Node's http, https and http2, and for Express. `authorize` gets a Request with the method, URL and
 * headers. Its second argument is Node's or Express's own request.
 * @param {AuthClient} client
 * @param {HandlerOptions} options
 * @returns {(incoming: any, response: any, next?: (error: unknown) => void) => Promise<void>}
 * @throws {AuthError} invalid_config
 */
export function nodeTokenHandler(client, options) {
  const handler = checkHandler(client, options);
  return async (incoming, response, next) => {
    const isNodes = typeof response?.writeHead == 'function';
    try {
      if (!isNodes)
        throw invalid(
          "nodeTokenHandler takes Node's request and response. With Fastify: handler(request.raw, reply.raw). " +
            'With Koa: handler(ctx.req, ctx.res). With h3 and Nuxt: fromNodeMiddleware(handler).',
        );
      // The constructor of Request throws for some other methods.
      const isPost = incoming.method == 'POST';
      await send(incoming, response, isPost ? await answer(handler, requestOf(incoming), incoming) : usePost());
    } catch (error) {
      if (next) return next(error);
      handler.log('the token handler failed.', error);
      if (!isNodes) throw error; // the framework answers
      response.writeHead(500).end();
    }
  };
}
