// One instance of the C core: the only place that knows the wasm boundary (src/wasm/boundary.h).

import { AuthError, errorFromC } from './errors.js';
import { READERS } from './text.js';
import { background } from './timers.js';
import { loadModule, wasmError } from './wasm.js';

/** What the core tells, by enum message of src/wasm/boundary.h. */
export const QUOTA = 1;
export const EXPIRED = 2;
export const ERROR = 3;
export const TOKEN = 4;
export const ANSWER = 5;
export const REAUTHORIZE = 6;

/** IAUTH_RESPONSE_HEADERS of src/core/iauth.h. */
const HEADERS = ['content-type', 'date', 'retry-after', 'x-quota-usage', 'x-throttle-usage', 'x-quota-reset', 'x-throttle-reset'];

const FLAG_AUTO_REFRESH = 1;
const FLAG_CAN_REAUTHORIZE = 2;
const FLAG_ALLOW_INSECURE = 4;

/**
 * An instance. Its functions are those of the boundary by their names; strings are copied for C.
 * @typedef {object} Core
 * @property {(name: string, ...numbersAndStrings: any[]) => any} call undefined if the instance is dead
 * @property {() => void} end aborts, and wipes the whole memory
 */

/**
 * Starts an instance. Rejects with an AuthError if that cannot be done.
 * @param {any} config checked
 * @param {object} listener whose functions may not call the core: they run inside an import
 * @param {(message: number, detail: any, id: number) => void} listener.tell `detail` is the error, token or
 *   quota; an answer without an error is the token told last
 * @param {() => boolean} listener.isAwaited whether a caller is waiting
 * @param {(error: AuthError) => void} listener.onDeath the instance is dead: everything pending fails
 * @returns {Promise<Core>}
 */
export async function startCore(config, { tell, isAwaited, onDeath }) {
  const module = await loadModule(config.wasm, config.timeoutMs);
  const encoder = new TextEncoder(); // not at import: some environments lack it
  const decoder = new TextDecoder();
  let wasm, memory, bytes; // the memory has a fixed size, so views of it stay valid
  let timer;
  let request; // AbortController of the one under way
  let dead = false;

  /** A string of so many bytes or, without a length, up to its NUL. */
  const read = (address, length = bytes.indexOf(0, address) - address) => decoder.decode(bytes.subarray(address, address + length));

  /** Copies a string into memory that C frees, a NUL at the end. */
  function write(text) {
    const encoded = encoder.encode(`${text}\0`);
    const address = wasm.malloc(encoded.length);
    if (!address) throw new Error('out of memory');
    bytes.set(encoded, address);
    return address;
  }

  const pointers = (address) => new Uint32Array(memory, address);
  const longs = (address) => Array.from(new BigInt64Array(memory, address, 4), Number);

  const DETAILS = {
    /** Percentages and Unix seconds; null where the API did not say. */
    [QUOTA](address) {
      const [quotaUsage, throttleUsage, quotaReset, throttleReset] = longs(address).map((number) => (number < 0 ? null : number));
      return { quotaUsage, throttleUsage, quotaReset, throttleReset };
    },

    [ERROR](address) {
      const [error, status, retryable, attempts, retryAfterMs] = new Int32Array(memory, address);
      return errorFromC(error, { status, retryable: !!(retryable & 255), attempts, retryAfterMs });
    },

    [TOKEN](address) {
      const [accessToken, names, length] = pointers(address);
      const [expiresAt, expiresMono, lifetimeMs] = longs(address + 24);
      const parts = read(names, length).split('\0');
      const apis = {};
      while (parts[1]) apis[parts.shift()] = parts.shift();
      return { accessToken: read(accessToken), expiration: new Float64Array(memory, address)[2], expiresAt, apis, lifetimeMs, expiresMono };
    },
  };
  DETAILS[ANSWER] = DETAILS[ERROR];

  const js = {
    ask: (what) => [() => performance.now(), () => Date.now(), () => Math.random() * 2 ** 32][what](),

    arm(delayMs) {
      clearTimeout(timer);
      // In a hidden page nothing runs that can wait: becoming visible wakes the core.
      if (delayMs < 0 || (!isAwaited() && globalThis.document?.visibilityState == 'hidden')) return;
      timer = background(() => call('run', 0), delayMs);
      // In Node a refresh that nobody waits for keeps no process alive.
      if (!isAwaited()) timer.unref?.();
    },

    tell: (message, what, id) => tell(message, what ? DETAILS[message](what) : undefined, id),

    read: (kind, address, length) => READERS[kind](read(address, length)),

    /**
     * The JavaScript half of emscripten_fetch: the browser adds Origin. fetch and not XMLHttpRequest, because
     * service workers, Node and Deno have only that. No cookies go along and no redirect is followed; a body
     * beyond the limit is not waited for, as it might never end.
     */
    async send(method, url, strings, body, limit) {
      const abort = (request = new AbortController());
      const received = new Uint8Array(limit + 1);
      let status = 0; // there was no answer
      let answer = '';
      let length = 0;
      try {
        const headers = {};
        for (const at = pointers(strings).values(); (strings = at.next().value); ) headers[read(strings)] = read(at.next().value);
        const response = await fetch(read(url), {
          method: read(method),
          headers,
          body: body ? read(body) : undefined,
          signal: abort.signal,
          credentials: 'omit',
          redirect: 'error',
          cache: 'no-store',
        });
        const reader = response.body?.getReader();
        for (let piece; length <= limit && (piece = await reader?.read()) && !piece.done; ) {
          const part = piece.value.subarray(0, limit + 1 - length);
          received.set(part, length);
          length += part.length;
        }
        answer = HEADERS.map((name) => `${response.headers.get(name) ?? ''}\0`).join('') + decoder.decode(received.subarray(0, length));
        status = response.status;
      } catch {}
      received.fill(0);
      if (abort.signal.aborted) return;
      call('done', status, answer);
      if (length > limit) abort.abort();
    },

    abort: () => request?.abort(),
  };

  function end() {
    dead = true;
    clearTimeout(timer);
    js.abort();
    bytes.fill(0);
  }

  /** Every way into C. A trap ends the instance. */
  function call(name, ...values) {
    if (dead) return undefined;
    if (name == 'products') [name, values] = ['get', [values[0], 0, values[1], 0]]; // shim
    if (!wasm[name]) return undefined; // shim
    try {
      return wasm[name](...values.map((value) => (typeof value == 'string' ? write(value) : value)));
    } catch (cause) {
      end();
      return onDeath(new AuthError('wasm_unavailable', { cause }));
    }
  }

  let error;
  try {
    wasm = (await WebAssembly.instantiate(module, { js })).exports;
    memory = wasm.memory.buffer;
    bytes = new Uint8Array(memory);
    const flags =
      (config.autoRefresh && FLAG_AUTO_REFRESH) |
      (config.reauthorize && FLAG_CAN_REAUTHORIZE) |
      (config.allowInsecure && FLAG_ALLOW_INSECURE) |
      config.flow;
    error = wasm.new(write(`${config.endpoint}\0${config.apiKey}\0${config.credential}`), flags, config.timeoutMs);
  } catch (cause) {
    throw wasmError(cause);
  }
  if (error) throw errorFromC(error);
  return { call, end };
}
