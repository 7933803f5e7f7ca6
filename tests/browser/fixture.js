// Fixtures of the browser tests: a site under the strict policy, the real local Auth API, and a fake API that
// misbehaves. Everything listens on loopback and ends with its test.

import { createServer } from 'node:http';
import { test as base, expect } from '@playwright/test';
import { Authd } from '../support/authd.js';
import { CHROMIUM, FIREFOX } from '../support/browser.js';
import { serveSite, strictPolicy } from '../support/site.js';
import { WebKit } from '../support/webkit.js';

const LAUNCH = {
  chromium: (playwright) => playwright.chromium.launch(CHROMIUM),
  firefox: (playwright) => playwright.firefox.launch(FIREFOX),
  webkit: () => WebKit.launch(),
};

export { expect };

/**
 * Details of a test that runs in Chromium only, because it needs its DevTools protocol: the heap of a page, who started a
 * request, a page that crashes or freezes.
 */
export const ONLY_CHROMIUM = { tag: '@only-chromium' };

/** Details of a test that does not run in WebKit: WebDriver has no console, and webkit.js has no frames. */
export const NOT_WEBKIT = { tag: '@not-webkit' };

export const test = base.extend({
  engine: ['chromium', { option: true, scope: 'worker' }],
  browser: [
    async ({ engine, playwright }, use) => {
      const browser = await LAUNCH[engine](playwright);
      await use(browser);
      await browser.close();
    },
    { scope: 'worker' },
  ],
  context: async ({ browser }, use) => {
    const context = await browser.newContext();
    await use(context);
    await context.close();
  },
  page: async ({ context }, use) => use(await context.newPage()),

  /** A real Auth API with one domain key for `site`. Its tokens live for `api.lifetimeS`. */
  lifetimeS: [1200, { option: true }],
  authd: async ({ lifetimeS, site }, use) => {
    const authd = await Authd.create();
    const apiKey = await authd.createApiKey();
    const { domainKey, id } = await authd.createDomainKey(apiKey, [site.origin]);
    const endpoint = await authd.serve({ lifetimeS, apis: { chatbot: 'https://api.example/prod/chatbot' } });
    await use({ authd, apiKey, domainKey, id, endpoint });
    await authd.remove();
  },

  /** A fake API. The test writes its answers: `fake.answer = (response, request, n) => …`. */
  fake: async ({}, use) => {
    const fake = { requests: [], answer: undefined };
    const server = createServer((request, response) => {
      const cors = {
        'Access-Control-Allow-Origin': request.headers.origin ?? '*',
        'Access-Control-Allow-Headers': 'x-inbenta-key, authorization, content-type',
        'Access-Control-Expose-Headers': 'Retry-After, Date',
      };
      for (const name in cors) response.setHeader(name, cors[name]);
      if (request.method == 'OPTIONS') return response.writeHead(204).end();
      request.resume().on('end', () => {
        fake.requests.push({ url: request.url, origin: request.headers.origin, at: Date.now() });
        fake.answer(response, request, fake.requests.length);
      });
    });
    /** Starts to listen. After `close`, it uses the same port again. */
    let port = 0;
    fake.open = () => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
    await fake.open();
    ({ port } = server.address());
    fake.endpoint = `http://127.0.0.1:${port}/v1`;
    fake.close = () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections()));
    await use(fake);
    await fake.close();
  },

  site: async ({}, use) => {
    const site = await serveSite({ root: 'tests/browser/pages', policy: () => strictPolicy('http://127.0.0.1:*') });
    await use(site);
    await site.close();
  },
});

/** The API's answer with token number `n`. */
export const grant = (n, expiresIn = 1200) => ({
  accessToken: `token-${n}`,
  expiration: Math.floor(Date.now() / 1000) + expiresIn,
  expires_in: expiresIn,
  apis: {},
});

export function json(response, status, body, headers = {}) {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** Makes `window.client` in the page with the ES module. `api` is the fixture `authd` or `fake`. */
export async function makeClient(page, { domainKey = 'the-domain-key', apiKey = 'the-api-key', endpoint }, more = {}) {
  const options = { endpoint, ...more };
  await page.evaluate(
    async ([domainKey, apiKey, options]) => {
      const { createFromDomainKey } = await import('/dist/inbenta-auth.js');
      window.client = createFromDomainKey(domainKey, apiKey, options);
      window.events = [];
      for (const type of ['token', 'error', 'expired', 'quota'])
        window.client.addEventListener(type, ({ detail }) =>
          window.events.push([type, detail?.code ?? detail?.accessToken]),
        );
    },
    [domainKey, apiKey, options],
  );
}

/**
 * Makes the timers of a page fifty times as long. A tab waits 35 ms for the answer of another one, and some seconds for a tab
 * that hangs. A busy machine can be slower than that; then a test would count what the machine does. For tests in which an
 * answer always comes and nothing is tried again.
 */
export const slowTimers = (page) =>
  page.evaluate(() => {
    const real = window.setTimeout;
    window.setTimeout = (run, ms, ...more) => real(run, 50 * ms, ...more);
  });

/** Calls getToken of the page's client. Returns the token, or the fields of the error. */
export const getToken = (page, options = {}) =>
  page.evaluate(
    (options) =>
      window.client.getToken(options).then(
        (token) => ({ ...token, apis: { ...token.apis } }),
        ({ name, code, status, retryable, retryAfterMs, attempts, hint }) => ({
          name,
          code,
          status,
          retryable,
          retryAfterMs,
          attempts,
          hint,
        }),
      ),
    options,
  );
