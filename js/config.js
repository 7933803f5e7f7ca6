// Mistakes of the caller are told at once, by name. The C core checks again, as the authority.

import { AuthError } from './errors.js';

/** How a client comes to its first token; bits of src/wasm/boundary.h. */
export const FLOW_DOMAIN_KEY = 0;
export const FLOW_TOKEN = 8;

const DEFAULTS = {
  endpoint: 'https://api.inbenta.io/v1',
  autoRefresh: true,
  shareAcrossTabs: true,
  minValidityMs: 30_000,
  timeoutMs: 10_000,
};

function invalid(hint) {
  throw new AuthError('invalid_config', { hint });
}

/** Whether a token may go there: https, or this machine. */
export function isSecure({ protocol, hostname }, allowInsecure) {
  const loopback = /^(.+\.)?localhost$|^127\.\d+\.\d+\.\d+$|^\[::1\]$/.test(hostname);
  return protocol == 'https:' || (protocol == 'http:' && (loopback || !!allowInsecure));
}

function checkEndpoint(endpoint, allowInsecure) {
  let url;
  try {
    url = new URL(endpoint);
  } catch {
    return invalid('endpoint must be an absolute URL, for example https://api.inbenta.io/v1.');
  }
  if (url.username || url.password || url.search || url.hash) invalid('endpoint must be a plain base URL: no user, query or fragment.');
  if (!isSecure(url, allowInsecure)) throw new AuthError('insecure_endpoint');
  return url.origin + url.pathname;
}

/** A key or a token, as it stands in a header. */
export function checkKey(name, value) {
  if (typeof value != 'string' || !/^[!-~]+$/.test(value)) invalid(`${name} must be a non-empty string without spaces.`);
  return value;
}

/** Returns the configuration with its defaults, or throws an AuthError that says what is wrong. */
export function checkConfig(options) {
  const config = { ...DEFAULTS };
  for (const name in options) if (options[name] !== undefined) config[name] = options[name];
  checkKey('apiKey', config.apiKey);
  for (const name of ['minValidityMs', 'timeoutMs'])
    if (!Number.isFinite(config[name]) || config[name] < 0) invalid(`${name} must be a number of milliseconds.`);
  if (config.reauthorize && typeof config.reauthorize != 'function') invalid('reauthorize must be a function that returns a token.');
  config.endpoint = checkEndpoint(config.endpoint, config.allowInsecure);
  return config;
}
