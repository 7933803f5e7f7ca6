// The oldest supported browsers are those of 2021 (docs/frameworks.md). Before any other script of the page runs, a
// case removes functions that these browsers do not have, or replaces functions as other scripts and settings do. The
// page posts its result to the site, because the test driver needs some of the removed functions itself.

import { serveSite, strictPolicy } from '../support/site.js';
import { expect, grant, json, test } from './fixture.js';

/** Each case runs in the page, before any other script. */
const CASES = {
  'without functions newer than 2021'() {
    const gone = (object, ...names) => names.forEach((name) => delete object[name]);
    gone(AbortSignal, 'timeout', 'any', 'abort');
    gone(AbortSignal.prototype, 'reason', 'throwIfAborted');
    gone(Object, 'hasOwn', 'groupBy');
    gone(Array, 'fromAsync');
    gone(Array.prototype, 'at', 'findLast', 'findLastIndex', 'toReversed', 'toSorted', 'toSpliced', 'with');
    gone(String.prototype, 'at', 'isWellFormed', 'toWellFormed');
    gone(Promise, 'withResolvers', 'try');
    gone(Symbol, 'dispose', 'asyncDispose');
    gone(URL, 'canParse', 'parse');
    gone(Response, 'json');
    gone(window, 'structuredClone', 'reportError', 'BroadcastChannel', 'scheduler', 'Iterator');
    gone(Navigator.prototype, 'locks');
    gone(Crypto.prototype, 'randomUUID');
  },
  'without Response.body'() {
    delete Response.prototype.body;
  },
  'with the functions of Prototype.js'() {
    Array.from = function (iterable) {
      if (!iterable) return [];
      if ('toArray' in Object(iterable)) return iterable.toArray();
      let length = iterable.length || 0;
      const results = new Array(length);
      while (length--) results[length] = iterable[length];
      return results;
    };
    Array.prototype.toJSON = function () {
      return `[${this.join(', ')}]`;
    };
    Array.prototype.toArray = Array.prototype.clone = function () {
      return [].concat(this);
    };
  },
  'with BroadcastChannel that throws'() {
    window.BroadcastChannel = function () {
      throw new DOMException('The operation is insecure.', 'SecurityError');
    };
  },
  'with locks that are refused'() {
    const refusal = new DOMException('The request was denied.', 'SecurityError');
    if (navigator.locks) LockManager.prototype.request = () => Promise.reject(refusal);
  },
  'with storage that throws'() {
    Object.defineProperty(window, 'sessionStorage', {
      get() {
        throw new DOMException('The operation is insecure.', 'SecurityError');
      },
    });
  },
};

/** Without these there is no client. */
const WITHOUT = {
  WebAssembly: () => delete window.WebAssembly,
  TextEncoder: () => delete window.TextEncoder,
  TextDecoder: () => delete window.TextDecoder,
};

/** Gets a token, refreshes it, listens to events and disposes of the client. Posts the result. `sdk` is the build. */
const script = (endpoint) => `
  const post = (result) => fetch('/result', { method: 'POST', body: JSON.stringify(result) });
  (async () => {
    const tokens = [];
    try {
      const options = { endpoint: '${endpoint}', persist: 'session' };
      const client = sdk.createFromDomainKey('the-domain-key', 'the-api-key', options);
      client.addEventListener('token', ({ detail }) => (tokens[tokens.length] = detail.accessToken));
      const first = await client.getToken();
      const second = await client.getToken({ forceRefresh: true });
      client.dispose();
      const late = await client.getToken().catch(({ code }) => code);
      const [one, two] = tokens; // separate values, because Prototype.js breaks the JSON of arrays
      const lifeMs = second.expiresAt - Date.now();
      post({ first: first.accessToken, second: second.accessToken, one, two, apis: second.apis, lifeMs, late });
    } catch ({ name, code, message, hint }) {
      post({ name, code, message, hint });
    }
  })();`;

/** For each build: its own script tag, if any, and the type and the beginning of the page's script. */
const BUILDS = {
  'ES module': ['', 'module', "import * as sdk from '/dist/inbenta-auth.js';"],
  'script tag': ['<script src="/dist/inbenta-auth.min.js"></script>', 'text/javascript', 'const sdk = InbentaAuthSDK;'],
};

/** Opens a page with a build after `change`. Returns the posted result. */
async function open(page, fake, build, change) {
  const [tag, type, beginning] = BUILDS[build];
  const scripts = `<script src="/change.js"></script>${tag}<script type="${type}" src="/page.js"></script>`;
  let site;
  const posted = new Promise((resolve, reject) => {
    page.on?.('pageerror', reject);
    const result = (request, response) => {
      let body = '';
      request.on('data', (data) => (body += data)).on('end', () => (response.end(), resolve(JSON.parse(body))));
    };
    site = serveSite({
      root: 'tests/browser/pages',
      policy: () => strictPolicy(new URL(fake.endpoint).origin),
      routes: { '/result': result },
      files: {
        '/index.html': `<!doctype html><html lang="en"><title>Old</title>${scripts}</html>`,
        '/change.js': `(${String(change).replace(/^[^(]+/, 'function ')})();`,
        '/page.js': beginning + script(fake.endpoint),
      },
    });
  });
  const { origin, close } = await site;
  try {
    await page.goto(origin);
    return await posted;
  } finally {
    await close();
  }
}

const apis = { chatbot: 'https://api.example/prod/chatbot' };
const EXPECTED = { first: 'token-1', second: 'token-2', one: 'token-1', two: 'token-2', apis, late: 'disposed' };

for (const build of Object.keys(BUILDS)) {
  for (const [name, change] of Object.entries(CASES))
    test(`${build} ${name}`, async ({ page, fake }) => {
      fake.answer = (response, request, n) => json(response, 200, { ...grant(n), apis });
      const { lifeMs, ...result } = await open(page, fake, build, change);
      expect(result).toEqual(EXPECTED);
      expect(lifeMs).toBeGreaterThan(1_190_000);
      expect(lifeMs).toBeLessThan(1_201_000);
      expect(fake.requests.map(({ url }) => url)).toEqual(['/v1/auth', '/v1/refreshToken']);
    });

  for (const [name, change] of Object.entries(WITHOUT))
    test(`${build} without ${name} is wasm_unavailable`, async ({ page, fake }) => {
      fake.answer = (response, request, n) => json(response, 200, grant(n));
      const { code, hint } = await open(page, fake, build, change);
      expect({ code, hint }).toEqual({ code: 'wasm_unavailable', hint: expect.stringContaining(`no ${name}.`) });
      expect(fake.requests).toEqual([]);
    });
}
