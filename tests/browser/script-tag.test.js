// The script tag on difficult pages: hostile markup, mistakes, a taken name, two tags, a module.

import { serveSite, strictPolicy } from '../support/site.js';
import { expect, grant, json, NOT_WEBKIT, test } from './fixture.js';

/** Opens a page with this body under the strict policy. */
async function open(page, body, head = '') {
  const site = await serveSite({
    root: 'tests/browser/pages',
    files: {
      '/tag.html': `<!doctype html><html><head>${head}</head><body>${body}</body></html>`,
      '/own.js': 'const InbentaAuth = { own: true };',
      '/replace.js': REPLACE,
    },
    policy: () => strictPolicy('http://127.0.0.1:*'),
  });
  await page.goto(`${site.origin}/tag.html`);
  return site;
}

/** Replaces functions as old pages do, and removes functions that old browsers do not have. */
const REPLACE = `
  Array.from = (things) => [].slice.call(things);
  delete Object.hasOwn;
  delete AbortSignal.timeout;
  delete Symbol.dispose;
  Array.prototype.extra = function () {};
  Object.defineProperty(Response.prototype, 'body', { value: undefined });
  window.BroadcastChannel = function () { throw new DOMException('denied', 'SecurityError'); };`;

const tag = (attributes) => `<script src="/dist/inbenta-auth.min.js" ${attributes}></script>`;

const keysFor = (fake) => `data-domain-key="d" data-api-key="k" data-endpoint="${fake.endpoint}"`;

const tokenOfTag = (page) =>
  page.evaluate(() =>
    InbentaAuthSDK.client.getToken().then(
      ({ accessToken }) => accessToken,
      ({ code, hint }) => [code, hint],
    ),
  );

test.beforeEach(({ fake }) => {
  fake.answer = (response, request, n) => json(response, 200, grant(n));
});

test('markup that shadows DOM properties is ignored: the tag’s own attributes count', async ({ page, fake }) => {
  const evil = 'data-domain-key="evil" data-api-key="evil" data-endpoint="http://127.0.0.1:9/v1"';
  const shadows = ['currentScript', 'head', 'createElement', 'dataset', 'querySelector']
    .map((name) => `<img name="${name}" id="${name}" ${evil}>`)
    .join('');
  const site = await open(
    page,
    `${shadows}<img id="InbentaAuthSDK"><form name="InbentaAuthSDK"></form>${tag(keysFor(fake))}`,
  );
  expect(await tokenOfTag(page)).toBe('token-1');
  expect(fake.requests.length).toBe(1);
  await site.close();
});

test('a page may have its own `const InbentaAuth`, before or after the tag', async ({ page, fake }) => {
  const own = '<script src="/own.js"></script>';
  for (const body of [own + tag(keysFor(fake)), tag(keysFor(fake)) + own]) {
    const errors = [];
    page.on?.('pageerror', (error) => errors.push(String(error))); // WebDriver does not report page errors
    const site = await open(page, body);
    expect(await tokenOfTag(page)).toMatch(/^token-/);
    expect(await page.evaluate(() => InbentaAuth.own)).toBe(true);
    expect(errors).toEqual([]);
    await site.close();
  }
});

test('a mistake on the tag is reported on the console, and the global exists', NOT_WEBKIT, async ({ page }) => {
  const mistakes = [
    'data-domain-key="d"',
    'data-api-key="k"',
    'data-domainKey="d" data-apiKey="k"', // HTML makes these data-domainkey and data-apikey
    'data-domain-key="two words" data-api-key="k"',
    'data-domain-key="d" data-api-key="k" data-endpoint="api.inbenta.io"',
    'data-domain-key="d" data-api-key="k" data-persist="local"',
  ];
  for (const mistake of mistakes) {
    const errors = [];
    page.on('console', (message) => message.type() == 'error' && errors.push(message.text()));
    const site = await open(page, tag(mistake));
    expect(
      await page.evaluate(() => [typeof InbentaAuthSDK.createFromDomainKey, typeof InbentaAuthSDK.client]),
      mistake,
    ).toEqual(['function', 'undefined']);
    expect(errors.filter((text) => text.includes('InbentaAuthSDK')).length, mistake).toBe(1);
    await site.close();
    page.removeAllListeners('console');
  }
});

test('other data-… attributes are ignored; options can be attributes of the tag', async ({ page, fake }) => {
  const more = `data-domain-key="d" data-api-key="k" data-connection-entry-point="${fake.endpoint.replace('/v1', '')}" data-cfasync="false" data-persist="session" data-user-type="2"`;
  const site = await open(page, tag(more));
  expect(await tokenOfTag(page)).toBe('token-1');
  await page.goto(`${site.origin}/tag.html`); // the next page view finds the token in storage
  expect(await tokenOfTag(page)).toBe('token-1');
  expect(fake.requests.map(({ url }) => url)).toEqual(['/v1/auth']);
  await site.close();
});

test('the tag may have defer or async', async ({ page, fake }) => {
  for (const attribute of ['defer', 'async']) {
    const site = await open(page, '', tag(`${attribute} ${keysFor(fake)}`)); // goto waits until it has run
    expect(await tokenOfTag(page)).toMatch(/^token-/);
    await site.close();
  }
});

test('the script works twice in a page, and as a module', async ({ page, fake }) => {
  let site = await open(page, tag(keysFor(fake)) + tag(keysFor(fake)));
  expect(await tokenOfTag(page)).toBe('token-1');
  await site.close();
  site = await open(page, tag(keysFor(fake)) + tag(''));
  expect(await tokenOfTag(page)).toMatch(/^token-/);
  await site.close();
  site = await open(page, tag(`type="module" ${keysFor(fake)}`));
  expect(await page.evaluate(() => [typeof InbentaAuthSDK.createFromDomainKey, typeof InbentaAuthSDK.client])).toEqual([
    'function',
    'undefined',
  ]);
  await site.close();
});

test('the script works in an old browser whose functions the page replaces', async ({ page, fake }) => {
  const site = await open(page, tag(keysFor(fake)), '<script src="/replace.js"></script>');
  const [accessToken, expiresAt, type] = await page.evaluate(() =>
    InbentaAuthSDK.client.getToken().then(
      ({ accessToken, expiresAt }) => [accessToken, expiresAt, typeof expiresAt],
      ({ code, hint }) => [code, hint],
    ),
  );
  expect([accessToken, type]).toEqual(['token-1', 'number']);
  expect(Math.abs(expiresAt - Date.now() - 1_200_000)).toBeLessThan(10_000);
  await site.close();
});

test('without WebAssembly, the error names the cause', async ({ page, site }) => {
  await page.goto(`${site.origin}/script-tag.html`);
  const error = await page.evaluate(() => {
    delete window.WebAssembly;
    return InbentaAuthSDK.createFromDomainKey('d', 'k', { endpoint: 'http://127.0.0.1:9/v1' })
      .getToken()
      .catch(({ code, hint }) => [code, hint]);
  });
  expect(error[0]).toBe('wasm_unavailable');
  expect(error[1]).toContain('no WebAssembly');
});

test('in a sandboxed frame and in a file, the hint names the missing origin', NOT_WEBKIT, async ({ page, fake }) => {
  fake.answer = (response) =>
    json(response, 403, { error: { code: 403, message: 'Origin not allowed', reason: 'origin_not_allowed' } });
  const outer = await serveSite({
    root: 'tests/browser/pages',
    files: {
      '/outer.html': '<!doctype html><iframe sandbox="allow-scripts" src="/tag.html"></iframe>',
      '/tag.html': `<!doctype html>${tag(keysFor(fake))}`,
    },
    policy: () => strictPolicy('http://127.0.0.1:*', { frames: "'self'" }).replaceAll("'self'", '*'),
  });
  await page.goto(`${outer.origin}/outer.html`);
  const frame = page.frames()[1];
  const error = await frame.evaluate(() => InbentaAuthSDK.client.getToken().catch(({ code, hint }) => [code, hint]));
  expect(error).toEqual([
    'origin_not_allowed',
    'This page has no origin: it is a file, or in a sandbox without allow-same-origin.',
  ]);
  await outer.close();
});
