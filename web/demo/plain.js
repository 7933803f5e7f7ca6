// A token client as many pages write it by hand. The demo compares it with this library's client.
//
// It calls /auth without a valid token, and refreshes the token by a timer. After a failed request it retries every
// second until a request succeeds. Callers share no request, and tabs share no token.

const RETRY_MS = 1000;
const REFRESH_AFTER = 0.75; // of a token's life

export class PlainClient {
  #config;
  #token = '';
  #expiresAt = 0;
  #timer;
  #disposed = false;

  /** @param {{endpoint: string, apiKey: string, domainKey: string}} config */
  constructor(config) {
    this.#config = config;
  }

  /** @returns {Promise<string>} an access token; '' if the client was disposed in the meantime */
  async getToken() {
    if (!this.#isValid()) await this.#obtain();
    return this.#token;
  }

  dispose() {
    this.#disposed = true;
    this.#token = '';
    clearTimeout(this.#timer);
  }

  #isValid() {
    return Date.now() < this.#expiresAt;
  }

  async #obtain() {
    while (!this.#disposed) {
      try {
        return this.#store(await this.#post());
      } catch {
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  async #post() {
    const { endpoint, apiKey, domainKey } = this.#config;
    const response = await (this.#isValid()
      ? fetch(`${endpoint}/refreshToken`, {
          method: 'POST',
          headers: { 'x-inbenta-key': apiKey, Authorization: `Bearer ${this.#token}` },
        })
      : fetch(`${endpoint}/auth`, {
          method: 'POST',
          headers: { 'x-inbenta-key': apiKey, 'Content-Type': 'application/json' },
          body: JSON.stringify({ domainKey }),
        }));
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return response.json();
  }

  #store({ accessToken, expires_in: seconds }) {
    if (this.#disposed) return;
    this.#token = accessToken;
    this.#expiresAt = Date.now() + seconds * 1000;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#obtain(), seconds * 1000 * REFRESH_AFTER);
  }
}
