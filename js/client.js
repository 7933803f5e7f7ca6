// AuthClient: what a page holds. It keeps the current token in JavaScript memory, so that a fresh one is
// returned at once, without entering wasm; everything else is decided by the C core.

import { FLOW_DOMAIN_KEY, FLOW_TOKEN } from './config.js';
import { startCore } from './core.js';
import { AuthError, numberForC } from './errors.js';
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

/**
 * A token from elsewhere, as the page gives it: `expires_in` (seconds from now) counts for more than
 * `expiration` (Unix seconds on the server's clock, which may differ from ours).
 */
function fromPage(given) {
  const { accessToken, expiration, expires_in: expiresIn, apis = {} } = typeof given == 'string' ? { accessToken: given } : (given ?? {});
  if (typeof accessToken != 'string') throw new AuthError('bad_response', { hint: 'reauthorize must return an access token.' });
  const now = Date.now();
  const expiresAt = expiresIn ? now + expiresIn * 1000 : expiration ? expiration * 1000 : now + UNKNOWN_LIFE_MS;
  const lifetimeMs = expiresAt - now;
  return {
    expiresMono: performance.now() + lifetimeMs,
    lifetimeMs,
    public: Object.freeze({ accessToken, expiration: expiration ?? Math.floor(expiresAt / 1000), expiresAt, apis: Object.freeze({ ...apis }) }),
  };
}

/** Dispatches later, in a microtask: a listener may call the client, which may not enter C from C. */
function later(target, type, detail) {
  queueMicrotask(() => target.dispatchEvent(Object.assign(new Event(type), { detail })));
}

export class AuthClient extends EventTarget {
  #config;
  #core; // Promise of the instance, or undefined before the first use and after its death
  #instance; // the same, once it is there
  #disposed = false;
  #current = null; // what C told last
  #answer = null; // Promise of `#current.public`, made once a token
  #waiters = new Map(); // id → {resolve, reject, end}
  #lastWaiter = 0;
  #stopWaking;
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
      this.#siblings = new Siblings(`inbenta-auth ${config.endpoint} ${config.apiKey} ${config.credential}`, {
        current: () => (this.#isValidFor(config.minValidityMs) ? this.#current : null),
        adopt: (token) => this.#adopt(token),
      });
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
    this.#instance?.invalidate(accessToken);
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
    this.#disposed = true;
    this.#stopWaking?.();
    this.#forget();
    this.#instance?.dispose();
    this.#fail(new AuthError('disposed'));
    this.#siblings?.close();
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

  #wait({ minValidityMs, forceRefresh, signal, timeoutMs = this.#config.timeoutMs }) {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastWaiter;
      const leave = () => {
        this.#settle(id, new AuthError('aborted', { cause: signal.reason }));
        this.#instance?.cancel(id);
      };
      // The core keeps the deadline; until it is there, this does.
      const timer = setTimeout(() => this.#settle(id, new AuthError('timeout', { retryable: true })), timeoutMs);
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', leave);
      };
      this.#waiters.set(id, { resolve, reject, end, forceRefresh });
      if (this.#disposed) return this.#settle(id, new AuthError('disposed'));
      if (signal?.aborted) return leave();
      signal?.addEventListener('abort', leave);
      const started = performance.now();
      // While the wasm loads, a sibling may tell its token.
      const turn = !forceRefresh && !this.#isValidFor(0) && this.#siblings?.turn(timeoutMs / 2);
      Promise.all([this.#start(), turn]).then(
        ([core]) => {
          if (!this.#waiters.has(id)) return;
          clearTimeout(timer);
          core.get(id, { minValidityMs, forceRefresh, timeoutMs: Math.max(1, timeoutMs - (performance.now() - started)) });
        },
        (error) => this.#settle(id, error),
      );
    });
  }

  #start() {
    this.#core ??= startCore(this.#config, this.#listener()).then(
      (core) => {
        this.#instance = core;
        if (this.#disposed) core.dispose();
        else this.#takeOver(core);
        return core;
      },
      (error) => {
        this.#core = undefined; // the next call tries again
        later(this, 'error', error);
        throw error;
      },
    );
    return this.#core;
  }

  /** A new instance learns the token that is there: the page's, or that of an instance that died. */
  #takeOver(core) {
    this.#stopWaking ??= onWake(() => this.#instance?.wake());
    if (!this.#isValidFor(0)) return;
    core.adopt(0, this.#current);
    core.get(0, { minValidityMs: 0, timeoutMs: 1 }); // from now on somebody wants it fresh
  }

  /** Takes a sibling's token: at once while the core is not there yet, else if the core finds it good. */
  #adopt({ public: { accessToken, expiration, expiresAt, apis }, lifetimeMs }) {
    if (this.#disposed || accessToken == this.#refused || accessToken == this.#current?.public.accessToken) return;
    const token = {
      expiresMono: performance.now() + expiresAt - Date.now(),
      lifetimeMs,
      public: Object.freeze({ accessToken, expiration, expiresAt, apis: Object.freeze(apis) }),
    };
    if (this.#instance) return this.#instance.adopt(0, token);
    this.#keep(token);
    later(this, 'token', token.public);
    for (const [id, { forceRefresh }] of [...this.#waiters]) if (!forceRefresh) this.#settle(id);
  }

  /** Asks the page for a token, because there is no other way to one. */
  async #reauthorize(id) {
    const signal = AbortSignal.timeout(this.#config.timeoutMs);
    try {
      this.#instance?.adopt(id, fromPage(await this.#config.reauthorize({ signal })));
    } catch (error) {
      this.#instance?.fail(id, numberForC(error?.code));
    }
  }

  #listener() {
    return {
      onToken: ({ expiresMono, lifetimeMs, ...token }) => {
        Object.freeze(token.apis);
        this.#keep({ public: Object.freeze(token), expiresMono, lifetimeMs });
        this.#siblings?.tell(this.#current);
        later(this, 'token', token);
      },
      onError: (error) => later(this, 'error', error),
      onExpired: () => {
        this.#forget();
        later(this, 'expired');
      },
      onQuota: (quota) => later(this, 'quota', quota),
      onAnswer: (id, error) => this.#settle(id, error),
      onReauthorize: (id) => queueMicrotask(() => this.#reauthorize(id)),
      isAwaited: () => this.#waiters.size > 0,
      onDeath: (error) => {
        this.#core = this.#instance = undefined;
        this.#fail(error);
        later(this, 'error', error);
      },
    };
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
