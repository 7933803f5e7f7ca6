// AuthClient: what a page holds. It keeps the current token in JavaScript memory, so that a fresh one is
// returned at once, without entering wasm; everything else is decided by the C core.

import { startCore } from './core.js';
import { AuthError } from './errors.js';

/**
 * @typedef {object} AccessToken
 * @property {string} accessToken for the header `Authorization: Bearer …`
 * @property {number} expiration Unix seconds on the server's clock, as the API gave it
 * @property {number} expiresAt this machine's clock, in milliseconds since 1970
 * @property {Readonly<Record<string, string>>} apis base URLs of the products
 */

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

  /** Use createFromDomainKey or createFromAccessToken. */
  constructor(config) {
    super();
    this.#config = config;
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
    if (!forceRefresh && !signal?.aborted && this.#isValidFor(minValidityMs)) return this.#answer;
    return this.#wait({ ...options, minValidityMs });
  }

  /** The current valid token or null, at once. */
  get token() {
    return this.#isValidFor(0) ? this.#current.public : null;
  }

  /** Drops a token that an API refused, if it is still the current one. */
  invalidate(accessToken) {
    if (this.#current?.public.accessToken !== accessToken) return;
    this.#forget();
    this.#instance?.invalidate(accessToken);
  }

  /** Aborts what is under way, rejects who waits, wipes the token. May be called again. */
  dispose() {
    this.#disposed = true;
    this.#forget();
    this.#instance?.dispose();
    this.#fail(new AuthError('disposed'));
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
      this.#waiters.set(id, { resolve, reject, end });
      if (this.#disposed) return this.#settle(id, new AuthError('disposed'));
      if (signal?.aborted) return leave();
      signal?.addEventListener('abort', leave);
      const started = performance.now();
      this.#start().then(
        (core) => {
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
        if (this.#disposed) core.dispose();
        return (this.#instance = core);
      },
      (error) => {
        this.#core = undefined; // the next call tries again
        later(this, 'error', error);
        throw error;
      },
    );
    return this.#core;
  }

  #listener() {
    return {
      onToken: ({ expiresMono, lifetimeMs, ...token }) => {
        Object.freeze(token.apis);
        this.#current = { public: Object.freeze(token), expiresMono, lifetimeMs };
        this.#answer = Promise.resolve(this.#current.public);
        later(this, 'token', token);
      },
      onError: (error) => later(this, 'error', error),
      onExpired: () => {
        this.#forget();
        later(this, 'expired');
      },
      onQuota: (quota) => later(this, 'quota', quota),
      onAnswer: (id, error) => this.#settle(id, error),
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
  }

  #fail(error) {
    for (const id of [...this.#waiters.keys()]) this.#settle(id, error);
  }
}

if (Symbol.dispose) AuthClient.prototype[Symbol.dispose] = AuthClient.prototype.dispose;
