// A site that loads a page for each click: how many requests 50 page views send. tests/node/client/session.test.js spreads
// them over 20 minutes; here they are real navigations, in a hurry. docs/measurements.md has the numbers.

import { expect, getToken, grant, json, makeClient, slowTimers, test } from './fixture.js';

const VIEWS = 50;

test.describe.configure({ timeout: 180_000 }); // on a machine that does more than this

/** Loads pages one after the other in one tab. Each asks for a token. `prepare` is called with each page. */
async function viewPages(page, site, fake, { prepare = (page) => page, ...options } = {}) {
  fake.answer = (response, request, n) => json(response, 200, grant(n));
  for (let i = 0; i < VIEWS; i++) {
    await page.goto(`${site.origin}/?${i}`);
    await prepare(page);
    await makeClient(page, fake, options);
    expect((await getToken(page)).accessToken).toMatch(/^token-/);
  }
  return fake.requests.map(({ url }) => url);
}

test('with persist, 50 page views in a tab send one /auth', async ({ page, site, fake }) => {
  expect(await viewPages(page, site, fake, { persist: 'session' })).toEqual(['/v1/auth']);
});

test('without persist, each page view in a tab sends /auth: the page before it is gone', async ({
  page,
  site,
  fake,
}) => {
  expect(await viewPages(page, site, fake)).toEqual(Array(VIEWS).fill('/v1/auth'));
});

// Each page waits 35 ms for the other tab, which is enough on a machine that does nothing else: docs/measurements.md. Here
// it waits until the other tab answers.
test('without persist, but with another tab of the site, they send no /auth of their own', async ({
  page,
  context,
  site,
  fake,
}) => {
  fake.answer = (response, request, n) => json(response, 200, grant(n));
  const other = await context.newPage();
  await other.goto(site.origin);
  await makeClient(other, fake);
  await getToken(other);
  expect(await viewPages(page, site, fake, { prepare: slowTimers })).toEqual(['/v1/auth']);
});
