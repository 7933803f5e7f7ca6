// The entry 'inbenta-auth/emulator': a local Auth API in this process, for tests. It runs the C code of inbenta-authd
// as WebAssembly behind Node's http. Keys are in memory or in a JSON file.

import { Emulator as LocalApi } from './emulator.js';
import { KeyFile } from './file.js';
import { KnobSet } from './knobs.js';
import { checkChoice, checkFlag, checkNames, checkNumber, LIFETIME_MAX_S, OptionError } from './options.js';

/** @typedef {import('./emulator.js').Emulator} Emulator */
/** @typedef {import('./emulator.js').RequestEntry} RequestEntry */
/** @typedef {import('./knobs.js').Knobs} Knobs */

/**
 * @typedef {object} Limit the requests that each API key may make in each period
 * @property {number} requests
 * @property {number} periodS in seconds
 *
 * @typedef {object} EmulatorOptions
 * @property {string[]} [domains] of the domain key to start with: "www.example.com" (https), "*.example.com" (its
 *   sub-domains), or a full origin such as "http://localhost:3000"
 * @property {number} [port=0] 0 takes a free port
 * @property {string} [host='127.0.0.1'] with an address that is not loopback, other machines can connect
 * @property {string[]} [allowHosts] more host names that it answers to, besides "localhost", "*.localhost" and IP
 *   addresses
 * @property {boolean} [exitWithParent=false] closes when the process that started this one ends
 * @property {number} [lifetimeS=1200] of access tokens, in seconds
 * @property {Record<string, string>} [apis] products and their base URLs, as clients get them with their token
 * @property {string} [file] a JSON file for the keys; created if missing. Without it, keys are in memory only
 * @property {string} [adminToken] also serves management, and its page at /admin/, to whoever sends this token
 * @property {string} [userPersonalSecret] the only personal secret that /auth accepts beside a secret
 * @property {Limit} [throttle] over the limit, the answer is 429
 * @property {Limit} [quota] a second limit, for a longer period
 * @property {'authd' | 'gateway'} [personality='authd'] 'gateway' refuses as Inbenta's production API and the gateway in
 *   front of it do: without `reason` and Retry-After, and a wrong URL is a 403
 * @property {number} [refusalCacheS=0] with the personality 'gateway': how long the gateway repeats a refusal for the
 *   same keys and token, in seconds; up to 300 in production
 * @property {Knobs | Knobs[]} [knobs] the knobs at the start; see set()
 * @property {(entry: RequestEntry) => void} [log] called for each request
 */

const NAMES = [
  'domains',
  'port',
  'host',
  'allowHosts',
  'exitWithParent',
  'lifetimeS',
  'apis',
  'file',
  'adminToken',
  'userPersonalSecret',
  'throttle',
  'quota',
  'personality',
  'refusalCacheS',
  'knobs',
  'log',
];

const PERSONALITIES = ['authd', 'gateway'];

function checkLimit(option, { requests, periodS }) {
  checkNumber(option, requests, 1, 999_999_999, { unit: 'requests' });
  checkNumber(option, periodS, 1, LIFETIME_MAX_S, { unit: 'seconds' });
  return { requests, periodS };
}

const NO_LIMIT = { requests: 0, periodS: 0 };

function checkText(option, value) {
  if (typeof value == 'string' && value && !value.includes('\0')) return value;
  throw new OptionError(option, 'give a text that is not empty');
}

/**
 * Starts a local Auth API for tests. Resolves when it accepts requests.
 * @param {EmulatorOptions} [options]
 * @returns {Promise<Emulator>}
 * @throws {TypeError} with `option` and `advice`, for a mistake in the options
 * @throws {Error} code 'file_not_usable' if the file is damaged or another program wrote it; it is left untouched.
 *   Node's own codes, such as 'EADDRINUSE', if it cannot listen
 */
export async function startEmulator(options = {}) {
  checkNames(options, NAMES, 'option');
  const {
    domains,
    port = 0,
    host = '127.0.0.1',
    allowHosts = [],
    exitWithParent = false,
    lifetimeS = 1200,
    apis = {},
    file,
    adminToken,
    userPersonalSecret = '',
    throttle,
    quota,
    personality = 'authd',
    refusalCacheS = 0,
    knobs = [],
    log,
  } = options;
  if (domains !== undefined && !(Array.isArray(domains) && domains.length))
    throw new OptionError('domains', 'give an array of at least one');
  if (typeof apis != 'object' || !apis)
    throw new OptionError('apis', 'give an object: a name and a base URL for each product');
  if (adminToken !== undefined) checkText('adminToken', adminToken);
  if (userPersonalSecret) checkText('userPersonalSecret', userPersonalSecret);
  checkNumber('port', port, 0, 65_535);
  if (!Array.isArray(allowHosts)) throw new OptionError('allowHosts', 'give an array of names, such as ["api.test"]');
  for (const name of allowHosts) checkText('allowHosts', name);
  checkFlag('exitWithParent', exitWithParent);
  checkChoice('personality', personality, PERSONALITIES);
  checkNumber('refusalCacheS', refusalCacheS, 0, LIFETIME_MAX_S, { unit: 'seconds' });
  const emulator = new LocalApi({
    personality,
    refusalCacheS,
    allowHosts,
    settings: {
      lifetimeS: checkNumber('lifetimeS', lifetimeS, 1, LIFETIME_MAX_S, { unit: 'seconds' }),
      apis,
      adminToken,
      userPersonalSecret,
      throttle: throttle ? checkLimit('throttle', throttle) : NO_LIMIT,
      quota: quota ? checkLimit('quota', quota) : NO_LIMIT,
    },
    knobs: new KnobSet([knobs].flat()),
    file: file === undefined ? undefined : new KeyFile(checkText('file', file)),
    log,
  });
  await emulator.start({ port, host: checkText('host', host), domains, exitWithParent });
  return emulator;
}
