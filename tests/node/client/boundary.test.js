// The WebAssembly boundary does not grow unnoticed.

import assert from 'node:assert/strict';
import test from 'node:test';
import { readFile } from 'node:fs/promises';
import { boundaryModule } from '../../../src/wasm/make-boundary.js';
import { wasm } from './fake-api.js';

const module = await WebAssembly.compile(wasm);

test('the module has at most 14 exports and 6 imports', () => {
  assert.ok(WebAssembly.Module.exports(module).length <= 14, JSON.stringify(WebAssembly.Module.exports(module)));
  assert.ok(WebAssembly.Module.imports(module).length <= 6, JSON.stringify(WebAssembly.Module.imports(module)));
  assert.ok(WebAssembly.Module.imports(module).every((entry) => entry.kind == 'function'));
});

test('js/client/boundary.js is up to date with the C headers: node src/wasm/make-boundary.js', async () => {
  assert.equal(
    await readFile(new URL('../../../js/client/boundary.js', import.meta.url), 'utf8'),
    await boundaryModule(),
  );
});

test('the memory has a fixed size of 256 KiB', async () => {
  const imports = {};
  for (const { module: name, name: field } of WebAssembly.Module.imports(module))
    (imports[name] ??= {})[field] = () => 0;
  const { exports } = await WebAssembly.instantiate(module, imports);
  const memory = Object.values(exports).find((value) => value instanceof WebAssembly.Memory);
  assert.equal(memory.buffer.byteLength, 256 * 1024);
  assert.throws(() => memory.grow(1), RangeError);
});

test('only slim number conversion is linked: nothing of libc’s printf, scanf or strtod', () => {
  const text = Buffer.from(wasm).toString('latin1');
  for (const trace of ['-+   0X0x', '%1.15g', '%lg', 'infinity', '(null)']) assert.ok(!text.includes(trace), trace);
  assert.ok(wasm.length < 18_000, `${wasm.length} bytes`);
});
