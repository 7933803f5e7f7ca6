// Pages that sleep and wake up.

import { expect, getToken, grant, json, makeClient, test } from './fixture.js';

test.beforeEach(({ page, site, fake }) => {
  fake.answer = (response, request, n) => json(response, 200, grant(n));
  return page.goto(site.origin);
});

// Browsers freeze hidden pages only, and headless pages are never hidden. So the test moves the clock and dispatches
// the events that a browser emits after a freeze. Timers alone would notice up to a minute later.
test('a page that was frozen for longer than the token lives gets a new token on resume', async ({ page, fake }) => {
  await makeClient(page, fake);
  await getToken(page);
  await page.evaluate(() => {
    const real = Date.now;
    Date.now = () => real() + 7_200_000;
    for (const type of ['freeze', 'resume']) document.dispatchEvent(new Event(type));
  });
  // The monotonic clock did not move, and requests in the background are at least 10 s apart.
  await expect.poll(() => page.evaluate(() => window.client.token?.accessToken), { timeout: 15_000 }).toBe('token-2');
  expect(fake.requests.map(({ url }) => url)).toEqual(['/v1/auth', '/v1/auth']);
});

// Chromium and Firefox keep the page with its client and token. WebKit under WebDriver loads the page anew, without
// them.
test('after going back to a page, its client has a token', async ({ page, fake, site, engine }) => {
  await page.evaluate(() => addEventListener('pageshow', ({ persisted }) => (window.wasKept = persisted)));
  await makeClient(page, fake);
  await getToken(page);
  await page.goto(`${site.origin}/elsewhere.html`);
  // Playwright's goBack waits for a load event. A page from the back/forward cache has none.
  if (engine == 'webkit') await page.goBack();
  else await page.evaluate(() => void setTimeout(() => history.back()));
  await expect.poll(() => page.evaluate(() => document.title).catch(() => '')).not.toBe('Another page');
  const isSameClient = await page.evaluate(() => !!window.client);
  if (engine != 'webkit') expect(isSameClient).toBe(true);
  expect(await page.evaluate(() => window.wasKept)).toBe(isSameClient ? true : undefined);
  if (!isSameClient) await makeClient(page, fake);
  expect(await getToken(page)).toMatchObject({ accessToken: isSameClient ? 'token-1' : 'token-2' });
  test.info().annotations.push({ type: 'back/forward cache', description: isSameClient ? 'kept' : 'made anew' });
});
