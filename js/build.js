// Bundles dist/ out of js/ and the wasm that CMake built: the ES module with its .wasm beside it, the one for
// Node with the module inside, since fetch reads no files there, for import and, in dist/cjs, for require, the
// script-tag build, one file, the emulator and its command, the types of the public interface, out of the JSDoc,
// digests for <script integrity>, and the notices. Run it by `./run build`.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { minify } from 'terser';

const path = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url));

const wasm = path('build/wasm/src/wasm/inbenta-auth.wasm');
const emulatorWasm = path('build/wasm/src/emulator/emulator.wasm');
const serverWasm = path('build/wasm/src/wasm/inbenta-auth-server.wasm');

const { version } = JSON.parse(await readFile(path('package.json'), 'utf8'));

/** esbuild bundles; terser, which takes its time, makes that 4 % smaller. */
async function bundle(entry, outfile, { inline = false, module = wasm, preamble, ...more }) {
  const { outputFiles, metafile } = await build({
    bundle: true,
    minify: true,
    target: 'es2022',
    legalComments: 'none',
    loader: { '.wasm': 'base64' },
    alias: { '#wasm': module, '#default-wasm': path(`js/client/default-wasm-${inline ? 'inline' : 'file'}.js`) },
    entryPoints: [path(entry)],
    write: false,
    metafile: true,
    ...more,
  });
  // THIRD_PARTY_NOTICES.md says so.
  const others = Object.keys(metafile.inputs).filter((file) => file.includes('node_modules'));
  if (others.length) throw new Error(`${outfile} has code of others in it: ${others}`);
  const { code } = await minify(outputFiles[0].text, { module: more.format == 'esm', ecma: 2020, compress: { passes: 4, pure_getters: true }, format: { preamble } });
  await writeFile(path(outfile), code);
}

await rm(path('dist'), { recursive: true, force: true });
await mkdir(path('dist/cjs'), { recursive: true });
await copyFile(wasm, path('dist/inbenta-auth.wasm'));
await bundle('js/client/index.js', 'dist/inbenta-auth.js', { format: 'esm' });
for (const [format, folder] of [['esm', 'dist'], ['cjs', 'dist/cjs']]) {
  await bundle('js/client/index.js', `${folder}/node.js`, { format, platform: 'node', inline: true });
  await bundle('js/server/index.js', `${folder}/server.js`, { format, platform: 'node', inline: true, module: serverWasm });
  await bundle('js/emulator/index.js', `${folder}/emulator.js`, { format, platform: 'node', inline: true, module: emulatorWasm });
}
await bundle('js/cli.js', 'dist/cli.js', { format: 'esm', platform: 'node', external: ['./emulator.js'] });
await writeFile(path('dist/cjs/package.json'), '{ "type": "commonjs" }\n');
const preamble = `/*! inbenta-auth ${version} | MIT | licenses of what is in it: THIRD_PARTY_NOTICES.md */`;
await bundle('js/client/script-tag.js', 'dist/inbenta-auth.min.js', { format: 'iife', globalName: 'InbentaAuthSDK', inline: true, preamble });


const esbuild = JSON.parse(await readFile(path('node_modules/esbuild/package.json'), 'utf8'));
const notices = { ESBUILD_VERSION: esbuild.version, ESBUILD_LICENSE: (await readFile(path('node_modules/esbuild/LICENSE.md'), 'utf8')).trim() };
const withModules = await readFile(path('build/wasm/THIRD_PARTY_NOTICES.md'), 'utf8');
await writeFile(path('dist/THIRD_PARTY_NOTICES.md'), withModules.replace(/@(ESBUILD_\w+)@/g, (_, name) => notices[name]));

const types = ['--allowJs', '--declaration', '--emitDeclarationOnly', '--skipLibCheck', '--stripInternal', '--removeComments', 'false'];
const target = ['--target', 'es2022', '--module', 'esnext', '--moduleResolution', 'bundler', '--rootDir', path('js'), '--outDir', path('dist')];
execFileSync(process.execPath, [path('node_modules/typescript/bin/tsc'), ...types, ...target, path('js/client/index.js'), path('js/server/index.js'), path('js/emulator/index.js')], { stdio: 'inherit' });
for (const file of await readdir(path('dist'), { recursive: true }))
  if (file.endsWith('.d.ts') && !file.startsWith('cjs')) {
    await mkdir(path(`dist/cjs/${dirname(file)}`), { recursive: true });
    await copyFile(path(`dist/${file}`), path(`dist/cjs/${file}`));
  }

const digests = {};
for (const file of ['inbenta-auth.js', 'inbenta-auth.wasm', 'inbenta-auth.min.js', 'node.js', 'server.js'])
  digests[file] = `sha384-${createHash('sha384').update(await readFile(path(`dist/${file}`))).digest('base64')}`;
await writeFile(path('dist/integrity.json'), `${JSON.stringify(digests, null, 2)}\n`);
