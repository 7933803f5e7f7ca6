// The emulator's WebAssembly has the exports and imports of src/emulator/boundary.h, and those of libc.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { libcImports } from '../../../js/emulator/libc_imports.js';

const path = (relative) => new URL(`../../../${relative}`, import.meta.url);
const header = await readFile(path('src/emulator/boundary.h'), 'utf8');
const named = (macro) =>
  [...header.matchAll(new RegExp(`^${macro}\\((\\w+)\\)`, 'gm'))]
    .map(([, name]) => name)
    .filter((name) => name != 'name');
const module = await WebAssembly.compile(await readFile(path('build/wasm/src/emulator/emulator.wasm')));

test('the exports are those of the header, memory, and two of libc', () => {
  const exports = WebAssembly.Module.exports(module).map(({ name }) => name);
  assert.deepEqual(exports.sort(), [...named('EXPORT'), 'memory', 'malloc', '_initialize'].sort());
});

test('the imports are those of the header, and harmless ones of libc', () => {
  const imports = WebAssembly.Module.imports(module);
  assert.ok(imports.every(({ kind }) => kind == 'function'));
  assert.deepEqual(
    imports
      .filter(({ module: from }) => from == 'js')
      .map(({ name }) => name)
      .sort(),
    named('IMPORT').sort(),
  );
  const others = imports.filter(({ module: from }) => from != 'js').map(({ name }) => name);
  // libc imports no time, environment or random numbers: our own imports provide those.
  assert.deepEqual(
    others.filter((name) => !['emscripten_notify_memory_growth', 'fd_close', 'fd_seek', 'fd_write'].includes(name)),
    [],
  );
});

test("libc's imports are provided for every version of Emscripten", () => {
  // (import "wasi_snapshot_preview1" "fd_close" (func (param i32) (result i32))) (export "run" (func 0))
  const text = (string) => [string.length, ...Buffer.from(string)];
  const section = (number, bytes) => [number, bytes.length, ...bytes];
  const bytes = [
    0,
    0x61,
    0x73,
    0x6d,
    1,
    0,
    0,
    0,
    ...section(1, [1, 0x60, 1, 0x7f, 1, 0x7f]),
    ...section(2, [1, ...text('wasi_snapshot_preview1'), ...text('fd_close'), 0, 0]),
    ...section(7, [1, ...text('run'), 0, 0]),
  ];
  const closes = new WebAssembly.Module(Buffer.from(bytes));
  assert.throws(() => new WebAssembly.Instance(closes, {}), TypeError);
  assert.equal(new WebAssembly.Instance(closes, libcImports(closes, 'js')).exports.run(1), 52);
  assert.deepEqual(libcImports(closes, 'wasi_snapshot_preview1'), {});
});
