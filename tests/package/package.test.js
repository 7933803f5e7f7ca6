// The package as people get it: packed, installed into a project of its own, imported, bundled and run.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { promisify } from 'node:util';
import { runInNewContext } from 'node:vm';
import { chromium } from '@playwright/test';
import * as esbuild from 'esbuild';
import { build as viteBuild } from 'vite';
import webpack from 'webpack';
import { CHROMIUM } from '../support/browser.js';
import { installPacked, root, run } from '../support/packed.js';
import { serveSite, strictPolicy } from '../support/site.js';
import { LIMITS, measureSizes } from '../bench/size.js';

const tool = (name) => join(root, 'node_modules/.bin', name);

let project, tarball, remove, api, endpoint, browser;

before(async () => {
  ({ project, tarball, remove } = await installPacked());
  api = createServer((request, response) => {
    for (const name of ['Origin', 'Headers'])
      response.setHeader(`Access-Control-Allow-${name}`, name == 'Origin' ? '*' : 'x-inbenta-key, content-type');
    if (request.method == 'OPTIONS') return response.writeHead(204).end();
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ accessToken: 'token', expires_in: 1200, apis: {} }));
  });
  await new Promise((resolve) => api.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${api.address().port}/v1`;
  browser = await chromium.launch(CHROMIUM);
});

after(async () => {
  await browser?.close();
  api?.close();
  api?.closeAllConnections();
  await remove?.();
});

for (const [name, limit] of Object.entries(LIMITS))
  test(`a page downloads at most ${limit} bytes (${name})`, async () => {
    const bytes = (await measureSizes())[name];
    assert.ok(bytes <= limit, `${bytes} bytes`);
  });

test('publint and are-the-types-wrong find nothing', async () => {
  await run(tool('publint'), ['--strict', tarball], root);
  // Of all kinds of resolution. What is no code has no types.
  await run(
    tool('attw'),
    [
      tarball,
      '--exclude-entrypoints',
      'inbenta-auth.wasm',
      'inbenta-auth-server.wasm',
      'inbenta-auth.min.js',
      'integrity.json',
    ],
    root,
  );
});

test('the package has few files, and no source map knows a folder of the machine that built it', async () => {
  const folder = join(project, 'node_modules/inbenta-auth');
  const files = (await readdir(folder, { recursive: true })).filter(
    (file) => file.includes('.') && !file.endsWith('/'),
  );
  const programs = files.filter((file) => !file.endsWith('.md') && file != 'LICENSE');
  assert.ok(programs.length <= 29, programs.join());
  for (const file of files.filter((file) => file.endsWith('.map'))) {
    const { sources, sourcesContent } = JSON.parse(await readFile(join(folder, file), 'utf8'));
    for (const [i, source] of sources.entries()) {
      assert.match(source, /^(\.\.\/(js\/|package\.json)|wasm:text$)/, file);
      // Tools warn of a source without content. The text of the WebAssembly module would be 9 KB or more.
      const bytes = sourcesContent[i]?.length ?? 0;
      assert.ok(bytes > 0 && (source != 'wasm:text' || bytes < 100), `${file}: ${source}`);
    }
  }
});

test('an error in Node points at the source: the build is readable', async () => {
  const code = `import { createFromDomainKey } from 'inbenta-auth';
    try { createFromDomainKey('d', 'k', { nonsense: 1 }); } catch (error) { console.log(error.stack); }`;
  const { stdout } = await run(process.execPath, ['--enable-source-maps', '--input-type=module', '-e', code], project);
  assert.match(stdout, /at createFromDomainKey .*js\/client\/index\.js:\d+/);
  assert.ok(stdout.length < 3000, stdout);
});

test('integrity.json has the digest of every built script', async () => {
  const digests = JSON.parse(await readFile(join(project, 'node_modules/inbenta-auth/dist/integrity.json'), 'utf8'));
  assert.deepEqual(Object.keys(digests), [
    'inbenta-auth.js',
    'external.js',
    'inbenta-auth.wasm',
    'inbenta-auth.min.js',
  ]);
  for (const [file, digest] of Object.entries(digests)) {
    const bytes = await readFile(join(project, 'node_modules/inbenta-auth/dist', file));
    assert.equal(digest, `sha384-${createHash('sha384').update(bytes).digest('base64')}`);
  }
});

test('in Node, without a word about the wasm', async () => {
  const code = `import { createFromDomainKey } from 'inbenta-auth';
    console.log((await createFromDomainKey('d', 'k', { endpoint: '${endpoint}' }).getToken()).accessToken);`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], project);
  assert.equal(stdout, 'token\n');
});

test('in Deno', async () => {
  await writeFile(
    join(project, 'deno.js'),
    `import { createFromDomainKey } from 'inbenta-auth';
    const client = createFromDomainKey('d', 'k', { endpoint: '${endpoint}' });
    console.log((await client.getToken()).accessToken);
    client.dispose();`,
  );
  const deno = join(root, 'node_modules/deno/bin.cjs');
  const { stdout } = await run(
    process.execPath,
    [
      deno,
      'run',
      '--no-lock',
      '--no-remote',
      '--node-modules-dir=manual',
      '--allow-net=127.0.0.1',
      '--allow-read',
      'deno.js',
    ],
    project,
  );
  assert.equal(stdout, 'token\n');
});

test('by require', async () => {
  const code = `const { createFromDomainKey } = require('inbenta-auth');
    const { createFromSecret } = require('inbenta-auth/server');
    for (const client of [createFromDomainKey('d', 'k', { endpoint: '${endpoint}' }), createFromSecret('s', 'k', { endpoint: '${endpoint}' })])
      client.getToken().then((token) => console.log(token.accessToken));`;
  const { stdout } = await run(process.execPath, ['--input-type=commonjs', '-e', code], project);
  assert.equal(stdout, 'token\ntoken\n');
});

test('on a server, with the secret', async () => {
  const code = `import { createFromSecret, tokenHandler } from 'inbenta-auth/server';
    const client = createFromSecret('s', 'k', { endpoint: '${endpoint}' });
    const answer = await tokenHandler(client, { authorize: () => true })(new Request('http://shop.example/token', { method: 'POST' }));
    console.log(answer.status, (await answer.json()).accessToken);
    client.dispose();`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], project);
  assert.equal(stdout, '200 token\n');
});

test('the emulator, imported', async () => {
  const code = `import { startEmulator } from 'inbenta-auth/emulator';
    import { createFromSecret } from 'inbenta-auth/server';
    const emulator = await startEmulator({ domains: ['http://localhost:3000'] });
    const client = createFromSecret(emulator.secret, emulator.apiKey, { endpoint: emulator.endpoint });
    await client.getToken();
    client.dispose();
    await emulator.close();
    console.log(emulator.requests.map(({ path, status }) => path + ' ' + status).join());`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], project);
  assert.equal(stdout, '/v1/auth 200\n');
});

test('the emulator, as npx runs it', async () => {
  const { stdout } = await run('npx', ['--offline', 'inbenta-auth', 'emulator', '--help'], project);
  assert.match(stdout, /^inbenta-auth emulator: /);
  await assert.rejects(
    run('npx', ['--offline', 'inbenta-auth', 'emulator', '--port', 'x'], project),
    ({ code, stderr }) => code == 2 && stderr.includes('--port: give a whole number'),
  );
});

/** Runs a bundled app in Chromium: what it puts into its title. */
async function runApp(folder) {
  const site = await serveSite({ root: folder, policy: () => strictPolicy(new URL(endpoint).origin) });
  const page = await browser.newPage();
  try {
    await page.goto(site.origin);
    await page.waitForFunction(() => document.title != 'waiting', undefined, { timeout: 20_000 });
    return await page.title();
  } finally {
    await page.close();
    await site.close();
  }
}

/** An app that gets a token from `entry` of the package. */
async function makeApp(name, script, entry = 'inbenta-auth') {
  const folder = join(project, name);
  await mkdir(join(folder, 'out'), { recursive: true });
  await writeFile(
    join(folder, 'main.js'),
    `import { createFromDomainKey } from '${entry}';
    createFromDomainKey('d', 'k', { endpoint: '${endpoint}' }).getToken().then(
      (token) => (document.title = token.accessToken), (error) => (document.title = error.message));`,
  );
  await writeFile(
    join(folder, 'index.html'),
    `<!doctype html><title>waiting</title><script type="module" src="${script}"></script>`,
  );
  return folder;
}

/** Bundles an app by webpack, and runs it. */
async function runWithWebpack(folder, options) {
  const stats = await promisify(webpack)({
    context: folder,
    mode: 'production',
    entry: './main.js',
    output: { path: join(folder, 'out'), filename: 'main.js' },
    ...options,
  });
  assert.equal(stats.hasErrors(), false, stats.toString('errors-only'));
  await copyFile(join(folder, 'index.html'), join(folder, 'out/index.html'));
  return runApp(join(folder, 'out'));
}

for (const format of ['esm', 'iife'])
  test(`bundled by esbuild (${format}): one file`, async () => {
    const folder = await makeApp(`with-esbuild-${format}`, '/main.js');
    await esbuild.build({
      entryPoints: [join(folder, 'main.js')],
      bundle: true,
      minify: true,
      format,
      outdir: join(folder, 'out'),
      logLevel: 'error',
    });
    await copyFile(join(folder, 'index.html'), join(folder, 'out/index.html'));
    assert.deepEqual(await readdir(join(folder, 'out')), ['index.html', 'main.js']);
    assert.equal(await runApp(join(folder, 'out')), 'token');
  });

test('bundled by Vite', async () => {
  const folder = await makeApp('with-vite', '/main.js');
  await viteBuild({
    root: folder,
    logLevel: 'error',
    configFile: false,
    build: { outDir: 'out', assetsInlineLimit: 0 },
  });
  assert.equal(await runApp(join(folder, 'out')), 'token');
});

test('bundled by webpack', async () => {
  assert.equal(await runWithWebpack(await makeApp('with-webpack', '/main.js')), 'token');
});

test('tools that do not know `exports` get JavaScript that they can read', async () => {
  const folder = join(project, 'node_modules/inbenta-auth');
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  assert.ok('tokenFrom' in createRequire(import.meta.url)(join(folder, manifest.main)));
  for (const file of [manifest.main, manifest.module]) {
    const code = await readFile(join(folder, file), 'utf8');
    const [old, latest] = await Promise.all(['es2018', 'esnext'].map((target) => esbuild.transform(code, { target })));
    assert.equal(old.code, latest.code, file); // nothing had to be rewritten for webpack 4 and Browserify
  }
});

test('in React Native, the import says why it does not run there', async () => {
  const folder = await makeApp('with-metro', '/main.js');
  const bundle = (conditions) =>
    esbuild.build({
      entryPoints: [join(folder, 'main.js')],
      bundle: true,
      format: 'iife',
      platform: 'neutral',
      conditions,
      write: false,
    });
  const text = async (conditions) => (await bundle(conditions)).outputFiles[0].text;
  const code = await text(['react-native']);
  assert.throws(() => runInNewContext(code), { message: /^inbenta-auth does not run in React Native/ });
  assert.doesNotMatch(await text(['react-native', 'browser']), /does not run in React Native/);
});

test('bundled by what does not know `exports`', async () => {
  assert.equal(
    await runWithWebpack(await makeApp('with-old-webpack', '/main.js'), { resolve: { exportsFields: [] } }),
    'token',
  );
});

test('external, bundled by webpack: the .wasm is a file of its own', async () => {
  const folder = await makeApp('external-with-webpack', '/main.js', 'inbenta-auth/external');
  assert.equal(await runWithWebpack(folder), 'token');
  const files = await readdir(join(folder, 'out'));
  assert.ok(
    files.some((file) => file.endsWith('.wasm')),
    files.join(),
  );
});

test('external, bundled by esbuild, the .wasm copied beside', async () => {
  const folder = await makeApp('external-with-esbuild', '/main.js', 'inbenta-auth/external');
  await esbuild.build({
    entryPoints: [join(folder, 'main.js')],
    bundle: true,
    minify: true,
    format: 'esm',
    outdir: join(folder, 'out'),
    logLevel: 'error',
  });
  await copyFile(join(folder, 'index.html'), join(folder, 'out/index.html'));
  assert.match(
    await runApp(join(folder, 'out')),
    /inbenta-auth\.wasm .*HTTP 404/,
    'without it, the error names the file and the status',
  );
  await copyFile(
    join(project, 'node_modules/inbenta-auth/dist/inbenta-auth.wasm'),
    join(folder, 'out/inbenta-auth.wasm'),
  );
  assert.equal(await runApp(join(folder, 'out')), 'token');
});

/** What esbuild keeps of an import that nothing uses. */
async function kept(specifier, platform = 'browser') {
  const { outputFiles } = await esbuild.build({
    stdin: { contents: `import '${specifier}';`, resolveDir: project },
    platform,
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
    logLevel: 'silent',
  });
  return outputFiles[0].text.trim();
}

test('what is not used is not bundled; the script-tag file is', async () => {
  for (const specifier of ['inbenta-auth', 'inbenta-auth/external']) assert.equal(await kept(specifier), '', specifier);
  for (const specifier of ['inbenta-auth/server', 'inbenta-auth/emulator'])
    assert.equal(await kept(specifier, 'node'), '', specifier);
  assert.match(await kept('inbenta-auth/inbenta-auth.min.js'), /InbentaAuthSDK/);
});

test('an import touches no global but EventTarget: test environments lack some, and replace some', async () => {
  const code = await readFile(join(project, 'node_modules/inbenta-auth/dist/inbenta-auth.cjs'), 'utf8');
  const touched = new Set();
  const scope = new Proxy(
    { module: { exports: {} }, EventTarget },
    {
      has: () => true,
      get(target, name) {
        if (typeof name == 'string') touched.add(name); // not Symbol.unscopables
        return name in target ? target[name] : globalThis[name];
      },
    },
  );
  new Function('scope', `with (scope) { ${code.replace(/^"use strict";/, '')} }`)(scope);
  // What ECMAScript itself has is there everywhere.
  const own = [
    'module',
    'EventTarget',
    'Object',
    'Symbol',
    'Error',
    'Map',
    'Set',
    'WeakMap',
    'Uint8Array',
    'Array',
    'Number',
    'Math',
    'Infinity',
    'undefined',
  ];
  assert.deepEqual(
    [...touched].filter((name) => !name.startsWith('__') && !own.includes(name) && name in globalThis),
    [],
  );
  assert.ok(touched.has('EventTarget'));
});

test('AuthError is one class for every entry', async () => {
  const code = `import * as page from 'inbenta-auth';
    import * as server from 'inbenta-auth/server';
    import * as built from './node_modules/inbenta-auth/dist/inbenta-auth.js';
    const thrown = [page, server, built].map((entry) => {
      try { (entry.createFromDomainKey ?? entry.createFromSecret)('', 'k'); } catch (error) { return error; }
    });
    console.log([page, server, built].map(({ AuthError }) => thrown.map((error) => error instanceof AuthError)).join(), new Error() instanceof page.AuthError);`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], project);
  assert.equal(stdout, `${Array(9).fill(true).join()} false\n`);
});
