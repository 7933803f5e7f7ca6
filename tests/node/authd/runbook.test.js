// docs/authd.md: the commands of "Start", and each block of "When something happens" on a server with real keys.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Authd } from '../../support/authd.js';
import { certificate, folderFor, root } from '../../support/plain-api.js';

/** The blocks of commands of a section, with the first line of the paragraph before each as title. */
async function blocks(heading) {
  const text = await readFile(join(root, 'docs/authd.md'), 'utf8');
  const [, section] = new RegExp(`^## ${heading}\\n([^]*?)^## `, 'm').exec(text);
  return [...section.matchAll(/([^]*?)```sh\n([^]*?)```/g)].map(([, before, commands]) => ({
    title: before.trim().split('\n\n').at(-1).split('\n')[0],
    commands,
  }));
}

/** Runs lines in a shell in `cwd` until one of them serves, calls `use` with the endpoint, and stops the server. */
async function serveWith(lines, cwd, use) {
  const child = spawn('sh', ['-euc', lines], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (printed += text));
  const exited = once(child, 'exit');
  try {
    while (!/listening on /.test(printed))
      await Promise.race([once(child.stdout, 'data'), exited.then(() => assert.fail(`${lines}\n${printed}`))]);
    await use(/listening on (\S+)/.exec(printed)[1], printed);
  } finally {
    child.kill('SIGTERM');
  }
  assert.deepEqual(await exited, [0, null], printed);
}

test('"Start": the first commands, and the server for other machines', { timeout: 60_000 }, async (t) => {
  const [first, forOthers, ...rest] = await blocks('Start');
  assert.equal(rest.length, 0);
  const folder = await folderFor(t);
  // The path is relative to the repository; the database is made in a folder of its own.
  const [path, createApiKey, createDomainKey, serve, ...more] = first.commands.trim().split('\n');
  assert.deepEqual([path.startsWith('PATH='), more], [true, []]);
  const here = (line) => `cd '${root}' && ${path} && cd '${folder}' && ${line}`;
  const run = async (line) => (await promisify(execFile)('sh', ['-euc', here(line)])).stdout;
  const [, apiKey] = /^API key +(\S+)/m.exec(await run(createApiKey));
  const [, domainKey] = /^domain key +(\S+)/m.exec(await run(createDomainKey.replace('KEY', apiKey)));
  await serveWith(here(`exec ${serve} --listen 127.0.0.1:0`), folder, async (endpoint) => {
    for (const Origin of ['http://localhost:3000', 'https://www.example.com']) {
      const headers = { Origin, 'x-inbenta-key': apiKey, 'Content-Type': 'application/json' };
      const answer = await fetch(`${endpoint}/auth`, { method: 'POST', headers, body: JSON.stringify({ domainKey }) });
      assert.equal(answer.status, 200, Origin);
    }
  });

  const { file, keyFile, cert } = await certificate(t, 'localhost');
  await copyFile(file, join(folder, 'cert.pem'));
  await copyFile(keyFile, join(folder, 'key.pem'));
  const listening = forOthers.commands.trim().replace('0.0.0.0:8443', '127.0.0.1:0');
  await serveWith(here(`exec ${listening}`), folder, async (endpoint) => {
    const { port } = new URL(endpoint);
    const health = await new Promise((resolve, reject) =>
      get(
        `https://localhost:${port}/healthz`,
        { ca: cert, lookup: (name, options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]) },
        (answer) => {
          let body = '';
          answer.on('data', (part) => (body += part)).on('end', () => resolve(`${answer.statusCode} ${body}`));
        },
      ).on('error', reject),
    );
    assert.equal(health, '200 {"status":"ok"}');
  });
  await readFile(join(folder, 'audit.log'));
});

/** Starts `inbenta-token watch`, and resolves to its process ID when the file "token" has a token. */
async function startWatch(t, folder, endpoint, apiKey, secret) {
  const file = join(folder, 'token');
  const program = join(root, 'build/native/src/native/command/inbenta-token');
  const child = spawn(program, ['watch', '--endpoint', endpoint, '--output', file], {
    env: { INBENTA_API_KEY: apiKey, INBENTA_SECRET: secret },
    stdio: 'ignore',
  });
  t.after(() => child.kill());
  for (let tries = 0; tries < 100; tries++) {
    if (await stat(file).catch(() => undefined)) return child.pid;
    await sleep(50);
  }
  return assert.fail('no token');
}

test('each block of "When something happens" works', { timeout: 120_000 }, async (t) => {
  const all = await blocks('When something happens');
  assert.ok(all.length >= 8, `${all.length} blocks`);
  const seen = new Set();
  for (const { title, commands } of all)
    await t.test(title.slice(0, 70), async (t) => {
      const folder = await folderFor(t);
      const authd = await Authd.create(join(folder, 'inbenta-authd.db'));
      t.after(() => authd.remove());
      const { apiKey } = await authd.command('api-key', 'create', '--name', 'shop');
      const { id: secretId, secret } = await authd.command('secret', 'create', '--api-key', apiKey);
      const { id: domainKeyId } = await authd.createDomainKey(apiKey, ['shop.example']);
      await copyFile(authd.db, join(folder, 'backup.db'));
      await writeFile(join(folder, 'admin-token'), 'f'.repeat(40), { mode: 0o600 });
      const endpoint = await authd.serve({
        words: ['--admin-token-file', join(folder, 'admin-token'), '--audit', join(folder, 'audit.log')],
      });
      const post = (url, headers, body) =>
        fetch(url, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', ...headers },
          body: JSON.stringify(body),
        });
      const grant = () => post(`${endpoint}/auth`, { 'x-inbenta-key': apiKey }, { secret });
      /** The token that was granted before can no longer be refreshed. */
      const refused = async (endpoint) => {
        const headers = { 'x-inbenta-key': apiKey, Authorization: `Bearer ${accessToken}` };
        assert.equal((await post(`${endpoint}/refreshToken`, headers)).status, 403);
      };
      const { accessToken } = await (await grant()).json();
      await post(
        new URL('/admin/api-keys', endpoint),
        { Authorization: `Bearer ${'f'.repeat(40)}` },
        { name: 'by admin' },
      );
      const spare = await authd.command('secret', 'create', '--api-key', apiKey);
      await authd.command('secret', 'revoke', spare.id, '--audit', join(folder, 'audit.log'));
      const [header, claims] = accessToken
        .split('.')
        .slice(0, 2)
        .map((part) => JSON.parse(Buffer.from(part, 'base64url')));
      const account = process.getuid() || 65534; // root restores the database of another account
      const words = {
        'SIGNING-KEY': header.kid,
        'DOMAIN-KEY': domainKeyId,
        'API-KEY': apiKey,
        SECRET: secretId,
        SERVER: authd.pid,
        JTI: claims.jti,
        ACCOUNT: account,
        WATCH: /\bWATCH\b/.test(commands) && (await startWatch(t, folder, endpoint, apiKey, secret)),
      };
      const script = commands.replace(
        /\b(SIGNING-KEY|DOMAIN-KEY|API-KEY|SECRET|SERVER|JTI|ACCOUNT|WATCH)\b/g,
        (word) => words[word],
      );
      const audited = async (event) =>
        (await readFile(join(folder, 'audit.log'), 'utf8')).split(`"event":"${event}"`).length - 1;
      const events = [...script.matchAll(/(?<=^inbenta-authd )[a-z-]+ (create|revoke|rotate)\b/gm)].map(
        ([event]) => event,
      );
      const before = await Promise.all(events.map(audited));
      await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
        cwd: folder,
        env: { ...process.env, PATH: `${dirname(authd.program)}:${process.env.PATH}` },
      });
      if (/rm -f inbenta-authd\.db /.test(script)) {
        const [{ name }, ...others] = await authd.command('api-key', 'list');
        assert.deepEqual([name, others], ['shop', []], 'a new database');
        assert.deepEqual(await authd.command('secret', 'list'), []);
      }
      if (/cp backup/.test(script)) {
        const again = await authd.serve();
        const { status } = await post(`${again}/auth`, { 'x-inbenta-key': apiKey }, { secret });
        assert.equal(status, 200, 'the backup has the keys');
        assert.equal((await stat(join(folder, 'inbenta-authd.db'))).uid, account);
        await refused(again);
      }
      for (const [i, event] of events.entries())
        assert.equal(await audited(event), before[i] + 1, `${event} is in the audit log`);
      if (words.WATCH) {
        const file = join(folder, 'token');
        const before = await readFile(file, 'utf8');
        for (let tries = 0; tries < 100 && (await readFile(file, 'utf8')) == before; tries++) await sleep(50);
        assert.notEqual(await readFile(file, 'utf8'), before, 'a new token');
        seen.add('kill -HUP WATCH');
      }
      if (/secret revoke|api-key revoke/.test(script)) assert.equal((await grant()).status, 403, 'revoked');
      if (/signing-key (revoke|rotate)/.test(script) && !/cp backup/.test(script)) {
        await new Promise((resolve) => setTimeout(resolve, 1100));
        await refused(endpoint);
      }
      for (const [name] of script.matchAll(
        /[a-z-]+ (?:list|create|revoke|rotate)|grep|kill -HUP|cp backup|rm -f inbenta-authd\.db /g,
      ))
        seen.add(name);
    });
  for (const name of [
    'signing-key revoke',
    'signing-key rotate',
    'secret revoke',
    'domain-key create',
    'domain-key revoke',
    'api-key revoke',
    'kill -HUP',
    'kill -HUP WATCH',
    'cp backup',
    'rm -f inbenta-authd.db ',
    'grep',
  ])
    assert.ok(seen.has(name), name);
});
