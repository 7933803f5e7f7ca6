// Mistakes of the caller are told at once, by name. The C core checks again, as the authority.

import { errorFromC, invalid, INVALID_CONFIG } from './errors.js';
import { checkEndpoint } from './text.js';

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

/** Whether a token may go there: https, or this machine. */
export function isSecure({ protocol, hostname }, allowInsecure) {
  const loopback = /^(.+\.)?localhost$|^127\.\d+\.\d+\.\d+$|^\[::1\]$/.test(hostname);
  return protocol == 'https:' || (protocol == 'http:' && (loopback || !!allowInsecure));
}

/** A key or a token, as it stands in a header. */
export function checkKey(name, value) {
  if (typeof value != 'string' || !/^[!-~]+$/.test(value)) throw invalid(`${name} must be a non-empty string without spaces.`);
  return value;
}

/** The URL as browsers write it; what is none is checked as it is. */
function normalized(endpoint) {
  try {
    return new URL(endpoint).href;
  } catch {
    return endpoint;
  }
}

/** What timers take; beyond that they fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

export const timerMs = (ms) => Math.min(ms, LONGEST_MS);

/** Returns the configuration with its defaults, or throws an AuthError that says what is wrong. */
export function checkConfig(options) {
  const config = { ...DEFAULTS };
  for (const name in options) if (options[name] !== undefined) config[name] = options[name];
  checkKey('apiKey', config.apiKey);
  for (const name of ['minValidityMs', 'timeoutMs'])
    if (!Number.isFinite(config[name]) || config[name] < 0) throw invalid(`${name} must be a number of milliseconds.`);
  if (config.reauthorize && typeof config.reauthorize != 'function') throw invalid('reauthorize must be a function that returns a token.');
  config.timeoutMs = timerMs(config.timeoutMs);
  config.endpoint = normalized(config.endpoint);
  const error = checkEndpoint(config.endpoint, config.allowInsecure);
  if (error == INVALID_CONFIG) throw invalid('endpoint must be a base URL such as https://api.inbenta.io/v1: no user, query or fragment.');
  if (error) throw errorFromC(error);
  return config;
}
