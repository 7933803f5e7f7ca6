// Mutants of js/client, by Stryker. The sources are built once, with every mutant in them and a switch; then the tests of
// js/client run in Node, one process for each mutant and test file. The wasm is taken as it is in build/.

import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Stryker } from '@stryker-mutator/core';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What decides by itself and has fast tests. */
const FAST_FILES = ['config.js', 'errors.js', 'session.js', 'text.js', 'timers.js', 'token.js'];
const FAST_TESTS = ['options', 'errors', 'hints', 'wasm', 'session', 'compare', 'fetch', 'access-token'];
/** Real time passes in these: a survivor costs a minute. */
const SLOW_TESTS = ['instance', 'source', 'client'];

/**
 * @param {{all?: boolean, file?: string}} options `all`: each file of js/client, with the slow tests too; `file`: only
 *   files that have this in their names
 * @returns {Promise<void>} the exit code of the process says whether enough was seen
 */
export async function mutateJavaScript({ all = false, file = '' }) {
  process.chdir(root);
  // boundary.js is generated, and a test compares it with its source.
  const files = (await readdir('js/client')).map((name) => `js/client/${name}`).filter((name) => name.endsWith('.js') && name != 'js/client/boundary.js');
  const mutate = files.filter((name) => (file ? name.includes(file) : all || FAST_FILES.includes(name.slice('js/client/'.length))));
  if (!mutate.length) return;
  const tests = all ? [...FAST_TESTS, ...SLOW_TESTS] : FAST_TESTS;
  process.env.COMPARE_COUNT = '20000';
  process.env.COMPARE_SEED = '1';
  await new Stryker({
    mutate,
    ignorers: ['hints'],
    plugins: ['@stryker-mutator/tap-runner', './tests/mutants/hints.js'],
    testRunner: 'tap',
    tap: { testFiles: tests.map((name) => `tests/node/client/${name}.test.js`), nodeArgs: ['--test-reporter=tap', '-r', '{{hookFile}}', '{{testFile}}'], forceBail: true },
    coverageAnalysis: 'perTest',
    concurrency: 1,
    ignorePatterns: ['build', 'dist', 'src/authd', 'tests/bench', 'tests/fuzz', 'web'],
    buildCommand: `node tests/mutants/build.js ${root}`,
    symlinkNodeModules: false,
    tempDirName: 'build/mutants',
    reporters: ['clear-text'],
    clearTextReporter: { allowColor: false, logTests: false, reportTests: false, allowEmojis: false },
    thresholds: { high: 90, low: 80, break: 80 },
    allowEmpty: true,
  }).runMutationTest();
}
