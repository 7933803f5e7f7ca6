// Sends requests to product APIs: adds the two headers, and refuses hosts that are not in the token's own `apis`.

import { readBody } from './body.js';
import { isPlainObject, ownMembers } from './config.js';
import { AuthError, invalid } from './errors.js';
import { withTimeout } from './timers.js';

/** How much of a refusal's body is read, and for how long. */
const REFUSAL_BYTES = 4096;
const REFUSAL_READ_MS = 1000;

/** The base URL of a product. The error does not quote an unknown name, because it may be a key or a token. */
export function apiUrl(apis, product) {
  const products = Object.keys(apis);
  if (products.includes(product)) return apis[product];
  throw invalid(`This key has no such product. It has: ${products.join(', ') || 'none'}.`);
}

const parseUrl = (text) => {
  try {
    return new URL(text);
  } catch {}
};

/**
 * Where a request goes: a product and a path that stays below its base, or no product and a whole URL. The error does
 * not quote what may hold a token.
 */
function requestUrl(apis, product, path) {
  const bases = Object.values(apis);
  const base = product === undefined ? '' : parseUrl(apiUrl(apis, product).replace(/\/*$/, '/'))?.href;
  const url = parseUrl(base + path.replace(/^\//, ''));
  const isBelow = (start) => url?.href.startsWith(start);
  // A user or a password would stand before the host.
  if (isBelow(base) && !isBelow(`${base}/`) && bases.some((other) => isBelow(`${parseUrl(other)?.origin}/`)))
    return url;
  throw invalid(
    `fetch takes paths below these URLs, and URLs on these hosts only, without user and password: ${bases.join(', ') || 'none'}.`,
  );
}

/** The headers of a request, with those of the caller. */
function headersOf(init, { apiKey, environment, source, userType }, accessToken) {
  let headers;
  try {
    headers = new Headers(init.headers);
  } catch {
    throw invalid('fetch does not take these headers.'); // the cause quotes their values
  }
  headers.set('x-inbenta-key', apiKey);
  headers.set('Authorization', `Bearer ${accessToken}`);
  const more = { env: environment, source, 'user-type': userType };
  for (const name in more) if (more[name] !== undefined) headers.set(`x-inbenta-${name}`, more[name]);
  return headers;
}

/** True if a product refused the token: a 401 always means that, a 403 only with the gateway's `{"Message": …}`. */
async function isTokenRefused(response) {
  if (response.status != 403) return response.status == 401;
  try {
    const bytes = new Uint8Array(REFUSAL_BYTES);
    const length = await withTimeout(REFUSAL_READ_MS, (signal) => readBody(response.clone(), bytes, signal));
    return typeof JSON.parse(new TextDecoder().decode(bytes.subarray(0, length))).Message == 'string';
  } catch {
    return false;
  }
}

/**
 * Sends one request. Wrong arguments are a mistake of the caller (invalid_config); a later failure is not.
 * @param {URL} url
 * @param {RequestInit} init
 * @param {Headers} headers
 * @param {(entry: object) => void} log
 */
async function sendRequest(url, init, headers, log) {
  let request, response;
  try {
    request = new Request(url, ownMembers({ ...init, headers }));
    return (response = await fetch(request));
  } catch (cause) {
    if (!request) throw invalid(`fetch does not take this: ${cause.message}`, cause);
    if (init.signal?.aborted) throw new AuthError('aborted', { cause: init.signal.reason });
    throw new AuthError('network', { cause, retryable: true }, { endpoint: url.origin });
  } finally {
    if (request) log({ type: 'fetch', host: url.host, status: response?.status ?? 0 });
  }
}

/** A literal or an array, also of another realm, which fetch would send as "[object Object]". */
const isData = (body) =>
  Array.isArray(body) || (Object(body) === body && !Object.getPrototypeOf(Object.getPrototypeOf(body) ?? body));

/** True if a body can be sent only once, because it is a stream. `instanceof` misses streams of another realm. */
const isStream = (body) => typeof body?.getReader == 'function' || typeof body?.[Symbol.asyncIterator] == 'function';

const cancelBody = (response) => response.body?.cancel().catch(() => {});

/**
 * Calls `fetch` with a token.
 * @param {object} client
 * @param {any} client.config
 * @param {(product: string | undefined, signal?: AbortSignal) => Promise<import('./token.js').AccessToken>}
 *   client.tokenFor
 * @param {(accessToken: string) => boolean} client.mayRenew true if a refused token may be renewed now
 * @param {(signal?: AbortSignal) => Promise<unknown>} client.renew meanwhile, other callers get the old token
 * @param {(entry: object) => void} client.log
 * @param {string | URL} target a product's name, or a URL on a product's host
 * @param {string | RequestInit} [path] below the product's base URL
 * @param {RequestInit} [given]
 */
export async function fetchWithToken({ config, tokenFor, mayRenew, renew, log }, target, path = '', given = {}) {
  if (typeof path != 'string') [path, given] = ['', path];
  const isUrl = typeof target == 'string' ? /^https?:/.test(target) : target?.href;
  if ((isUrl ? path : typeof target != 'string' || target[0] == '/') || !isPlainObject(given))
    throw invalid('fetch takes a product and a path, or a URL, then its options.');
  const init = ownMembers(given);
  if (isData(init.body) && !isStream(init.body)) throw invalid('body must be text: use JSON.stringify.');
  const { redirect, signal } = init;
  init.redirect ??= 'manual';
  const product = isUrl ? undefined : /** @type {string} */ (target);
  for (let isRetry = false; ; isRetry = true) {
    const { accessToken, apis } = await tokenFor(product, signal);
    const url = requestUrl(apis, product, product === undefined ? `${target}` : path);
    const response = await sendRequest(url, init, headersOf(init, config, accessToken), log);
    if (!redirect && (response.type == 'opaqueredirect' || [301, 302, 303, 307, 308].includes(response.status))) {
      cancelBody(response);
      throw new AuthError('redirect_refused', { status: response.status });
    }
    if (isRetry || isStream(init.body) || !(await isTokenRefused(response)) || !mayRenew(accessToken)) return response;
    try {
      if ((await tokenFor(product, signal)).accessToken == accessToken) await renew(signal);
    } catch (error) {
      if (!error.retryable) throw error;
      return response; // there is no new token now, so the caller gets the refusal
    }
    cancelBody(response);
  }
}
