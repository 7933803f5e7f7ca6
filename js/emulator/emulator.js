// The running emulator: Node's http in front of the core, and the knobs in between.

import { randomBytes } from 'node:crypto';
import { once, setMaxListeners } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmulatorCore } from './core.js';
import { OptionError } from './options.js';

const BODY_MAX = 16_384; // AUTHAPI_BODY_MAX of src/authapi/endpoints.h
const REQUEST_TIMEOUT_MS = 15_000; // for all of a request, its body included
const HEADERS_MAX = 32_768;
const REQUESTS_KEPT = 10_000;
const GRACE_MS = 2000; // what begun requests get to finish on close

const KIND_PATHS = { secret: '/admin/secrets', 'domain-key': '/admin/domain-keys' };
const START_NAME = 'emulator'; // of the API key that startEmulator makes

/**
 * What was asked. There is no credential and no token in it.
 * @typedef {object} RequestEntry
 * @property {string} time when it was answered, by the server's clock: ISO 8601
 * @property {string} method
 * @property {string} path without query; "(unknown path)" where there is no endpoint
 * @property {number} status 0 if the client left before it was answered
 * @property {string | null} origin
 * @property {string | null} keyId of the credential, or else the API key, that was used
 * @property {string | null} reason why it was refused; "injected" and "cut_off" by knobs, "client_left"
 * @property {string} [problem] what failed in the emulator
 * @property {number} ms
 */

/** A wildcard address is none that one can ask. */
const REACHABLE = { '0.0.0.0': '127.0.0.1', '::': '[::1]' };

function urlOf({ address, port }) {
  return `http://${REACHABLE[address] ?? (address.includes(':') ? `[${address}]` : address)}:${port}`;
}

/**
 * The body up to the limit; the rest is read and dropped, so that the client gets to read the answer. Undefined if
 * the client left before its end.
 */
async function readBody(request) {
  const pieces = [];
  let length = 0;
  let bodyTooLarge = false;
  try {
    for await (const piece of request) {
      bodyTooLarge ||= length + piece.length > BODY_MAX;
      if (!bodyTooLarge) pieces.push(piece);
      length += piece.length;
    }
  } catch {
    return undefined;
  }
  return { body: bodyTooLarge ? Buffer.alloc(0) : Buffer.concat(pieces), bodyTooLarge };
}

function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** What the core says of settings: "option: advice", or a problem of its own. */
function optionError(wrong) {
  const [, option, advice] = /^([^:]+): (.*)$/s.exec(wrong) ?? [];
  return option ? new OptionError(option, advice) : new Error(wrong);
}

function checkLog(log) {
  if (log != null && typeof log != 'function') throw new OptionError('log', 'give a function');
  return log;
}

/** A local Auth API. `startEmulator` makes one. */
export class Emulator {
  #settings;
  #knobs;
  #file;
  #log;
  #core;
  #document; // what was kept last
  #startDocument;
  #server;
  #clockOffsetS = 0; // of the request that is being answered
  #closed;
  #inFlight = 0; // requests whose headers are there and whose answer is not sent
  #stopping = new AbortController();

  /** The log of requests, oldest first; the last 10,000 of them. @type {RequestEntry[]} */
  requests = [];
  /** "http://127.0.0.1:PORT" */
  url = '';
  /** Base URL of the Auth API, as clients take it: "http://127.0.0.1:PORT/v1" */
  endpoint = '';
  /** An API key to start with. */
  apiKey = '';
  /** A domain key of it, for `domains`; null if there were none. @type {string | null} */
  domainKey = null;
  /** A secret of it; null if it was made earlier: a file has only its hash. @type {string | null} */
  secret = null;
  /** @type {string | null} */
  domainKeyId = null;
  /** @type {string | null} */
  secretId = null;

  /** @internal Use startEmulator. */
  constructor({ settings, knobs, file, log }) {
    this.#settings = { ...settings, adminToken: settings.adminToken ?? randomBytes(32).toString('base64url') };
    this.#settings.servesAdmin = settings.adminToken !== undefined;
    this.#knobs = knobs;
    this.#file = file;
    this.#log = checkLog(log);
    setMaxListeners(0, this.#stopping.signal); // one for each answer that is late
  }

  /** @internal */
  async start({ port, host, domains }) {
    this.#document = this.#file?.read();
    this.#core = this.#newCore(this.#document);
    try {
      this.#makeFirstKeys(domains);
    } catch (error) {
      throw error.code == 'bad_request' ? new OptionError('domains', error.message) : error;
    }
    this.#startDocument = this.#document;
    this.#server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: 1000, maxHeaderSize: HEADERS_MAX }, (request, response) =>
      void this.#serve(request, response));
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    this.url = urlOf(this.#server.address());
    this.endpoint = `${this.url}/v1`;
  }

  // -------------------------------------------------------------------------------------------------------------
  // Keys. They are managed as over HTTP, by the same C.

  /**
   * Makes an API key.
   * @param {string} [name]
   * @returns {Promise<string>} the API key
   */
  async createApiKey(name = 'test') {
    return this.#manage('POST', '/admin/api-keys', { name }).apiKey;
  }

  /**
   * Makes a secret, which is shown this once.
   * @param {string} [apiKey]
   * @returns {Promise<{id: string, secret: string}>}
   */
  async createSecret(apiKey = this.apiKey) {
    return this.#manage('POST', '/admin/secrets', { apiKey });
  }

  /**
   * Makes a secret in place of another one, which works on for a while.
   * @param {string} id of the old one
   * @param {number} [overlapS] for how long that is
   * @returns {Promise<{id: string, secret: string}>}
   */
  async rotateSecret(id, overlapS) {
    return this.#manage('POST', '/admin/secrets/rotate', { id, overlap: overlapS });
  }

  /**
   * Makes the next signing key. It is in the JWK set at once, and signs later.
   * @param {number} [publishS] how much later
   * @returns {Promise<{kid: string}>}
   */
  async rotateSigningKey(publishS) {
    return this.#manage('POST', '/admin/signing-keys/rotate', { publish: publishS });
  }

  /**
   * Makes a domain key.
   * @param {string} apiKey
   * @param {string[]} domains "www.example.com" (https), "*.example.com" (its sub-domains), or a full origin such as
   *   "http://localhost:3000"
   * @returns {Promise<{id: string, domainKey: string, domains: string[]}>}
   */
  async createDomainKey(apiKey, domains) {
    return this.#manage('POST', '/admin/domain-keys', { apiKey, domains });
  }

  /**
   * Replaces a domain key's list; it counts at once.
   * @param {string} id
   * @param {string[]} domains
   */
  async setDomains(id, domains) {
    this.#manage('POST', '/admin/domain-keys/set-domains', { id, domains });
  }

  /**
   * Revokes a credential; it, and the refresh of its tokens, are refused at once.
   * @param {'secret' | 'domain-key'} kind
   * @param {string} id
   */
  async revoke(kind, id) {
    if (!Object.hasOwn(KIND_PATHS, kind)) throw new OptionError('kind', `choose one of ${Object.keys(KIND_PATHS).join(', ')}`);
    this.#manage('POST', `${KIND_PATHS[kind]}/revoke`, { id });
  }

  #manage(method, path, json) {
    const rawHeaders = ['Authorization', `Bearer ${this.#settings.adminToken}`, 'Content-Type', 'application/json'];
    const answer = this.#ask({ method, path, rawHeaders, body: Buffer.from(json ? JSON.stringify(json) : ''), admin: true, lifetimeS: this.#settings.lifetimeS });
    const result = JSON.parse(answer.body.toString() || '{}');
    if (answer.status < 300) return result;
    const { message = 'The emulator failed.', reason } = result.error ?? {};
    throw Object.assign(new Error(answer.log.problem ?? message), { code: reason ?? 'server_error', status: answer.status });
  }

  /** Those of the last start, if the file has them, so that they stay the same. */
  #makeFirstKeys(domains) {
    const first = this.#manage('GET', '/admin/api-keys').find(({ name }) => name == START_NAME);
    const { id, apiKey } = first ?? this.#manage('POST', '/admin/api-keys', { name: START_NAME });
    this.apiKey = apiKey;
    if (!first) ({ secret: this.secret, id: this.secretId } = this.#manage('POST', '/admin/secrets', { apiKey }));
    const found = this.#manage('GET', '/admin/domain-keys').find(({ apiKeyId, revoked }) => apiKeyId == id && !revoked);
    const domainKey = found ?? (domains && this.#manage('POST', '/admin/domain-keys', { apiKey, domains }));
    if (!domainKey) return;
    [this.domainKey, this.domainKeyId] = [domainKey.domainKey, domainKey.id];
    if (found && domains && domains.join() != found.domains.join()) this.#manage('POST', '/admin/domain-keys/set-domains', { id: found.id, domains });
  }

  // -------------------------------------------------------------------------------------------------------------
  // Knobs.

  /**
   * Turns knobs, from the next request on. Those that are not named stay as they are.
   * @param {import('./knobs.js').Knobs & {log?: ((entry: RequestEntry) => void) | null}} knobs
   */
  set({ log = this.#log, ...knobs }) {
    checkLog(log);
    this.#knobs.set(knobs);
    this.#log = log;
  }

  /** What is set now, in the order in which it was; the last on top. @returns {import('./knobs.js').Knobs[]} */
  get knobs() {
    return this.#knobs.current;
  }

  /** Everything as it was right after the start: keys (in the file, too), knobs, limits; and no requests. */
  async reset() {
    this.#keep(this.#startDocument);
    this.#core = this.#newCore(this.#startDocument);
    this.#knobs.reset();
    this.requests.length = 0;
  }

  // -------------------------------------------------------------------------------------------------------------
  // The core.

  #newCore(document) {
    const core = new EmulatorCore({ now: () => Math.floor(Date.now() / 1000) + this.#clockOffsetS, keep: (kept) => this.#keep(kept) });
    const wrong = core.configure(this.#settings);
    if (wrong) throw optionError(wrong);
    const problem = core.open(document, this.#settings.lifetimeS);
    // What the file itself complains of names it already.
    const named = !this.#file || problem.startsWith(this.#file.path);
    if (problem) throw Object.assign(new Error(named ? problem : `${this.#file.path}: ${problem}`), { code: 'file_not_usable' });
    return core;
  }

  #keep(document) {
    this.#file?.write(document);
    this.#document = document;
  }

  /** A core that died is replaced by one with the keys that were kept, and the caller gets an error. */
  #ask({ clockOffsetS = 0, ...request }) {
    this.#clockOffsetS = clockOffsetS;
    try {
      return this.#core.handle(request);
    } catch (cause) {
      this.#core = this.#newCore(this.#document);
      const answer = this.#core.handle({ ...request, refuseWith: 500 });
      answer.body = Buffer.from('{"error":{"code":500,"message":"The emulator has a problem; its log says more.","reason":"server_error"}}');
      Object.assign(answer.log, { reason: 'server_error', problem: `the WebAssembly failed and was started anew: ${cause.message}` });
      return answer;
    } finally {
      this.#clockOffsetS = 0;
    }
  }

  // -------------------------------------------------------------------------------------------------------------
  // HTTP.

  async #serve(request, response) {
    this.#inFlight++;
    response.once('close', () => this.#inFlight--);
    const started = performance.now();
    const content = await readBody(request);
    if (!content) return;
    const path = request.url.split('?', 1)[0];
    const isAdmin = this.#settings.servesAdmin && /^\/admin($|\/)/.test(path);
    // A preflight passes, or a page could not read what was injected.
    const knobs = isAdmin ? {} : this.#knobs.take(path, { count: request.method != 'OPTIONS' });
    const { clockOffsetS, lifetimeS = this.#settings.lifetimeS, ...trouble } = Object.fromEntries(Object.entries(knobs).filter(([, value]) => value !== null));
    const { latencyMs = 0, status, body, retryAfterS, cutOff = false } = request.method == 'OPTIONS' ? {} : trouble;
    if (latencyMs > 0 && !(await this.#wait(latencyMs))) return;

    const { method, rawHeaders } = request;
    const answer = this.#ask({ method, path, rawHeaders, ...content, admin: isAdmin, refuseWith: status, clockOffsetS, lifetimeS });
    if (retryAfterS !== undefined) answer.headers = replace(answer.headers, 'Retry-After', `${retryAfterS}`);
    if (body !== undefined) {
      answer.body = Buffer.from(body);
      answer.headers = replace(answer.headers, 'Content-Type', isJson(body) ? 'application/json' : 'text/html; charset=utf-8');
    }
    const left = response.destroyed;
    this.#note(answer, { left, cutOff, ms: performance.now() - started });
    if (!left) this.#send(response, answer, { cutOff, clockOffsetS });
  }

  /** False if the emulator ends before. */
  async #wait(ms) {
    try {
      await sleep(ms, undefined, { signal: this.#stopping.signal });
      return true;
    } catch {
      return false;
    }
  }

  #note({ status, log }, { left, cutOff, ms }) {
    const { time, method, path, origin = null, key = null, reason = null, problem } = log;
    const what = left ? 'client_left' : (reason ?? (cutOff === false ? null : 'cut_off'));
    const entry = { time, method, path, status: left ? 0 : status, origin, keyId: key, reason: what, ...(problem && { problem }), ms: Math.round(ms * 100) / 100 };
    if (this.requests.push(entry) > REQUESTS_KEPT) this.requests.shift();
    // What it throws is not to be lost, and not this request's trouble.
    if (this.#log) queueMicrotask(() => this.#log(entry));
  }

  #send(response, { status, headers, body }, { cutOff, clockOffsetS = 0 }) {
    const bodiless = status == 204 || status == 304;
    const more = ['Date', new Date(Date.now() + clockOffsetS * 1000).toUTCString(), ...(bodiless ? [] : ['Content-Length', `${body.length}`]), ...(this.#closed ? ['Connection', 'close'] : [])];
    response.sendDate = false;
    response.writeHead(status, [...headers, ...more]);
    if (cutOff === false) return response.end(bodiless ? undefined : body);
    const { socket } = response;
    const length = Math.min(cutOff === true ? Math.floor(body.length / 2) : cutOff, body.length - 1);
    if (length < 0) return socket.destroy(); // there is no middle
    response.flushHeaders();
    if (length == 0) socket.destroySoon();
    else response.write(body.subarray(0, length), () => socket.destroySoon());
  }

  /**
   * Takes no new connections, gives begun requests two seconds to finish, then ends. May be called again.
   * @returns {Promise<void>}
   */
  close() {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close() {
    const closed = once(this.#server, 'close');
    const giveUp = performance.now() + GRACE_MS;
    this.#server.close();
    while (this.#inFlight > 0 && performance.now() < giveUp) await sleep(10);
    this.#stopping.abort();
    this.#server.closeAllConnections();
    await closed;
  }
}

if (Symbol.asyncDispose) Emulator.prototype[Symbol.asyncDispose] = Emulator.prototype.close;

/** `headers` (name, value, …) with one set. */
function replace(headers, name, value) {
  const kept = [];
  for (let i = 0; i < headers.length; i += 2) if (headers[i] != name) kept.push(headers[i], headers[i + 1]);
  return [...kept, name, value];
}
