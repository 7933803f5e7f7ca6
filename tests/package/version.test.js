// The version is written in package.json only: every program and every package file knows it from there.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { root, run } from '../support/plain-api.js';

const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));

for (const [name, program, words] of [
  ['inbenta-token', join(root, 'build/native/src/native/command/inbenta-token'), []],
  ['inbenta-auth', process.execPath, [join(root, 'dist/cli.js')]],
])
  test(`${name} --version`, async () => {
    assert.deepEqual(await run(program, [...words, '--version']), { stdout: `${name} ${version}\n`, stderr: '' });
  });

test('pkg-config has the version', async () => {
  const text = await readFile(join(root, 'build/native/src/native/inbenta-auth.pc'), 'utf8');
  assert.match(text, new RegExp(`^Version: ${version.replaceAll('.', '\\.')}$`, 'm'));
});

test('no other committed file has the version in it', async () => {
  const { stdout } = await run('git', ['grep', '--files-with-matches', '--fixed-strings', `"${version}"`], {
    cwd: root,
  });
  assert.deepEqual(stdout.trim().split('\n').sort(), ['package-lock.json', 'package.json']);
});
