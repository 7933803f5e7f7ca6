// Mutants of js/client, by Stryker. The sources are built once, with every mutant in them and a switch; then the tests of
// js/client run in Node, one process for each mutant and test file. The wasm is taken as it is in build/.

import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Stryker } from '@stryker-mutator/core';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Files that decide by themselves, and the tests that see it within seconds, the fastest first. */
const FAST_TESTS = {
  'config.js': ['config', 'options'],
  'errors.js': ['errors', 'hints', 'options'],
  'session.js': ['session'],
  'text.js': ['options', 'compare'],
  'timers.js': ['timers', 'options'],
  'token.js': ['token', 'options', 'session'],
};

/** For the others, and with --all. Real time passes in the last ones: a survivor costs a minute or two. */
const ALL_TESTS = [
  'config',
  'token',
  'timers',
  'errors',
  'options',
  'hints',
  'wasm',
  'session',
  'compare',
  'fetch',
  'instance',
  'source',
  'access-token',
  'client',
];

/**
 * @param {{all?: boolean, file?: string}} options `all`: each file of js/client, with the slow tests too; `file`: only
 *   files that have this in their names
 * @returns {Promise<void>} the exit code of the process says whether enough was seen
 */
export async function mutateJavaScript({ all = false, file }) {
  process.chdir(root);
  // boundary.js is generated, and a test compares it with its source.
  const names = (await readdir('js/client')).filter((name) => name.endsWith('.js') && name != 'boundary.js');
  const chosen = names.filter(
    (name) => (all || file !== undefined || FAST_TESTS[name]) && `js/client/${name}`.includes(file ?? ''),
  );
  for (const name of chosen) await mutate(name, all ? ALL_TESTS : (FAST_TESTS[name] ?? ALL_TESTS));
}

/** Mutates one file of js/client, and prints the survivors and the score. */
async function mutate(file, tests) {
  process.env.COMPARE_COUNT = '20000';
  process.env.COMPARE_SEED = '1';
  await new Stryker({
    mutate: [`js/client/${file}`],
    ignorers: ['hints'],
    plugins: ['@stryker-mutator/tap-runner', './tests/mutants/hints.js'],
    testRunner: 'tap',
    tap: {
      testFiles: tests.map((name) => `tests/node/client/${name}.test.js`),
      nodeArgs: ['--test-reporter=tap', '-r', '{{hookFile}}', '{{testFile}}'],
      forceBail: true,
    },
    coverageAnalysis: 'perTest',
    concurrency: 1,
    ignorePatterns: ['build', 'dist', 'src/authd', 'tests/bench', 'tests/fuzz', 'web'],
    buildCommand: `node tests/mutants/build.js ${root}`,
    symlinkNodeModules: false,
    tempDirName: 'build/mutants',
    cleanTempDir: 'always',
    reporters: ['clear-text', 'progress-append-only'],
    clearTextReporter: { allowColor: false, logTests: false, reportTests: false, allowEmojis: false },
    thresholds: { high: 90, low: 80, break: 80 },
    allowEmpty: true,
  }).runMutationTest();
}
