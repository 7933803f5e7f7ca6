// Builds dist/ out of js/ and the wasm that CMake built. `npm run build` runs it.
//
//   inbenta-auth.js        'inbenta-auth' for browsers and bundlers: one ES module, the WebAssembly module inside
//   external.js            'inbenta-auth/external': the same with inbenta-auth.wasm beside it
//   inbenta-auth.min.js    the script-tag file
//   old.js, old.cjs        'inbenta-auth' in the JavaScript of 2018, for tools that do not know `exports` and read
//                          `module` or `main`: webpack 4, Browserify
//   react-native.cjs       an error that says why it does not run there
//   inbenta-auth.cjs, server.cjs, emulator.cjs, cli.js
//                          for Node, not minified. `import` and `require` both load CommonJS, so a program has one
//                          copy of each. inbenta-auth.cjs also serves browser code that is loaded by `require`
//   *.d.ts, *.d.cts        types; integrity.json: digests for <script integrity>; THIRD_PARTY_NOTICES.md

import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { minify } from 'terser';
import { encode } from './wasm-text.js';

const path = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url));
const dist = (name) => path(`dist/${name}`);

const CLIENT_WASM = path('build/wasm/src/wasm/inbenta-auth.wasm');
const SERVER_WASM = path('build/wasm/src/wasm/inbenta-auth-server.wasm');
const EMULATOR_WASM = path('build/wasm/src/emulator/emulator.wasm');

const { version } = JSON.parse(await readFile(path('package.json'), 'utf8'));

/** An esbuild plugin: '#wasm' is this WebAssembly module as text. */
const wasmAsText = (file) => ({
  name: 'wasm as text',
  setup(build) {
    build.onResolve({ filter: /^#wasm$/ }, () => ({ path: 'text', namespace: 'wasm' }));
    build.onLoad({ filter: /./, namespace: 'wasm' }, async () => ({
      contents: encode(await readFile(file)),
      loader: 'text',
    }));
  },
});

/**
 * A source map without the text of the WebAssembly module: nobody reads it. A sentence is in its place, because tools
 * look for the file of a source without content, and warn: Create React App and some development servers of Vite 6.
 */
function withoutWasm(json) {
  const map = JSON.parse(json);
  map.sourcesContent = map.sourcesContent.map((content, i) =>
    map.sources[i].startsWith('wasm:') ? 'The WebAssembly module is here, as text.\n' : content,
  );
  return JSON.stringify(map);
}

/**
 * Bundles an entry into a file with a source map.
 * @param {string} entry
 * @param {string} name of the file in dist/
 * @param {{wasm?: string, isExternal?: boolean} & import('esbuild').BuildOptions} options `wasm`: the file behind
 *   '#wasm'; `isExternal`: the WebAssembly module stays a separate file
 */
async function bundle(entry, name, { wasm, isExternal = false, ...options }) {
  const { outputFiles, metafile } = await build({
    bundle: true,
    target: 'es2022',
    legalComments: 'none',
    alias: { '#default-wasm': path(`js/client/default-wasm-${isExternal ? 'file' : 'inline'}.js`) },
    plugins: wasm ? [wasmAsText(wasm)] : [],
    entryPoints: [path(entry)],
    outfile: dist(name),
    sourcemap: 'linked',
    write: false,
    metafile: true,
    ...options,
  });
  // THIRD_PARTY_NOTICES.md promises that no other code is bundled.
  const others = Object.keys(metafile.inputs).filter((file) => file.includes('node_modules'));
  if (others.length) throw new Error(`${name} has code of others in it: ${others}`);
  // esbuild's own loop would take members that a page adds to Object.prototype for exports.
  const code = outputFiles[1].text.replace('for (var name in all)', 'for (var name of Object.keys(all))');
  return { map: withoutWasm(outputFiles[0].text), code };
}

async function write(name, { code, map }) {
  await writeFile(dist(name), code);
  await writeFile(dist(`${name}.map`), map);
}

/** For tests/mutants: nothing is minified, because a minifier takes some mutants and their original for the same. */
const isPlain = process.argv.includes('--plain');

/**
 * Members that only js/client/ uses. They get short names in browsers: that saves 100 bytes after brotli. Members of
 * messages between tabs and of storage are not internal, because each release would have names of its own.
 */
const INTERNAL = [
  ...['credential', 'credentialName', 'defaultWasm', 'flow', 'grant'], // of a configuration
  ...['addCaller', 'isValidFor', 'mayRenew', 'removeClient', 'tokenPromise', 'tryAddClient'], // of a source
  ...['isAwaited', 'mayStart', 'messageForSiblings', 'onCoreMessage', 'onDeath', 'onSiblingMessage', 'onTurn'],
  ...['answer', 'callers', 'deadline', 'expiresMono', 'public'],
  ...['endTurn', 'isTurn'], // of siblings
  ...['renew', 'tokenFor'], // of fetch
];

/** Throws if somebody else knows a name of INTERNAL: a user, the core, or other code here that has it as a string. */
async function checkInternal(code) {
  const types = await readFile(path('js/types/inbenta-auth.d.cts'), 'utf8');
  const core = new WebAssembly.Module(await readFile(CLIENT_WASM));
  const known = new Set([
    ...types.replace(/\/\*[^]*?\*\/|\/\/.*/g, '').match(/\w+/g), // without the comments
    ...[...WebAssembly.Module.exports(core), ...WebAssembly.Module.imports(core)].map(({ name }) => name),
    ...Array.from(code.matchAll(/(['"`])(\w+)\1/g), ([, , text]) => text),
  ]);
  const names = INTERNAL.filter((name) => known.has(name));
  if (names.length) throw new Error(`others know these names of INTERNAL: ${names}`);
}

/** For browsers: esbuild bundles, and terser makes the result 4 % smaller. terser is slow. */
async function writeForBrowsers(entry, name, { preamble, ...options }) {
  const { code, map } = await bundle(entry, name, { minify: !isPlain, wasm: CLIENT_WASM, ...options });
  if (isPlain) return write(name, { code, map });
  await checkInternal(code);
  const minified = await minify(code.replace(/\/\/# sourceMappingURL=.*\n/, ''), {
    module: options.format == 'esm',
    ecma: 2020,
    compress: { passes: 2, unsafe_arrows: true }, // unsafe only for functions that are called with `new`
    mangle: { properties: { regex: new RegExp(`^(${INTERNAL.join('|')})$`) } },
    format: { preamble, ascii_only: true }, // a page may have another encoding
    sourceMap: { content: map, filename: name, url: `${name}.map`, includeSources: true },
  });
  await write(name, minified);
}

const writeForNode = async (entry, name, options) =>
  write(name, await bundle(entry, name, { platform: 'node', format: 'cjs', ...options }));

await rm(dist(''), { recursive: true, force: true });
await mkdir(dist(''));
await copyFile(path('js/react-native.cjs'), dist('react-native.cjs'));
await copyFile(CLIENT_WASM, dist('inbenta-auth.wasm'));
await copyFile(SERVER_WASM, dist('inbenta-auth-server.wasm')); // for runtimes that do not compile: Cloudflare's Workers
const preamble = `/*! inbenta-auth ${version} | MIT | licenses of what is in it: THIRD_PARTY_NOTICES.md */`;
await writeForBrowsers('js/client/index.js', 'inbenta-auth.js', { format: 'esm' });
await writeForBrowsers('js/client/index.js', 'external.js', { format: 'esm', isExternal: true });
await writeForBrowsers('js/client/script-tag.js', 'inbenta-auth.min.js', { format: 'iife', preamble });
await writeForNode('js/client/index.js', 'inbenta-auth.cjs', { wasm: CLIENT_WASM });
for (const [name, format] of Object.entries({ 'old.js': 'esm', 'old.cjs': 'cjs' }))
  await writeForNode('js/client/index.js', name, { wasm: CLIENT_WASM, format, target: 'es2018' });
await writeForNode('js/server/index.js', 'server.cjs', { wasm: SERVER_WASM });
await writeForNode('js/emulator/index.js', 'emulator.cjs', { wasm: EMULATOR_WASM });
await writeForNode('js/cli.js', 'cli.js', { format: 'esm', external: ['./emulator.cjs', './inbenta-auth.cjs'] });

for (const file of await readdir(path('js/types'))) await copyFile(path(`js/types/${file}`), dist(file));

const esbuild = JSON.parse(await readFile(path('node_modules/esbuild/package.json'), 'utf8'));
const license = await readFile(path('node_modules/esbuild/LICENSE.md'), 'utf8');
const notices = { ESBUILD_VERSION: esbuild.version, ESBUILD_LICENSE: license.trim() };
const withModules = await readFile(path('build/wasm/THIRD_PARTY_NOTICES.md'), 'utf8');
await writeFile(
  dist('THIRD_PARTY_NOTICES.md'),
  withModules.replace(/@(ESBUILD_\w+)@/g, (_, name) => notices[name]),
);

const digests = {};
for (const file of ['inbenta-auth.js', 'external.js', 'inbenta-auth.wasm', 'inbenta-auth.min.js'])
  digests[file] = `sha384-${createHash('sha384')
    .update(await readFile(dist(file)))
    .digest('base64')}`;
await writeFile(dist('integrity.json'), `${JSON.stringify(digests, null, 2)}\n`);
