// Starts the C core: loads its module (from the option `wasm`, or from where the entry has it) and makes an instance of
// it (instance.js).

import { errorFromC } from './errors.js';
import { startInstance } from './instance.js';
import { checkEnvironment, loadModule, wasmError } from './wasm.js';

/** The messages of the core. */
export {
  MESSAGE_QUOTA as QUOTA,
  MESSAGE_EXPIRED as EXPIRED,
  MESSAGE_ERROR as ERROR,
  MESSAGE_TOKEN as TOKEN,
  MESSAGE_ANSWER as ANSWER,
  MESSAGE_REAUTHORIZE as REAUTHORIZE,
} from './boundary.js';

/**
 * Starts an instance. Rejects with an AuthError on failure.
 * @param {any} config checked
 * @param {Parameters<typeof startInstance>[2]} listener
 * @returns {Promise<import('./instance.js').Core>}
 */
export async function startCore(config, listener) {
  checkEnvironment();
  let source = config.wasm;
  let core;
  try {
    source ??= config.defaultWasm();
    core = await startInstance(await loadModule(source, config.timeoutMs), config, listener);
  } catch (cause) {
    throw wasmError(cause, source);
  }
  if (typeof core == 'number') throw errorFromC(core);
  return core;
}
