// The emulator's wasm has the exports and imports of src/emulator/boundary.h, and no others.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

const path = (relative) => new URL(`../../../${relative}`, import.meta.url);
const header = await readFile(path('src/emulator/boundary.h'), 'utf8');
const named = (macro) => [...header.matchAll(new RegExp(`^${macro}\\((\\w+)\\)`, 'gm'))].map(([, name]) => name).filter((name) => name != 'name');
const module = await WebAssembly.compile(await readFile(path('build/wasm/src/emulator/emulator.wasm')));

test('exports: those of the header, memory, and libc’s two', () => {
  const exports = WebAssembly.Module.exports(module).map(({ name }) => name);
  assert.deepEqual(exports.sort(), [...named('EXPORT'), 'memory', 'malloc', '_initialize'].sort());
});

test('imports: those of the header, all of them functions of ours', () => {
  const imports = WebAssembly.Module.imports(module);
  assert.deepEqual(imports.map(({ name }) => name).sort(), named('IMPORT').sort());
  assert.ok(imports.every(({ module: from, kind }) => from == 'js' && kind == 'function'));
});
