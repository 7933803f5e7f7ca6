// Checks what a page passes. A mistake is reported immediately, with the name of the option. The C core checks again,
// and its result counts.

import { FLAG_TOKEN_FLOW, INVALID_CONFIG } from './boundary.js';
import { errorFromC, invalid } from './errors.js';
import { checkEndpoint } from './text.js';
import { timerMs } from './timers.js';

/** The flows of a page; these are bits of enum flag in src/wasm/boundary.h. */
export const FLOW_DOMAIN_KEY = 0;
export const FLOW_TOKEN = FLAG_TOKEN_FLOW;

const DEFAULTS = {
  endpoint: 'https://api.inbenta.io/v1',
  autoRefresh: true,
  shareAcrossTabs: true,
  minValidityMs: 30_000,
  timeoutMs: 10_000,
};

/** The options of every flow, with their types. */
export const OPTIONS = {
  endpoint: 'string',
  connectionEntryPoint: 'string',
  autoRefresh: 'boolean',
  shareAcrossTabs: 'boolean',
  minValidityMs: 'number',
  timeoutMs: 'number',
  wasm: 'string object',
  environment: 'string',
  source: 'string',
  userType: 'string number',
  allowInsecure: 'boolean',
  log: 'function',
};

/**
 * True if the value can be a key or a token, which are sent in headers. A text in quotes was pasted with its quotes.
 */
export const isCredential = (value) => typeof value == 'string' && /^(?!(["']).*\1$)[!-~]+$/.test(value);

export function checkCredential(name, value) {
  if (!isCredential(value))
    throw invalid(value ? `${name} must be a string without spaces, not in quotes.` : `${name} is missing.`);
  return value;
}

/** Copies only an object's own members, because a script may have added some to Object.prototype. */
export const ownMembers = (object) => ({ __proto__: null, ...object });

/** A URL or an array is an object, too, and has no members that are options. */
export const isPlainObject = (value) => Object.prototype.toString.call(value) == '[object Object]';

/** The base URL as browsers write it. A string that is not a URL is returned unchanged and rejected later. */
function endpointOf({ endpoint, connectionEntryPoint }) {
  if (connectionEntryPoint !== undefined) endpoint = connectionEntryPoint.replace(/(\/v1)?\/*\s*$/, '/v1');
  try {
    return new URL(endpoint).href;
  } catch {
    return endpoint;
  }
}

/**
 * Returns an object's own options, without those that are undefined. Throws an AuthError if one is wrong.
 * @param {unknown} given the options that the caller passed
 * @param {Record<string, string>} known the types of all options; null is an object
 * @param {unknown} [refused] one more value that no option can have, besides NaN
 */
export function checkOptions(given, known, refused) {
  if (given !== undefined && !isPlainObject(given)) throw invalid('The options must be an object.');
  const own = ownMembers(given);
  const names = Object.keys(known);
  for (const name in own) {
    const [type, value] = [known[name], own[name]];
    if (!names.includes(name)) throw invalid(`There is no option "${name}". There are: ${names.join(', ')}.`);
    if (value === undefined) delete own[name];
    else if ([NaN, refused].includes(value) || !type.split(' ').includes(typeof value))
      throw invalid(`${name} must be of type ${type.replace(' ', ' or ')}.`);
    else if (type == 'number' && value < 0) throw invalid(`${name} must be 0 or more milliseconds.`);
  }
  return own;
}

/**
 * Returns the configuration with its defaults. Throws an AuthError if an option is wrong.
 * @param {unknown} given the options that the page passed
 * @param {object} fixed the members that the flow adds: apiKey, credential, credentialName, flow, defaultWasm
 * @param {Record<string, string>} more options that only this flow has, with their types
 */
export function checkConfig(given, fixed, more) {
  const own = checkOptions(given, { ...OPTIONS, ...more }, Infinity);
  const config = { __proto__: null, ...DEFAULTS, ...own, ...fixed };
  checkCredential('apiKey', config.apiKey);
  for (const name of ['environment', 'source', 'userType'])
    if (/[^ -~\xa0-\xff]/.test(config[name])) throw invalid(`${name} cannot be in a header.`);
  for (const name of ['domainKeyName', 'userPersonalSecret']) if (config[name]) checkCredential(name, config[name]);
  if ((config.persist ?? 'session') != 'session') throw invalid("persist can only be 'session'.");
  if ('endpoint' in own && 'connectionEntryPoint' in own)
    throw invalid('Pass endpoint or connectionEntryPoint, not both.');
  config.timeoutMs = timerMs(config.timeoutMs);
  config.endpoint = endpointOf(config);
  const error = checkEndpoint(config.endpoint, config.allowInsecure);
  const hint =
    error == INVALID_CONFIG
      ? 'endpoint must be a base URL without user and query that begins with https:// and ends with its version: https://api.inbenta.io/v1.'
      : undefined;
  if (error) throw errorFromC(error, { hint });
  if (config.wasm?.href) config.wasm = config.wasm.href; // a URL, also of another realm
  return config;
}
