// Mutants of js/client, by Stryker. The sources of a file are built once, with every mutant in them and a switch; then its
// tests run in Node, one process for each mutant and test file. The wasm is taken as it is in build/.

import { readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Stryker } from '@stryker-mutator/core';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The tests of each file, the one that sees most first. Nearly all run in simulated time (tests/node/client/world.js). */
const TESTS = {
  'answer.js': ['compare'],
  'body.js': ['body'],
  'client.js': ['callers', 'products', 'requests', 'rest', 'siblings', 'mistakes'],
  'config.js': ['config', 'options', 'mistakes'],
  'core.js': ['wasm', 'requests', 'callers'],
  'default-wasm-file.js': ['wasm'],
  'default-wasm-inline.js': ['wasm'],
  'errors.js': ['errors', 'hints', 'options'],
  'fetch.js': ['products', 'mistakes'],
  'index.js': ['options', 'callers', 'requests'],
  'instance.js': ['requests', 'callers', 'rest', 'instance'],
  'preconnect.js': ['callers'],
  'script-tag.js': ['script-tag'],
  'session.js': ['session'],
  'siblings.js': ['siblings', 'places'],
  'source.js': ['callers', 'siblings', 'requests', 'products', 'rest', 'wasm'],
  'text.js': ['options', 'compare'],
  'timers.js': ['timers', 'options'],
  'token-from.js': ['token-from', 'mistakes'],
  'token.js': ['token', 'options', 'callers', 'session'],
  'wake.js': ['callers', 'rest'],
  'wasm.js': ['wasm'],
};

/** Which tests by name: compare.test.js is about two files, and its tests of itself are slow. (All are part of "<root>".) */
const NAMES = { 'answer.js': 'bodies', 'text.js': '^[^<](?!.*(bodies|difference))' };

/**
 * @param {string} part only files that have this in their names
 * @returns {Promise<void>} the exit code of the process says whether enough was seen
 */
export async function mutateJavaScript(part) {
  process.chdir(root);
  // boundary.js is generated, and a test compares it with its source.
  const names = (await readdir('js/client')).filter((name) => name.endsWith('.js') && name != 'boundary.js');
  for (const name of names.filter((name) => `js/client/${name}`.includes(part))) await mutate(name, TESTS[name]);
}

/** Mutates one file of js/client, and prints the survivors and the score. A file without tests here is an error. */
async function mutate(file, tests) {
  process.env.COMPARE_COUNT = '20000';
  process.env.COMPARE_SEED = '1';
  process.env.LIVES_SEED = '1';
  await new Stryker({
    mutate: [`js/client/${file}`],
    ignorers: ['hints'],
    plugins: ['@stryker-mutator/tap-runner', './tests/mutants/hints.js'],
    testRunner: 'tap',
    tap: {
      testFiles: tests.map((name) => `tests/node/client/${name}.test.js`),
      nodeArgs: [
        '--test-reporter=tap',
        `--test-name-pattern=${NAMES[file] ?? '.'}`,
        '-r',
        '{{hookFile}}',
        '{{testFile}}',
      ],
      forceBail: true,
    },
    coverageAnalysis: 'perTest',
    concurrency: availableParallelism(),
    ignorePatterns: ['build', 'dist', 'src/authd', 'tests/bench', 'tests/fuzz', 'web'],
    buildCommand: `node tests/mutants/build.js ${root} --plain`,
    symlinkNodeModules: false,
    tempDirName: 'build/mutants',
    cleanTempDir: 'always',
    reporters: ['clear-text', 'progress-append-only'],
    clearTextReporter: { allowColor: false, logTests: false, reportTests: false, allowEmojis: false },
    thresholds: { high: 90, low: 80, break: 80 },
    allowEmpty: true,
  }).runMutationTest();
}
