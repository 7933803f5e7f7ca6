// Mutants: one small mistake in the code at a time, and whether a test sees it. What survived the last run, and why, is
// in docs/mutants.md.
//
//   ./run mutants                 a hundred of C's, and everything in js/client
//   ./run mutants --all           everything; takes hours
//   ./run mutants --file PART     everything in the files that have PART in their names: response.c, client/text.js
//   --seed N                      another hundred

import { parseArgs } from 'node:util';
import { mutateC } from './c.js';
import { mutateJavaScript } from './js.js';

const { values: options } = parseArgs({
  options: { all: { type: 'boolean' }, file: { type: 'string' }, seed: { type: 'string' } },
});
const isWhole = options.all || options.file !== undefined;
const isEnough = await mutateC({
  file: options.file,
  sample: isWhole ? Infinity : 100,
  seed: Number(options.seed ?? 1),
});
await mutateJavaScript(options.file ?? '');
if (!isEnough) process.exitCode = 1;
