// Servers: the recipe runs in each runtime, and so does the client of pages, which server-side rendering imports.

import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commands, recipe, run } from '../support/environments.js';
import { root } from '../support/packed.js';
import { application, bareApplication, bun, env, node, nodeOf, results } from './setup.js';

const deno = join(root, 'node_modules/deno/bin.cjs');

const allowed = ['--no-remote', '--node-modules-dir=manual', '--allow-net=127.0.0.1', '--allow-read', '--allow-env'];

const RUNTIMES = {
  'Node.js 20': () => [nodeOf(20)],
  'Node.js 22': () => [nodeOf(22)],
  'Node.js 24': () => [nodeOf(24)],
  'Deno 2': () => [process.execPath, deno, 'run', '--no-lock', ...allowed],
  'Bun 1.4': () => [bun],
};

/** What a page does with a token that its server handed over. */
const PAGE = `
  import { createFromAccessToken } from 'inbenta-auth';
  import { startEmulator } from 'inbenta-auth/emulator';
  import { createFromSecret } from 'inbenta-auth/server';

  const emulator = await startEmulator();
  const { secret, apiKey, endpoint } = emulator;
  const server = createFromSecret(secret, apiKey, { endpoint });
  const page = createFromAccessToken(await server.getToken(), apiKey, { endpoint });
  await page.getToken({ forceRefresh: true });
  for (const client of [server, page]) client.dispose();
  await emulator.close();
  console.log(emulator.requests.map(({ path }) => path).slice(0, 2).join());
`;

for (const [name, command] of Object.entries(RUNTIMES))
  results.test(name, 'run', async () => {
    const app = await bareApplication('servers');
    try {
      await app.write({ ...(await recipe('Servers')), 'page.js': PAGE });
      const [program, ...args] = command();
      const runs = (file) => run(program, [...args, file], { cwd: app.folder, timeoutMs: 60_000 });
      const { stdout, stderr } = await runs('server.js');
      assert.match(stdout, /^Access token until \d.*\n$/);
      assert.equal(stderr, '');
      assert.equal((await runs('page.js')).stdout, '/v1/auth,/v1/refreshToken\n');
    } finally {
      await app.stop();
    }
  });

/** Runs a program of an application of this folder. Resolves to what it prints. */
async function printed(name, files, args) {
  const app = await application(name);
  try {
    await app.write(files);
    return (await run(node, args, { cwd: app.folder, env, timeoutMs: 60_000 })).stdout;
  } finally {
    await app.stop();
  }
}

const TOKEN = 'accessToken,expiration,expires_in,apis';

for (const { framework, 'made by': handler, route } of await commands('Servers'))
  results.test(framework, 'run', async () =>
    assert.equal(await printed('routes', {}, ['route.js', framework, handler, route]), `200 ${TOKEN}\n403 error\n`),
  );

results.test('Cloudflare Workers', 'run', async () => {
  const { 'worker.js': worker } = await recipe('Servers');
  const granted = `200 ${TOKEN}\n`;
  assert.equal(await printed('workers', { 'worker.js': worker }, ['run.js']), `${granted.repeat(3)}/v1/auth 200\n`);
});

results.test('TypeScript 4.9', 'run', async () => {
  const app = await application('typescript');
  try {
    const files = ['page.ts', 'server.ts', 'emulator.ts'];
    for (const file of files) await copyFile(join(root, 'tests/package/usage', file), join(app.folder, file));
    const options = [
      '--noEmit',
      '--typeRoots',
      'none',
      '--strict',
      '--exactOptionalPropertyTypes',
      '--target',
      'es2021',
      '--lib',
      'es2022,dom',
    ];
    for (const [modules, resolution] of [
      ['commonjs', 'node'],
      ['node16', 'node16'],
    ]) {
      const how = ['--module', modules, '--moduleResolution', resolution];
      await run(node, ['node_modules/typescript/bin/tsc', ...options, ...how, ...files], { cwd: app.folder });
    }
  } finally {
    await app.stop();
  }
});
