// CONTRIBUTING.md lists what to install, for people without ./run: the same packages, and presets that exist.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { root } from '../support/plain-api.js';

const read = (file) => readFile(join(root, file), 'utf8');
const guide = await read('CONTRIBUTING.md');

test('CONTRIBUTING.md lists the packages that ./run installs', async () => {
  const lists = [...(await read('run')).matchAll(/packages=\(\n([^)]*)\)/g)].map(([, names]) =>
    names.trim().split(/\s+/),
  );
  const [, listed] = /They are, by Debian's names:\n([^]*?)\nand Node\.js/.exec(guide);
  assert.equal(lists.length, 2);
  assert.deepEqual(
    [...listed.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
    lists.flat().sort(),
  );
});

test('CONTRIBUTING.md names presets, scripts and commands that exist', async () => {
  const { workflowPresets, testPresets } = JSON.parse(await read('CMakePresets.json'));
  const { scripts } = JSON.parse(await read('package.json'));
  const script = await read('run');
  const named = (pattern) => [...guide.matchAll(pattern)].map(([, name]) => name);
  for (const name of named(/cmake --workflow --preset (\w+)/g))
    assert.ok(
      workflowPresets.some((preset) => preset.name == name),
      name,
    );
  for (const name of named(/ctest --preset (\w+)/g))
    assert.ok(
      testPresets.some((preset) => preset.name == name),
      name,
    );
  for (const name of named(/npm run (\w+)/g)) assert.ok(scripts[name], name);
  for (const name of named(/\.\/run (\w+)/g)) assert.match(script, new RegExp(`^  ${name}\\)`, 'm'), name);
});
