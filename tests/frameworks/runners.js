// Test runners: the recipe of each runs, with the emulator in the test's process.

import { join } from 'node:path';
import { CHROMIUM } from '../support/browser.js';
import { recipe, run } from '../support/environments.js';
import { application, env, node, results } from './setup.js';

/** Runs a runner's program on its recipe. */
async function runRecipe(name, title, program, args, more = {}) {
  const app = await application(name);
  try {
    await app.write(await recipe(title));
    const variables = { ...env, ...more, PORT: String(app.port) };
    await run(node, [join('node_modules', program), ...args], { cwd: app.folder, env: variables });
  } finally {
    await app.stop();
  }
}

const vitest = (...args) => runRecipe('vitest', 'Vitest', 'vitest/vitest.mjs', ['run', ...args]);
for (const environment of ['node', 'jsdom', 'happy-dom'])
  results.test(`Vitest 5, ${environment}`, 'run', () =>
    vitest('token.test.js', 'hint.test.js', '--environment', environment),
  );
results.test('Vitest 5, domain key', 'run', () => vitest('domain-key.test.js'));
results.test('Vitest 5, fake timers', 'run', () => vitest('timers.test.js'));

const ENVIRONMENTS = { node: 'node', jsdom: './jsdom-with-fetch.js', 'happy-dom': '@happy-dom/jest-environment' };
for (const [name, environment] of Object.entries(ENVIRONMENTS))
  results.test(`Jest 30, ${name}`, 'run', () => runRecipe('jest', 'Jest', 'jest/bin/jest.js', ['--env', environment]));

const browser = { CHROMIUM: JSON.stringify(CHROMIUM) };
results.test('Playwright 1.62', 'run', () =>
  runRecipe('playwright', 'Playwright', '@playwright/test/cli.js', ['test'], browser),
);
