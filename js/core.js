// One instance of the C core: the only place that knows the wasm boundary (src/wasm/boundary.h).

import { AuthError, errorFromC } from './errors.js';
import { READERS } from './text.js';
import { loadModule, wasmError } from './wasm.js';

const [TOKEN, ERROR, EXPIRED, QUOTA, ANSWER, REAUTHORIZE] = [1, 2, 3, 4, 5, 6];

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const FLAG_AUTO_REFRESH = 1;
const FLAG_CAN_REAUTHORIZE = 2;
const FLAG_ALLOW_INSECURE = 4;

/**
 * What the core tells. None of these may call the core: they run inside an import.
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
    throw cause instanceof AuthError ? cause : wasmError(cause);
  }
  return core;
}

class Core {
  #listener;
  #wasm; // the exports
  #timer;
  #request; // AbortController of the one under way
  #dead = false;

  constructor(listener) {
    this.#listener = listener;
  }

  async instantiate(module) {
    const js = {
      now: (out) => this.#numbers(out).set([performance.now(), Date.now()]),
      arm: (delayMs) => this.#arm(delayMs),
      tell: (message, numbers) => this.#tell(message, this.#numbers(numbers)),
      read: (kind, address, length) => READERS[kind](this.#read(address, length)),
      send: (...request) => void this.#send(...request),
      abort: () => this.#request?.abort(),
    };
    this.#wasm = (await WebAssembly.instantiate(module, { js })).exports;
  }

  configure({ endpoint, apiKey, credential, flow, autoRefresh, allowInsecure, reauthorize, timeoutMs }) {
    const strings = this.#write(`${endpoint}\0${apiKey}\0${credential}\0`);
    const flags =
      (autoRefresh && FLAG_AUTO_REFRESH) |
      (reauthorize && FLAG_CAN_REAUTHORIZE) |
      (allowInsecure && FLAG_ALLOW_INSECURE) |
      flow;
    const error = this.#wasm.new(...strings, flags, timeoutMs, Math.random() * 2 ** 32);
    if (error) throw errorFromC([error]);
  }

  /** Joins a caller; `listener.onAnswer` is called for it once. */
  get(waiter, { minValidityMs, timeoutMs, forceRefresh }) {
    this.#call(() => {
      const error = this.#wasm.get(waiter, minValidityMs, timeoutMs, !!forceRefresh);
      if (error) this.#listener.onAnswer(waiter, errorFromC([error]));
    });
  }

  cancel(waiter) {
    this.#call(() => this.#wasm.cancel(waiter));
  }

  /** Takes a token from elsewhere; `id` is that of onReauthorize, or 0. */
  adopt(id, { public: { accessToken, expiration, expiresAt, apis }, lifetimeMs }) {
    const names = Object.entries(apis).map(([name, url]) => `${name}\0${url}\0`).join('');
    this.#call(() => {
      const [address] = this.#write(`${accessToken}\0${names}`);
      const [tokenLength, apisLength] = [accessToken, names].map((text) => encoder.encode(text).length);
      this.#wasm.adopt(id, address, tokenLength, apisLength, expiration, expiresAt, lifetimeMs);
    });
  }

  /** The page has no token for onReauthorize. */
  fail(id, error) {
    this.#call(() => this.#wasm.fail(id, error));
  }

  invalidate(accessToken) {
    this.#call(() => this.#wasm.invalidate(...this.#write(accessToken)));
  }

  wake() {
    this.#call(() => this.#wasm.run(1));
  }

  /** Aborts, answers everybody with `disposed`, and wipes the whole memory. */
  dispose() {
    this.#call(() => this.#wasm.dispose());
    this.#end();
  }

  /** Every way into C. A trap ends the instance. */
  #call(enter) {
    if (this.#dead) return;
    try {
      enter();
    } catch (cause) {
      this.#end();
      this.#listener.onDeath(new AuthError('wasm_unavailable', { cause }));
    }
  }

  #end() {
    this.#dead = true;
    clearTimeout(this.#timer);
    this.#request?.abort();
    this.#bytes().fill(0);
  }

  #arm(delayMs) {
    clearTimeout(this.#timer);
    const awaited = this.#listener.isAwaited();
    // In a hidden page nothing runs that can wait: becoming visible wakes the core.
    if (delayMs < 0 || (!awaited && globalThis.document?.visibilityState == 'hidden')) return;
    this.#timer = setTimeout(() => this.#call(() => this.#wasm.run(0)), delayMs);
    // In Node a refresh that nobody waits for keeps no process alive.
    if (!awaited) this.#timer?.unref?.();
  }

  /**
   * The JavaScript half of emscripten_fetch: the browser adds Origin. fetch and not XMLHttpRequest, because
   * service workers, Node and Deno have only that. No cookies go along and no redirect is followed; a body
   * beyond the limit is not waited for, as it might never end.
   */
  async #send(method, url, header, body, bodyLength, limit) {
    const request = (this.#request = new AbortController());
    const pointer = (address) => new DataView(this.#wasm.memory.buffer).getUint32(address, true);
    let status = 0;
    let headers = '';
    let length = 0;
    const bytes = new Uint8Array(limit + 1);
    try {
      const sent = new Headers();
      for (; pointer(header); header += 8) sent.append(this.#text(pointer(header)), this.#text(pointer(header + 4)));
      const answer = await fetch(this.#text(url), {
        method: this.#text(method),
        headers: sent,
        body: body ? this.#bytes().slice(body, body + bodyLength) : undefined,
        signal: request.signal,
        credentials: 'omit',
        redirect: 'error',
        cache: 'no-store',
      });
      const reader = answer.body?.getReader();
      for (let piece; length <= limit && (piece = await reader?.read()) && !piece.done; ) {
        const part = piece.value.subarray(0, limit + 1 - length);
        bytes.set(part, length);
        length += part.length;
      }
      for (const [name, value] of answer.headers) headers += `${name}: ${value}\r\n`;
      status = answer.status;
    } catch {
      length = 0; // status 0: there was no answer
    }
    if (request.signal.aborted) return;
    this.#call(() => {
      const block = this.#write(headers, bytes.subarray(0, length));
      this.#wasm.done(status, block[0], block[1] - length, length);
    });
    bytes.fill(0);
    if (length > limit) request.abort();
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

  // The memory has a fixed size, so views of it stay valid.

  #bytes() {
    return new Uint8Array(this.#wasm.memory.buffer);
  }

  #numbers(address) {
    return new Float64Array(this.#wasm.memory.buffer, address);
  }

  #read(address, length) {
    return decoder.decode(this.#bytes().subarray(address, address + length));
  }

  /** A string that ends with NUL. */
  #text(address) {
    return this.#read(address, this.#bytes().indexOf(0, address) - address);
  }

  /** Copies a string, and bytes behind it, into memory that C frees: [pointer, length without the NUL at the end]. */
  #write(text, more = []) {
    const bytes = encoder.encode(text);
    const length = bytes.length + more.length;
    const address = this.#wasm.malloc(length + 1);
    if (!address) throw new Error('out of memory');
    this.#bytes().set(bytes, address);
    this.#bytes().set(more, address + bytes.length);
    this.#bytes()[address + length] = 0;
    return [address, length];
  }
}

/** Percentages and Unix seconds; null where the API did not say. */
function readQuota(numbers) {
  const [quotaUsage, throttleUsage, quotaReset, throttleReset] = [...numbers.subarray(0, 4)].map((n) => (n < 0 ? null : n));
  return { quotaUsage, throttleUsage, quotaReset, throttleReset };
}
