// What a page downloads, after brotli, and the limits of it. `./run size` prints it.

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';

/**
 * Bytes, by the names of measureSizes: what tests let pass, which is to come down, and what it is to come down to.
 * The compiler of Debian 13 makes a module that is 100 bytes larger than that of Debian 12.
 */
export const LIMITS = { module: 14_700, bundled: 14_300 };
const AIMS = { module: 12_500, bundled: 12_000 };

const compressed = (bytes) => brotliCompressSync(bytes).length;
const file = async (name) => compressed(await readFile(new URL(`../../dist/${name}`, import.meta.url)));

/** What a bundler keeps of the package for a page that only calls createFromDomainKey. */
async function bundled() {
  const { outputFiles } = await build({
    stdin: {
      contents: `import { createFromDomainKey } from './inbenta-auth.js'; createFromDomainKey('d', 'k').getToken();`,
      resolveDir: fileURLToPath(new URL('../../dist', import.meta.url)),
    },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  });
  return compressed(outputFiles[0].contents);
}

/** Bytes after brotli. */
export async function measureSizes() {
  return {
    module: await file('inbenta-auth.js'),
    bundled: await bundled(),
    external: (await file('external.js')) + (await file('inbenta-auth.wasm')),
    wasm: await file('inbenta-auth.wasm'),
    scriptTag: await file('inbenta-auth.min.js'),
  };
}

const NAMES = {
  module: 'inbenta-auth, one ES module',
  bundled: 'createFromDomainKey, bundled by esbuild',
  external: 'inbenta-auth/external and its .wasm',
  wasm: '  of that, the .wasm',
  scriptTag: 'the script-tag file',
};

if (process.argv[1] == fileURLToPath(import.meta.url)) {
  console.log('| after brotli | bytes | limit | aim |\n|---|---:|---:|---:|');
  for (const [name, bytes] of Object.entries(await measureSizes()))
    console.log(`| ${NAMES[name]} | ${bytes} | ${LIMITS[name] ?? ''} | ${AIMS[name] ?? ''} |`);
}
