// A page in each browser with the real local Auth API.

import { Authd } from '../support/authd.js';
import { serveSite, strictPolicy } from '../support/site.js';
import { expect, getToken, makeClient, ONLY_CHROMIUM, test } from './fixture.js';

// Who started a request is in Chromium's DevTools protocol. trouble.test.js reads the same headers at the API, in every
// browser.
test(
  'a page gets a token by emscripten_fetch, with the browser’s own Origin',
  ONLY_CHROMIUM,
  async ({ page, site, authd }) => {
    const session = await page.context().newCDPSession(page);
    await session.send('Network.enable');
    const sent = [];
    const headers = {};
    session.on('Network.requestWillBeSent', (event) => event.request.method == 'POST' && sent.push(event));
    session.on('Network.requestWillBeSentExtraInfo', (event) => (headers[event.requestId] = event.headers));
    await page.goto(site.origin);
    await makeClient(page, authd);
    const token = await getToken(page);
    expect(token.accessToken).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(token.apis).toEqual({ chatbot: 'https://api.example/prod/chatbot' });
    expect(sent.map(({ request }) => request.url)).toEqual([`${authd.endpoint}/auth`]);
    expect(sent[0].type).toBe('Fetch');
    expect(sent[0].initiator.stack.callFrames.some(({ url }) => url.startsWith('wasm:'))).toBe(true);
    const own = Object.fromEntries(
      Object.entries(headers[sent[0].requestId]).map(([name, value]) => [name.toLowerCase(), value]),
    );
    expect(own.origin).toBe(site.origin);
    expect(own['x-inbenta-key']).toBe(authd.apiKey);
    expect(own.cookie).toBeUndefined();
    expect(await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie])).toEqual([
      0,
      0,
      '',
    ]);
  },
);

test.describe('short lives', () => {
  test.use({ lifetimeS: 20 }); // the background asks at most every 10 s

  test('refreshes by itself before expiry', async ({ page, site, authd }) => {
    await page.goto(site.origin);
    await makeClient(page, authd);
    const first = await getToken(page);
    await expect.poll(() => page.evaluate(() => window.events.length), { timeout: 45_000 }).toBeGreaterThan(2);
    const events = await page.evaluate(() => window.events);
    expect(new Set(events.map(([type]) => type))).toEqual(new Set(['token']));
    expect(new Set(events.map(([, token]) => token)).size).toBe(events.length);
    expect(events[0][1]).toBe(first.accessToken);
    expect(authd.authd.log.filter((line) => line.includes('/refreshToken 200')).length).toBeGreaterThan(1);
    expect(authd.authd.log.filter((line) => line.includes('POST /v1/auth 200')).length).toBe(1);
  });

  test('after a key is revoked, the next refresh fails with key_revoked', async ({ page, site, authd }) => {
    await page.goto(site.origin);
    await makeClient(page, authd);
    await getToken(page);
    await authd.authd.command('domain-key', 'revoke', authd.id);
    await expect.poll(() => page.evaluate(() => window.events.at(-1)[1]), { timeout: 30_000 }).toBe('key_revoked');
    expect(await page.evaluate(() => window.client.token)).toBeNull();
    expect(await getToken(page)).toMatchObject({
      name: 'AuthError',
      code: 'key_revoked',
      status: 403,
      retryable: false,
    });
    const requests = authd.authd.log.length;
    await page.waitForTimeout(2500);
    expect(authd.authd.log.length).toBe(requests); // no request in the background
  });
});

test('on a refused origin, the error names the origin to add', async ({ page, authd }) => {
  const other = await serveSite({ root: 'tests/browser/pages', policy: () => strictPolicy('http://127.0.0.1:*') });
  await page.goto(other.origin);
  await makeClient(page, authd);
  expect(await getToken(page)).toMatchObject({
    code: 'origin_not_allowed',
    status: 403,
    hint: `Add ${other.origin} to the domain key's list of domains.`,
  });
  await other.close();
});

test('outside a browser there is no Origin, and the domain key is refused', async ({ authd }) => {
  const send = (headers) =>
    fetch(`${authd.endpoint}/auth`, {
      method: 'POST',
      headers: { 'x-inbenta-key': authd.apiKey, 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify({ domainKey: authd.domainKey }),
    });
  const answer = await send();
  expect(answer.status).toBe(403);
  expect((await answer.json()).error.reason).toBe('origin_not_allowed');
});

test('wrong keys are credentials_rejected', async ({ page, site, authd }) => {
  await page.goto(site.origin);
  await makeClient(page, { ...authd, domainKey: 'wrong' });
  expect(await getToken(page)).toMatchObject({ code: 'credentials_rejected', status: 400 });
  await makeClient(page, { ...authd, apiKey: 'wrong' });
  expect(await getToken(page)).toMatchObject({ code: 'credentials_rejected', status: 403 });
});

test('the script tag is one file, and its data attributes make the client', async ({ page, authd, site }) => {
  const attributes = `data-domain-key="${authd.domainKey}" data-api-key="${authd.apiKey}" data-endpoint="${authd.endpoint}"`;
  const tagged = await serveSite({
    root: 'tests/browser/pages',
    files: { '/tag.html': `<!doctype html><script src="/dist/inbenta-auth.min.js" ${attributes}></script>` },
    // connect-src does not allow the page's own origin: the WebAssembly module is inside the script.
    policy: () => strictPolicy(authd.endpoint.replace('/v1', '')).replace(" 'self'; style-src", '; style-src'),
  });
  await authd.authd.command('domain-key', 'set-domains', authd.id, '--domain', site.origin, '--domain', tagged.origin);
  await page.goto(`${tagged.origin}/tag.html`);
  expect(await page.evaluate(() => Object.keys(InbentaAuthSDK).sort())).toEqual([
    'AuthClient',
    'AuthError',
    'client',
    'createFromAccessToken',
    'createFromDomainKey',
    'tokenFrom',
  ]);
  const token = await page.evaluate(() => InbentaAuthSDK.client.getToken());
  expect(token.accessToken).toBeTruthy();
  expect(tagged.requested).toEqual(['/tag.html', '/dist/inbenta-auth.min.js']);
  await tagged.close();
});

test('the script tag without attributes makes no client', async ({ page, site }) => {
  await page.goto(`${site.origin}/script-tag.html`);
  expect(await page.evaluate(() => InbentaAuthSDK.client)).toBeUndefined();
});

test.describe('policies', () => {
  for (const [name, path] of [
    ['ES module', '/'],
    ['script tag', '/script-tag.html'],
  ])
    test(`without wasm-unsafe-eval, ${name}: wasm_blocked_by_csp`, async ({ page }) => {
      const strict = await serveSite({
        root: 'tests/browser/pages',
        policy: () => strictPolicy('http://127.0.0.1:*', { wasm: false }),
      });
      await page.goto(strict.origin + path);
      const error = await page.evaluate(async () => {
        const { createFromDomainKey } = window.InbentaAuthSDK ?? (await import('/dist/inbenta-auth.js'));
        const client = createFromDomainKey('d', 'k', { endpoint: 'http://127.0.0.1:9/v1' });
        return client.getToken().catch(({ code, hint }) => ({ code, hint }));
      });
      expect(error).toEqual({
        code: 'wasm_blocked_by_csp',
        hint: "Add 'wasm-unsafe-eval' to the script-src of the CSP.",
      });
      await strict.close();
    });

  test('a missing or wrong wasm file is wasm_unavailable', async ({ page, authd }) => {
    for (const wasm of ['/missing.wasm', '/index.html']) {
      const broken = await serveSite({ root: 'tests/browser/pages', policy: () => strictPolicy('http://127.0.0.1:*') });
      await page.goto(broken.origin);
      await makeClient(page, authd, { wasm });
      expect(await getToken(page)).toMatchObject({ code: 'wasm_unavailable' });
      await broken.close();
    }
  });

  test('inbenta-auth/external and a connect-src that leaves out its module: wasm_unavailable', async ({
    page,
    authd,
  }) => {
    const strict = await serveSite({
      root: 'tests/browser/pages',
      policy: () => strictPolicy('http://127.0.0.1:1').replace("'self'; style-src", '; style-src'),
    });
    await page.goto(strict.origin);
    await page.evaluate(async ({ endpoint }) => {
      const { createFromDomainKey } = await import('/dist/external.js');
      window.client = createFromDomainKey('the-domain-key', 'the-api-key', { endpoint });
    }, authd);
    expect(await getToken(page)).toMatchObject({ code: 'wasm_unavailable' });
    await strict.close();
  });
});

test('clients of two Auth APIs do not share tokens', async ({ page, site, authd }) => {
  const other = await Authd.create();
  const apiKey = await other.createApiKey();
  const endpoint = await other.serve();
  await page.goto(site.origin);
  await makeClient(page, authd);
  const { accessToken } = await getToken(page);
  const answer = await fetch(`${endpoint}/refreshToken`, {
    method: 'POST',
    headers: { 'x-inbenta-key': apiKey, Authorization: `Bearer ${accessToken}`, Origin: site.origin },
  });
  expect(answer.status).toBe(403);
  await other.remove();
});
