// What a page downloads: the ES module and its wasm, compressed as servers do. `./run size` prints it.

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';

/** Bytes after brotli, by file and in total. */
export async function measureSizes() {
  const sizes = {};
  for (const file of ['inbenta-auth.js', 'inbenta-auth.wasm'])
    sizes[file] = brotliCompressSync(await readFile(new URL(`../../dist/${file}`, import.meta.url))).length;
  return { ...sizes, total: Object.values(sizes).reduce((sum, size) => sum + size) };
}

if (process.argv[1] == fileURLToPath(import.meta.url))
  for (const [name, bytes] of Object.entries(await measureSizes())) console.log(`${String(bytes).padStart(7)}  ${name}`);
