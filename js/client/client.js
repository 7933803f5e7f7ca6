/// <reference lib="esnext.disposable" preserve="true" />
// AuthClient: the client that a page uses. It has its own listeners, timeouts, log and headers. The token comes from a
// source, which all clients of a page with the same keys share.

import { checkCredential, checkOptions, ownMembers } from './config.js';
import { AuthError, invalid } from './errors.js';
import { apiUrl, fetchWithToken } from './fetch.js';
import { sourceFor } from './source.js';
import { timerMs } from './timers.js';

/** @typedef {import('../types/inbenta-auth.cjs').AccessToken} AccessToken */
/** @typedef {import('../types/inbenta-auth.cjs').GetTokenOptions} GetTokenOptions */

/** The options of getToken, with their types. */
const CALL = { minValidityMs: 'number', forceRefresh: 'boolean', signal: 'object', timeoutMs: 'number' };

/** Without options. A literal would have those that a page adds to Object.prototype. */
const NO_OPTIONS = ownMembers();

/** AuthClientEventMap in js/types/inbenta-auth.d.cts lists its events. */
export class AuthClient extends EventTarget {
  #config;
  #source; // undefined before the first use and after dispose
  #isDisposed = false;
  #callers = new Set(); // the callers that wait

  /**
   * Do not call it; use createFromDomainKey or createFromAccessToken.
   * @param {any} config checked
   */
  constructor(config) {
    super();
    this.#config = config;
    if (config.grant) this.#getSource();
  }

  /**
   * Gets a fresh access token. Concurrent calls share one request and its result, also a failure.
   * @param {GetTokenOptions} [options]
   * @returns {Promise<AccessToken>}
   */
  getToken(options) {
    let own = NO_OPTIONS;
    try {
      if (options != undefined) own = checkOptions(options, CALL);
      if (own.signal && !own.signal.addEventListener) throw invalid('signal must be an AbortSignal.');
    } catch (error) {
      return Promise.reject(error);
    }
    const { minValidityMs = this.#config.minValidityMs, forceRefresh = false, signal } = own;
    if (!forceRefresh && !signal?.aborted && this.#source?.isValidFor(minValidityMs)) {
      this.#source.use();
      return this.#source.tokenPromise;
    }
    return this.#waitForToken({ minValidityMs, forceRefresh }, own);
  }

  /**
   * The current token if it is valid, else null. Sends no request.
   * @returns {AccessToken | null}
   */
  get token() {
    const token = this.#source?.token ?? null;
    if (token) this.#source.use();
    return token;
  }

  /**
   * Drops a token that an API refused, if it is still the current one.
   * @param {string} [accessToken] nothing happens without one, because another caller may have dropped it
   * @throws {AuthError} invalid_config: this is no token
   */
  invalidate(accessToken) {
    if (accessToken == null) return;
    checkCredential('accessToken', accessToken);
    this.#source?.invalidate(accessToken);
  }

  /**
   * For signing out: drops the token, also the one that `persist` stored. The next call of getToken gets a new token.
   */
  forget() {
    if (!this.#isDisposed) this.#getSource().forget();
  }

  /**
   * The base URL of a product, without a version.
   * @param {string} product
   * @returns {Promise<string>}
   */
  async apiUrl(product) {
    return apiUrl((await this.#tokenFor(product)).apis, product);
  }

  /**
   * Calls `fetch` with the two headers, only for hosts of the token's products. If the product refuses the token, gets
   * a new one and sends the request once more. A redirect is an error unless you pass `redirect`.
   * @param {string | URL} target a product, as in `fetch('chatbot', '/v1/conversation', init)`; or a URL
   * @param {string | RequestInit} [path]
   * @param {RequestInit} [init]
   * @returns {Promise<Response>}
   */
  fetch(target, path, init) {
    return fetchWithToken(
      {
        config: this.#config,
        tokenFor: (product, signal) => this.#tokenFor(product, signal),
        mayRenew: (accessToken) => this.#source?.mayRenew(accessToken),
        renew: (signal) => this.getToken({ forceRefresh: true, signal }),
        log: (entry) => this.#log(entry),
      },
      target,
      path,
      init,
    );
  }

  /**
   * Rejects all pending calls. If no other client shares the source, ends it and wipes its memory. May be called twice.
   */
  dispose() {
    this.#isDisposed = true;
    for (const caller of this.#callers) caller.cancel(new AuthError('disposed'));
    this.#source?.removeClient(this.#emit);
    this.#source = undefined;
  }

  /**
   * For `using client = …`. In older browsers, which lack the symbol, this is a method named "undefined" without a use.
   */
  [Symbol.dispose]() {
    this.dispose();
  }

  /**
   * Dispatches an event later, in a microtask: a listener may call the client, but C must not be called while it runs.
   */
  #emit = (type, detail, from) =>
    queueMicrotask(() => {
      if (this.#isDisposed) return;
      const { name, ...facts } =
        type == 'token' ? { expiresAt: detail.expiresAt, products: Object.keys(detail.apis), from } : { ...detail };
      this.#log({ type, ...facts });
      const source = this.#source;
      // A listener that reads the token counts as a use.
      const get = () => (type == 'token' && source?.use(true), detail);
      this.dispatchEvent(Object.defineProperty(new Event(type), 'detail', { get }));
    });

  #log(entry) {
    try {
      this.#config.log?.(entry);
    } catch {} // a mistake in the log must not break the client
  }

  #getSource() {
    return (this.#source ??= sourceFor(this.#config, this.#emit));
  }

  /** Gets a token with known products. Without a product, because a URL was passed, any known product is enough. */
  async #tokenFor(product, signal) {
    const token = await this.getToken({ signal });
    const products = Object.keys(token.apis);
    return products.includes(product ?? products[0])
      ? token
      : this.#waitForToken({ products: true }, { __proto__: null, signal });
  }

  /** @param {any} options */
  #waitForToken(needs, { signal, timeoutMs = this.#config.timeoutMs }) {
    return new Promise((resolve, reject) => {
      if (this.#isDisposed) throw new AuthError('disposed');
      const aborted = () => new AuthError('aborted', { cause: signal.reason });
      if (signal?.aborted) throw aborted();
      const source = this.#getSource();
      const onAbort = () => caller.cancel(aborted());
      const caller = {
        answer: (error) => {
          this.#callers.delete(caller);
          signal?.removeEventListener('abort', onAbort);
          if (error) reject(error);
          else resolve(source.tokenPromise);
        },
      };
      this.#callers.add(caller);
      signal?.addEventListener('abort', onAbort);
      source.addCaller(needs, timerMs(timeoutMs), caller);
    });
  }
}
