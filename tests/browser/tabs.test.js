// Tabs of one origin share a token.

import { expect, getToken, grant, json, makeClient, test } from './fixture.js';

const TABS = 20;
const paths = (fake) => fake.requests.map(({ url }) => url);

async function openTabs(context, site, fake, options) {
  const tabs = [];
  for (let i = 0; i < TABS; i++) tabs.push(await context.newPage());
  await Promise.all(tabs.map(async (tab) => (await tab.goto(site.origin), await makeClient(tab, fake, options))));
  return tabs;
}

test('twenty tabs that ask at once: one /auth, one token', async ({ context, site, fake }) => {
  fake.answer = (response, request, n) => setTimeout(() => json(response, 200, grant(n)), 200);
  const tabs = await openTabs(context, site, fake);
  const tokens = await Promise.all(tabs.map((tab) => getToken(tab)));
  expect(new Set(tokens.map(({ accessToken }) => accessToken)).size).toBe(1);
  expect(paths(fake)).toEqual(['/v1/auth']);
});

test('a new tab has the token of its siblings without a request', async ({ context, site, fake }) => {
  fake.answer = (response, request, n) => json(response, 200, grant(n));
  const [first, second] = [await context.newPage(), await context.newPage()];
  for (const tab of [first, second]) {
    await tab.goto(site.origin);
    await makeClient(tab, fake);
    expect(await getToken(tab)).toMatchObject({ accessToken: 'token-1' });
  }
  expect(paths(fake)).toEqual(['/v1/auth']);
});

test('who refreshes tells the rest; a token that was refused is not taken back', async ({ context, site, fake }) => {
  fake.answer = (response, request, n) => json(response, 200, grant(n));
  const [first, second] = [await context.newPage(), await context.newPage()];
  for (const tab of [first, second]) {
    await tab.goto(site.origin);
    await makeClient(tab, fake);
    await getToken(tab);
  }
  await getToken(first, { forceRefresh: true });
  await expect.poll(() => second.evaluate(() => window.client.token.accessToken)).toBe('token-2');
  await second.evaluate(() => window.client.invalidate('token-2'));
  expect(await getToken(second)).toMatchObject({ accessToken: 'token-3' });
  expect(paths(fake)).toEqual(['/v1/auth', '/v1/refreshToken', '/v1/auth']);
});

test('the tab that went for all is closed: another one goes', async ({ context, site, fake }) => {
  fake.answer = (response, request, n) => n > 1 && json(response, 200, grant(n));
  const [first, second] = [await context.newPage(), await context.newPage()];
  for (const tab of [first, second]) {
    await tab.goto(site.origin);
    await makeClient(tab, fake);
  }
  await first.evaluate(() => void window.client.getToken());
  await expect.poll(() => paths(fake).length).toBe(1);
  const waiting = getToken(second);
  await first.close();
  expect(await waiting).toMatchObject({ accessToken: 'token-2' });
});

test('without shareAcrossTabs each tab has its own', async ({ context, site, fake }) => {
  fake.answer = (response, request, n) => json(response, 200, grant(n));
  for (const expected of ['token-1', 'token-2']) {
    const tab = await context.newPage();
    await tab.goto(site.origin);
    await makeClient(tab, fake, { shareAcrossTabs: false });
    expect(await getToken(tab)).toMatchObject({ accessToken: expected });
  }
});
