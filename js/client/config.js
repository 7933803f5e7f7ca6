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
  domainKeyName: '',
  userPersonalSecret: '',
};

/** The options of every flow, with their types. */
const OPTIONS = {
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
export const isKey = (value) => typeof value == 'string' && /^(?!(["']).*\1$)[!-~]+$/.test(value);

export function checkKey(name, value) {
  if (!isKey(value)) throw invalid(`${name} must be a non-empty string without spaces, not in quotes.`);
  return value;
}

/** Copies only an object's own members, because a script may have added some to Object.prototype. */
export const ownMembers = (object) => ({ __proto__: null, ...object });

export function checkDuration(name, value) {
  if (typeof value != 'number' || !(value >= 0)) throw invalid(`${name} must be a number of milliseconds.`);
}

/** The base URL as browsers write it. A string that is not a URL is returned unchanged and rejected later. */
function endpointOf({ endpoint, connectionEntryPoint }) {
  if (connectionEntryPoint !== undefined)
    endpoint = connectionEntryPoint
      .trim()
      .replace(/\/*$/, '')
      .replace(/(\/v1)?$/, '/v1');
  try {
    return new URL(endpoint).href;
  } catch {
    return endpoint;
  }
}

/**
 * Returns an object's own options, without those that are undefined. Throws an AuthError if one is wrong.
 * @param {unknown} given the options that the caller passed
 * @param {Record<string, string>} known the types of all options
 */
export function checkOptions(given, known) {
  // Reject other objects, such as a URL or an array.
  if (given !== undefined && Object.prototype.toString.call(given) != '[object Object]')
    throw invalid('The options must be an object.');
  const types = ownMembers(known);
  const own = ownMembers(given);
  for (const name in own) {
    if (!types[name]) throw invalid(`There is no option "${name}". There are: ${Object.keys(types).join(', ')}.`);
    if (own[name] === undefined) delete own[name];
    else if ([null, NaN, Infinity].includes(own[name]) || !types[name].split(' ').includes(typeof own[name]))
      throw invalid(`${name} must be a ${types[name].replace(' ', ' or ')}.`);
  }
  return own;
}

/**
 * Returns the configuration with its defaults. Throws an AuthError if an option is wrong.
 * @param {unknown} given the options that the page passed
 * @param {object} fixed the members that the flow adds: apiKey, credential, credentialName, flow
 * @param {Record<string, string>} more options that only this flow has, with their types
 */
export function checkConfig(given, fixed, more) {
  const own = checkOptions(given, { ...OPTIONS, ...more });
  const config = { __proto__: null, ...DEFAULTS, ...own, ...fixed };
  checkKey('apiKey', config.apiKey);
  for (const name of ['minValidityMs', 'timeoutMs']) checkDuration(name, config[name]);
  for (const name of ['environment', 'source', 'userType'])
    if (/[^ -~\xa0-\xff]/.test(config[name])) throw invalid(`${name} cannot be in a header.`);
  for (const name of ['domainKeyName', 'userPersonalSecret']) if (config[name]) checkKey(name, config[name]);
  if (config.persist !== undefined && config.persist != 'session') throw invalid("persist can only be 'session'.");
  if (own.endpoint !== undefined && own.connectionEntryPoint !== undefined)
    throw invalid('Pass endpoint or connectionEntryPoint, not both.');
  config.timeoutMs = timerMs(config.timeoutMs);
  config.endpoint = endpointOf(config);
  const error = checkEndpoint(config.endpoint, config.allowInsecure);
  if (error == INVALID_CONFIG)
    throw invalid(
      'endpoint must be a base URL that begins with https://, without user, query, fragment and escapes, and with the version: https://api.inbenta.io/v1.',
    );
  if (error) throw errorFromC(error);
  if (config.wasm instanceof URL) config.wasm = config.wasm.href;
  return config;
}
