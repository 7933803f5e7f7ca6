// One instance of the C core. Only this file knows the wasm boundary (src/wasm/boundary.h).

import { parseBody } from './answer.js';
import { readBody } from './body.js';
import * as c from './boundary.js';
import { AuthError, errorFromC } from './errors.js';
import { PARSERS } from './text.js';
import { backgroundTimeout } from './timers.js';
import { stringsForC } from './token.js';

/** Characters of a header's value; the rest is ignored. */
const HEADER_MAX = 1024;

/**
 * An instance. `call` calls an export of src/wasm/boundary.h by its name, and copies strings for C. It returns what the
 * export returns: for those that can fail, C's error or 0.
 * @typedef {object} Core
 * @property {(name: string, ...numbersAndStrings: any[]) => any} call returns undefined if the instance is dead
 * @property {() => void} end aborts the request and wipes the whole memory
 */

/**
 * Starts an instance. Resolves to the instance or to C's error. Rejects with what WebAssembly throws.
 * @param {WebAssembly.Module} module
 * @param {any} config checked
 * @param {object} listener its functions must not call the core, because C is running when they are called
 * @param {(message: number, detail: any, id: number) => void} listener.onCoreMessage gets one of MESSAGE_…; `detail` is
 *   the error, token or quota; MESSAGE_ANSWER without an error means the token of the last MESSAGE_TOKEN
 * @param {() => boolean} listener.isAwaited true if a caller is waiting
 * @param {() => boolean} listener.mayStart true if a request may start now; if false, call `run` as soon as one may
 * @param {(type: 'request', detail: {url: string, status: number}) => void} listener.emit tells users of a request that
 *   ended; status 0: without a response
 * @param {(error: AuthError) => void} listener.onDeath the instance is dead: all pending calls must fail
 * @returns {Promise<Core | number>}
 */
export async function startInstance(module, config, listener) {
  const encoder = new TextEncoder(); // not at the import of this file, because test environments may lack it
  const decoder = new TextDecoder();
  let wasm; // the exports; undefined when the instance is dead
  let memory, bytes; // the memory has a fixed size, so views of it stay valid
  let timer;
  let cause; // what `fetch` threw last
  let request; // AbortController of the request in flight

  /** Reads a string. Without a length, it ends at its NUL. */
  const readString = (address, length = bytes.indexOf(0, address) - address) =>
    decoder.decode(bytes.subarray(address, address + length));

  /** Copies a string with a NUL into memory that C frees. Returns its address, or 0 if there is no memory. */
  function writeString(text) {
    const encoded = encoder.encode(`${text}\0`);
    const address = wasm.malloc(encoded.length);
    if (address) bytes.set(encoded, address);
    return address;
  }

  const int32At = (address) => new Int32Array(memory, address)[0];
  const int64At = (address) => Number(new BigInt64Array(memory, address)[0]);
  /** Reads a string behind a pointer; undefined if that is NULL. */
  const stringAt = (address) => (int32At(address) ? readString(int32At(address)) : undefined);

  const DETAILS = {
    /** Percentages and Unix seconds; null if the API sent none. */
    [c.MESSAGE_QUOTA](address) {
      const [quotaUsage, throttleUsage, quotaReset, throttleReset] = [0, 8, 16, 24].map((offset) =>
        int64At(address + offset) < 0 ? null : int64At(address + offset),
      );
      return { quotaUsage, throttleUsage, quotaReset, throttleReset };
    },

    [c.MESSAGE_ERROR](address) {
      const error = int32At(address + c.FAILURE_ERROR);
      const details = {
        status: int32At(address + c.FAILURE_STATUS),
        cause: error == c.NETWORK ? cause : undefined,
        retryable: !!bytes[address + c.FAILURE_RETRYABLE],
        attempts: int32At(address + c.FAILURE_ATTEMPTS),
        retryAfterMs: int64At(address + c.FAILURE_RETRY_AFTER_MS),
        serverMessage: stringAt(address + c.FAILURE_SERVER_MESSAGE),
      };
      return errorFromC(error, details, config);
    },

    [c.MESSAGE_TOKEN](address) {
      const parts = readString(int32At(address + c.TOKEN_APIS), int32At(address + c.TOKEN_APIS_LEN)).split('\0');
      const apis = { __proto__: null };
      while (parts[1]) apis[parts.shift()] = parts.shift();
      return {
        accessToken: stringAt(address + c.TOKEN_ACCESS_TOKEN),
        expiration: new Float64Array(memory, address + c.TOKEN_EXPIRATION)[0],
        expiresAt: int64At(address + c.TOKEN_EXPIRES_WALL_MS),
        apis,
        lifetimeMs: int64At(address + c.TOKEN_LIFETIME_MS),
        expiresMono: int64At(address + c.TOKEN_EXPIRES_MONO_MS),
      };
    },
  };
  DETAILS[c.MESSAGE_ANSWER] = DETAILS[c.MESSAGE_ERROR];

  const js = {
    query: (what) =>
      [() => performance.now(), () => Date.now(), () => Math.random() * 2 ** 32, () => listener.mayStart()][what](),

    arm(delayMs) {
      clearTimeout(timer);
      const start = listener.isAwaited() ? setTimeout : backgroundTimeout;
      // A hidden page sets no timer for the background. When the page becomes visible, that wakes the core.
      if (delayMs < 0 || (start == backgroundTimeout && globalThis.document?.visibilityState == 'hidden')) return;
      timer = start(() => call('run', 0), delayMs);
    },

    emit: (message, what, id) => listener.onCoreMessage(message, what ? DETAILS[message](what) : undefined, id),

    parse: (kind, address, length) => PARSERS[kind](readString(address, length)),

    /**
     * The JavaScript half of emscripten_fetch. The browser adds Origin. It uses `fetch`, because service workers, Node
     * and Deno have no XMLHttpRequest. It sends no cookies and follows no redirect: a redirect is a response like any
     * other. It reads the body only up to the limit, because a body may never end.
     */
    async send(method, url, strings, body, limit) {
      const abort = (request = new AbortController());
      const received = new Uint8Array(limit + 1);
      const target = readString(url);
      let status = 0; // no response
      let length = 0;
      let answer = [];
      try {
        const headers = {};
        for (; int32At(strings); strings += 8) headers[stringAt(strings)] = stringAt(strings + 4);
        const response = await fetch(target, {
          __proto__: null,
          method: readString(method),
          headers,
          body: body ? readString(body) : undefined,
          signal: abort.signal,
          credentials: 'omit',
          redirect: 'manual',
          cache: 'no-store',
        });
        length = await readBody(response, received, abort.signal);
        const values = c.HEADERS.map((name) => (response.headers.get(name) ?? '').slice(0, HEADER_MAX));
        const [texts, ...numbers] = parseBody(
          length > limit ? undefined : decoder.decode(received.subarray(0, length)),
        );
        answer = [stringsForC([...values, ...texts]), ...numbers];
        status = response.status || 302; // a browser hides the status of a redirect
      } catch (error) {
        cause = error;
        await undefined; // a replaced fetch may throw at once: C still runs then
      }
      received.fill(0);
      if (abort.signal.aborted) return;
      request = undefined; // it is complete; C closes it now, which must not abort it
      listener.emit('request', { url: target, status });
      call('done', status, ...answer);
    },

    abort: () => request?.abort(),
  };

  function end() {
    wasm = undefined;
    clearTimeout(timer);
    js.abort();
    bytes.fill(0);
  }

  /** All calls of C go through here. A trap ends the instance. */
  function call(name, ...values) {
    try {
      return wasm?.[name](...values.map((value) => (typeof value == 'string' ? writeString(value) : value)));
    } catch (cause) {
      end();
      return listener.onDeath(new AuthError('wasm_unavailable', { cause }));
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
    writeString([endpoint, apiKey, credential, domainKeyName, userPersonalSecret].join('\0')),
    flags,
    config.timeoutMs,
  );
  return error || { call, end };
}
