// Bundles dist/ out of js/ and the wasm that CMake built: the ES module with its .wasm beside it, and the
// script-tag build, one file, and the types of the public interface, out of the JSDoc. Run it by `./run build`.

import { execFileSync } from 'node:child_process';
import { copyFile, mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const path = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url));

const common = {
  bundle: true,
  minify: true,
  target: 'es2022',
  legalComments: 'none',
  loader: { '.wasm': 'binary' },
  alias: {
    '#wasm': path('build/wasm/src/wasm/inbenta-auth.wasm'),
    '#default-wasm': path('js/default-wasm-file.js'),
  },
};

await mkdir(path('dist'), { recursive: true });
await copyFile(common.alias['#wasm'], path('dist/inbenta-auth.wasm'));
await build({ ...common, entryPoints: [path('js/index.js')], outfile: path('dist/inbenta-auth.js'), format: 'esm' });
await build({
  ...common,
  entryPoints: [path('js/script-tag.js')],
  outfile: path('dist/inbenta-auth.min.js'),
  format: 'iife',
  globalName: 'InbentaAuth',
  alias: { ...common.alias, '#default-wasm': path('js/default-wasm-inline.js') },
});

const types = ['--allowJs', '--declaration', '--emitDeclarationOnly', '--skipLibCheck', '--removeComments', 'false'];
const target = ['--target', 'es2022', '--module', 'esnext', '--moduleResolution', 'bundler', '--rootDir', path('js'), '--outDir', path('dist/types')];
execFileSync(process.execPath, [path('node_modules/typescript/bin/tsc'), ...types, ...target, path('js/index.js')], { stdio: 'inherit' });
