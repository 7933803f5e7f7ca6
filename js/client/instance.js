// One instance of the C core: the only place that knows the wasm boundary (src/wasm/boundary.h).

import { readAnswer } from './answer.js';
import { readBody } from './body.js';
import * as c from './boundary.js';
import { AuthError, errorFromC } from './errors.js';
import { READERS } from './text.js';
import { background } from './timers.js';
import { stringsForC } from './token.js';

/** More of a header is not looked at. */
const HEADER_MAX = 1024;

/**
 * An instance. Its functions are those of src/wasm/boundary.h by their names; strings are copied for C. Those that can fail
 * return C's error, 0 if all is well.
 * @typedef {object} Core
 * @property {(name: string, ...numbersAndStrings: any[]) => any} call undefined if the instance is dead
 * @property {() => void} end aborts, and wipes the whole memory
 */

/**
 * Starts an instance. Returns it, or C's error. Throws what WebAssembly throws.
 * @param {WebAssembly.Module} module
 * @param {any} config checked
 * @param {object} listener whose functions may not call the core: they run inside an import
 * @param {(message: number, detail: any, id: number) => void} listener.tell one of MESSAGE_…; `detail` is the error, token
 *   or quota; an answer without an error is the token told last
 * @param {() => boolean} listener.isAwaited whether a caller is waiting
 * @param {() => boolean} listener.mayStart whether a request may start now; if not, call `run` as soon as one may
 * @param {(error: AuthError) => void} listener.onDeath the instance is dead: everything pending fails
 * @returns {Promise<Core | number>}
 */
export async function startInstance(module, config, { tell, isAwaited, mayStart, onDeath }) {
  const encoder = new TextEncoder(); // not at import: test environments may lack it
  const decoder = new TextDecoder();
  let wasm, memory, bytes; // the memory has a fixed size, so views of it stay valid
  let timer;
  let request; // AbortController of the one under way
  let dead = false;

  /** A string of so many bytes or, without a length, up to its NUL. */
  const read = (address, length = bytes.indexOf(0, address) - address) =>
    decoder.decode(bytes.subarray(address, address + length));

  /** Copies a string into memory that C frees, a NUL at the end. 0: there is no room, which costs the one who asks. */
  function write(text) {
    const encoded = encoder.encode(`${text}\0`);
    const address = wasm.malloc(encoded.length);
    if (address) bytes.set(encoded, address);
    return address;
  }

  const pointers = (address) => new Uint32Array(memory, address);
  const integer = (address) => new Int32Array(memory, address)[0];
  const long = (address) => Number(new BigInt64Array(memory, address)[0]);

  const DETAILS = {
    /** Percentages and Unix seconds; null where the API did not say. */
    [c.MESSAGE_QUOTA](address) {
      const [quotaUsage, throttleUsage, quotaReset, throttleReset] = [0, 8, 16, 24].map((offset) =>
        long(address + offset) < 0 ? null : long(address + offset),
      );
      return { quotaUsage, throttleUsage, quotaReset, throttleReset };
    },

    [c.MESSAGE_ERROR](address) {
      const message = pointers(address + c.FAILURE_SERVER_MESSAGE)[0];
      return errorFromC(integer(address + c.FAILURE_ERROR), {
        status: integer(address + c.FAILURE_STATUS),
        retryable: !!bytes[address + c.FAILURE_RETRYABLE],
        attempts: integer(address + c.FAILURE_ATTEMPTS),
        retryAfterMs: long(address + c.FAILURE_RETRY_AFTER_MS),
        serverMessage: message ? read(message) : undefined,
      });
    },

    [c.MESSAGE_TOKEN](address) {
      const parts = read(pointers(address + c.TOKEN_APIS)[0], pointers(address + c.TOKEN_APIS_LEN)[0]).split('\0');
      const apis = { __proto__: null };
      while (parts[1]) apis[parts.shift()] = parts.shift();
      return {
        accessToken: read(pointers(address + c.TOKEN_ACCESS_TOKEN)[0]),
        expiration: new Float64Array(memory, address + c.TOKEN_EXPIRATION)[0],
        expiresAt: long(address + c.TOKEN_EXPIRES_WALL_MS),
        apis,
        lifetimeMs: long(address + c.TOKEN_LIFETIME_MS),
        expiresMono: long(address + c.TOKEN_EXPIRES_MONO_MS),
      };
    },
  };
  DETAILS[c.MESSAGE_ANSWER] = DETAILS[c.MESSAGE_ERROR];

  const js = {
    ask: (what) => [() => performance.now(), () => Date.now(), () => Math.random() * 2 ** 32, mayStart][what](),

    arm(delayMs) {
      clearTimeout(timer);
      const start = isAwaited() ? setTimeout : background;
      // In a hidden page nothing runs that can wait: becoming visible wakes the core.
      if (delayMs < 0 || (start == background && globalThis.document?.visibilityState == 'hidden')) return;
      timer = start(() => call('run', 0), delayMs);
    },

    tell: (message, what, id) => tell(message, what ? DETAILS[message](what) : undefined, id),

    read: (kind, address, length) => READERS[kind](read(address, length)),

    /**
     * The JavaScript half of emscripten_fetch: the browser adds Origin. fetch and not XMLHttpRequest, because
     * service workers, Node and Deno have only that. No cookies go along and no redirect is followed: it is an answer like
     * any other. A body beyond the limit is not waited for, as it might never end.
     */
    async send(method, url, strings, body, limit) {
      const abort = (request = new AbortController());
      const received = new Uint8Array(limit + 1);
      let status = 0; // there was no answer
      let length = 0;
      let answer = [];
      try {
        const headers = {};
        for (let [name, value] = pointers(strings); name; [name, value] = pointers((strings += 8)))
          headers[read(name)] = read(value);
        const response = await fetch(read(url), {
          method: read(method),
          headers,
          body: body ? read(body) : undefined,
          signal: abort.signal,
          credentials: 'omit',
          redirect: 'manual',
          cache: 'no-store',
        });
        length = await readBody(response, received, abort.signal);
        const values = c.HEADERS.map((name) => (response.headers.get(name) ?? '').slice(0, HEADER_MAX));
        const [texts, ...numbers] = readAnswer(
          length > limit ? undefined : decoder.decode(received.subarray(0, length)),
        );
        answer = [stringsForC([...values, ...texts]), ...numbers];
        status = response.status || 302; // a browser shows nothing of a redirect
      } catch {}
      received.fill(0);
      if (abort.signal.aborted) return;
      call('done', status, ...answer);
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
    try {
      return wasm[name](...values.map((value) => (typeof value == 'string' ? write(value) : value)));
    } catch (cause) {
      end();
      return onDeath(new AuthError('wasm_unavailable', { cause }));
    }
  }

  wasm = (await WebAssembly.instantiate(module, { js })).exports;
  memory = wasm.memory.buffer;
  bytes = new Uint8Array(memory);
  const flags =
    (config.autoRefresh && c.FLAG_AUTO_REFRESH) |
    (config.reauthorize && c.FLAG_CAN_REAUTHORIZE) |
    (config.allowInsecure && c.FLAG_ALLOW_INSECURE) |
    config.flow;
  const { endpoint, apiKey, credential, domainKeyName, userPersonalSecret } = config;
  const error = wasm.new(
    write([endpoint, apiKey, credential, domainKeyName, userPersonalSecret].join('\0')),
    flags,
    config.timeoutMs,
  );
  return error || { call, end };
}
