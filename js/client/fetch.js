// Requests to product APIs: the two headers, and never to another host than the token's own `apis`.

import { isSecure } from './config.js';
import { AuthError, invalid } from './errors.js';

/** The base URL of a product. */
export function apiUrl(apis, product) {
  if (Object.hasOwn(apis, product)) return apis[product];
  throw invalid(`There is no product "${product}" for this key; there are: ${Object.keys(apis).join(', ') || 'none'}.`);
}

/** Where a request goes: a product and a path below its base, or a URL. */
function resolve(apis, target, path, allowInsecure) {
  const isUrl = target instanceof URL || /^https?:/.test(target);
  const url = new URL(isUrl ? target : `${apiUrl(apis, target).replace(/\/$/, '')}/${path.replace(/^\//, '')}`);
  if (!Object.values(apis).some((base) => new URL(base).origin == url.origin))
    throw invalid(`${url.origin} is not the host of one of this key's products, so it gets no token.`);
  if (!isSecure(url, allowInsecure)) throw new AuthError('insecure_endpoint');
  return url;
}

/**
 * fetch with a token. On 401 and 403 the token is dropped and the request made once more.
 * @param {import('./client.js').AuthClient} client
 * @param {{apiKey: string, allowInsecure?: boolean, environment?: string, source?: string, userType?: string}} config
 * @param {string | URL} target a product's name, or a URL on a product's host
 * @param {string} path below the product's base URL
 * @param {RequestInit} [init]
 */
export async function fetchWithToken(client, config, target, path, init) {
  const once = init?.body instanceof ReadableStream; // a stream cannot be sent again
  for (let last = once; ; last = true) {
    const { accessToken, apis } = await client.getToken({ signal: init?.signal });
    const headers = new Headers(init?.headers);
    headers.set('x-inbenta-key', config.apiKey);
    headers.set('Authorization', `Bearer ${accessToken}`);
    for (const [name, value] of [['env', config.environment], ['source', config.source], ['user-type', config.userType]])
      if (value !== undefined) headers.set(`x-inbenta-${name}`, value);
    const response = await fetch(resolve(apis, target, path, config.allowInsecure), { ...init, headers });
    if (last || (response.status != 401 && response.status != 403)) return response;
    client.invalidate(accessToken);
  }
}
