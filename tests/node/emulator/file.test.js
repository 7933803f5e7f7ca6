// Keys in a file. They survive a restart and kill -9, and never overwrite a foreign file.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startEmulator } from 'inbenta-auth/emulator';
import { auth, emulate, ORIGIN, refresh, tokenOf } from '../../support/emulator.js';

const CLI = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));

async function folderFor(t) {
  const folder = await mkdtemp(join(tmpdir(), 'inbenta-auth-emulator-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('keys, revocations and tokens survive a restart', async (t) => {
  const file = join(await folderFor(t), 'keys.json');
  const first = await emulate(t, { file });
  const { accessToken } = await tokenOf(first);
  const other = await first.createDomainKey(first.apiKey, [ORIGIN]);
  await first.revoke('domain-key', other.id);
  const { secret } = await first.createSecret();
  await first.close();
  const text = await readFile(file, 'utf8');
  for (const credential of [first.domainKey, first.secret]) assert.ok(text.includes(credential));
  for (const credential of [secret, accessToken]) assert.ok(!text.includes(credential));
  assert.equal((await stat(file)).mode & 0o777, 0o600);

  const second = await emulate(t, { file });
  for (const name of ['apiKey', 'domainKey', 'domainKeyId', 'secret', 'secretId'])
    assert.equal(second[name], first[name], name);
  assert.equal((await auth(second)).status, 200);
  assert.equal((await auth(second, { body: JSON.stringify({ secret: first.secret }) })).status, 200);
  assert.equal((await auth(second, { body: JSON.stringify({ domainKey: other.domainKey }) })).status, 403);
  assert.equal((await refresh(second, accessToken)).status, 200);
  await second.close();

  // Changed domains are applied. A revoked domain key is replaced.
  const third = await emulate(t, { file, domains: ['other.example'] });
  assert.equal(third.domainKey, first.domainKey);
  assert.equal((await auth(third)).status, 403);
  await third.revoke('domain-key', third.domainKeyId);
  await third.close();
  const fourth = await emulate(t, { file });
  assert.notEqual(fourth.domainKey, first.domainKey);
  assert.equal((await auth(fourth)).status, 200);
});

test('without domains, the domain key of the file stays, with its list', async (t) => {
  const file = join(await folderFor(t), 'keys.json');
  const first = await emulate(t, { file, domains: [ORIGIN, '*.bücher.example'] });
  assert.deepEqual(first.domains, [ORIGIN, '*.xn--bcher-kva.example']);
  await first.close();
  const second = await emulate(t, { file, domains: undefined });
  assert.deepEqual([second.domainKey, second.domains], [first.domainKey, first.domains]);
  const none = await emulate(t, { domains: undefined });
  assert.deepEqual([none.domainKey, none.domains], [null, []]);
});

test('a secret to start with that does not work any more is replaced', async (t) => {
  const file = join(await folderFor(t), 'keys.json');
  const statusOf = async (emulator, secret) => (await auth(emulator, { body: JSON.stringify({ secret }) })).status;
  let last = await emulate(t, { file });
  const restart = async (change) => {
    const { secret, apiKey } = last;
    await change();
    await last.close();
    last = await emulate(t, { file });
    assert.equal(await statusOf(last, last.secret), 200);
    return { isSame: last.secret == secret, isSameApiKey: last.apiKey == apiKey, before: secret };
  };

  assert.ok((await restart(() => last.reset())).isSame);
  const revoked = await restart(() => last.revoke('secret', last.secretId));
  assert.ok(!revoked.isSame && (await statusOf(last, revoked.before)) == 403);
  const rotated = await restart(() => last.rotateSecret(last.secretId, 3600));
  assert.ok(!rotated.isSame && (await statusOf(last, rotated.before)) == 200);

  // A file of a version that kept only the hash.
  const old = await restart(async () => {
    const { start_secret, ...rest } = JSON.parse(await readFile(file, 'utf8'));
    assert.deepEqual(start_secret, { id: last.secretId, secret: last.secret });
    await writeFile(file, JSON.stringify(rest));
  });
  assert.ok(!old.isSame && old.isSameApiKey && (await statusOf(last, old.before)) == 200);
});

test('a revoked API key to start with is replaced, with its secret and its domain key', async (t) => {
  const file = join(await folderFor(t), 'keys.json');
  const adminToken = randomBytes(24).toString('base64url');
  const first = await emulate(t, { file, adminToken });
  const headers = { Authorization: `Bearer ${adminToken}`, 'Content-Type': 'application/json' };
  const [{ id }] = await (await fetch(`${first.url}/admin/api-keys`, { headers })).json();
  const body = JSON.stringify({ id });
  assert.ok((await fetch(`${first.url}/admin/api-keys/revoke`, { method: 'POST', headers, body })).ok);
  await first.close();
  const second = await emulate(t, { file });
  for (const name of ['apiKey', 'domainKey', 'secret']) assert.notEqual(second[name], first[name], name);
  assert.equal((await auth(second)).status, 200);
});

test('a reset also changes the file', async (t) => {
  const file = join(await folderFor(t), 'keys.json');
  const emulator = await emulate(t, { file });
  const before = await readFile(file, 'utf8');
  await emulator.createApiKey();
  assert.notEqual(await readFile(file, 'utf8'), before);
  await emulator.reset();
  assert.equal(await readFile(file, 'utf8'), before);
});

test('requests do not change the file', async (t) => {
  const file = join(await folderFor(t), 'keys.json');
  const adminToken = randomBytes(24).toString('base64url');
  const emulator = await emulate(t, { file, adminToken });
  const before = await readFile(file, 'utf8');
  await auth(emulator);
  const listed = await (
    await fetch(`${emulator.url}/admin/domain-keys`, { headers: { Authorization: `Bearer ${adminToken}` } })
  ).json();
  assert.ok(Math.abs(Date.parse(listed[0].lastUsed) - Date.now()) < 60_000);
  await emulator.close();
  await (await emulate(t, { file })).close();
  assert.equal(await readFile(file, 'utf8'), before);
});

test('a symbolic link stays a link, and its target is written', async (t) => {
  const folder = await folderFor(t);
  const target = join(folder, 'keys.json');
  const link = join(folder, 'link.json');
  await (await startEmulator({ file: target })).close();
  await symlink(target, link);
  const emulator = await emulate(t, { file: link });
  const apiKey = await emulator.createApiKey();
  assert.ok((await readFile(target, 'utf8')).includes(apiKey));
  assert.deepEqual((await readdir(folder)).sort(), ['keys.json', 'link.json']);
});

test('a damaged file, a foreign file and one of another version are left untouched', async (t) => {
  const file = join(await folderFor(t), 'keys.json');
  const good = await emulate(t, { file });
  await good.close();
  const text = await readFile(file, 'utf8');
  const bad = [
    ['', /not JSON/],
    ['not JSON', /not JSON/],
    [text.slice(0, -10), /not JSON/],
    [`${text}x`, /not JSON/],
    [`${text}\0`, /not JSON/],
    ['{"name":"my-project","version":1}', /not a file of the emulator/],
    [text.replace('"version": 1', '"version": 2'), /another version/],
    [text.replace(good.secretId, good.domainKeyId), /domain_keys\[0\]: an ID occurs twice/],
    [text.replace(`"${ORIGIN}`, '"http://a b'), /domain_keys\[0\]: a domain/],
  ];
  for (const [content, problem] of bad) {
    await writeFile(file, content);
    await assert.rejects(startEmulator({ file }), (error) => {
      assert.equal(error.code, 'file_not_usable');
      assert.match(error.message, problem);
      assert.ok(error.message.includes(file));
      for (const credential of [good.apiKey, good.domainKey]) assert.ok(!error.message.includes(credential));
      return true;
    });
    assert.equal(await readFile(file, 'utf8'), content);
  }
  await writeFile(file, text);
  assert.equal((await emulate(t, { file })).apiKey, good.apiKey);
});

test('a change that cannot be written is not acknowledged and not applied', async (t) => {
  const folder = await folderFor(t);
  const nowhere = join(folder, 'no/such/folder.json');
  await assert.rejects(startEmulator({ file: nowhere }), {
    code: 'file_not_usable',
    message: `${nowhere} could not be written: its folder does not exist (ENOENT)`,
  });
  const file = join(folder, 'keys.json');
  const adminToken = randomBytes(24).toString('base64url');
  const emulator = await emulate(t, { file, adminToken });
  await mkdir(`${file}.tmp`); // blocks the temporary file
  await writeFile(join(`${file}.tmp`, 'x'), '');
  await assert.rejects(emulator.createApiKey(), { code: 'server_error', status: 500 });
  await assert.rejects(emulator.revoke('domain-key', emulator.domainKeyId), /could not be written/);
  const answer = await fetch(`${emulator.url}/admin/api-keys`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${adminToken}`, 'Content-Type': 'application/json' },
    body: '{"name":"x"}',
  });
  assert.equal(answer.status, 500);
  assert.ok(!(await answer.text()).includes(folder), 'files are for the log');
  assert.match(emulator.requests.at(-1).problem, /could not be written/);
  assert.equal((await auth(emulator)).status, 200);
  await rm(`${file}.tmp`, { recursive: true });
  await emulator.revoke('domain-key', emulator.domainKeyId);
  assert.equal((await auth(emulator)).status, 403);
});

test('a folder that cannot be opened or synced does not leave a change that was reported as failed', async (t) => {
  const folder = await folderFor(t);
  const file = join(folder, 'keys.json');
  const emulator = await emulate(t, { file });
  const { openSync, fsyncSync } = fs;
  const failure = (code) => Object.assign(new Error(code), { code });
  const failToSync = (code) =>
    t.mock.method(fs, 'fsyncSync', (descriptor) => {
      if (fs.fstatSync(descriptor).isDirectory()) throw failure(code);
      fsyncSync(descriptor);
    });

  const before = await readFile(file, 'utf8');
  t.mock.method(fs, 'openSync', (path, ...rest) => {
    if (path == folder) throw failure('EACCES');
    return openSync(path, ...rest);
  });
  await assert.rejects(emulator.createApiKey(), {
    message: `${file} could not be written: this account may not use it (EACCES)`,
  });
  assert.equal(await readFile(file, 'utf8'), before);
  assert.deepEqual(await readdir(folder), ['keys.json']);
  t.mock.restoreAll();

  failToSync('EIO');
  await assert.rejects(emulator.createApiKey(), { message: `${file} could not be written: EIO` });
  t.mock.restoreAll();

  // A file system that cannot sync folders. The key of the failed change is gone.
  failToSync('EINVAL');
  const apiKey = await emulator.createApiKey();
  const { api_keys: saved } = JSON.parse(await readFile(file, 'utf8'));
  assert.deepEqual(
    saved.map(({ value }) => value),
    [emulator.apiKey, apiKey],
  );
});

test('two emulators on one file do not overwrite each other’s keys', async (t) => {
  const file = join(await folderFor(t), 'keys.json');
  const one = await emulate(t, { file });
  const two = await emulate(t, { file });
  const apiKey = await one.createApiKey();
  await assert.rejects(two.createApiKey(), /was changed by another program/);
  assert.ok((await readFile(file, 'utf8')).includes(apiKey));
  await one.createApiKey();
  await rm(file);
  await assert.rejects(one.createApiKey(), /was changed by another program/);
});

test('a file that others could read becomes readable for its owner only', async (t) => {
  const file = join(await folderFor(t), 'keys.json');
  await (await startEmulator({ file })).close();
  await chmod(file, 0o644);
  const emulator = await emulate(t, { file });
  await emulator.createApiKey();
  assert.equal((await stat(file)).mode & 0o777, 0o600);
});

const ROUNDS = 12;
const WRITERS = 4;
const SEED = 20261124;

/** Pseudo-random numbers from 0 to 1, the same in each run (a linear congruential generator). */
function numbers(seed) {
  return () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

test('kill -9 in the middle of writes loses no acknowledged key or revocation', { timeout: 120_000 }, async (t) => {
  const folder = await folderFor(t);
  const file = join(folder, 'keys.json');
  const adminToken = randomBytes(24).toString('base64url');
  const tokenFile = join(folder, 'admin-token');
  await writeFile(tokenFile, adminToken, { mode: 0o600 });
  const headers = { Authorization: `Bearer ${adminToken}`, 'Content-Type': 'application/json' };
  const random = numbers(SEED);
  const made = new Map(); // id → whether its revocation was acknowledged
  let begun = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const child = spawn(
      process.execPath,
      [
        CLI,
        'emulator',
        '--port',
        '0',
        '--quiet',
        '--json',
        '--file',
        file,
        '--admin-token-file',
        tokenFile,
        '--domain',
        ORIGIN,
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const exited = once(child, 'exit');
    const [line] = await once(createInterface(child.stdout), 'line');
    const { admin, apiKey } = JSON.parse(line);
    const post = async (path, body) => {
      begun++;
      const answer = await fetch(new URL(path, admin), { method: 'POST', headers, body: JSON.stringify(body) });
      const json = await answer.json();
      assert.ok(answer.ok, JSON.stringify(json));
      return json;
    };
    const acknowledged = made.size;
    let killed = false;
    const write = async () => {
      while (!killed) {
        const { id } = await post('domain-keys', { apiKey, domains: [ORIGIN] });
        made.set(id, false);
        if (random() < 0.5) continue;
        await post('domain-keys/revoke', { id });
        made.set(id, true);
      }
    };
    const writers = Promise.allSettled(Array.from({ length: WRITERS }, write));
    while (made.size < acknowledged + 5 + random() * 20) await sleep(1);
    await sleep(random() * 5);
    child.kill('SIGKILL');
    assert.deepEqual(await exited, [null, 'SIGKILL']);
    killed = true;
    for (const { reason } of await writers) assert.ok(!reason || reason instanceof TypeError, `${reason}`); // the connection broke

    const stored = new Map(
      JSON.parse(await readFile(file, 'utf8')).domain_keys.map(({ id, revoked_s }) => [id, revoked_s > 0]),
    );
    for (const [id, revoked] of made) {
      assert.ok(stored.has(id), `${id} was acknowledged and is lost`);
      assert.ok(!revoked || stored.get(id), `the revocation of ${id} was acknowledged and is lost`);
    }
    // Each writer has at most one write that was made but not acknowledged. One key was made at the first start.
    assert.ok(stored.size <= made.size + (round + 1) * WRITERS + 1, 'keys that nobody made');
  }
  t.diagnostic(`${ROUNDS} emulators killed, ${begun} writes begun, ${made.size} keys acknowledged, nothing lost`);
});

test('the command starts again with the file of a killed one', async (t) => {
  const file = join(await folderFor(t), 'keys.json');
  const run = () =>
    new Promise((resolve) => {
      const child = execFile(process.execPath, [
        CLI,
        'emulator',
        '--port',
        '0',
        '--quiet',
        '--json',
        '--file',
        file,
        '--domain',
        ORIGIN,
      ]);
      child.stdout.once('data', (text) => (child.kill('SIGKILL'), resolve(JSON.parse(text))));
    });
  const first = await run();
  await writeFile(`${file}.tmp`, 'half a docu');
  const second = await run();
  assert.deepEqual(second, { ...first, endpoint: second.endpoint });
});
