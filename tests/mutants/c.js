// Mutants of src/core and src/base: one small mistake at a time, and whether a unit test sees it. Takes the objects of
// build/native as they are: build that first.

import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const native = join(root, 'build/native');

/** The mutant alone is built with it, and its allocations are watched: a mistake may be to read or write too far. */
const ASAN = '-fsanitize=address';

/** The least share of mutants that the tests must see. */
const ENOUGH = 0.9;

/** [what, pattern, replacement]: the mistakes. */
const MISTAKES = [
  ['< to <=', / < /, ' <= '],
  ['<= to <', / <= /, ' < '],
  ['> to >=', / > /, ' >= '],
  ['>= to >', / >= /, ' > '],
  ['== to !=', / == /, ' != '],
  ['!= to ==', / != /, ' == '],
  ['&& to ||', / && /, ' || '],
  ['|| to &&', / \|\| /, ' && '],
  ['+ to -', / \+ /, ' - '],
  ['- to +', / - /, ' + '],
  ['* to +', / \* /, ' + '],
  ['true to false', /\btrue\b/, 'false'],
  ['false to true', /\bfalse\b/, 'true'],
  ['! left out', /!(?=[a-z(])/, ''],
  ['min to max', /iauth__min/, 'iauth__max'],
  ['max to min', /iauth__max/, 'iauth__min'],
  [
    'statement left out',
    /^(\s+)(?!return\b|break\b|continue\b|case\b|const\b|static\b|struct\b|bool\b|char\b|int\b|double\b|size_t\b|int64_t\b|uint\d+_t\b|iauth_)[\w(*][^{}]*;$/,
    '$1;',
  ],
];

/** Nothing here changes what anybody could see, or it is only about speed and size. */
const EQUIVALENT = /_Static_assert|#include|#define|^\s*(\/?\*|\/\/)/;

const run = (command, args) => new Promise((resolve) => execFile(command, args, (error) => resolve(!error)));

/** A mutant may loop for ever. The limit is one of processor time, as a busy machine is no mistake of the code. */
const runTest = (program) => run('prlimit', ['--cpu=10', program]);

async function mutantsOf(file) {
  const lines = (await readFile(file, 'utf8')).split('\n');
  return lines.flatMap((line, index) => {
    const code = line.replace(/\/\*.*?\*\//g, (comment) => ' '.repeat(comment.length));
    if (EQUIVALENT.test(line) || /^\s*\*/.test(line)) return [];
    return MISTAKES.filter(([, pattern]) => pattern.test(code)).map(([what, pattern, replacement]) => {
      const mutated = code.replace(pattern, replacement);
      return {
        file,
        line: index + 1,
        what,
        text: line.trim(),
        source: [...lines.slice(0, index), mutated, ...lines.slice(index + 1)].join('\n'),
      };
    });
  });
}

const unitTestsOf = async (folder) =>
  (await readdir(join(native, 'tests/c', folder))).filter((name) => /^test_/.test(name)).map((name) => [folder, name]);

/**
 * The unit tests of a file as [folder, name]: first the one that has its name, then the fast ones. All of the core; for a
 * file of base with a test of its own, that one and two of the core.
 */
async function testsFor(file) {
  const order = ['', 'client', 'response', 'answers', 'rates', 'torture', 'schedules'];
  const name = file.match(/(\w+)\.c$/)[1];
  const isOwn = ([folder, test]) => test == `test_${folder}_${name}`;
  const rank = (test) => (isOwn(test) ? -1 : order.findLastIndex((end) => test[1].endsWith(end)));
  const core = await unitTestsOf('core');
  const own = file.includes('/base/') ? (await unitTestsOf('base')).filter(isOwn) : [];
  const more = own.length ? core.filter(([, test]) => /_(client|response)$/.test(test)) : core;
  return [...own, ...more].sort((one, other) => rank(one) - rank(other));
}

/** The options that a unit test is linked with, as in its CMakeLists.txt: libc's functions that it replaces. */
async function linkOptions(folder, name) {
  const cmake = await readFile(join(root, 'tests/c', folder, 'CMakeLists.txt'), 'utf8');
  return cmake.match(`target_link_options\\(${name} PRIVATE (.*)\\)`)?.[1].split(' ') ?? [];
}

/** Whether a test fails with this mutant linked in. A mutant that does not compile is none. */
async function isSeen(mutant, work) {
  const source = join(work, 'mutant.c');
  const object = join(work, 'mutant.o');
  await writeFile(source, mutant.source);
  if (
    !(await run('cc', [
      '-std=gnu11',
      '-O1',
      '-w',
      ASAN,
      `-I${root}/src`,
      `-I${root}/build/cjson`,
      '-DCJSON_HIDE_SYMBOLS',
      '-DCJSON_NESTING_LIMIT=16',
      '-c',
      source,
      '-o',
      object,
    ]))
  )
    return undefined;
  for (const [folder, name] of await testsFor(mutant.file)) {
    const program = join(work, name);
    const own = join(native, `tests/c/${folder}/CMakeFiles/${name}.dir/${name.replace(`_${folder}_`, '_')}.c.o`);
    const libraries = [
      join(native, 'tests/c/core/libfake_host.a'),
      join(native, 'src/core/libiauth_core.a'),
      join(native, 'src/base/libiauth_base.a'),
      join(native, 'libcjson_slim.a'),
    ];
    // The mutant comes first, so the archive's own object is not taken.
    const options = await linkOptions(folder, name);
    if (!(await run('cc', [ASAN, ...options, '-o', program, own, object, ...libraries, '-lcmocka', '-lm'])))
      throw new Error(`${name} does not link`);
    if (!(await runTest(program))) return true;
  }
  return false;
}

/** The mutants of all files whose names have `part` in them, in an order that `seed` decides. */
async function shuffledMutants(part, seed) {
  let state = BigInt(seed);
  const random = () =>
    Number((state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffff_ffff_ffff_ffffn) >> 33n);
  const listed = await Promise.all(
    ['src/core', 'src/base'].map(async (folder) =>
      (await readdir(join(root, folder))).map((name) => `${folder}/${name}`),
    ),
  );
  const files = listed.flat().filter((name) => name.endsWith('.c') && name.includes(part));
  const mutants = (await Promise.all(files.map((name) => mutantsOf(join(root, name))))).flat();
  return mutants
    .map((mutant) => ({ mutant, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ mutant }) => mutant);
}

/**
 * Prints the survivors and the share that was seen, by file.
 * @param {{sample?: number, seed?: number, file?: string}} options `sample`: how many mutants; `file`: only of files that
 *   have this in their names
 * @returns {Promise<boolean>} whether enough was seen
 */
export async function mutateC({ sample = Infinity, seed = 1, file = '' }) {
  const mutants = await shuffledMutants(file, seed);
  if (!mutants.length) return true;
  process.env.SCHEDULES = '3000';
  process.env.SCHEDULE_SEED = '1';
  process.env.ASAN_OPTIONS = 'detect_leaks=0';
  const work = await mkdtemp(join(tmpdir(), 'mutants-'));
  /** @type {Record<string, {seen: number, all: number}>} */
  const byFile = {};
  for (const mutant of mutants.slice(0, sample)) {
    const seen = await isSeen(mutant, work);
    if (seen === undefined) continue;
    const name = mutant.file.slice(root.length);
    const count = (byFile[name] ??= { seen: 0, all: 0 });
    count.all++;
    if (seen) count.seen++;
    else console.log(`survived  ${name}:${mutant.line}  ${mutant.what}:  ${mutant.text}`);
  }
  await rm(work, { recursive: true });
  let [seen, all] = [0, 0];
  for (const [name, count] of Object.entries(byFile).sort()) {
    console.log(`${name.padEnd(24)} ${count.seen}/${count.all}`);
    [seen, all] = [seen + count.seen, all + count.all];
  }
  console.log(
    `C: ${seen} of ${all} mutants seen, ${((100 * seen) / all).toFixed(1)} %; there are ${mutants.length}, seed ${seed}`,
  );
  return seen >= ENOUGH * all;
}
