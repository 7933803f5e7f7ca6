// A source of tokens: one instance of the C core, and what belongs to it: the callers who wait, the other tabs, the
// storage. The clients of a page that ask the same API with the same keys share one, so a hundred of them make one
// request. What is a client's own stays in client.js.
//
// It keeps the current token in JavaScript memory, so that a fresh one is returned without entering wasm. Everything
// else is decided by the C core.

import { BAD_STATUS } from './boundary.js';
import { FLOW_DOMAIN_KEY, FLOW_TOKEN } from './config.js';
import { ANSWER, ERROR, EXPIRED, QUOTA, REAUTHORIZE, startCore, TOKEN } from './core.js';
import { AuthError, errorFromC, errorWith, numberForC } from './errors.js';
import { preconnect } from './preconnect.js';
import { sessionFor } from './session.js';
import { Siblings } from './siblings.js';
import { background, timerMs, withTimeout } from './timers.js';
import { isToken, stringsForC, stringsOf } from './token.js';
import { onWake } from './wake.js';

/** A source lives so long after its last client: React mounts a component, unmounts it and mounts it again. */
const LINGER_MS = 5000;

/** The core hears at most so often that somebody uses the token. */
const USE_MS = 10_000;

/** `client.fetch` renews a refused token at most so often. */
const RENEWAL_MS = 60_000;

/** What the clients of one source have in common. */
const COMMON = [
  'flow',
  'endpoint',
  'apiKey',
  'credential',
  'domainKeyName',
  'userPersonalSecret',
  'autoRefresh',
  'shareAcrossTabs',
  'allowInsecure',
  'persist',
  'wasm',
];

/** @type {Set<Source>} those that can be shared */
const sources = new Set();

/**
 * The source for a configuration. A client that was given its token has one of its own: the token and `reauthorize`
 * are the client's.
 * @param {any} config checked
 * @param {Client} client
 */
export function sourceFor(config, client) {
  for (const source of sources) if (source.join(config, client)) return source;
  const source = new Source(config, client);
  if (config.flow != FLOW_TOKEN) sources.add(source);
  return source;
}

/** What tells the tokens of two sources apart, for siblings and storage. The number is that of the format. */
const nameOf = ({ endpoint, apiKey, credential, domainKeyName }) =>
  `inbenta-auth 3 ${endpoint} ${apiKey} ${credential} ${domainKeyName}`;

/** @typedef {{emit: (type: string, detail: any, from?: string) => void}} Client */

/**
 * @typedef {object} Caller
 * @property {(error?: AuthError) => void} end is called once, with the answer
 * @property {(error: AuthError) => void} [leave] of the source: answers the caller early
 */

/** A crowd with more deadlines than this has them rounded up, by this share at most: the core has room for so many waiters only. */
const DEADLINES_MAX = 256;
const ROUNDING = 1 / 32;

export class Source {
  #config;
  #clients = new Set();
  #lingering; // timer
  #life = new AbortController(); // aborted: ended

  #core; // Promise of the instance, or undefined before the first use and after its death
  #instance; // the same, once it is there
  #current = null; // the token that the core told last: {token, public, expiresMono}
  #from = 'api'; // where the token that the core is told now comes from

  #groups = new Map(); // callers who ask for the same until the same time, by key; the core knows one waiter a group
  #lastId = 0;
  #timer; // while the core starts: of the nearest deadline …
  #timerAt = 0; // … which is this one
  #isGoing = false; // the core has been let start a request

  #failure; // the last one since the last token: {error, until, id}
  #hearing; // the failure of a sibling that the core is told now
  #pageError; // what `reauthorize` threw
  #siblings; // undefined where nothing is shared
  #session; // undefined without `persist`
  #refused; // the token that was invalidated last: siblings and storage may still have it
  #useAt = -Infinity;
  #isHeard = false; // a listener read the last token
  #renewedAt = -Infinity;

  /** The current token as a Promise, made once a token. */
  answer = null;

  /**
   * @param {any} config of the first client; the time for one request is that one's
   * @param {Client} client
   */
  constructor(config, client) {
    this.#config = config;
    this.#clients.add(client);
    if (config.grant) this.#keep({ ...config.grant, expiresMono: performance.now() + config.grant.leftMs });
    if (config.persist) this.#session = sessionFor(nameOf(config));
    onWake(() => {
      if (this.#isHeard) this.#instance?.call('use'); // who listens uses the token, also after a long sleep
      this.#instance?.call('run', 1);
    }, this.#life.signal);
  }

  /** Takes a client in, if its configuration is the same. */
  join(config, client) {
    if (COMMON.some((name) => config[name] !== this.#config[name])) return false;
    clearTimeout(this.#lingering);
    this.#clients.add(client);
    return true;
  }

  leave(client) {
    this.#clients.delete(client);
    if (this.#clients.size) return;
    if (!sources.has(this)) return this.#end();
    this.#lingering = background(() => this.#end(), LINGER_MS);
  }

  /** Aborts what is under way and wipes the memory. */
  #end() {
    sources.delete(this);
    this.#life.abort();
    this.#forget();
    this.#instance?.end();
    this.#siblings?.close();
  }

  get token() {
    return this.isValidFor(0) ? this.#current.public : null;
  }

  /** Like iauth__enough_ms of the core. A laptop's sleep stops one clock, a user sets the other: the more pessimistic one wins. */
  isValidFor(minValidityMs) {
    const left = this.#leftMs();
    return left > 0 && left >= Math.min(minValidityMs, this.#current.token.lifetimeMs / 4);
  }

  #leftMs() {
    const current = this.#current;
    return current ? Math.min(current.expiresMono - performance.now(), current.public.expiresAt - Date.now()) : 0;
  }

  /**
   * Somebody uses the token, so it is worth refreshing. A token that the page gave is kept fresh from now on.
   * @param {boolean} [isHeard] it is a listener for tokens
   */
  use(isHeard = this.#isHeard) {
    this.#isHeard = isHeard;
    if (!this.#core) this.#start().catch(() => {});
    const now = performance.now();
    if (!this.#instance || now < this.#useAt) return;
    this.#useAt = now + USE_MS;
    this.#instance.call('use');
  }

  /** Drops a token that an API refused, if it is still the current one. */
  invalidate(accessToken) {
    if (this.#current?.token.accessToken === accessToken) {
      this.#refused = accessToken;
      this.#drop();
      this.#instance?.call('invalidate', accessToken);
    }
  }

  /** Drops the token and what storage has of it. */
  forget() {
    if (this.#current) this.invalidate(this.#current.token.accessToken);
    this.#session?.clear();
  }

  /** Whether `client.fetch` may renew a refused token: not if that was just done. */
  mayRenew(accessToken) {
    if (this.token?.accessToken != accessToken) return true; // somebody did
    if (performance.now() < this.#renewedAt + RENEWAL_MS) return false;
    this.#renewedAt = performance.now();
    return true;
  }

  /* -------------------------------------------------------------------------------------------------
   * Callers. */

  /**
   * Joins a caller, who is answered once.
   * @param {{minValidityMs?: number, forceRefresh?: boolean, products?: boolean}} wish `products`: the token's apis are needed
   * @param {number} timeoutMs
   * @param {Caller} caller
   */
  ask(wish, timeoutMs, caller) {
    const stepMs =
      this.#groups.size < DEADLINES_MAX ? 1 : 2 ** Math.max(0, Math.floor(Math.log2(timeoutMs * ROUNDING)));
    const deadline = Math.ceil((performance.now() + timeoutMs) / stepMs) * stepMs;
    const key = JSON.stringify([wish, deadline]);
    const known = this.#groups.get(key);
    const group = known ?? { ...wish, key, deadline, id: ++this.#lastId, callers: new Set() };
    group.callers.add(caller);
    caller.leave = (error) => {
      caller.end(error);
      group.callers.delete(caller);
      if (group.callers.size || !this.#groups.delete(key)) return;
      // Nobody waits for this tab's turn. If the background does, the core asks for it anew.
      if (!this.#groups.size && !this.#isGoing) this.#leave();
      this.#instance?.call('cancel', group.id);
    };
    if (known) return;
    this.#groups.set(key, group);
    if (deadline < this.#timerAt) this.#sweep();
    this.#put(group);
  }

  /** Brings a group before the core. */
  async #put(group) {
    const { id, minValidityMs, forceRefresh, products, deadline, callers } = group;
    try {
      const core = await this.#start();
      await undefined; // what siblings told while the module loaded comes first
      if (!callers.size) return this.#go();
      const leftMs = Math.max(1, Math.ceil(deadline - performance.now()));
      const error = core.call('get', id, minValidityMs, leftMs, forceRefresh, products);
      if (error) throw errorFromC(error);
    } catch (error) {
      this.#answer(group, error);
    }
  }

  /** Answers those whose time is up before the core is there, and comes again for the next one. */
  #sweep() {
    clearTimeout(this.#timer);
    this.#timerAt = Infinity;
    for (const group of this.#groups.values()) {
      const { forceRefresh, products, deadline } = group;
      if (deadline > performance.now()) this.#timerAt = Math.min(this.#timerAt, deadline);
      else
        this.#answer(
          group,
          this.token && !forceRefresh && !products
            ? undefined
            : new AuthError('timeout', { retryable: true }, this.#config),
        );
    }
    if (this.#timerAt < Infinity)
      this.#timer = setTimeout(() => this.#sweep(), timerMs(this.#timerAt - performance.now()));
  }

  /** Answers a group that has no answer yet. */
  #answer(group, error) {
    if (!group?.callers.size) return;
    this.#groups.delete(group.key);
    for (const caller of group.callers) caller.end(error);
    group.callers.clear();
  }

  #fail(error) {
    for (const group of this.#groups.values()) this.#answer(group, error);
  }

  /* -------------------------------------------------------------------------------------------------
   * The core. */

  #start() {
    this.#core ??= this.#startCore().catch((error) => {
      this.#core = undefined; // the next call tries again
      this.#leave();
      this.#emit('error', error);
      throw error;
    });
    return this.#core;
  }

  async #startCore() {
    const config = this.#config;
    const disconnect = preconnect(config.endpoint);
    this.#sweep();
    if (config.flow == FLOW_DOMAIN_KEY && config.shareAcrossTabs && globalThis.location)
      this.#siblings ??= new Siblings(nameOf(config), {
        say: () => this.#say(),
        hear: (message) => this.#hearSibling(message),
        go: () => this.#go(),
      });
    if (this.#groups.size && !this.#session?.read()) this.#mayStart(); // this tab queues while the module loads
    try {
      const core = await startCore(config, {
        tell: (message, detail, id) => this.#tell(message, detail, id),
        isAwaited: () => this.#groups.size > 0,
        mayStart: () => this.#mayStart(),
        onDeath: (error) => {
          this.#core = this.#instance = undefined;
          this.#leave();
          this.#fail(error);
          this.#emit('error', error);
        },
      });
      if (this.#life.signal.aborted) {
        core.end();
        throw new AuthError('disposed');
      }
      this.#instance = core;
      // A new instance learns the token that is there: the page's, that of an instance that died, or that of storage.
      if (this.isValidFor(0)) this.#offer(this.#shared(), this.#from, 0);
      else this.#adopt(this.#session?.read(), 'session');
      if (this.isValidFor(0)) core.call('get', 0, 0, 1, false); // from now on somebody wants it fresh
      return core;
    } finally {
      clearTimeout(this.#timer);
      this.#timerAt = 0;
      disconnect();
    }
  }

  /** Whether the core may start a request: for the first token of several tabs one of them goes. */
  #mayStart() {
    const siblings = this.#siblings;
    this.#isGoing = !siblings || siblings.isTurn || this.isValidFor(0);
    if (!this.#isGoing) siblings.queue();
    return this.#isGoing;
  }

  /** It is this tab's turn, unless the core needs none any more. */
  #go() {
    this.#instance?.call('run', 0);
    if (this.#instance && !this.#isGoing) this.#leave();
  }

  #leave() {
    this.#isGoing = false;
    this.#siblings?.leave();
  }

  /** Hands the core a token; `id` is that of REAUTHORIZE, or 0. */
  #offer(token, from, id) {
    const { expiration, expiresAt, lifetimeMs, leftMs = -1 } = token;
    this.#from = from;
    this.#instance?.call('adopt', id, stringsForC(stringsOf(token)), expiration, expiresAt, lifetimeMs, leftMs);
    this.#from = 'api';
  }

  /** Takes a token of a sibling or of storage, if the core finds it good. */
  #adopt(token, from) {
    if (isToken(token) && ![this.#refused, this.#current?.token.accessToken].includes(token.accessToken))
      this.#offer(token, from, 0);
  }

  /** What the core tells; it may not be called from in here. */
  #tell(message, detail, id) {
    if (message == ANSWER)
      this.#answer(
        [...this.#groups.values()].find((group) => group.id == id),
        detail && this.#explain(detail),
      );
    if (message == REAUTHORIZE) queueMicrotask(() => this.#reauthorize(id));
    if (message == QUOTA) this.#emit('quota', detail);
    if (message == ERROR) this.#failed(this.#explain(detail));
    if (message == TOKEN) this.#granted(detail);
    if (message == EXPIRED) {
      this.#drop();
      this.#emit('expired');
    }
  }

  /** Says what is known here: flow, endpoint, and what the page's own callback threw. */
  #explain(error) {
    const thrown = this.#pageError;
    if (thrown && error.code == (numberForC(thrown.code) ? thrown.code : 'bad_response'))
      return errorWith(thrown, {
        attempts: error.attempts,
        retryable: error.retryable,
        retryAfterMs: Math.max(error.retryAfterMs, thrown.retryAfterMs),
        hint: thrown.hint,
      });
    return errorWith(error, { hint: undefined }, this.#config);
  }

  #granted(token) {
    this.#keep(token);
    this.#failure = this.#pageError = undefined;
    this.#session?.write(this.#current.token);
    if (this.#from == 'api') this.#siblings?.tell({ token: this.#shared() });
    this.#isHeard = false;
    this.#emit('token', this.#current.public, this.#from);
    this.#leave();
  }

  #failed(error) {
    const { id = Math.random(), until = Date.now() + error.retryAfterMs } = this.#hearing ?? {};
    this.#failure = { error, until, id };
    if (!error.retryable) this.#session?.clear();
    const message = !this.#hearing && this.#say();
    if (message) this.#siblings?.tell(message);
    this.#leave();
    this.#emit('error', error);
  }

  /* -------------------------------------------------------------------------------------------------
   * Tokens and failures: where they are kept, and where they come from. */

  /** What is kept of a token, and what is passed on. */
  #keep({ expiresMono, ...token }) {
    const { accessToken, expiration, expiresAt, apis } = token;
    this.#current = {
      expiresMono,
      token,
      public: Object.freeze({ accessToken, expiration, expiresAt, apis: Object.freeze({ ...apis }) }),
    };
    this.answer = Promise.resolve(this.#current.public);
  }

  #forget() {
    this.#current = this.answer = null;
  }

  /** What storage has of it goes, too. */
  #drop() {
    this.#forget();
    this.#session?.clear();
  }

  /** The current token as it is passed on: with what is left of it now, as the receiver may hear of it late. */
  #shared() {
    return { ...this.#current.token, leftMs: this.#leftMs() };
  }

  /** For a sibling that asks: the token, or the failure that still forbids a try. */
  #say() {
    if (this.isValidFor(0)) return { token: this.#shared() };
    const { error, until, id } = this.#failure ?? {};
    const retryAfterMs = until - Date.now();
    if (numberForC(error?.code) && retryAfterMs > 0) return { failure: { ...error, until, retryAfterMs, id } };
  }

  #hearSibling({ token, failure }) {
    this.#start().then(
      (core) => {
        if (token) return this.#adopt(token, 'tab');
        const { id, code, status, attempts, serverMessage, until, retryAfterMs } = failure;
        // It may be late, and it may be one that was told before.
        const waitMs = Math.min(until - Date.now(), retryAfterMs);
        const error = numberForC(code);
        if (!error || !(waitMs > 0) || id === this.#failure?.id || this.isValidFor(0)) return;
        this.#hearing = failure;
        core.call('hear', error, Number(status) || 0, waitMs, Number(attempts) || 1, String(serverMessage ?? ''));
        this.#hearing = undefined;
      },
      () => {}, // told by #start
    );
  }

  /** Asks the page for a token, because there is no other way to one. */
  async #reauthorize(id) {
    this.#pageError = undefined;
    const { timeoutMs, reauthorize } = this.#config;
    try {
      this.#offer(await withTimeout(timeoutMs, reauthorize, this.#life.signal), 'page', id);
    } catch (error) {
      this.#pageError = error;
      // The core gets the number that comes nearest; what it tells of that is explained with the page's own error.
      this.#instance?.call('fail', id, numberForC(error.code) || BAD_STATUS);
    }
  }

  #emit(type, detail, from) {
    for (const client of this.#clients) client.emit(type, detail, from);
  }
}
