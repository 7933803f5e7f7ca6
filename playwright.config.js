// Browser tests: every case in Debian's Chromium, Firefox and WebKit. tests/browser/fixture.js starts them.
import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: 'tests/browser',
  testMatch: '*.test.js',
  timeout: 60_000,
  workers: 2,
  fullyParallel: true,
  reporter: 'list',
  forbidOnly: true,
  // The tags are explained in tests/browser/fixture.js. The pages of demo and administration are tested by labels and
  // roles, with Playwright's locators, which WebDriver does not have.
  projects: [
    { name: 'chromium', use: { engine: 'chromium' } },
    { name: 'firefox', use: { engine: 'firefox' }, grepInvert: /@only-chromium/ },
    {
      name: 'webkit',
      use: { engine: 'webkit' },
      grepInvert: /@only-chromium|@not-webkit/,
      testIgnore: ['admin.test.js', 'demo.test.js'],
    },
  ],
});
