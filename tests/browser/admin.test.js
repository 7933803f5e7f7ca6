// The administration page in a browser, against the real server. Elements are found by label and role, as users do.

import { randomBytes } from 'node:crypto';
import axe from 'axe-core';
import { Authd } from '../support/authd.js';
import { expect, test as base } from './fixture.js';

const ORIGIN = 'https://shop.example';

const test = base.extend({
  /**
   * A server with administration, an API key "shop" and a domain key. `problems` are errors that the browser reports.
   */
  admin: async ({ page }, use) => {
    const authd = await Authd.create();
    const apiKey = await authd.createApiKey('shop');
    const { id, domainKey } = await authd.createDomainKey(apiKey, [ORIGIN]);
    const adminToken = randomBytes(24).toString('base64url');
    const endpoint = await authd.serve({ adminToken, words: ['--throttle', '100/31536000'] });
    const problems = [];
    // The policy allows no images. Browsers request an icon by themselves, and report it as blocked.
    const addProblem = (text) => text.includes('/favicon.ico') || problems.push(text);
    page.on('console', (message) => message.type() == 'error' && addProblem(message.text()));
    page.on('pageerror', (error) => addProblem(error.message));
    await use({ authd, apiKey, id, domainKey, adminToken, endpoint, url: new URL('/admin/', endpoint).href, problems });
    await authd.remove();
  },
});

async function signIn(page, { url, adminToken }) {
  await page.goto(url);
  await page.getByLabel('Admin token').fill(adminToken);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { name: 'shop' })).toBeVisible();
}

/** Sends /auth with a domain key or a secret. Returns the status, and the reason of a refusal. */
async function auth({ endpoint }, apiKey, body, origin = ORIGIN) {
  const headers = { 'x-inbenta-key': apiKey, 'Content-Type': 'application/json', Origin: origin };
  const answer = await fetch(`${endpoint}/auth`, { method: 'POST', headers, body: JSON.stringify(body) });
  return [answer.status, (await answer.json()).error?.reason].filter(Boolean).join(' ');
}

const dialog = (page) => page.getByRole('dialog');
const credential = (page, id) => page.locator(`#${id}`);

test('a wrong admin token shows nothing; the right one is in memory only', async ({ page, admin }) => {
  await page.goto(admin.url);
  await page.getByLabel('Admin token').fill('x'.repeat(40));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert')).toHaveText('This is not the admin token.');
  await expect(page.getByLabel('Admin token')).toBeFocused();
  await expect(page.getByText('shop')).toHaveCount(0);
  expect(admin.problems.filter((problem) => !problem.includes('401'))).toEqual([]);

  await signIn(page, admin);
  await expect(page.getByRole('alert')).toHaveCount(0);
  await expect(page.getByLabel('Admin token')).toBeHidden();
  expect(await page.content()).not.toContain(admin.adminToken);
  expect(
    await page.evaluate(() => [
      localStorage.length,
      sessionStorage.length,
      document.cookie,
      location.search,
      location.hash,
    ]),
  ).toEqual([0, 0, '', '', '']);
  await expect.poll(() => admin.authd.log.some((line) => line.includes('GET /admin/secrets 200'))).toBe(true);
  expect(admin.authd.log.join()).not.toContain(admin.adminToken);

  await page.reload();
  await expect(page.getByLabel('Admin token')).toBeVisible();
  await signIn(page, admin);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'shop' })).toHaveCount(0);
  await expect(page.getByLabel('Admin token')).toBeFocused();
});

test('a new API key and changed domains of a domain key apply to /auth', async ({ page, admin }) => {
  await signIn(page, admin);
  await page.getByRole('button', { name: 'New API key' }).click();
  await dialog(page).getByLabel('Name').fill('<b>Café</b>');
  await dialog(page).getByRole('button', { name: 'Create' }).click();
  const section = page.locator('.api-key').filter({ has: page.getByRole('heading', { name: '<b>Café</b>' }) });
  await expect(section).toBeFocused();
  const apiKey = await section.locator('[data-field=apiKey]').innerText();

  await section.getByRole('button', { name: 'New domain key' }).click();
  await dialog(page).getByLabel('Domains').fill('shop.example/path');
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await expect(dialog(page).getByRole('alert')).toContainText('Domain shop.example/path: ');
  await dialog(page).getByLabel('Domains').fill('  shop.example\n\n*.bücher.example\n');
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await expect(dialog(page)).toHaveCount(0);
  await expect(section.getByRole('list', { name: 'Domains' }).getByRole('listitem')).toHaveText([
    'shop.example',
    '*.xn--bcher-kva.example',
  ]);
  const domainKey = await section.locator('[data-field=domainKey]').first().innerText();
  expect(await auth(admin, apiKey, { domainKey })).toBe('200');
  expect(await auth(admin, apiKey, { domainKey }, 'https://other.example')).toBe('403 origin_not_allowed');

  await section.getByRole('button', { name: 'Change domains' }).click();
  await expect(dialog(page).getByLabel('Domains')).toHaveValue('shop.example\n*.xn--bcher-kva.example');
  await dialog(page).getByLabel('Domains').fill('other.example');
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await expect(section.getByRole('list', { name: 'Domains' }).getByRole('listitem')).toHaveText(['other.example']);
  expect(await auth(admin, apiKey, { domainKey })).toBe('403 origin_not_allowed');
  expect(await auth(admin, apiKey, { domainKey }, 'https://other.example')).toBe('200');
  expect(admin.problems.filter((problem) => !problem.includes('400'))).toEqual([]);
});

test('a key is revoked with two clicks, and /auth refuses it immediately', async ({ page, admin }) => {
  const body = { domainKey: admin.domainKey };
  await signIn(page, admin);
  expect(await auth(admin, admin.apiKey, body)).toBe('200');
  await page.getByRole('button', { name: `Revoke: ${admin.id}` }).click();
  await expect(dialog(page)).toContainText('This cannot be undone.');
  await dialog(page).getByRole('button', { name: 'Cancel' }).click();
  await expect(dialog(page)).toHaveCount(0);
  await expect(page.getByRole('button', { name: `Revoke: ${admin.id}` })).toBeFocused();
  expect(await auth(admin, admin.apiKey, body)).toBe('200');

  await page.getByRole('button', { name: `Revoke: ${admin.id}` }).click();
  await dialog(page).getByRole('button', { name: 'Revoke' }).click();
  await expect(page.getByRole('status')).toHaveText(`${admin.id} was revoked.`);
  expect(await auth(admin, admin.apiKey, body)).toBe('403 key_revoked');
  await expect(credential(page, admin.id)).toContainText('revoked');
  await expect(credential(page, admin.id).getByRole('button', { name: 'Revoke' })).toHaveCount(0);
  expect(admin.problems).toEqual([]);
});

test('the worst day: an API key is revoked, a signing key is revoked; each is refused immediately', async ({
  page,
  admin,
}) => {
  const { apiKey, domainKey } = admin;
  await signIn(page, admin);
  const granted = await fetch(`${admin.endpoint}/auth`, {
    method: 'POST',
    headers: { 'x-inbenta-key': apiKey, 'Content-Type': 'application/json', Origin: ORIGIN },
    body: JSON.stringify({ domainKey }),
  });
  const { accessToken } = await granted.json();
  const refresh = async () => {
    const headers = { 'x-inbenta-key': apiKey, Authorization: `Bearer ${accessToken}`, Origin: ORIGIN };
    return (await fetch(`${admin.endpoint}/refreshToken`, { method: 'POST', headers })).status;
  };
  expect(await refresh()).toBe(200);

  await page.locator('#signing').getByRole('button', { name: 'Revoke' }).click();
  await dialog(page).getByRole('button', { name: 'Revoke' }).click();
  await expect(page.getByRole('status')).toContainText('was revoked.');
  await expect.poll(refresh).toBe(403);
  expect(await auth(admin, apiKey, { domainKey })).toBe('200');

  await page.getByRole('button', { name: 'Revoke: shop' }).click();
  await expect(dialog(page)).toContainText('cannot be undone');
  await dialog(page).getByRole('button', { name: 'Revoke' }).click();
  await expect(page.getByRole('heading', { name: 'shop revoked' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'New domain key' })).toBeHidden();
  expect(await auth(admin, apiKey, { domainKey })).toMatch(/^403/);
});

test('a secret, by keyboard alone: shown once, used, revoked', async ({ page, admin }) => {
  await page.goto(admin.url);
  const press = async (name) => {
    const button = page.getByRole('button', { name, exact: true });
    for (let tabs = 0; tabs < 40 && !(await button.evaluate((element) => element == document.activeElement)); tabs++)
      await page.keyboard.press('Tab');
    await expect(button).toBeFocused();
    await page.keyboard.press('Enter');
  };
  await page.getByLabel('Admin token').focus();
  await page.keyboard.insertText(admin.adminToken);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'shop' })).toBeVisible();

  await press('New secret: shop');
  await expect(dialog(page)).toContainText('It is not shown again');
  const secret = await dialog(page).locator('code').innerText();
  expect(await auth(admin, admin.apiKey, { secret })).toBe('200');
  await page.keyboard.press('Escape');
  const [{ id }] = await admin.authd.command('secret', 'list');
  await expect(credential(page, id)).toBeFocused();
  expect(await page.content()).not.toContain(secret);

  await press(`Revoke: ${id}`);
  await expect(dialog(page)).toBeVisible();
  await press('Revoke');
  await expect(credential(page, id)).toContainText('revoked');
  await expect(credential(page, id)).toBeFocused();
  expect(await auth(admin, admin.apiKey, { secret })).toBe('403 key_revoked');
  expect(admin.problems).toEqual([]);
});

test('a secret is rotated: the new one is shown once, the old one with its end, and both are valid', async ({
  page,
  admin,
}) => {
  const old = await admin.authd.command('secret', 'create', '--api-key', admin.apiKey);
  await signIn(page, admin);
  await page.getByRole('button', { name: `Rotate: ${old.id}` }).click();
  await expect(dialog(page).getByLabel('The old one works for')).toHaveValue('86400');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: `Rotate: ${old.id}` })).toBeFocused();
  expect((await admin.authd.command('secret', 'list')).length).toBe(1);

  await page.keyboard.press('Enter');
  await dialog(page).getByRole('button', { name: 'Rotate' }).click();
  await expect(dialog(page)).toContainText('It is not shown again');
  const secret = await dialog(page).locator('code').innerText();
  for (const word of [secret, old.secret]) expect(await auth(admin, admin.apiKey, { secret: word })).toBe('200');
  await dialog(page).getByRole('button', { name: 'Done' }).click();
  const [, { id }] = await admin.authd.command('secret', 'list');
  await expect(credential(page, id)).toBeFocused();
  expect(await page.content()).not.toContain(secret);
  await expect(credential(page, old.id)).toContainText('active');
  await expect(credential(page, old.id)).toContainText(/last used .*, expires /);
  await expect(credential(page, id)).toContainText('last used');
  await expect(credential(page, id)).not.toContainText('expires');

  await page.getByRole('button', { name: `Rotate: ${old.id}` }).click();
  await dialog(page).getByLabel('The old one works for').selectOption('no time: it is refused immediately');
  await dialog(page).getByRole('button', { name: 'Rotate' }).click();
  await expect(dialog(page)).toContainText('It is not shown again');
  await page.keyboard.press('Escape');
  await expect(credential(page, old.id).locator('.state')).toHaveText('expired');
  await expect(credential(page, old.id).getByRole('button')).toHaveCount(0);
  expect(await auth(admin, admin.apiKey, { secret: old.secret })).toBe('403 key_revoked');
  expect(await auth(admin, admin.apiKey, { secret })).toBe('200');
  expect(admin.problems).toEqual([]);
});

test('the page shows the last use, the use of the limits, and a new signing key', async ({ page, admin }) => {
  await signIn(page, admin);
  await expect(page.locator('.state')).toHaveText(['active', 'active', 'signing']);
  const card = page.locator('.api-key');
  await expect(card).toContainText('throttle 0 % used');
  await expect(page.getByText('last used')).toHaveCount(0);
  await expect(page.getByText('quota')).toHaveCount(0);
  for (let i = 0; i < 3; i++) await auth(admin, admin.apiKey, { domainKey: admin.domainKey });
  await page.getByRole('button', { name: 'Reload' }).click();
  await expect(card).toContainText('throttle 3 % used');
  await expect(credential(page, admin.id)).toContainText('last used');

  const keys = page.getByRole('region', { name: 'Signing keys' }).getByRole('listitem');
  await expect(keys).toContainText(['signing']);
  await page.getByRole('button', { name: 'New signing key' }).click();
  await dialog(page).getByRole('button', { name: 'Create' }).click();
  await expect(page.getByRole('status')).toContainText('is published.');
  await expect(keys).toContainText([/signing.*accepted until/s, /published.*signs from/s]);
  await expect(keys.nth(1)).toBeFocused();
  await page.getByRole('button', { name: 'New signing key' }).click();
  await dialog(page).getByRole('button', { name: 'Create' }).click();
  await expect(dialog(page).getByRole('alert')).toContainText('rotate again later');
  expect(admin.problems.filter((problem) => !problem.includes('409'))).toEqual([]);
});

test('many keys can be searched by domain, name, key and state; a new key ends the search', async ({ page, admin }) => {
  await signIn(page, admin);
  const search = page.getByLabel('Search');
  await expect(search).toBeHidden();

  const blog = await admin.authd.createApiKey('blog');
  for (let i = 0; i < 6; i++) await admin.authd.createDomainKey(blog, [`blog${i}.example`, 'shared.example']);
  const { id } = await admin.authd.createDomainKey(admin.apiKey, ['old.example']);
  await admin.authd.command('domain-key', 'revoke', id);
  await page.getByRole('button', { name: 'Reload' }).click();
  const find = async (text, ...ids) => {
    await search.fill(text);
    expect(
      await page.locator('#keys .credential:visible').evaluateAll((found) => found.map(({ id }) => id)),
      text,
    ).toEqual(ids);
  };
  const third = (await admin.authd.command('domain-key', 'list')).find(({ domains }) =>
    domains.includes('blog2.example'),
  );
  await find('SHOP.ex', admin.id);
  await expect(page.getByRole('status')).toHaveText('1 of 2 API keys.');
  await expect(page.getByRole('heading', { name: 'blog' })).toBeHidden();
  await find('shared blog2', third.id);
  await find(third.domainKey, third.id);
  await find('revoked', id);
  await expect(page.getByRole('button', { name: 'New secret' })).toHaveCount(0);
  await find('shop', admin.id, id);
  await expect(page.getByRole('button', { name: 'New secret' })).toBeVisible();
  await find('nowhere.example');
  await expect(page.getByRole('status')).toHaveText('No keys match.');

  await page.getByRole('button', { name: 'New API key' }).click();
  await dialog(page).getByLabel('Name').fill('third');
  await dialog(page).getByRole('button', { name: 'Create' }).click();
  await expect(page.locator('.api-key').filter({ has: page.getByRole('heading', { name: 'third' }) })).toBeFocused();
  await expect(search).toHaveValue('');
  await expect(page.getByRole('heading', { name: 'blog' })).toBeVisible();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(search).toBeHidden();
  expect(admin.problems).toEqual([]);
});

test('a page of another site gets nothing, even with the admin token', async ({ page, admin, site }) => {
  await page.goto(site.origin);
  const send = (url, mode, headers) =>
    page.evaluate(
      ([url, options]) =>
        fetch(url, options).then(
          ({ status, type }) => [status, type],
          () => 'blocked',
        ),
      [url, { mode, headers }],
    );
  const lists = `${admin.url}api-keys`;
  expect(await send(lists, 'cors', { Authorization: `Bearer ${admin.adminToken}` })).toBe('blocked');
  expect(await send(lists, 'cors')).toBe('blocked');
  expect(await send(`${admin.url}admin.js`, 'no-cors')).toBe('blocked');
  // The browser still sent two requests: a preflight, and a request that needs no preflight.
  const statuses = () =>
    admin.authd.log.filter((line) => line.includes('/admin/api-keys')).map((line) => line.split(' ')[3]);
  await expect.poll(statuses).toEqual(['403', '403']);
});

test('on a narrow screen nothing is cut off', async ({ page, admin }) => {
  await admin.authd.createDomainKey(admin.apiKey, [`${'a'.repeat(60)}.${'b'.repeat(60)}.example`]);
  await page.setViewportSize({ width: 320, height: 640 });
  await signIn(page, admin);
  const cutOff = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(await cutOff()).toBe(0);
  await page.getByRole('button', { name: 'New domain key' }).click();
  await expect(dialog(page)).toBeInViewport({ ratio: 1 });
  expect(await cutOff()).toBe(0);
});

for (const colorScheme of ['light', 'dark'])
  test(`labels, headings, roles and contrast, by axe: ${colorScheme}`, async ({ page, admin }) => {
    const violations = async () => {
      await page.evaluate(axe.source);
      const found = await page.evaluate(() => window.axe.run());
      expect(found.passes.map(({ id }) => id)).toContain('color-contrast');
      return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
    };
    const { id } = await admin.authd.createDomainKey(admin.apiKey, [ORIGIN]);
    await admin.authd.command('domain-key', 'revoke', id);
    const secret = await admin.authd.command('secret', 'create', '--api-key', admin.apiKey);
    await admin.authd.command('secret', 'rotate', secret.id, '--overlap', '0');
    for (let i = 0; i < 6; i++) await admin.authd.createApiKey('another'); // enough keys for the search field
    await page.emulateMedia({ colorScheme });
    await page.goto(admin.url);
    expect(await violations()).toEqual([]);
    await signIn(page, admin);
    expect(await violations()).toEqual([]);
    for (const name of [
      'New API key',
      'Change domains',
      `Revoke: ${admin.id}`,
      'Rotate',
      'New signing key',
      'New secret',
    ]) {
      await page.getByRole('button', { name }).first().click();
      await expect(dialog(page)).toBeVisible();
      expect(await violations(), name).toEqual([]);
      await page.keyboard.press('Escape');
    }
  });
