// The entry 'inbenta-auth/emulator': a local Auth API in this process, for tests. It runs the C code of inbenta-authd
// as WebAssembly behind Node's http. Keys are in memory or in a JSON file.

import { Emulator as LocalApi } from './emulator.js';
import { KeyFile } from './file.js';
import { KnobSet } from './knobs.js';
import {
  checkChoice,
  checkFlag,
  checkNames,
  checkNumber,
  checkObject,
  LIFETIME_MAX_S,
  OptionError,
} from './options.js';

/** @typedef {import('../types/emulator.cjs').Emulator} Emulator */
/** @typedef {import('../types/emulator.cjs').EmulatorOptions} EmulatorOptions */

const OPTION_NAMES = [
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

function checkLimit(option, given) {
  checkObject(option, given, '{ requests: 100, periodS: 10 }');
  checkNames(given, ['requests', 'periodS'], `member of ${option}`);
  const { requests, periodS } = given;
  checkNumber(option, requests, 1, 999_999_999, { unit: 'requests' });
  checkNumber(option, periodS, 1, LIFETIME_MAX_S, { unit: 'seconds' });
  return { requests, periodS };
}

const NO_LIMIT = { requests: 0, periodS: 0 };

function checkText(option, value) {
  if (typeof value == 'string' && value && !value.includes('\0')) return value;
  throw new OptionError(option, 'give a text that is not empty');
}

function checkHostName(option, value) {
  if (checkText(option, value).includes('/'))
    throw new OptionError(option, 'give a host name without https://, such as "api.test"');
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
  checkObject('options', options, "{ domains: ['http://localhost:3000'] }");
  checkNames(options, OPTION_NAMES, 'option');
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
    throw new OptionError('domains', "give an array of at least one domain, such as ['http://localhost:3000']");
  checkObject('apis', apis, "{ chatbot: 'http://localhost:4000' }");
  if (adminToken !== undefined) checkText('adminToken', adminToken);
  if (userPersonalSecret) checkText('userPersonalSecret', userPersonalSecret);
  checkNumber('port', port, 0, 65_535);
  if (!Array.isArray(allowHosts)) throw new OptionError('allowHosts', 'give an array of names, such as ["api.test"]');
  for (const name of allowHosts) checkHostName('allowHosts', name);
  checkFlag('exitWithParent', exitWithParent);
  checkChoice('personality', personality, PERSONALITIES);
  checkNumber('refusalCacheS', refusalCacheS, 0, LIFETIME_MAX_S, { unit: 'seconds' });
  if (refusalCacheS && personality != 'gateway')
    throw new OptionError('refusalCacheS', "it needs the personality 'gateway': no other one repeats a refusal");
  const emulator = new LocalApi({
    personality,
    refusalCacheS,
    allowHosts,
    settings: {
      lifetimeS: checkNumber('lifetimeS', lifetimeS, 1, LIFETIME_MAX_S, { unit: 'seconds' }),
      apis,
      adminToken,
      userPersonalSecret,
      throttle: throttle != null ? checkLimit('throttle', throttle) : NO_LIMIT,
      quota: quota != null ? checkLimit('quota', quota) : NO_LIMIT,
    },
    knobs: new KnobSet([knobs].flat()),
    file: file === undefined ? undefined : new KeyFile(checkText('file', file)),
    log,
  });
  await emulator.start({ port, host: checkText('host', host), domains, exitWithParent });
  return emulator;
}
