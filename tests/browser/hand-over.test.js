// The API Secret flow: the server has the secret, the page gets tokens, and the secret appears nowhere else.

import { readdir, readFile } from 'node:fs/promises';
import { Authd } from '../support/authd.js';
import { openShop } from '../support/shop.js';
import { expect, ONLY_CHROMIUM, test } from './fixture.js';

async function commandLines() {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => ''))); // it ended meanwhile
}

/** The JavaScript heap of the page, as text. */
async function heapOf(page) {
  const session = await page.context().newCDPSession(page);
  let snapshot = '';
  session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => (snapshot += chunk));
  await session.send('HeapProfiler.takeHeapSnapshot');
  return snapshot;
}

test(
  'a token of the server is refreshed by the page, expires and is reauthorized; the secret stays on the server',
  ONLY_CHROMIUM,
  async ({ page }) => {
    const authd = await Authd.create();
    const apiKey = await authd.createApiKey();
    const { secret } = await authd.command('secret', 'create', '--api-key', apiKey);
    const endpoint = await authd.serve({ lifetimeS: 14, apis: { chatbot: 'https://chatbot.example' } });
    const shop = await openShop({ secret, apiKey, endpoint });
    const seen = [];
    page.on('console', (message) => seen.push(message.text()));
    page.on('response', (response) => seen.push(response.body().then(String, () => '')));
    const fromPage = (path) => page.waitForRequest((request) => new URL(request.url()).pathname.endsWith(path));
    try {
      const first = fromPage('/token');
      const refreshed = fromPage('/refreshToken');
      await page.goto(shop.origin);
      await first;
      await refreshed;
      await expect.poll(() => page.evaluate(() => window.client.token !== null)).toBe(true);

      const again = fromPage('/token');
      await page.evaluate(() => {
        const real = Date.now;
        Date.now = () => real() + 7_200_000; // the laptop slept for two hours …
        window.dispatchEvent(new Event('online')); // … and woke
        setTimeout(() => (Date.now = real), 500);
      });
      await again;
      await expect.poll(() => page.evaluate(() => window.client.token?.accessToken.length ?? 0)).toBeGreaterThan(0);
      await expect(page.getByText('The token expired.')).not.toHaveCount(0);

      expect(secret.length).toBeGreaterThan(20);
      const heap = await heapOf(page);
      expect(heap).toContain(apiKey); // proves that the search works
      const places = {
        heap,
        page: await page.content(),
        seen: (await Promise.all(seen)).join(),
        log: authd.log.join(),
        processes: (await commandLines()).join(),
      };
      for (const [place, text] of Object.entries(places)) expect(text.includes(secret), place).toBe(false);
    } finally {
      await shop.close();
      await authd.remove();
    }
  },
);
