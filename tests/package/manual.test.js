// The manual page of inbenta-authd and its --help know the same commands and options.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { root, run } from '../support/plain-api.js';

const MANUAL = join(root, 'src/authd/inbenta-authd.1');
/** What every program has, so that its --help need not say it. */
const COMMON = ['--help', '--version', 'version'];

const found = (text, pattern) =>
  [...new Set([...text.matchAll(pattern)].map(([, name]) => name))].filter((name) => !COMMON.includes(name)).sort();

test('inbenta-authd: the manual has the commands and options of --help, and no others', async () => {
  const help = (await run(join(root, 'build/native/src/authd/inbenta-authd'), ['--help'])).stdout;
  const manual = await readFile(MANUAL, 'utf8');
  const options = found(help, /(--[a-z][a-z-]+)/g);
  const commands = found(help, /^ {2}inbenta-authd ([a-z-]+(?: [a-z][a-z-]+)?)/gm);
  assert.ok(options.length > 10 && commands.length > 10);
  assert.deepEqual(found(manual.replaceAll('Fl -', '--'), /(?<![\w-])(--[a-z][a-z-]+)/g), options);
  const [, synopsis] = /^\.Sh SYNOPSIS\n([^]*?)\n\.Sh /m.exec(manual);
  assert.deepEqual(found(synopsis, /^\.Cm ([a-z-]+(?: [a-z][a-z-]+)?)$/gm), commands);
});

test('inbenta-authd: the manual is well-formed', () => run('mandoc', ['-T', 'lint', '-W', 'warning', MANUAL]));
