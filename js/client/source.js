// A source of tokens: one instance of the C core, and what belongs to it: the callers who wait, the other tabs, the
// storage. The clients of a page that ask the same API with the same keys share one, so a hundred of them make one
// request. What is a client's own stays in client.js.
//
// It keeps the current token in JavaScript memory, so that a fresh one is returned without entering wasm. Everything
// else is decided by the C core.

import { FLOW_DOMAIN_KEY, FLOW_TOKEN } from './config.js';
import { ANSWER, ERROR, EXPIRED, QUOTA, REAUTHORIZE, startCore, TOKEN } from './core.js';
import { AuthError, errorFromC, errorWith, numberForC } from './errors.js';
import { preconnect } from './preconnect.js';
import { sessionFor } from './session.js';
import { Siblings } from './siblings.js';
import { background, timerMs, withTimeout } from './timers.js';
import { fromGrant, isToken, stringsForC } from './token.js';
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
 * @property {number} asked monotonic clock
 * @property {number} deadline monotonic clock
 * @property {(error?: AuthError) => void} end is called once, with the answer
 * @property {(error: AuthError) => void} [answer] of the source: answers the caller early
 */

export class Source {
  #config;
  #clients = new Set();
  #lingering; // timer
  #life = new AbortController(); // aborted: ended

  #core; // Promise of the instance, or undefined before the first use and after its death
  #instance; // the same, once it is there
  #current = null; // the token that the core told last: {token, public, expiresMono}
  #from = 'api'; // where the token that the core is told now comes from

  #groups = new Map(); // callers who ask for the same, by what they ask for; the core knows one waiter a group
  #lastId = 0;
  #serving = false;
  #timer; // the nearest deadline of a caller
  #timerAt = Infinity;

  #failure; // the last one since the last token: {error, at, nextTry, id}
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
      if (this.#failure) this.#failure.nextTry = 0; // the core forgets a wait of its own
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
    clearTimeout(this.#timer);
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
   * @param {Caller} caller
   */
  ask(wish, caller) {
    const key = JSON.stringify(wish);
    let group = this.#groups.get(key);
    if (!group)
      this.#groups.set(
        key,
        (group = { ...wish, key, id: ++this.#lastId, callers: new Set(), asked: false, deadline: 0 }),
      );
    group.callers.add(caller);
    caller.answer = (error) => this.#settle(group, caller, error);
    if (this.#judge(group, caller)) return;
    if (caller.deadline < this.#timerAt) this.#watch(caller.deadline);
    this.#serve();
  }

  /** One timer for all deadlines, for the nearest. */
  #watch(deadline) {
    clearTimeout(this.#timer);
    this.#timerAt = deadline;
    if (deadline < Infinity)
      this.#timer = setTimeout(() => this.#sweep(), timerMs(Math.max(0, deadline - performance.now())));
  }

  #sweep() {
    let nearest = Infinity;
    for (const group of this.#groups.values())
      for (const caller of group.callers) if (!this.#judge(group, caller)) nearest = Math.min(nearest, caller.deadline);
    this.#watch(nearest);
  }

  /** Answers a caller whose time is up, or whose time is up before the next try. */
  #judge(group, caller) {
    const now = performance.now();
    const failure = this.#failure;
    const late = caller.deadline <= now;
    if (!late && !(failure?.error.retryable && caller.deadline < failure.nextTry)) return false;
    if (!group.forceRefresh && !group.products && this.isValidFor(0)) this.#settle(group, caller);
    else if (failure && (!late || failure.at >= caller.asked))
      this.#settle(
        group,
        caller,
        errorWith(failure.error, { retryAfterMs: Math.max(0, Math.ceil(failure.nextTry - now)) }),
      );
    else this.#settle(group, caller, new AuthError('timeout', { retryable: true }, this.#config));
    return true;
  }

  #settle(group, caller, error) {
    if (!group.callers.delete(caller)) return;
    caller.end(error);
    if (group.callers.size) return;
    if (this.#groups.get(group.key) == group) this.#groups.delete(group.key);
    if (group.asked) this.#instance?.call('cancel', group.id);
    if (this.#groups.size) return;
    this.#watch(Infinity);
    // A request may be under way. Then the lock is given back when it ends.
    if (this.#siblings?.going) background(() => this.#groups.size || this.#siblings.leave(), this.#config.timeoutMs);
    else this.#siblings?.leave();
  }

  #settleAll(group, error) {
    for (const caller of group.callers) this.#settle(group, caller, error);
  }

  #fail(error) {
    for (const group of this.#groups.values()) {
      group.asked = false;
      this.#settleAll(group, error);
    }
  }

  /** Brings every group before the core, when it is there and it is this tab's turn. */
  async #serve() {
    if (this.#serving) return;
    this.#serving = true;
    const isUnasked = ({ asked }) => !asked;
    try {
      while ([...this.#groups.values()].some(isUnasked)) {
        const starting = this.#start();
        starting.catch(() => this.#siblings?.leave());
        if (this.#session?.read()) await starting; // it may do
        if (!this.isValidFor(0) && !this.#isRefused()) await this.#siblings?.turn(); // while the module loads
        await starting;
        for (const group of [...this.#groups.values()].filter(isUnasked)) this.#put(group);
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#serving = false;
  }

  /** Whether the core has a refusal that it answers with, without a request. */
  #isRefused() {
    const failure = this.#failure;
    return failure && !failure.error.retryable && performance.now() < failure.nextTry;
  }

  #put(group) {
    group.asked = true;
    for (const { deadline } of group.callers) group.deadline = Math.max(group.deadline, deadline);
    const timeoutMs = timerMs(Math.max(1, group.deadline - performance.now()));
    const { id, minValidityMs, forceRefresh, products } = group;
    const error = this.#instance?.call('get', id, minValidityMs, timeoutMs, forceRefresh, products);
    if (!error) return;
    group.asked = false;
    this.#settleAll(group, errorFromC(error));
  }

  /** The core's answer to a group. A failure within their time is none yet for those who wait longer. */
  #answered(id, error) {
    const group = [...this.#groups.values()].find((group) => group.id == id);
    if (!group) return;
    group.asked = false;
    for (const caller of group.callers)
      if (!error?.retryable || caller.deadline <= group.deadline) this.#settle(group, caller, error);
    if (group.callers.size) queueMicrotask(() => this.#serve());
    else if (!this.#groups.size) this.#siblings?.leave();
  }

  /* -------------------------------------------------------------------------------------------------
   * The core. */

  #start() {
    this.#core ??= this.#startCore().catch((error) => {
      this.#core = undefined; // the next call tries again
      this.#emit('error', error);
      throw error;
    });
    return this.#core;
  }

  async #startCore() {
    const config = this.#config;
    const disconnect = preconnect(config.endpoint);
    if (config.flow == FLOW_DOMAIN_KEY && config.shareAcrossTabs && globalThis.location)
      this.#siblings ??= new Siblings(nameOf(config), {
        say: () => this.#say(),
        hear: (message) => this.#hearSibling(message),
      });
    try {
      const core = await startCore(config, {
        tell: (message, detail, id) => this.#tell(message, detail, id),
        isAwaited: () => this.#groups.size > 0,
        onDeath: (error) => {
          this.#core = this.#instance = undefined;
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
      disconnect();
    }
  }

  /** Hands the core a token; `id` is that of REAUTHORIZE, or 0. */
  #offer(token, from, id) {
    const { expiration, expiresAt, lifetimeMs, leftMs = -1 } = token;
    this.#from = from;
    this.#instance?.call('adopt', id, stringsForC(token), expiration, expiresAt, lifetimeMs, leftMs);
    this.#from = 'api';
  }

  /** Takes a token of a sibling or of storage, if the core finds it good. */
  #adopt(token, from) {
    if (isToken(token) && ![this.#refused, this.#current?.token.accessToken].includes(token.accessToken))
      this.#offer(token, from, 0);
  }

  /** What the core tells; it may not be called from in here. */
  #tell(message, detail, id) {
    if (message == ANSWER) this.#answered(id, detail && this.#explain(detail));
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
    this.#siblings?.keep();
    this.#isHeard = false;
    this.#emit('token', this.#current.public, this.#from);
    for (const group of this.#groups.values())
      if (!group.asked && !group.forceRefresh && !group.products && this.isValidFor(group.minValidityMs))
        this.#settleAll(group);
    this.#siblings?.leave();
  }

  #failed(error) {
    const now = performance.now();
    const { id = Math.random(), until = Date.now() + error.retryAfterMs } = this.#hearing ?? {};
    this.#failure = { error, at: now, nextTry: now + error.retryAfterMs, until, id };
    if (!error.retryable) this.#session?.clear();
    const message = !this.#hearing && this.#say();
    if (message) this.#siblings?.tell(message);
    this.#siblings?.keep();
    this.#emit('error', error);
    queueMicrotask(() => {
      this.#sweep();
      if (!error.retryable || !this.#groups.size) this.#siblings?.leave();
    });
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
    this.#siblings?.quit();
  }

  /** The current token as it is passed on: with what is left of it now, as the receiver may hear of it late. */
  #shared() {
    return { ...this.#current.token, leftMs: this.#leftMs() };
  }

  /** For a sibling that asks: the token, or the failure that still forbids a try. */
  #say() {
    if (this.isValidFor(0)) return { token: this.#shared() };
    const { error, until, id } = this.#failure ?? {};
    if (!error || !numberForC(error.code) || until <= Date.now()) return undefined;
    const { code, status, attempts, serverMessage } = error;
    return { failure: { code, status, attempts, serverMessage, until, retryAfterMs: until - Date.now(), id } };
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
      this.#offer(
        fromGrant(await withTimeout(timeoutMs, (signal) => reauthorize({ signal }), this.#life.signal)),
        'page',
        id,
      );
    } catch (cause) {
      // A mistake in the page's code is invalid_config where it is made: that is no token, too.
      const isOwn = cause instanceof AuthError && cause.code != 'invalid_config';
      this.#pageError = isOwn ? cause : new AuthError('reauthorize_failed', { cause, hint: cause?.hint });
      // The core gets the number that comes nearest; what it tells of that is explained with the page's own error.
      this.#instance?.call('fail', id, numberForC(this.#pageError.code) || numberForC('bad_response'));
    }
  }

  #emit(type, detail, from) {
    for (const client of this.#clients) client.emit(type, detail, from);
  }
}
