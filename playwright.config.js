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
  projects: ['chromium', 'firefox', 'webkit'].map((engine) => ({ name: engine, use: { engine } })),
});
