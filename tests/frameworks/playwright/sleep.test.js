// With Playwright's clock as the recipe has it, a token expires while a laptop sleeps, and is obtained again.
import { startEmulator } from 'inbenta-auth/emulator';
import { expect, test } from '@playwright/test';

test('a laptop that slept', async ({ page, baseURL }) => {
  const emulator = await startEmulator({ domains: [baseURL] });
  const { endpoint, apiKey, domainKey } = emulator;
  await page.route('/config.json', (route) => route.fulfill({ json: { endpoint, apiKey, domainKey } }));
  const granted = () => emulator.requests.filter(({ method }) => method == 'POST').map(({ path }) => path);
  await page.clock.install();
  await page.goto('/');
  await expect(page.locator('output')).toHaveText(/Access token until/);
  await page.locator('body').click();
  expect(granted()).toEqual(['/v1/auth']);
  await page.clock.fastForward('08:00:00');
  await page.locator('body').click();
  await expect.poll(granted).toEqual(['/v1/auth', '/v1/auth']);
  await emulator.close();
});
