// The WebAssembly module as text, for builds that contain it.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { brotliCompressSync } from 'node:zlib';
import { decode, encode } from '../../../js/wasm-text.js';

const module = await readFile(new URL('../../../dist/inbenta-auth.wasm', import.meta.url));

test('every byte is decoded correctly, alone and after every other byte', () => {
  const all = Uint8Array.from({ length: 65_536 * 2 }, (_, i) => (i % 2 ? i >> 1 : i >> 9) & 255);
  assert.deepEqual(decode(encode(all)), all);
  assert.deepEqual(decode(''), new Uint8Array());
  assert.deepEqual(decode(encode(module)), new Uint8Array(module));
});

test('the text needs no escapes: printable ASCII, no quotation mark and no backslash', () => {
  assert.match(encode(Uint8Array.from({ length: 256 }, (_, i) => i)), /^[ !#-[\]-~]+$/);
});

test('the text compresses nearly as well as the module, and better than base64', () => {
  const size = (bytes) => brotliCompressSync(bytes).length;
  const text = size(encode(module));
  assert.ok(text < size(module) * 1.03, `${text} bytes instead of ${size(module)}`);
  assert.ok(text < size(module.toString('base64')) * 0.85);
});
