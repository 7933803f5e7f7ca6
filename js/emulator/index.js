// The entry 'inbenta-auth/emulator': a local Auth API in this process, for tests. It is the C of inbenta-authd in
// WebAssembly behind Node's http; keys are in memory, or in a JSON file.

import { Emulator as LocalApi } from './emulator.js';
import { KeyFile } from './file.js';
import { KnobSet } from './knobs.js';
import { checkNames, checkNumber, LIFETIME_MAX_S, OptionError } from './options.js';

/** @typedef {import('./emulator.js').Emulator} Emulator */
/** @typedef {import('./emulator.js').RequestEntry} RequestEntry */
/** @typedef {import('./knobs.js').Knobs} Knobs */

/**
 * @typedef {object} Limit so many requests of an API key in each period
 * @property {number} requests
 * @property {number} periodS in seconds
 *
 * @typedef {object} EmulatorOptions
 * @property {string[]} [domains] of the domain key to start with: "www.example.com" (https), "*.example.com" (its
 *   sub-domains), or a full origin such as "http://localhost:3000"
 * @property {number} [port=0] 0 takes a free one
 * @property {string} [host='127.0.0.1'] another one than this machine's own lets others in
 * @property {number} [lifetimeS=1200] of access tokens, in seconds
 * @property {Record<string, string>} [apis] products and their base URLs, as clients get them with their token
 * @property {string} [file] where keys are kept, as JSON; made if it is not there. Else they are in memory only
 * @property {string} [adminToken] also serves management and its page at /admin/, for who has this token
 * @property {Limit} [throttle] beyond that: 429
 * @property {Limit} [quota] the same for a longer period
 * @property {Knobs | Knobs[]} [knobs] as set() takes them
 * @property {(entry: RequestEntry) => void} [log] is called for each request
 */

const NAMES = ['domains', 'port', 'host', 'lifetimeS', 'apis', 'file', 'adminToken', 'throttle', 'quota', 'knobs', 'log'];

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
 * Starts a local Auth API for tests. Resolves when it can be asked.
 * @param {EmulatorOptions} [options]
 * @returns {Promise<Emulator>}
 * @throws {TypeError} with `option` and `advice`, for a mistake in the options
 * @throws {Error} code 'file_not_usable' for a file that is damaged or somebody else's, which is left as it is;
 *   Node's own codes, such as 'EADDRINUSE', where it cannot listen
 */
export async function startEmulator(options = {}) {
  checkNames(options, NAMES, 'option');
  const { domains, port = 0, host = '127.0.0.1', lifetimeS = 1200, apis = {}, file, adminToken, throttle, quota, knobs = [], log } = options;
  if (domains !== undefined && !(Array.isArray(domains) && domains.length)) throw new OptionError('domains', 'give an array of at least one');
  if (typeof apis != 'object' || !apis) throw new OptionError('apis', 'give an object: a name and a base URL for each product');
  if (adminToken !== undefined) checkText('adminToken', adminToken);
  checkNumber('port', port, 0, 65_535);
  const emulator = new LocalApi({
    settings: {
      lifetimeS: checkNumber('lifetimeS', lifetimeS, 1, LIFETIME_MAX_S, { unit: 'seconds' }),
      apis,
      adminToken,
      throttle: throttle ? checkLimit('throttle', throttle) : NO_LIMIT,
      quota: quota ? checkLimit('quota', quota) : NO_LIMIT,
    },
    knobs: new KnobSet([knobs].flat()),
    file: file === undefined ? undefined : new KeyFile(checkText('file', file)),
    log,
  });
  await emulator.start({ port, host: checkText('host', host), domains });
  return emulator;
}
