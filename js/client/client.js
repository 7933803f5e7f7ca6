// AuthClient: what a page holds. It keeps the current token in JavaScript memory, so that a fresh one is
// returned at once, without entering wasm; everything else is decided by the C core.

import { FLOW_DOMAIN_KEY, FLOW_TOKEN, timerMs } from './config.js';
import { ANSWER, ERROR, EXPIRED, QUOTA, REAUTHORIZE, startCore, TOKEN } from './core.js';
import { AuthError, NETWORK, errorFromC, numberForC } from './errors.js';
import { apiUrl, fetchWithToken } from './fetch.js';
import { Siblings } from './siblings.js';
import { onWake } from './wake.js';

/**
 * @typedef {object} AccessToken
 * @property {string} accessToken for the header `Authorization: Bearer …`
 * @property {number} expiration Unix seconds on the server's clock, as the API gave it
 * @property {number} expiresAt this machine's clock, in milliseconds since 1970
 * @property {Readonly<Record<string, string>>} apis base URLs of the products
 */

/** A token of unknown life counts for so long; it is refreshed before, and then its life is known. */
const UNKNOWN_LIFE_MS = 60_000;

/** What is kept of a token. On the monotonic clock it expires as late as on the wall clock, if nobody knows better. */
function keepable(accessToken, expiration, expiresAt, apis, lifetimeMs, expiresMono = performance.now() + expiresAt - Date.now()) {
  return { expiresMono, lifetimeMs, public: Object.freeze({ accessToken, expiration, expiresAt, apis: Object.freeze(apis) }) };
}

/**
 * A token from elsewhere, as the page gives it: `expires_in` (seconds from now) counts for more than
 * `expiration` (Unix seconds on the server's clock, which may differ from ours).
 */
function fromPage(given) {
  const { accessToken, expiration, expires_in: expiresIn, apis } = given?.accessToken ? given : { accessToken: given };
  if (typeof accessToken != 'string') throw new AuthError('bad_response', { hint: 'reauthorize must return an access token.' });
  const now = Date.now();
  const expiresAt = expiresIn ? now + expiresIn * 1000 : expiration ? expiration * 1000 : now + UNKNOWN_LIFE_MS;
  return keepable(accessToken, expiration ?? Math.floor(expiresAt / 1000), expiresAt, { ...apis }, expiresAt - now);
}

export class AuthClient extends EventTarget {
  #config;
  #core; // Promise of the instance, or undefined before the first use and after its death
  #instance; // the same, once it is there
  #life = new AbortController(); // aborted: disposed of
  #current = null; // what C told last
  #answer = null; // Promise of `#current.public`, made once a token
  #waiters = new Map(); // id → {resolve, reject, end}
  #lastWaiter = 0;
  #siblings; // undefined where nothing is shared
  #refused; // the token that was invalidated last: siblings may still have it

  /**
   * Use createFromDomainKey or createFromAccessToken.
   * @param {any} config checked
   */
  constructor(config) {
    super();
    this.#config = config;
    if (config.flow == FLOW_TOKEN) this.#keep(fromPage(config));
    if (config.flow == FLOW_DOMAIN_KEY && config.shareAcrossTabs && globalThis.BroadcastChannel && globalThis.location)
      // The number is that of what siblings say: tabs of another release may be open.
      this.#siblings = new Siblings(`inbenta-auth 2 ${config.endpoint} ${config.apiKey} ${config.credential}`, {
        current: () => this.#isValidFor(config.minValidityMs) && this.#shared(),
        adopt: (token) => this.#adopt(token),
      });
    onWake(() => this.#instance?.call('run', 1), this.#life.signal);
  }

  /**
   * A fresh access token. Concurrent calls share one request, and its failure as well.
   * @param {object} [options]
   * @param {number} [options.minValidityMs] valid for at least this long still (a short-lived token: a
   *   quarter of its life)
   * @param {boolean} [options.forceRefresh] only a token that was obtained after this call
   * @param {AbortSignal} [options.signal] leaves this call, not the request that others share
   * @param {number} [options.timeoutMs] for this call in total
   * @returns {Promise<AccessToken>}
   */
  getToken(options) {
    const { minValidityMs = this.#config.minValidityMs, forceRefresh, signal } = options ?? {};
    if (!forceRefresh && !signal?.aborted && this.#isValidFor(minValidityMs)) {
      if (!this.#core) this.#start().catch(() => {}); // a token from the page: keep it fresh from now on
      return this.#answer;
    }
    return this.#wait({ ...options, minValidityMs });
  }

  /**
   * The current valid token or null, at once.
   * @returns {AccessToken | null}
   */
  get token() {
    return this.#isValidFor(0) ? this.#current.public : null;
  }

  /**
   * Drops a token that an API refused, if it is still the current one.
   * @param {string} accessToken
   */
  invalidate(accessToken) {
    if (this.#current?.public.accessToken !== accessToken) return;
    this.#refused = accessToken;
    this.#forget();
    this.#instance?.call('invalidate', accessToken);
  }

  /**
   * The base URL of a product.
   * @param {string} product
   * @returns {Promise<string>}
   */
  async apiUrl(product) {
    return apiUrl((await this.getToken()).apis, product);
  }

  /**
   * fetch with the two headers, for hosts of the token's products only. On 401 and 403 the token is dropped
   * and the request made once more.
   * @param {string | URL} target a product and a path below it, or a URL: `fetch('chatbot', '/x', init)`,
   *   `fetch(url, init)`
   * @param {string | RequestInit} [path]
   * @param {RequestInit} [init]
   * @returns {Promise<Response>}
   */
  fetch(target, path = '', init = undefined) {
    if (typeof path == 'object') [path, init] = ['', path];
    return fetchWithToken(this, this.#config, target, path, init);
  }

  /** Aborts what is under way, rejects who waits, wipes the token. May be called again. */
  dispose() {
    this.#life.abort();
    this.#forget();
    this.#instance?.end();
    this.#fail(new AuthError('disposed'));
    this.#siblings?.close();
  }

  /** The current token as siblings are told it. */
  #shared() {
    const { public: { accessToken, expiration, expiresAt, apis }, lifetimeMs } = this.#current;
    return [accessToken, expiration, expiresAt, apis, lifetimeMs];
  }

  #keep(current) {
    this.#current = current;
    this.#answer = Promise.resolve(current.public);
  }

  #forget() {
    this.#current = this.#answer = null;
  }

  /** Like iauth__enough_ms of the core; both clocks, the more pessimistic one wins. */
  #isValidFor(minValidityMs) {
    const current = this.#current;
    if (!current) return false;
    const left = Math.min(current.expiresMono - performance.now(), current.public.expiresAt - Date.now());
    return left > 0 && left >= Math.min(minValidityMs, current.lifetimeMs / 4);
  }

  #wait({ minValidityMs, forceRefresh, signal, timeoutMs: wantedMs = this.#config.timeoutMs }) {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastWaiter;
      const timeoutMs = timerMs(wantedMs);
      const deadline = performance.now() + timeoutMs;
      const leave = () => {
        this.#settle(id, new AuthError('aborted', { cause: signal.reason }));
        this.#instance?.call('cancel', id);
      };
      // The core keeps the deadline; until it is there, this does.
      const timer = setTimeout(() => this.#settle(id, new AuthError('timeout', { retryable: true })), timeoutMs);
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', leave);
      };
      this.#waiters.set(id, { resolve, reject, end, forceRefresh });
      if (this.#life.signal.aborted) return this.#settle(id, new AuthError('disposed'));
      if (signal?.aborted) return leave();
      signal?.addEventListener('abort', leave);
      // While the wasm loads, a sibling may tell its token.
      Promise.all([this.#start(), !forceRefresh && !this.#isValidFor(0) && this.#siblings?.turn(timeoutMs / 2)]).then(
        ([core]) => {
          if (!this.#waiters.has(id)) return;
          clearTimeout(timer);
          const error = core.call('get', id, minValidityMs, Math.max(1, deadline - performance.now()), !!forceRefresh);
          if (error) this.#settle(id, errorFromC(error));
        },
        (error) => this.#settle(id, error),
      );
    });
  }

  #start() {
    this.#core ??= startCore(this.#config, {
      tell: (message, detail, id) => this.#hear(message, detail, id),
      isAwaited: () => this.#waiters.size > 0,
      onDeath: (error) => {
        this.#core = this.#instance = undefined;
        this.#fail(error);
        this.#dispatch('error', error);
      },
    }).then(
      (core) => {
        this.#instance = core;
        if (this.#life.signal.aborted) core.end();
        // A new instance learns the token that is there: the page's, or that of an instance that died.
        else if (this.#isValidFor(0)) {
          this.#offer(0, this.#current);
          core.call('get', 0, 0, 1, 0); // from now on somebody wants it fresh
        }
        return core;
      },
      (error) => {
        this.#core = undefined; // the next call tries again
        this.#dispatch('error', error);
        throw error;
      },
    );
    return this.#core;
  }

  /** Hands the core a token; `id` is that of REAUTHORIZE, or 0. */
  #offer(id, { public: { accessToken, expiration, expiresAt, apis }, lifetimeMs }) {
    const names = Object.entries(apis).map(([name, url]) => `${name}\0${url}\0`).join('');
    this.#instance?.call('adopt', id, `${accessToken}\0${names}`, expiration, expiresAt, lifetimeMs);
  }

  /** Takes a sibling's token: at once while the core is not there yet, else if the core finds it good. */
  #adopt([accessToken, ...more]) {
    if (this.#life.signal.aborted || accessToken == this.#refused || accessToken == this.#current?.public.accessToken) return;
    const token = keepable(accessToken, ...more);
    if (this.#instance) return this.#offer(0, token);
    this.#keep(token);
    this.#dispatch('token', token.public);
    for (const [id, { forceRefresh }] of [...this.#waiters]) if (!forceRefresh) this.#settle(id);
  }

  /** Asks the page for a token, because there is no other way to one. */
  async #reauthorize(id) {
    try {
      this.#offer(id, fromPage(await this.#config.reauthorize({ signal: AbortSignal.timeout(this.#config.timeoutMs) })));
    } catch (error) {
      this.#instance?.call('fail', id, numberForC(error?.code) || NETWORK);
    }
  }

  /** What the core tells; it may not be called from in here. */
  #hear(message, detail, id) {
    if (message == ANSWER) this.#settle(id, detail);
    if (message == REAUTHORIZE) queueMicrotask(() => this.#reauthorize(id));
    if (message == QUOTA) this.#dispatch('quota', detail);
    if (message == ERROR) this.#dispatch('error', detail);
    if (message == EXPIRED) {
      this.#forget();
      this.#dispatch('expired');
    }
    if (message == TOKEN) {
      this.#keep(keepable(...detail));
      this.#siblings?.tell(this.#shared());
      this.#dispatch('token', this.#current.public);
    }
  }

  /** In a microtask: a listener may call the client, which may not enter C from C. */
  #dispatch(type, detail) {
    queueMicrotask(() => this.dispatchEvent(Object.assign(new Event(type), { detail })));
  }

  #settle(id, error) {
    const waiter = this.#waiters.get(id);
    if (!waiter) return;
    this.#waiters.delete(id);
    waiter.end();
    if (error) waiter.reject(error);
    else waiter.resolve(this.#current.public);
    if (!this.#waiters.size) this.#siblings?.settled();
  }

  #fail(error) {
    for (const id of [...this.#waiters.keys()]) this.#settle(id, error);
  }
}

if (Symbol.dispose) AuthClient.prototype[Symbol.dispose] = AuthClient.prototype.dispose;
