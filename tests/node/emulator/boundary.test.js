// The emulator's wasm has the exports and imports of src/emulator/boundary.h, and beside them only what libc asks.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { libcImports } from '../../../js/emulator/libc_imports.js';

const path = (relative) => new URL(`../../../${relative}`, import.meta.url);
const header = await readFile(path('src/emulator/boundary.h'), 'utf8');
const named = (macro) => [...header.matchAll(new RegExp(`^${macro}\\((\\w+)\\)`, 'gm'))].map(([, name]) => name).filter((name) => name != 'name');
const module = await WebAssembly.compile(await readFile(path('build/wasm/src/emulator/emulator.wasm')));

test('exports: those of the header, memory, and libc’s two', () => {
  const exports = WebAssembly.Module.exports(module).map(({ name }) => name);
  assert.deepEqual(exports.sort(), [...named('EXPORT'), 'memory', 'malloc', '_initialize'].sort());
});

test('imports: those of the header; what libc asks is only of kinds that do not matter here', () => {
  const imports = WebAssembly.Module.imports(module);
  assert.ok(imports.every(({ kind }) => kind == 'function'));
  assert.deepEqual(imports.filter(({ module: from }) => from == 'js').map(({ name }) => name).sort(), named('IMPORT').sort());
  const others = imports.filter(({ module: from }) => from != 'js').map(({ name }) => name);
  // Nothing about time, environment or chance: these are handed in.
  assert.deepEqual(others.filter((name) => !['emscripten_notify_memory_growth', 'fd_close', 'fd_seek', 'fd_write'].includes(name)), []);
});

test("libc's imports are answered, whichever a version of Emscripten has", () => {
  // (import "wasi_snapshot_preview1" "fd_close" (func (param i32) (result i32))) (export "run" (func 0))
  const text = (string) => [string.length, ...Buffer.from(string)];
  const section = (number, bytes) => [number, bytes.length, ...bytes];
  const bytes = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...section(1, [1, 0x60, 1, 0x7f, 1, 0x7f]), ...section(2, [1, ...text('wasi_snapshot_preview1'), ...text('fd_close'), 0, 0]), ...section(7, [1, ...text('run'), 0, 0])];
  const closes = new WebAssembly.Module(Buffer.from(bytes));
  assert.throws(() => new WebAssembly.Instance(closes, {}), TypeError);
  assert.equal(new WebAssembly.Instance(closes, libcImports(closes, 'js')).exports.run(1), 52);
  assert.deepEqual(libcImports(closes, 'wasi_snapshot_preview1'), {});
});
