// The oldest browsers that work are those of 2021 (docs/frameworks.md). Here a new browser loses what these do not have,
// and what other people's scripts and settings take away or replace, before the page's first script runs. The page posts
// what happened, as what drives a browser from outside needs some of that, too.

import { serveSite, strictPolicy } from '../support/site.js';
import { expect, grant, json, test } from './fixture.js';

/** Each is run in the page, before anything else. */
const CASES = {
  'without what came after 2021'() {
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
    // An unknown member of the options was ignored.
    const { addEventListener } = EventTarget.prototype;
    EventTarget.prototype.addEventListener = function (type, listener, options) {
      if (typeof options == 'object' && options) {
        const { signal, ...known } = options;
        options = known;
      }
      return addEventListener.call(this, type, listener, options);
    };
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
    if (navigator.locks) LockManager.prototype.request = () => Promise.reject(new DOMException('The request was denied.', 'SecurityError'));
  },
  'with storage that throws'() {
    Object.defineProperty(window, 'sessionStorage', {
      get() {
        throw new DOMException('The operation is insecure.', 'SecurityError');
      },
    });
  },
};

function withoutWebAssembly() {
  delete window.WebAssembly;
}

/** Asks for a token, a refreshed one, events, and an end; posts what came of it. `sdk` is the build. */
const script = (endpoint) => `
  const post = (result) => fetch('/result', { method: 'POST', body: JSON.stringify(result) });
  (async () => {
    const tokens = [];
    try {
      const client = sdk.createFromDomainKey('the-domain-key', 'the-api-key', { endpoint: '${endpoint}', persist: 'session' });
      client.addEventListener('token', ({ detail }) => (tokens[tokens.length] = detail.accessToken));
      const first = await client.getToken();
      const second = await client.getToken({ forceRefresh: true });
      client.dispose();
      const late = await client.getToken().catch(({ code }) => code);
      const [one, two] = tokens;
      post({ first: first.accessToken, second: second.accessToken, one, two, chatbot: second.apis.chatbot, lifeMs: second.expiresAt - Date.now(), late });
    } catch ({ name, code, message, hint }) {
      post({ name, code, message, hint });
    }
  })();`;

const BUILDS = {
  'ES module': (code) => ['', 'module', `import * as sdk from '/dist/inbenta-auth.js'; ${code}`],
  'script tag': (code) => ['<script src="/dist/inbenta-auth.min.js"></script>', 'text/javascript', `const sdk = InbentaAuthSDK; ${code}`],
};

/** Opens a page with a build, after `change`: what it posted. */
async function open(page, fake, build, change) {
  const [before, type, code] = BUILDS[build](script(fake.endpoint));
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
        '/index.html': `<!doctype html><html lang="en"><title>Old</title><script src="/change.js"></script>${before}<script type="${type}" src="/page.js"></script></html>`,
        '/change.js': `(${String(change).replace(/^[^(]+/, 'function ')})();`,
        '/page.js': code,
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

for (const build of Object.keys(BUILDS)) {
  for (const [name, change] of Object.entries(CASES))
    test(`${build} ${name}`, async ({ page, fake }) => {
      fake.answer = (response, request, n) => json(response, 200, { ...grant(n), apis: { chatbot: 'https://chatbot.example/v1' } });
      const { lifeMs, ...result } = await open(page, fake, build, change);
      expect(result).toEqual({ first: 'token-1', second: 'token-2', one: 'token-1', two: 'token-2', chatbot: 'https://chatbot.example/v1', late: 'disposed' });
      expect(lifeMs).toBeGreaterThan(1_190_000);
      expect(lifeMs).toBeLessThan(1_201_000);
      expect(fake.requests.map(({ url }) => url)).toEqual(['/v1/auth', '/v1/refreshToken']);
    });

  test(`${build} without WebAssembly says so`, async ({ page, fake }) => {
    fake.answer = (response, request, n) => json(response, 200, grant(n));
    const { code, hint } = await open(page, fake, build, withoutWebAssembly);
    expect({ code, hint }).toEqual({ code: 'wasm_unavailable', hint: expect.stringContaining('no WebAssembly') });
    expect(fake.requests).toEqual([]);
  });
}
