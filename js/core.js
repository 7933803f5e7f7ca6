// One instance of the C core: the only place that knows the wasm boundary (src/wasm/host.c).

import createGlue from '#glue';
import { AuthError, errorFromC } from './errors.js';
import { loadModule } from './wasm.js';
import { FetchXhr } from './xhr.js';

const [TOKEN, ERROR, EXPIRED, QUOTA, ANSWER, REAUTHORIZE] = [1, 2, 3, 4, 5, 6];

const encoder = new TextEncoder();

const FLAG_AUTO_REFRESH = 1;
const FLAG_CAN_REAUTHORIZE = 2;
const FLAG_ALLOW_INSECURE = 4;
const FLAG_TOKEN_FLOW = 8;

/**
 * What the core tells. None of these is called while C could not be entered again, but none may do so
 * itself: they run inside an import.
 * @typedef {object} Listener
 * @property {(token: object) => void} onToken
 * @property {(error: AuthError) => void} onError
 * @property {() => void} onExpired
 * @property {(quota: object) => void} onQuota
 * @property {(waiter: number, error?: AuthError) => void} onAnswer without an error: the last token told
 * @property {(id: number) => void} onReauthorize the page shall get a token: answer by adopt or fail
 * @property {() => boolean} isAwaited whether a caller is waiting
 * @property {(error: AuthError) => void} onDeath the instance is dead: everything pending fails
 */

/** Starts an instance. Rejects with an AuthError if that cannot be done. */
export async function startCore(config, listener) {
  const module = await loadModule(config.wasm, config.timeoutMs);
  const core = new Core(listener);
  try {
    await core.instantiate(module);
    core.configure(config);
  } catch (cause) {
    throw cause instanceof AuthError ? cause : new AuthError('wasm_unavailable', { cause });
  }
  return core;
}

class Core {
  #listener;
  #glue;
  #timer;
  #dead = false;

  constructor(listener) {
    this.#listener = listener;
  }

  /** The glue's own promise stays pending when instantiation fails, so ours decides. */
  instantiate(module) {
    return new Promise((resolve, reject) => {
      createGlue({
        XHR: globalThis.XMLHttpRequest ?? FetchXhr,
        now: (out) => out.set([performance.now(), Date.now()]),
        arm: (delayMs) => this.#arm(delayMs),
        tell: (message, numbers) => this.#tell(message, numbers),
        call: (enter) => this.#call(enter),
        onAbort: (what) => this.#die(what),
        instantiateWasm(imports, done) {
          WebAssembly.instantiate(module, imports).then(done).catch(reject);
          return {};
        },
      }).then((glue) => {
        this.#glue = glue;
        resolve();
      }, reject);
    });
  }

  configure({ endpoint, apiKey, domainKey, autoRefresh, allowInsecure, reauthorize, timeoutMs }) {
    const strings = this.#write(`${endpoint}\0${apiKey}\0${domainKey ?? ''}\0`);
    const flags =
      (autoRefresh && FLAG_AUTO_REFRESH) |
      (reauthorize && FLAG_CAN_REAUTHORIZE) |
      (allowInsecure && FLAG_ALLOW_INSECURE) |
      (domainKey === undefined && FLAG_TOKEN_FLOW);
    const error = this.#glue._iauth_wasm_new(...strings, flags, timeoutMs, Math.random() * 2 ** 32);
    if (error) throw errorFromC([error]);
  }

  /** Joins a caller; `listener.onAnswer` is called for it once. */
  get(waiter, { minValidityMs, timeoutMs, forceRefresh }) {
    this.#call(() => {
      const error = this.#glue._iauth_wasm_get(waiter, minValidityMs, timeoutMs, !!forceRefresh);
      if (error) this.#listener.onAnswer(waiter, errorFromC([error]));
    });
  }

  cancel(waiter) {
    this.#call(() => this.#glue._iauth_wasm_cancel(waiter));
  }

  /** Takes a token from elsewhere; `id` is that of onReauthorize, or 0. */
  adopt(id, { public: { accessToken, expiration, expiresAt, apis }, lifetimeMs }) {
    const names = Object.entries(apis).map(([name, url]) => `${name}\0${url}\0`).join('');
    this.#call(() => {
      const [address] = this.#write(`${accessToken}\0${names}`);
      const [tokenLength, apisLength] = [accessToken, names].map((text) => encoder.encode(text).length);
      this.#glue._iauth_wasm_adopt(id, address, tokenLength, apisLength, expiration, expiresAt, lifetimeMs);
    });
  }

  /** The page has no token for onReauthorize. */
  fail(id, error) {
    this.#call(() => this.#glue._iauth_wasm_fail(id, error));
  }

  invalidate(accessToken) {
    this.#call(() => this.#glue._iauth_wasm_invalidate(...this.#write(accessToken)));
  }

  wake() {
    this.#call(() => this.#glue._iauth_wasm_run(1));
  }

  /** Aborts, answers everybody with `disposed`, and wipes the whole memory. */
  dispose() {
    this.#call(() => this.#glue._iauth_wasm_free());
    this.#end();
  }

  // What follows is called by the glue, or calls it.

  /** Every way into C. A trap ends the instance. */
  #call(enter) {
    if (this.#dead) return;
    try {
      enter();
    } catch (error) {
      this.#die(error);
    }
  }

  #die(cause) {
    if (this.#dead) return;
    this.#end();
    this.#listener.onDeath(new AuthError('wasm_unavailable', { cause }));
  }

  #end() {
    this.#dead = true;
    clearTimeout(this.#timer);
    this.#glue?.bytes().fill(0);
  }

  #arm(delayMs) {
    clearTimeout(this.#timer);
    if (delayMs >= 0) this.#timer = setTimeout(() => this.#call(() => this.#glue._iauth_wasm_run(0)), delayMs);
    // In Node a refresh that nobody waits for keeps no process alive.
    if (!this.#listener.isAwaited()) this.#timer?.unref?.();
  }

  #tell(message, numbers) {
    const listener = this.#listener;
    if (message == TOKEN) listener.onToken(this.#readToken(numbers));
    if (message == ERROR) listener.onError(errorFromC(numbers));
    if (message == EXPIRED) listener.onExpired();
    if (message == QUOTA) listener.onQuota(readQuota(numbers));
    if (message == REAUTHORIZE) listener.onReauthorize(numbers[0]);
    if (message == ANSWER) listener.onAnswer(numbers[5], numbers[0] ? errorFromC(numbers) : undefined);
  }

  #readToken([address, length, expiration, expiresAt, expiresMono, lifetimeMs, apisAddress, apisLength]) {
    const apis = {};
    const names = this.#read(apisAddress, apisLength).split('\0');
    for (let i = 0; i + 1 < names.length; i += 2) apis[names[i]] = names[i + 1];
    return { accessToken: this.#read(address, length), expiration, expiresAt, apis, expiresMono, lifetimeMs };
  }

  #read(address, length) {
    return new TextDecoder().decode(this.#glue.bytes().subarray(address, address + length));
  }

  /** Copies a string into memory that C frees: [pointer, length without the NUL behind it]. */
  #write(text) {
    const bytes = encoder.encode(`${text}\0`);
    const address = this.#glue._malloc(bytes.length);
    if (!address) throw new Error('out of memory');
    this.#glue.bytes().set(bytes, address);
    return [address, bytes.length - 1];
  }
}

/** Percentages and Unix seconds; null where the API did not say. */
function readQuota(numbers) {
  const [quotaUsage, throttleUsage, quotaReset, throttleReset] = [...numbers.subarray(0, 4)].map((n) => (n < 0 ? null : n));
  return { quotaUsage, throttleUsage, quotaReset, throttleReset };
}
