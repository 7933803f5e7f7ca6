// Pages that are put to sleep and wake up.

import { expect, getToken, grant, json, makeClient, test } from './fixture.js';

test.beforeEach(({ page, site, fake }) => {
  fake.answer = (response, request, n) => json(response, 200, grant(n));
  return page.goto(site.origin);
});

// No engine freezes a page that can be seen, and headless ones can all be seen: so the clock jumps over the
// sleep, and the page hears what a browser tells it. Timers alone would notice up to a minute later.
test('frozen for longer than the token lives, and resumed', async ({ page, fake }) => {
  await makeClient(page, fake);
  await getToken(page);
  await page.evaluate(() => {
    const real = Date.now;
    Date.now = () => real() + 7_200_000;
    for (const type of ['freeze', 'resume']) document.dispatchEvent(new Event(type));
  });
  // The monotonic clock stood still, and the background asks every 10 s at most.
  await expect.poll(() => page.evaluate(() => window.client.token?.accessToken), { timeout: 15_000 }).toBe('token-2');
  expect(fake.requests.map(({ url }) => url)).toEqual(['/v1/auth', '/v1/auth']);
});

// Chromium and Firefox keep the page: its client and token go on. Made anew, as by WebKit under WebDriver, it has
// neither.
test('back to a page: its client has a token', async ({ page, fake, site, engine }) => {
  await page.evaluate(() => addEventListener('pageshow', ({ persisted }) => (window.wasKept = persisted)));
  await makeClient(page, fake);
  await getToken(page);
  await page.goto(`${site.origin}/elsewhere.html`);
  // Playwright's goBack waits for a page to load, and one that was kept does not.
  if (engine == 'webkit') await page.goBack();
  else await page.evaluate(() => void setTimeout(() => history.back()));
  await expect.poll(() => page.evaluate(() => document.title).catch(() => '')).not.toBe('Another page');
  const kept = await page.evaluate(() => !!window.client);
  if (engine != 'webkit') expect(kept).toBe(true);
  expect(await page.evaluate(() => window.wasKept)).toBe(kept ? true : undefined);
  if (!kept) await makeClient(page, fake);
  expect(await getToken(page)).toMatchObject({ accessToken: kept ? 'token-1' : 'token-2' });
  test.info().annotations.push({ type: 'back/forward cache', description: kept ? 'kept' : 'made anew' });
});
