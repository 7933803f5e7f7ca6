// A source of tokens: one instance of the C core, with the callers that wait, the other tabs and the storage. The
// clients of a page with the same keys and endpoint share a source, so a hundred of them send one request. client.js
// has what each client has of its own.
//
// The source keeps the current token in JavaScript memory, so a fresh token is returned without a call of wasm. The C
// core decides everything else.

import { BAD_STATUS, NO_MEMORY } from './boundary.js';
import { FLOW_DOMAIN_KEY, FLOW_TOKEN } from './config.js';
import { ANSWER, ERROR, EXPIRED, QUOTA, REAUTHORIZE, startCore, TOKEN } from './core.js';
import { AuthError, errorFromC, numberForC } from './errors.js';
import { preconnect } from './preconnect.js';
import { sessionFor } from './session.js';
import { Siblings } from './siblings.js';
import { backgroundTimeout, timerMs, withTimeout } from './timers.js';
import { isToken, stringsForC, tokenStrings } from './token.js';
import { onWake } from './wake.js';

/** How long a source lives after its last client. React mounts a component, unmounts it and mounts it again. */
const LINGER_MS = 5000;

/** The least time between two reports of a use to the core. */
const USE_INTERVAL_MS = 10_000;

/** The least time between two renewals of a refused token by `client.fetch`. */
const RENEWAL_INTERVAL_MS = 60_000;

/** The options that each client of a source has of its own; all others are the same. */
const OWN_OPTIONS = ['connectionEntryPoint', 'minValidityMs', 'timeoutMs', 'environment', 'source', 'userType', 'log'];

/** @type {Set<Source>} the sources that can be shared */
const sources = new Set();

/**
 * The source for a configuration. A client that got its token from the page has its own source, because the token and
 * `reauthorize` belong to that client.
 * @param {any} config checked
 * @param {Client} client
 */
export function sourceFor(config, client) {
  for (const source of sources) if (source.tryAddClient(config, client)) return source;
  const source = new Source(config, client);
  if (config.flow != FLOW_TOKEN) sources.add(source);
  return source;
}

/**
 * The name of a source for siblings and storage; different if the tokens differ. The number is the format's version.
 */
const sourceName = ({ endpoint, apiKey, credential, domainKeyName }) =>
  ['inbenta-auth 3', endpoint, apiKey, credential, domainKeyName].join(' ');

/** The number of C that is nearest to an error of the page. */
const numberOf = (error) => numberForC(error.code) || BAD_STATUS;

/** @typedef {(type: string, detail: any, from?: string) => void} Client a function that emits an event of the source */

/**
 * @typedef {object} Caller
 * @property {(error?: AuthError) => void} answer answers the caller; is called once
 * @property {(error: AuthError) => void} [cancel] set by the source: answers the caller early
 */

/**
 * With more different deadlines than this, new ones are rounded up, by at most this share, because the core has no room
 * for more waiters.
 */
const DEADLINES_MAX = 256;
const ROUNDING = 1 / 32;

export class Source {
  #config;
  #clients = new Set();
  #lingerTimer; // the timer that ends the source
  #lifetime = new AbortController(); // aborted when the source ends

  #core; // Promise of the instance; undefined before the first use and after the instance died
  #instance; // the instance, once it has started
  #current = null; // the last token of the core, and with it `public`, the token as users get it
  #from = 'api'; // where the token comes from that is passed to the core now

  #groups = new Map(); // callers with the same needs and deadline, by key; for the core, a group is one waiter
  #lastId = 0;
  #deadlineTimer; // for the nearest deadline, while the core starts …
  #nextDeadline = Infinity; // … and that deadline
  #hasTurn = false; // the core may start a request

  #failure; // the last failure since the last token, as siblings get it
  #siblingFailure; // the failure of a sibling that is passed to the core now
  #pageError; // the error that `reauthorize` threw
  #siblings; // undefined if tokens are not shared between tabs
  #session; // undefined without `persist`
  #nextUseAt = -Infinity; // when the next use is reported to the core
  #hasListener = false; // a listener read the last token
  #renewedAt = -Infinity;

  /** A Promise of the current token. */
  tokenPromise = null;

  /**
   * @param {any} config of the first client; its timeoutMs limits each request
   * @param {Client} client
   */
  constructor(config, client) {
    this.#config = config;
    this.#clients.add(client);
    if (config.persist) this.#session = sessionFor(sourceName(config));
    if (config.grant) this.#storeToken({ ...config.grant, expiresMono: performance.now() + config.grant.leftMs });
    else if (!this.#session?.read()) preconnect(config.endpoint); // before anything that takes time
    onWake(() => {
      this.#siblings?.open(); // before the core asks for this tab's turn
      if (this.#hasListener) this.#instance?.call('use'); // a listener counts as a use, even after a long sleep
      this.#instance?.call('run', 1);
    }, this.#lifetime.signal);
  }

  /** Adds a client if it has the same configuration. */
  tryAddClient(config, client) {
    for (const name in { ...config, ...this.#config })
      if (config[name] !== this.#config[name] && !OWN_OPTIONS.includes(name)) return false;
    clearTimeout(this.#lingerTimer);
    this.#clients.add(client);
    return true;
  }

  removeClient(client) {
    this.#clients.delete(client);
    if (this.#clients.size) return;
    if (!sources.has(this)) return this.#end();
    this.#lingerTimer = backgroundTimeout(() => this.#end(), LINGER_MS);
  }

  /** Aborts the request in flight and wipes the memory. */
  #end() {
    sources.delete(this);
    this.#lifetime.abort();
    this.#clearToken();
    this.#instance?.end();
    this.#siblings?.close();
  }

  get token() {
    return this.isValidFor(0) ? this.#current.public : null;
  }

  /**
   * True if the token is valid for so long, or for a quarter of its lifetime; as iauth__required_validity_ms in the
   * core.
   */
  isValidFor(minValidityMs) {
    const left = this.#leftMs();
    return left > 0 && left >= Math.min(minValidityMs, this.#current.lifetimeMs / 4);
  }

  /**
   * The remaining lifetime. One clock can stop while a laptop sleeps, a user can set the other, so the shorter one
   * counts.
   */
  #leftMs() {
    const current = this.#current;
    return current ? Math.min(current.expiresMono - performance.now(), current.expiresAt - Date.now()) : 0;
  }

  /**
   * Records that somebody uses the token, so the core keeps it fresh.
   * @param {boolean} [hasListener] true if a listener read the token
   */
  use(hasListener = this.#hasListener) {
    this.#hasListener = hasListener;
    if (!this.#core) this.#start().catch(() => {});
    const now = performance.now();
    if (!this.#instance || now < this.#nextUseAt) return;
    this.#nextUseAt = now + USE_INTERVAL_MS;
    this.#instance.call('use');
  }

  /** Drops a token that an API refused, if it is still the current one. */
  invalidate(accessToken) {
    if (this.#current?.accessToken !== accessToken) return;
    this.#dropToken();
    this.#refuse(accessToken); // siblings, storage and the page's server may still have it
  }

  /** Makes the core refuse this token from now on, instead of the last one, also if the core is only starting. */
  #refuse(accessToken) {
    this.#core?.then((core) => core.call('invalidate', accessToken)).catch(() => {});
  }

  /** Drops the token, also in storage. */
  forget() {
    if (this.#current) {
      this.invalidate(this.#current.accessToken);
      if (this.#config.reauthorize) this.#refuse(''); // none: the page's server may give the next user the same token
    }
    this.#session?.clear();
  }

  /** True if `client.fetch` may renew a refused token, and records that. False if one was renewed a short time ago. */
  mayRenew(accessToken) {
    if (this.token?.accessToken != accessToken) return true; // it has been renewed already
    if (performance.now() < this.#renewedAt + RENEWAL_INTERVAL_MS) return false;
    this.#renewedAt = performance.now();
    return true;
  }

  /* -------------------------------------------------------------------------------------------------
   * Callers. */

  /**
   * Adds a caller, who is answered once.
   * @param {{minValidityMs?: number, forceRefresh?: boolean, products?: boolean}} needs products: the apis must be
   *   known
   * @param {number} timeoutMs
   * @param {Caller} caller
   */
  addCaller(needs, timeoutMs, caller) {
    const stepMs =
      this.#groups.size < DEADLINES_MAX ? 1 : 2 ** Math.max(0, Math.floor(Math.log2(timeoutMs * ROUNDING)));
    const deadline = Math.ceil((performance.now() + timeoutMs) / stepMs) * stepMs;
    const key = JSON.stringify([needs, deadline]);
    const known = this.#groups.get(key);
    const group = known ?? { ...needs, key, deadline, id: ++this.#lastId, callers: new Set() };
    group.callers.add(caller);
    caller.cancel = (error) => {
      caller.answer(error);
      group.callers.delete(caller);
      if (group.callers.size || !this.#groups.delete(key)) return;
      // No caller waits for this tab's turn any more. If the background needs it, the core asks for it again.
      if (!this.#groups.size && !this.#hasTurn) this.#endTurn();
      this.#instance?.call('cancel', group.id);
    };
    if (known) return;
    this.#groups.set(key, group);
    this.#submit(group);
    if (!this.#instance && deadline < this.#nextDeadline) this.#checkDeadlines();
  }

  /** Passes a group to the core. */
  async #submit(group) {
    const { id, minValidityMs, forceRefresh, products, deadline, callers } = group;
    try {
      const core = await this.#start();
      await undefined; // messages that siblings sent while the module loaded come first
      if (!callers.size) {
        if (!this.#groups.size) this.onTurn(); // else others still wait for this tab's turn
        return;
      }
      const leftMs = Math.max(1, Math.ceil(deadline - performance.now()));
      const error = core.call('get', id, minValidityMs, leftMs, forceRefresh, products);
      if (error) throw errorFromC(error, { retryable: error == NO_MEMORY });
    } catch (error) {
      this.#answer(group, error);
    }
  }

  /** While the core starts: answers the groups whose deadline is over, and sets the timer for the next deadline. */
  #checkDeadlines() {
    clearTimeout(this.#deadlineTimer);
    const now = performance.now();
    this.#nextDeadline = Infinity;
    for (const group of this.#groups.values()) {
      const { forceRefresh, products, deadline } = group;
      if (deadline > now) this.#nextDeadline = Math.min(this.#nextDeadline, deadline);
      else
        this.#answer(
          group,
          forceRefresh || products || !this.token
            ? new AuthError('timeout', { retryable: true }, this.#config)
            : undefined,
        );
    }
    if (this.#groups.size)
      this.#deadlineTimer = setTimeout(() => this.#checkDeadlines(), timerMs(this.#nextDeadline - now));
  }

  /** Answers a group that has no answer yet. */
  #answer(group, error) {
    if (!group.callers.size) return;
    this.#groups.delete(group.key);
    for (const caller of group.callers) caller.answer(error);
    group.callers.clear();
  }

  /* -------------------------------------------------------------------------------------------------
   * The core. */

  #start() {
    this.#core ??= this.#startCore().catch((error) => {
      this.onDeath(error);
      throw error;
    });
    return this.#core;
  }

  async #startCore() {
    const config = this.#config;
    if (config.flow == FLOW_DOMAIN_KEY && config.shareAcrossTabs && globalThis.location)
      this.#siblings ??= new Siblings(sourceName(config), this);
    if (this.#groups.size && !this.#session?.read()) this.mayStart(); // this tab queues while the module loads
    try {
      const core = await startCore(config, this);
      if (this.#lifetime.signal.aborted) core.end(); // all calls of it do nothing then
      this.#instance = core;
      // A new instance gets the token that exists: from the page, from an instance that died, or from storage.
      if (this.isValidFor(0)) this.#adopt(this.#tokenToShare(), config.grant ? 'page' : 'api');
      else this.#adopt(this.#session?.read(), 'session');
      if (this.isValidFor(0)) core.call('get', 0, 0, 1, false); // after a call of `get`, the core keeps the token fresh
      return core;
    } finally {
      clearTimeout(this.#deadlineTimer);
      this.#nextDeadline = Infinity;
    }
  }

  /** True if the core may start a request. While no tab has a token, only the tab whose turn it is may do so. */
  mayStart() {
    const siblings = this.#siblings;
    this.#hasTurn = !siblings || siblings.isTurn || this.isValidFor(0);
    if (!this.#hasTurn) siblings.queue();
    return this.#hasTurn;
  }

  /** Runs the core on this tab's turn. Ends the turn if the core does not need it. */
  onTurn() {
    this.#instance?.call('run', 0);
    if (this.#instance && !this.#hasTurn) this.#endTurn();
  }

  /** The core died or did not start: all calls fail, and the next one starts another core. */
  onDeath(error) {
    this.#core = this.#instance = undefined;
    this.#endTurn();
    for (const group of this.#groups.values()) this.#answer(group, error);
    this.emit('error', error);
  }

  /** True if a caller is waiting. */
  isAwaited() {
    return this.#groups.size > 0;
  }

  #endTurn() {
    this.#hasTurn = false;
    this.#siblings?.endTurn();
  }

  /** Passes a token to the core, if it is one. `id` is that of REAUTHORIZE, or 0. */
  #adopt(token, from, id = 0) {
    if (!isToken(token)) return;
    const { expiration, expiresAt, lifetimeMs, leftMs = -1 } = token;
    this.#from = from;
    this.#instance?.call('adopt', id, stringsForC(tokenStrings(token)), expiration, expiresAt, lifetimeMs, leftMs);
    this.#from = 'api';
  }

  /** Handles a message of the core. Must not call the core. */
  onCoreMessage(message, detail, id) {
    if (message == ANSWER)
      for (const group of this.#groups.values()) if (group.id == id) this.#answer(group, this.#pageErrorOr(detail));
    if (message == REAUTHORIZE) queueMicrotask(() => this.#reauthorize(id));
    if (message == QUOTA) this.emit('quota', detail);
    if (message == ERROR) this.#onFailure(this.#pageErrorOr(detail));
    if (message == TOKEN) this.#onToken(detail);
    if (message == EXPIRED) {
      this.#dropToken();
      this.emit('expired');
    }
  }

  /** Replaces the core's error by the one that the page's own callback threw, if the core failed because of that. */
  #pageErrorOr(error) {
    const thrown = this.#pageError;
    if (!thrown || !error || numberOf(error) != numberOf(thrown)) return error;
    const { attempts, retryable } = error;
    const retryAfterMs = Math.max(error.retryAfterMs, thrown.retryAfterMs);
    return new AuthError(thrown.code, { ...thrown, cause: thrown.cause, attempts, retryable, retryAfterMs });
  }

  #onToken(token) {
    this.#storeToken(token);
    this.#failure = this.#pageError = undefined;
    this.#session?.write(this.#tokenToShare());
    if (this.#from == 'api') this.#siblings?.broadcast();
    this.#hasListener = false;
    this.emit('token', this.#current.public, this.#from);
    this.#endTurn();
  }

  #onFailure(error) {
    const { id = Math.random(), until = Date.now() + error.retryAfterMs } = this.#siblingFailure ?? {};
    this.#failure = { ...error, until, id };
    if (!error.retryable) this.#session?.clear();
    if (!this.#siblingFailure) this.#siblings?.broadcast({ failure: this.#failure }); // also if there is a valid token
    this.#endTurn();
    this.emit('error', error);
  }

  /* -------------------------------------------------------------------------------------------------
   * Tokens and failures. */

  /** Stores a token. */
  #storeToken(token) {
    const { accessToken, expiration, expiresAt, apis } = token;
    this.#current = {
      ...token,
      public: Object.freeze({ accessToken, expiration, expiresAt, apis: Object.freeze({ ...apis }) }),
    };
    this.tokenPromise = Promise.resolve(this.#current.public);
  }

  #clearToken() {
    this.#current = this.tokenPromise = null;
  }

  /** Drops the current token, also in storage. */
  #dropToken() {
    this.#clearToken();
    this.#session?.clear();
  }

  /** The current token for siblings and storage, with its remaining lifetime, because a message may arrive late. */
  #tokenToShare() {
    const { public: token, lifetimeMs } = this.#current;
    return { ...token, lifetimeMs, leftMs: this.#leftMs() };
  }

  /** The message for a sibling that asks: the token, or the failure if no request may start yet. */
  messageForSiblings() {
    if (this.isValidFor(0)) return { token: this.#tokenToShare() };
    if (this.#failure?.until > Date.now()) return { failure: this.#failure };
  }

  onSiblingMessage({ token, failure }) {
    this.#start()
      .then((core) => {
        if (token) return this.#adopt(token, 'tab');
        const { id, code, status, attempts, serverMessage, until, retryAfterMs } = failure;
        // The message may be late, and the failure may be known already. A refusal must not end a valid token.
        const waitMs = Math.min(until - Date.now(), retryAfterMs);
        if (!(waitMs > 0) || id === this.#failure?.id || (!failure.retryable && this.isValidFor(0))) return;
        const numbers = [numberForC(code), Number(status), waitMs, Number(attempts)];
        const message = String(serverMessage ?? '');
        this.#siblingFailure = failure;
        core.call('sibling_failed', ...numbers, message); // ignores a code that is not C's
        this.#siblingFailure = undefined;
      })
      .catch(() => {}); // #start has emitted the error, or the message is malformed
  }

  /** Gets a token from the page's `reauthorize`, because nothing else can get one. */
  async #reauthorize(id) {
    this.#pageError = undefined;
    const { timeoutMs, reauthorize } = this.#config;
    try {
      this.#adopt(await withTimeout(timeoutMs, reauthorize, this.#lifetime.signal), 'page', id);
    } catch (error) {
      this.#pageError = error;
      this.#instance?.call('fail', id, numberOf(error)); // #pageErrorOr replaces the error of that number
    }
  }

  /** Emits an event of each client. */
  emit(...event) {
    for (const emit of this.#clients) emit(...event);
  }
}
