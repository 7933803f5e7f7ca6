// A page in each browser with the emulator, as in users' own headless tests.

import { randomBytes } from 'node:crypto';
import { startEmulator } from 'inbenta-auth/emulator';
import { expect, getToken, makeClient, test as base } from './fixture.js';

const ADMIN_TOKEN = randomBytes(24).toString('base64url');

const test = base.extend({
  emulator: async ({ site }, use) => {
    const emulator = await startEmulator({
      domains: [site.origin],
      apis: { chatbot: 'https://api.example/prod/chatbot' },
      adminToken: ADMIN_TOKEN,
    });
    await use(emulator);
    await emulator.close();
  },
});

const posts = ({ requests }) =>
  requests
    .filter(({ method }) => method == 'POST')
    .map(({ status, reason }) => [status, reason].filter(Boolean).join(' '));

test('a page gets a token; on another origin the error names the origin to add', async ({ page, site, emulator }) => {
  await page.goto(site.origin);
  await makeClient(page, emulator);
  expect((await getToken(page)).apis).toEqual({ chatbot: 'https://api.example/prod/chatbot' });
  expect(emulator.requests.at(-1)).toMatchObject({
    path: '/v1/auth',
    status: 200,
    origin: site.origin,
    keyId: emulator.domainKeyId,
  });
  await emulator.setDomains(emulator.domainKeyId, ['shop.example']);
  await makeClient(page, emulator, { shareAcrossTabs: false });
  expect(await getToken(page)).toMatchObject({
    code: 'origin_not_allowed',
    hint: `Add ${site.origin} to the domain key's list of domains.`,
  });
});

test('a page can read an injected status, Retry-After and half a body', async ({ page, site, emulator }) => {
  await page.goto(site.origin);
  await makeClient(page, emulator);
  emulator.set({ status: 429, retryAfterS: 30 });
  expect(await getToken(page, { timeoutMs: 5000 })).toMatchObject({
    code: 'rate_limited',
    status: 429,
    retryable: true,
  });
  expect((await getToken(page, { timeoutMs: 5000 })).retryAfterMs).toBeGreaterThan(20_000);
  await emulator.reset();
  await makeClient(page, emulator, { shareAcrossTabs: false });
  emulator.set({ cutOff: true, next: 1 });
  expect((await getToken(page)).accessToken).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
  expect(posts(emulator)).toEqual(['200 cut_off', '200']);
});

test('a token is refreshed before it expires, although the server’s clock is an hour off', async ({
  page,
  site,
  emulator,
}) => {
  emulator.set({ lifetimeS: 20, clockOffsetS: -3600 }); // the background asks at most every 10 s
  await page.goto(site.origin);
  await makeClient(page, emulator);
  await getToken(page);
  await expect
    .poll(() => emulator.requests.filter(({ path, status }) => path == '/v1/refreshToken' && status == 200).length, {
      timeout: 40_000,
    })
    .toBeGreaterThan(1);
  expect(await page.evaluate(() => window.events.every(([type]) => type == 'token'))).toBe(true);
});

test('the emulator serves the administration page', async ({ page, emulator }) => {
  await page.goto(`${emulator.url}/admin/`);
  // Before that, the page's script may not have run, and the button would only load the page again.
  await expect.poll(() => page.evaluate(() => document.readyState)).toBe('complete');
  await page.evaluate((token) => {
    document.querySelector('input').value = token;
    document.querySelector('form button').click();
  }, ADMIN_TOKEN);
  await expect
    .poll(() => page.evaluate(() => [...document.querySelectorAll('h2')].map(({ textContent }) => textContent).join()))
    .toContain('emulator');
  expect(await page.evaluate((id) => !!document.getElementById(id), emulator.domainKeyId)).toBe(true);
});
