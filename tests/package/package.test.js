// The package as people get it: packed, installed into a project of its own, imported, bundled and run.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chromium } from '@playwright/test';
import * as esbuild from 'esbuild';
import { build as viteBuild } from 'vite';
import webpack from 'webpack';
import { CHROMIUM } from '../support/browser.js';
import { serveSite, strictPolicy } from '../support/site.js';
import { measureSizes } from '../bench/size.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const tool = (name) => join(root, 'node_modules/.bin', name);
const run = (command, args, cwd) => promisify(execFile)(command, args, { cwd });

let project, tarball, api, endpoint, browser;

before(async () => {
  project = await mkdtemp(join(tmpdir(), 'inbenta-auth-package-'));
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', project], root);
  tarball = join(project, JSON.parse(stdout)[0].filename);
  await writeFile(join(project, 'package.json'), '{"private": true, "type": "module"}');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], project);
  api = createServer((request, response) => {
    for (const name of ['Origin', 'Headers']) response.setHeader(`Access-Control-Allow-${name}`, name == 'Origin' ? '*' : 'x-inbenta-key, content-type');
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
  await rm(project, { recursive: true, force: true });
});

test('a page downloads less than 10,600 bytes', async () => {
  const { total } = await measureSizes();
  assert.ok(total < 10_600, `${total} bytes`);
});

test('publint and are-the-types-wrong find nothing', async () => {
  await run(tool('publint'), ['--strict', tarball], root);
  await run(tool('attw'), [tarball, '--profile', 'node16', '--exclude-entrypoints', 'inbenta-auth.wasm', 'inbenta-auth.min.js'], root);
});

test('integrity.json has the digest of every built script', async () => {
  const digests = JSON.parse(await readFile(join(project, 'node_modules/inbenta-auth/dist/integrity.json'), 'utf8'));
  assert.deepEqual(Object.keys(digests), ['inbenta-auth.js', 'inbenta-auth.wasm', 'inbenta-auth.min.js', 'node.js', 'server.js']);
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
  await writeFile(join(project, 'deno.js'), `import { createFromDomainKey } from 'inbenta-auth';
    const client = createFromDomainKey('d', 'k', { endpoint: '${endpoint}' });
    console.log((await client.getToken()).accessToken);
    client.dispose();`);
  const deno = join(root, 'node_modules/deno/bin.cjs');
  const { stdout } = await run(process.execPath, [deno, 'run', '--no-lock', '--no-remote', '--node-modules-dir=manual', '--allow-net=127.0.0.1', '--allow-read', 'deno.js'], project);
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
  await assert.rejects(run('npx', ['--offline', 'inbenta-auth', 'emulator', '--port', 'x'], project), ({ code, stderr }) => code == 2 && stderr.includes('--port: give a whole number'));
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

async function makeApp(name, script) {
  const folder = join(project, name);
  await mkdir(join(folder, 'out'), { recursive: true });
  await writeFile(join(folder, 'main.js'), `import { createFromDomainKey } from 'inbenta-auth';
    createFromDomainKey('d', 'k', { endpoint: '${endpoint}' }).getToken().then(
      (token) => (document.title = token.accessToken), (error) => (document.title = error.message));`);
  await writeFile(join(folder, 'index.html'), `<!doctype html><title>waiting</title><script type="module" src="${script}"></script>`);
  return folder;
}

test('bundled by esbuild, the wasm copied beside', async () => {
  const folder = await makeApp('with-esbuild', '/main.js');
  await esbuild.build({ entryPoints: [join(folder, 'main.js')], bundle: true, minify: true, format: 'esm', outdir: join(folder, 'out'), logLevel: 'error' });
  await copyFile(join(project, 'node_modules/inbenta-auth/dist/inbenta-auth.wasm'), join(folder, 'out/inbenta-auth.wasm'));
  await copyFile(join(folder, 'index.html'), join(folder, 'out/index.html'));
  assert.equal(await runApp(join(folder, 'out')), 'token');
});

test('bundled by Vite', async () => {
  const folder = await makeApp('with-vite', '/main.js');
  await viteBuild({ root: folder, logLevel: 'error', configFile: false, build: { outDir: 'out', assetsInlineLimit: 0 } });
  assert.equal(await runApp(join(folder, 'out')), 'token');
});

test('bundled by webpack', async () => {
  const folder = await makeApp('with-webpack', '/main.js');
  const stats = await promisify(webpack)({ context: folder, mode: 'production', entry: './main.js', output: { path: join(folder, 'out'), filename: 'main.js' } });
  assert.equal(stats.hasErrors(), false, stats.toString('errors-only'));
  await copyFile(join(folder, 'index.html'), join(folder, 'out/index.html'));
  assert.equal(await runApp(join(folder, 'out')), 'token');
});

test('what is not used is not bundled', async () => {
  const { outputFiles } = await esbuild.build({ stdin: { contents: `import 'inbenta-auth';`, resolveDir: project }, bundle: true, minify: true, format: 'esm', write: false, logLevel: 'silent' });
  assert.equal(outputFiles[0].text.trim(), '');
});
