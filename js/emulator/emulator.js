// The running emulator: Node's http, then the knobs, then the core.

import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { performance } from 'node:perf_hooks';
import { nextTick } from 'node:process';
import { clearTimeout, setTimeout } from 'node:timers';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmulatorCore } from './core.js';
import { Gateway } from './gateway.js';
import { hasOneHost, isHostAllowed } from './hosts.js';
import { checkObject, OptionError } from './options.js';
import { watchParent } from './parent.js';

const BODY_MAX = 16_384; // AUTHAPI_BODY_MAX of src/authapi/endpoints.h
const REQUEST_TIMEOUT_MS = 15_000; // for the whole request with its body
const HEADERS_MAX = 32_768;
const REQUESTS_MAX = 10_000;
const GRACE_MS = 2000; // close() waits this long for requests in flight

const KIND_PATHS = { secret: '/admin/secrets', 'domain-key': '/admin/domain-keys' };
const START_NAME = 'emulator'; // the name of the API key that startEmulator makes

/** @typedef {import('../types/emulator.cjs').Knobs} Knobs */
/** @typedef {import('../types/emulator.cjs').RequestEntry} RequestEntry */

/** A client cannot connect to a wildcard address. It uses the loopback address instead. */
const REACHABLE = { '0.0.0.0': '127.0.0.1', '::': '[::1]' };

function urlOf({ address, port }) {
  return `http://${REACHABLE[address] ?? (address.includes(':') ? `[${address}]` : address)}:${port}`;
}

/**
 * Reads the body up to the limit. The rest is read and dropped; otherwise the client could not read the answer.
 * Undefined if the client left before the end.
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

/** The path of a request's target without its query; the target may be a whole URL (RFC 9112, section 3.2.2). */
const pathOf = (target) => target.replace(/^https?:\/\/[^/?#]*/i, '').split('?', 1)[0] || '/';

const nowS = (offsetS = 0) => Math.floor(Date.now() / 1000) + offsetS;

/** The kind of page that a firewall or a CDN in front of an API sends. */
const FIREWALL_PAGE =
  '<!doctype html><html><head><title>403 Forbidden</title></head><body><h1>403 ERROR</h1><p>Request blocked.</p></body></html>';

function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The member of the file beside those of the core, which does not look at it. */
const START_SECRET = 'start_secret';

/** The secret that an earlier start left in the file; undefined if there is none. The core reports a damaged file. */
function startSecretIn(document) {
  try {
    return JSON.parse(document)[START_SECRET];
  } catch {
    return undefined;
  }
}

const withStartSecret = (document, secret) =>
  Buffer.from(JSON.stringify({ ...JSON.parse(document), [START_SECRET]: secret }, null, '\t'));

/** The core's answer to wrong settings, as an error. It is "option: advice", or a failure of the core itself. */
function optionError(mistake) {
  const [, option, advice] = /^([^:]+): (.*)$/s.exec(mistake) ?? [];
  return option ? new OptionError(option, advice) : new Error(mistake);
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
  #document; // the keys as they were saved last
  #startSecret; // {id, secret}, also for the file: the core keeps only its hash
  #startDocument;
  #server;
  #clockOffsetS = 0; // for the current request
  #closed;
  #inFlight = 0; // requests whose headers arrived and whose answer is not sent yet
  #delays = new Set(); // for each delayed answer, a function that ends its delay
  #allowHosts;
  #stopWatching; // stops watching the parent; undefined without exitWithParent
  #gateway; // undefined with the personality "authd"

  /** The last 10,000 requests, oldest first. @type {RequestEntry[]} */
  requests = [];
  /** "http://127.0.0.1:PORT" */
  url = '';
  /** Base URL of the Auth API, as clients take it: "http://127.0.0.1:PORT/v1" */
  endpoint = '';
  /** An API key to start with. */
  apiKey = '';
  /** A domain key of this API key, for `domains`; null without them, unless the file has one. @type {string | null} */
  domainKey = null;
  /** The domains of this domain key at the start; empty if there is none. @type {string[]} */
  domains = [];
  /** A secret of this API key. */
  secret = '';
  /** @type {string | null} */
  domainKeyId = null;
  secretId = '';

  /** @internal Use startEmulator. */
  constructor({ settings, knobs, file, log, personality, refusalCacheS, allowHosts }) {
    this.#allowHosts = allowHosts;
    this.#settings = { ...settings, adminToken: settings.adminToken ?? randomBytes(32).toString('base64url') };
    this.#settings.servesAdmin = settings.adminToken !== undefined;
    this.#knobs = knobs;
    this.#file = file;
    this.#log = checkLog(log);
    if (personality == 'gateway') this.#gateway = new Gateway(refusalCacheS);
  }

  /** @internal */
  async start({ port, host, domains, exitWithParent }) {
    this.#document = this.#file?.read();
    this.#startSecret = startSecretIn(this.#document);
    this.#core = this.#newCore(this.#document);
    try {
      this.#makeFirstKeys(domains);
    } catch (error) {
      throw error.code == 'bad_request' ? new OptionError('domains', error.message) : error;
    }
    this.#startDocument = this.#document;
    this.#server = createServer(
      {
        insecureHTTPParser: false,
        requestTimeout: REQUEST_TIMEOUT_MS,
        headersTimeout: REQUEST_TIMEOUT_MS,
        connectionsCheckingInterval: 1000,
        maxHeaderSize: HEADERS_MAX,
      },
      (request, response) => void this.#serve(request, response),
    );
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    this.url = urlOf(this.#server.address());
    this.endpoint = `${this.url}/v1`;
    if (exitWithParent) this.#stopWatching = watchParent(() => void this.close());
  }

  // -------------------------------------------------------------------------------------------------------------
  // Keys. These methods use the C code of the management endpoints.

  /**
   * Makes an API key.
   * @param {string} [name]
   * @returns {Promise<string>} the API key
   */
  async createApiKey(name = 'test') {
    return this.#manage('POST', '/admin/api-keys', { name }).apiKey;
  }

  /**
   * Makes a secret. It is shown only here.
   * @param {string} [apiKey]
   * @returns {Promise<{id: string, secret: string}>}
   */
  async createSecret(apiKey = this.apiKey) {
    return this.#manage('POST', '/admin/secrets', { apiKey });
  }

  /**
   * Replaces a secret by a new one. The old one stays valid for the overlap.
   * @param {string} id of the old secret
   * @param {number} [overlapS] in seconds
   * @returns {Promise<{id: string, secret: string}>}
   */
  async rotateSecret(id, overlapS) {
    return this.#manage('POST', '/admin/secrets/rotate', { id, overlap: overlapS });
  }

  /**
   * Makes the next signing key. It is in the JWK set immediately, and signs after `publishS`.
   * @param {number} [publishS] in seconds
   * @returns {Promise<{kid: string}>}
   */
  async rotateSigningKey(publishS) {
    return this.#manage('POST', '/admin/signing-keys/rotate', { publish: publishS });
  }

  /**
   * Makes a domain key.
   * @param {string} apiKey
   * @param {string[]} domains "www.example.com" (https), "*.example.com" (its subdomains), or a full origin such as
   *   "http://localhost:3000"
   * @returns {Promise<{id: string, domainKey: string, domains: string[]}>}
   */
  async createDomainKey(apiKey, domains) {
    return this.#manage('POST', '/admin/domain-keys', { apiKey, domains });
  }

  /**
   * Replaces a domain key's list of domains. The new list applies immediately.
   * @param {string} id
   * @param {string[]} domains
   */
  async setDomains(id, domains) {
    this.#manage('POST', '/admin/domain-keys/set-domains', { id, domains });
  }

  /**
   * Revokes a credential. The credential and the refresh of its tokens are refused from now on.
   * @param {'secret' | 'domain-key'} kind
   * @param {string} id
   */
  async revoke(kind, id) {
    if (!Object.hasOwn(KIND_PATHS, kind))
      throw new OptionError('kind', `choose one of ${Object.keys(KIND_PATHS).join(', ')}`);
    this.#manage('POST', `${KIND_PATHS[kind]}/revoke`, { id });
  }

  #checkIsOpen() {
    if (this.#closed) throw new Error('The emulator is closed. Start another one.');
  }

  #manage(method, path, json) {
    this.#checkIsOpen();
    const rawHeaders = ['Authorization', `Bearer ${this.#settings.adminToken}`, 'Content-Type', 'application/json'];
    const answer = this.#handle({
      method,
      path,
      rawHeaders,
      body: Buffer.from(json ? JSON.stringify(json) : ''),
      admin: true,
      lifetimeS: this.#settings.lifetimeS,
    });
    const result = JSON.parse(answer.body.toString() || '{}');
    if (answer.status < 300) return result;
    const { message = 'The emulator failed.', reason } = result.error ?? {};
    // These are the messages of the HTTP endpoints. Here, the caller passes arguments.
    throw Object.assign(new Error((answer.log.problem ?? message).replace(' in the body:', ':')), {
      code: reason ?? 'server_error',
      status: answer.status,
    });
  }

  /** Makes the keys to start with. Those that the file has from an earlier start stay, unless they were revoked. */
  #makeFirstKeys(domains) {
    const known = this.#manage('GET', '/admin/api-keys').find(({ name, revoked }) => name == START_NAME && !revoked);
    const { id, apiKey } = known ?? this.#manage('POST', '/admin/api-keys', { name: START_NAME });
    this.apiKey = apiKey;
    this.#makeFirstSecret(id);
    const ofThisKey = ({ apiKeyId, revoked }) => apiKeyId == id && !revoked;
    let domainKey = this.#manage('GET', '/admin/domain-keys').find(ofThisKey);
    if (!domainKey && domains) domainKey = this.#manage('POST', '/admin/domain-keys', { apiKey, domains });
    else if (domains && domains.join() != domainKey.domains.join())
      domainKey = this.#manage('POST', '/admin/domain-keys/set-domains', { id: domainKey.id, domains });
    if (domainKey) ({ domainKey: this.domainKey, id: this.domainKeyId, domains: this.domains } = domainKey);
  }

  #makeFirstSecret(apiKeyId) {
    const isKnown = ({ id, revoked, expires, ...row }) =>
      id == this.#startSecret?.id && row.apiKeyId == apiKeyId && !revoked && !expires; // it expires after a rotation
    if (!this.#manage('GET', '/admin/secrets').some(isKnown)) {
      const { id, secret } = this.#manage('POST', '/admin/secrets', { apiKey: this.apiKey });
      this.#startSecret = { id, secret };
      this.#save(this.#document);
    }
    ({ id: this.secretId, secret: this.secret } = this.#startSecret);
  }

  // -------------------------------------------------------------------------------------------------------------
  // Knobs.

  /**
   * Sets knobs, from the next request on. Other knobs stay as they are.
   * @param {Knobs & {log?: ((entry: RequestEntry) => void) | null}} given
   */
  set(given) {
    this.#checkIsOpen();
    checkObject('knobs', given, '{ status: 503 }');
    const { log = this.#log, ...knobs } = given;
    checkLog(log);
    this.#knobs.set(knobs);
    this.#log = log;
  }

  /**
   * The current knobs, in the order in which they were set; a later one wins.
   * @returns {Knobs[]}
   */
  get knobs() {
    return this.#knobs.current;
  }

  /** Restores the state right after the start: keys (also in the file), knobs and limits. `requests` is emptied. */
  async reset() {
    this.#checkIsOpen();
    this.#save(this.#startDocument);
    this.#core = this.#newCore(this.#startDocument);
    this.#knobs.reset();
    this.#gateway?.reset();
    this.requests.length = 0;
  }

  // -------------------------------------------------------------------------------------------------------------
  // The core.

  #newCore(document) {
    const core = new EmulatorCore({ now: () => nowS(this.#clockOffsetS), save: (saved) => this.#save(saved) });
    const mistake = core.configure(this.#settings);
    if (mistake) throw optionError(mistake);
    const problem = core.open(document, this.#settings.lifetimeS);
    // An error about the file may name the file already.
    const named = !this.#file || problem.startsWith(this.#file.path);
    if (problem)
      throw Object.assign(new Error(named ? problem : `${this.#file.path}: ${problem}`), { code: 'file_not_usable' });
    return core;
  }

  #save(document) {
    this.#file?.write(this.#startSecret ? withStartSecret(document, this.#startSecret) : document);
    this.#document = document;
  }

  /** Handles a request. If the core fails, a new core with the stored keys replaces it, and the answer is an error. */
  #handle({ clockOffsetS = 0, ...request }) {
    this.#clockOffsetS = clockOffsetS;
    try {
      return this.#core.handle(request);
    } catch (cause) {
      this.#core = this.#newCore(this.#document);
      const answer = this.#core.handle({ ...request, refuseWith: 500 });
      answer.body = Buffer.from(
        '{"error":{"code":500,"message":"The emulator failed. Its log has the reason.","reason":"server_error"}}',
      );
      Object.assign(answer.log, {
        reason: 'server_error',
        problem: `the WebAssembly failed and was restarted: ${cause.message}`,
      });
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
    const path = pathOf(request.url);
    const problem = this.#hostProblem(request);
    if (problem) return this.#refuseHost(request, response, path, problem, started);
    const isAdmin = this.#settings.servesAdmin && /^\/admin($|\/)/.test(path);
    // A preflight passes: otherwise a page could not read the injected answer.
    const knobs = isAdmin ? {} : this.#knobs.forRequest(path, { count: request.method != 'OPTIONS' });
    const {
      clockOffsetS,
      lifetimeS = this.#settings.lifetimeS,
      ...faults
    } = Object.fromEntries(Object.entries(knobs).filter(([, value]) => value !== null));
    const {
      latencyMs = 0,
      status,
      body,
      retryAfterS,
      cutOff = false,
      firewall = false,
      apis,
      cors = true,
    } = request.method == 'OPTIONS' ? {} : faults;
    if (latencyMs > 0 && !(await this.#wait(latencyMs))) return;

    const { method, rawHeaders, headers } = request;
    const handle = (refuseWith) =>
      this.#handle({ method, path, rawHeaders, ...content, admin: isAdmin, apis, refuseWith, clockOffsetS, lifetimeS });
    const refuseWith = firewall ? 403 : status;
    const gateway = isAdmin ? undefined : this.#gateway;
    const answer = gateway
      ? gateway.answer({ path, method, headers }, nowS(clockOffsetS), handle, refuseWith)
      : handle(refuseWith);
    if (retryAfterS !== undefined) answer.headers = replace(answer.headers, 'Retry-After', `${retryAfterS}`);
    const replacement = body ?? (firewall ? FIREWALL_PAGE : undefined);
    if (replacement !== undefined) {
      answer.body = Buffer.from(replacement);
      answer.headers = replace(
        answer.headers,
        'Content-Type',
        isJson(replacement) ? 'application/json' : 'text/html; charset=utf-8',
      );
    }
    if (!cors) answer.headers = remove(answer.headers, (name) => name.startsWith('Access-Control-'));
    const clientLeft = response.destroyed;
    this.#record(answer, { clientLeft, cutOff, ms: performance.now() - started });
    if (!clientLeft) this.#send(response, answer, { cutOff, clockOffsetS });
  }

  /** The problem with a request's Host, and its status (RFC 9112, section 3.2; RFC 9110, section 15.5.20). */
  #hostProblem(request) {
    if (!hasOneHost(request))
      return { status: 400, reason: 'bad_request', message: 'Send the header Host exactly once.' };
    if (isHostAllowed(request, this.#allowHosts)) return undefined;
    return {
      status: 421,
      reason: 'host_not_allowed',
      message: 'The emulator does not accept this host name. Allow it with allowHosts or --allow-host.',
    };
  }

  #refuseHost({ method, rawHeaders }, response, path, { status, reason, message }, started) {
    const answer = this.#handle({
      method,
      path,
      rawHeaders,
      body: Buffer.alloc(0),
      lifetimeS: this.#settings.lifetimeS,
      refuseWith: status,
    });
    if (answer.status == status)
      Object.assign(answer, {
        body: Buffer.from(JSON.stringify({ error: { code: status, message, reason } })),
        log: { ...answer.log, reason },
      });
    this.#record(answer, { clientLeft: response.destroyed, cutOff: false, ms: performance.now() - started });
    if (!response.destroyed) this.#send(response, answer, { cutOff: false });
  }

  /**
   * Waits. Resolves to false if the emulator closes first. It uses no AbortSignal: test environments replace that
   * class, and Node refuses theirs.
   */
  #wait(ms) {
    return new Promise((resolve) => {
      const end = (waited) => {
        clearTimeout(timer);
        this.#delays.delete(end);
        resolve(waited === true);
      };
      const timer = setTimeout(end, ms, true);
      this.#delays.add(end);
    });
  }

  #record({ status, log }, { clientLeft, cutOff, ms }) {
    const { time, method, path, origin = null, key = null, reason = null, problem } = log;
    const reasonInLog = clientLeft ? 'client_left' : (reason ?? (cutOff === false ? null : 'cut_off'));
    const entry = {
      time,
      method,
      path,
      status: clientLeft ? 0 : status,
      origin,
      keyId: key,
      reason: reasonInLog,
      ...(problem && { problem }),
      ms: Math.round(ms * 100) / 100,
    };
    if (this.requests.push(entry) > REQUESTS_MAX) this.requests.shift();
    // An exception of the user's function must surface, and must not fail this request.
    if (this.#log) nextTick(() => this.#log(entry));
  }

  #send(response, { status, headers, body }, { cutOff, clockOffsetS = 0 }) {
    const bodiless = status == 204 || status == 304;
    const more = [
      'Date',
      new Date(Date.now() + clockOffsetS * 1000).toUTCString(),
      ...(bodiless ? [] : ['Content-Length', `${body.length}`]),
      ...(this.#closed ? ['Connection', 'close'] : []),
    ];
    response.sendDate = false;
    response.writeHead(status, [...headers, ...more]);
    if (cutOff === false) return response.end(bodiless ? undefined : body);
    const { socket } = response;
    const length = Math.min(cutOff === true ? Math.floor(body.length / 2) : cutOff, body.length - 1);
    if (length < 0) return socket.destroy(); // an empty body has no middle
    response.flushHeaders();
    if (length == 0) socket.destroySoon();
    else response.write(body.subarray(0, length), () => socket.destroySoon());
  }

  /**
   * Accepts no more connections, waits up to two seconds for requests in flight, then ends. May be called again.
   * @returns {Promise<void>}
   */
  close() {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close() {
    this.#stopWatching?.();
    const closed = once(this.#server, 'close');
    const deadline = performance.now() + GRACE_MS;
    this.#server.close();
    while (this.#inFlight > 0 && performance.now() < deadline) await sleep(10);
    for (const end of this.#delays) end(false);
    this.#server.closeAllConnections();
    await closed;
  }
}

if (Symbol.asyncDispose) Emulator.prototype[Symbol.asyncDispose] = Emulator.prototype.close;

/** `headers` (name, value, …) with this one header set. */
function replace(headers, name, value) {
  return [...remove(headers, (other) => other == name), name, value];
}

function remove(headers, isUnwanted) {
  const rest = [];
  for (let i = 0; i < headers.length; i += 2) if (!isUnwanted(headers[i])) rest.push(headers[i], headers[i + 1]);
  return rest;
}
