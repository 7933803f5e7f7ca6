// Failures between a page and its API. In each browser, every failure is a clear AuthError, never a hanging promise.

import { expect, getToken, grant, json, makeClient, test } from './fixture.js';

test.beforeEach(({ page, site }) => page.goto(site.origin));

const CASES = {
  'invalid JSON': [
    (response) => response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"accessTo'),
    { code: 'bad_response', status: 200 },
  ],
  'an HTML page': [
    (response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>Hotel</h1>'),
    { code: 'bad_response', status: 200 },
  ],
  'an oversized body': [
    (response) => json(response, 200, { ...grant(1), more: 'x'.repeat(5_000_000) }),
    { code: 'body_too_large' },
  ],
  'an endless body': [
    (response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      const timer = setInterval(() => response.write('x'.repeat(20_000)), 5);
      response.on('close', () => clearInterval(timer));
    },
    { code: 'body_too_large' },
  ],
  'a cut-off body': [
    (response) => {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '500' });
      response.write('{"accessToken":"');
      setTimeout(() => response.destroy(), 20);
    },
    { code: 'network', status: 0, retryable: true },
  ],
  'a connection that is dropped': [(response) => response.destroy(), { code: 'network', retryable: true }],
  'a server error': [(response) => json(response, 503, {}), { code: 'server_error', status: 503, retryable: true }],
  'no answer at all': [() => {}, { code: 'timeout', retryable: true }],
  'an answer without CORS': [
    (response) => (response.removeHeader('Access-Control-Allow-Origin'), json(response, 200, grant(1))),
    { code: 'network', retryable: true },
  ],
};
for (const [name, [answer, error]] of Object.entries(CASES))
  test(name, async ({ page, fake }) => {
    fake.answer = answer;
    await makeClient(page, fake);
    // Retried failures last until the deadline, so it is short. One attempt must fit into it, even on a slow machine.
    const timeoutMs = error.retryable ? 4000 : 20_000;
    expect(await getToken(page, { timeoutMs })).toMatchObject({ name: 'AuthError', ...error });
  });

test('a refused connection is a network error', async ({ page, fake }) => {
  await fake.close();
  await makeClient(page, fake);
  expect(await getToken(page, { timeoutMs: 4000 })).toMatchObject({ code: 'network', status: 0 });
});

test('a redirect to another origin gives no token', async ({ page, fake, site }) => {
  fake.answer = (response, request, n) =>
    request.url == '/v1/auth'
      ? response.writeHead(307, { Location: `${fake.endpoint.replace('127.0.0.1', 'localhost')}/elsewhere` }).end()
      : json(response, 200, grant(n));
  await makeClient(page, fake);
  expect(await getToken(page, { timeoutMs: 4000 })).toMatchObject({ code: 'bad_response' });
  expect(site.origin).toContain('127.0.0.1');
});

test('after 429 the client waits for Retry-After', async ({ page, fake }) => {
  fake.answer = (response, request, n) =>
    n == 1 ? json(response, 429, {}, { 'Retry-After': '2' }) : json(response, 200, grant(n));
  await makeClient(page, fake);
  expect(await getToken(page)).toMatchObject({ accessToken: 'token-2' });
  expect(fake.requests[1].at - fake.requests[0].at).toBeGreaterThan(1950);
});

test('100 callers share one request, and an aborted caller does not end it', async ({ page, fake }) => {
  fake.answer = (response, request, n) => setTimeout(() => json(response, 200, grant(n)), 200);
  await makeClient(page, fake);
  const results = await page.evaluate(async () => {
    const controller = new AbortController();
    const calls = Array.from({ length: 100 }, (_, i) =>
      window.client.getToken(i == 7 ? { signal: controller.signal } : {}),
    );
    setTimeout(() => controller.abort(), 50);
    return (await Promise.allSettled(calls)).map(({ value, reason }) => value?.accessToken ?? reason.code);
  });
  expect(results[7]).toBe('aborted');
  expect(results.filter((result) => result == 'token-1').length).toBe(99);
  expect(fake.requests.length).toBe(1);
});

test('dispose aborts the request in flight, and nothing happens later', async ({ page, fake }) => {
  const closed = new Promise((resolve) => (fake.answer = (response) => response.on('close', resolve)));
  await page.evaluate(() => {
    window.problems = [];
    window.addEventListener('error', ({ message }) => window.problems.push(message));
    window.addEventListener('unhandledrejection', ({ reason }) => window.problems.push(String(reason)));
  });
  await makeClient(page, fake);
  const pending = getToken(page);
  await expect.poll(() => fake.requests.length).toBe(1);
  await page.evaluate(() => window.client.dispose());
  expect(await pending).toMatchObject({ code: 'disposed' });
  await closed;
  expect(await page.evaluate(() => window.problems)).toEqual([]);
});

test('a request that times out is aborted, and the next one succeeds', async ({ page, fake }) => {
  fake.answer = (response, request, n) => n > 1 && json(response, 200, grant(n));
  await makeClient(page, fake, { timeoutMs: 500 });
  expect(await getToken(page, { timeoutMs: 5000 })).toMatchObject({ accessToken: 'token-2' });
});

test('the API gets the browser’s own Origin and the API key, and no cookie; the page stores nothing', async ({
  page,
  site,
  fake,
}) => {
  let headers;
  fake.answer = (response, request, n) => ((headers = request.headers), json(response, 200, grant(n)));
  await makeClient(page, fake);
  await getToken(page);
  expect(headers).toMatchObject({ origin: site.origin, 'x-inbenta-key': 'the-api-key' });
  expect(headers.cookie).toBeUndefined();
  expect(await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie])).toEqual([0, 0, '']);
});

// Uses the browser's offline switch. WebDriver has none: for WebKit, the API stops and starts again, and the test
// dispatches the event.
test('a page that was offline gets a token when it is online again', async ({ page, fake, context, engine }) => {
  fake.answer = (response, request, n) => json(response, 200, grant(n));
  await makeClient(page, fake);
  await page.evaluate(() => window.client.getToken().then((token) => window.client.invalidate(token.accessToken)));
  const offline = engine == 'webkit' ? (is) => (is ? fake.close() : fake.open()) : (is) => context.setOffline(is);
  await offline(true);
  const pending = getToken(page, { timeoutMs: 20_000 });
  await page.waitForTimeout(1500);
  await offline(false);
  if (engine == 'webkit') await page.evaluate(() => void window.dispatchEvent(new Event('online')));
  expect(await pending).toMatchObject({ accessToken: 'token-2' });
});

test('after a sleep longer than the token’s lifetime, the client starts again at /auth', async ({ page, fake }) => {
  fake.answer = (response, request, n) => json(response, 200, grant(n));
  await makeClient(page, fake);
  await getToken(page);
  await page.evaluate(() => {
    const real = Date.now;
    Date.now = () => real() + 7_200_000; // the monotonic clock may stop during sleep
    window.dispatchEvent(new Event('online'));
  });
  // Requests in the background are at least 10 s apart, by the clock that stopped.
  await expect
    .poll(() => page.evaluate(() => window.events.map(([type]) => type)), { timeout: 15_000 })
    .toEqual(['token', 'expired', 'token']);
  expect(fake.requests.map(({ url }) => url)).toEqual(['/v1/auth', '/v1/auth']);
  expect(await page.evaluate(() => window.client.token.accessToken)).toBe('token-2');
});

test('if a WebAssembly instance fails, all callers get a clear error, and the next call uses a new instance', async ({
  page,
  fake,
}) => {
  fake.answer = (response, request, n) => json(response, 200, grant(n));
  await makeClient(page, fake);
  const results = await page.evaluate(async () => {
    const real = Date.now;
    const pending = Promise.allSettled([window.client.getToken(), window.client.getToken()]);
    // Throws through C frames, as a trap does.
    Date.now = () => {
      throw new WebAssembly.RuntimeError('unreachable');
    };
    const first = await pending;
    Date.now = real;
    return [...first.map(({ reason }) => reason.code), (await window.client.getToken()).accessToken];
  });
  expect(results).toEqual(['wasm_unavailable', 'wasm_unavailable', 'token-1']);
});
