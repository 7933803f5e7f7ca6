// Browser tests, in Debian's Chromium.
import { defineConfig } from '@playwright/test';
import { CHROMIUM } from './web/browser.js';

export default defineConfig({
  testDir: 'tests/browser',
  testMatch: '*.test.js',
  timeout: 60_000,
  workers: 2,
  fullyParallel: true,
  reporter: 'list',
  forbidOnly: true,
  use: { browserName: 'chromium', launchOptions: CHROMIUM },
});
