// Files that contain a credential, and access to the management interface.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, chown, copyFile, rename, stat, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { networkInterfaces } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Authd } from '../../support/authd.js';
import { certificate, execute, folderFor } from '../../support/plain-api.js';

const ADMIN_TOKEN = '0123456789abcdef'.repeat(2);

async function make(t) {
  const authd = await Authd.create();
  t.after(() => authd.remove());
  await authd.createApiKey();
  return authd;
}

/** Starts inbenta-authd, which must refuse to start. If it serves instead, it is ended. */
const refused = (authd, ...words) =>
  execute('timeout', ['10', authd.program, 'serve', '--db', authd.db, '--listen', '127.0.0.1:0', ...words], {});

test('a file that others can read is refused with a chmod command, and accepted after that command', async (t) => {
  const authd = await make(t);
  const folder = await folderFor(t);
  const [token, audit] = ['token', 'audit'].map((name) => join(folder, name));
  const { file: cert, keyFile } = await certificate(t, 'localhost');
  await writeFile(token, ADMIN_TOKEN, { mode: 0o600 });
  await writeFile(audit, '', { mode: 0o600 });
  const files = {
    [authd.db]: [],
    [token]: ['--admin-token-file', token],
    [audit]: ['--audit', audit],
    [keyFile]: ['--tls-cert', cert, '--tls-key', keyFile],
  };
  for (const [file, words] of Object.entries(files))
    for (const mode of [0o644, 0o606, 0o620]) {
      await chmod(file, mode);
      const { status, stdout, stderr } = await refused(authd, ...words);
      assert.deepEqual([status, stdout], [1, ''], file);
      const [, command] = stderr.match(/: other accounts can use it; run: (chmod 600 .*)\n$/) ?? assert.fail(stderr);
      await promisify(execFile)('sh', ['-c', command]);
      assert.equal((await stat(file)).mode & 0o777, 0o600);
    }
  await chmod(keyFile, 0o640); // a group may be allowed to read it
  await authd.serve({ words: Object.values(files).flat() });
  // Commands that manage keys check the database file too.
  await chmod(authd.db, 0o604);
  await assert.rejects(
    authd.command('api-key', 'list'),
    ({ code, stderr }) => code == 1 && /run: chmod 600/.test(stderr),
  );
});

test('a credential in place of a value is not repeated in the message', async (t) => {
  const authd = await make(t);
  for (const credential of ['0123456789abcdef'.repeat(2), 'q83vEjRWeJ/83vEjRWeJq83vE/RWeJq83vEjRWeJq80=']) {
    const options = '--admin-token-file --listen --lifetime --api --apis --log --throttle --quota --trusted-proxy';
    for (const option of options.split(' ')) {
      const { status, stderr } = await refused(authd, option, credential);
      assert.ok([1, 2].includes(status) && stderr.startsWith('inbenta-authd: '), stderr);
      assert.ok(!stderr.includes(credential), option);
    }
    for (const words of [
      ['secret', 'list', '--db', credential],
      ['serve', '--allow-host', `${credential}/`],
      ['api-key', 'create', '--name', 'x', '--audit', `none/${credential}`],
      ['secret', 'rotate', 'x', '--overlap', credential],
      ['domain-key', 'create', '--domain', `${credential}:x`],
    ]) {
      const { status, stderr } = await execute(authd.program, words, {});
      assert.ok([1, 2].includes(status) && !stderr.includes(credential), stderr);
    }
  }
});

test('a pipe in place of a credential is refused, and does not block SIGHUP or the stop', async (t) => {
  const authd = await make(t);
  const folder = await folderFor(t);
  const [token, pipe] = ['token', 'pipe'].map((name) => join(folder, name));
  const { file: cert, keyFile } = await certificate(t, 'localhost');
  await promisify(execFile)('mkfifo', ['-m', '600', pipe]);
  for (const words of [
    ['--admin-token-file', pipe],
    ['--tls-cert', cert, '--tls-key', pipe],
    ['--tls-cert', pipe, '--tls-key', keyFile],
    ['--db', pipe],
  ]) {
    const { status, stderr } = await refused(authd, ...words);
    assert.equal(status, 1, words.join(' '));
    assert.ok(stderr.includes(`${pipe}: not a regular file\n`), stderr);
  }
  await writeFile(token, ADMIN_TOKEN, { mode: 0o600 });
  await authd.serve({ words: ['--admin-token-file', token] });
  await rename(pipe, token);
  process.kill(authd.pid, 'SIGHUP');
  for (let tries = 0; tries < 100 && authd.log.length == 0; tries++) await sleep(20);
  assert.match(authd.log[0], /token: not a regular file; the old token is still used$/);
  const start = performance.now();
  assert.equal(await authd.stop(), 0);
  assert.ok(performance.now() - start < 5000);
});

test('a database that cannot be written is refused with a command, before SQLite leaves a log that cannot be written either', async (t) => {
  const authd = await make(t);
  const folder = dirname(authd.db);
  // Root may write any file. Then the program runs as another account, which cannot enter the folders of this repository.
  const isRoot = process.getuid() == 0;
  const program = join(folder, 'inbenta-authd');
  await copyFile(authd.program, program);
  await chmod(folder, 0o777);
  const give = (file) => (isRoot ? chown(file, 65534, 65534) : undefined);
  const other = isRoot ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', program] : [program];
  const asOther = (...words) => execute(other[0], [...other.slice(1), ...words, '--db', authd.db], {});
  await give(authd.db);
  for (const end of ['', '-wal', '-shm']) {
    const file = authd.db + end;
    if (end != '') await writeFile(file, '');
    await give(file);
    await chmod(file, 0o400);
    for (const words of [
      ['serve', '--listen', '127.0.0.1:0'],
      ['api-key', 'list'],
    ]) {
      const { status, stderr } = await asOther(...words);
      assert.equal(status, 1);
      assert.ok(stderr.endsWith(`keys.db${end}: Permission denied; run: chmod 600 ${file}\n`), stderr);
    }
    await chmod(file, 0o600);
  }
  if (isRoot) {
    await chown(authd.db, 0, 0); // as after a restore by root
    const { status, stderr } = await asOther('api-key', 'list');
    assert.equal(status, 1);
    assert.ok(stderr.endsWith(`keys.db: Permission denied; run: chown 65534 ${authd.db}\n`), stderr);
    await give(authd.db);
  }
  assert.equal((await asOther('api-key', 'list')).status, 0);
});

test('output that cannot be written is an error, and the message says what was done', async (t) => {
  const authd = await make(t);
  const apiKey = await authd.createApiKey();
  const run = (words, to) =>
    execute('sh', ['-c', `exec "$@" ${to}`, 'sh', authd.program, ...words, '--db', authd.db], {});
  for (const [to, reason] of [
    ['>/dev/full', 'No space left on device'],
    ['>&-', 'Bad file descriptor'],
  ]) {
    const failed = `inbenta-authd: cannot write to standard output: ${reason}`;
    for (const json of [[], ['--json']]) {
      const create = await run(['secret', 'create', '--api-key', apiKey, ...json], to);
      const { id } = (await authd.command('secret', 'list')).at(-1);
      assert.deepEqual(create, {
        status: 1,
        stdout: '',
        stderr: `${failed}; the secret was created and not shown: revoke it (${id})\n`,
      });
      const revoke = await run(['secret', 'revoke', id, ...json], to);
      assert.deepEqual([revoke.status, revoke.stderr], [1, `${failed}; secret revoke was done (${id})\n`]);
      const list = await run(['secret', 'list', ...json], to);
      assert.deepEqual([list.status, list.stderr], [1, `${failed}\n`]);
    }
    for (const word of ['--help', '--version']) {
      const { status, stderr } = await run([word], to);
      assert.deepEqual([status, stderr], [1, `${failed}\n`]);
    }
  }
});

test('a server that may open too few files says so and does not start', async (t) => {
  const authd = await make(t);
  const words = ['--nofile=100:100', authd.program, 'serve', '--db', authd.db, '--listen', '127.0.0.1:0'];
  const { status, stderr } = await execute('prlimit', words, {});
  assert.equal(status, 1);
  assert.match(stderr, /too few files may be open for a server; allow at least 128: ulimit -n 128/);
});

test('the management interface is not served over plain http to other machines, unless an option allows it', async (t) => {
  const authd = await make(t);
  const token = join(dirname(authd.db), 'token');
  await writeFile(token, ADMIN_TOKEN, { mode: 0o600 });
  for (const address of ['0.0.0.0:0', '[::]:0']) {
    const { status, stderr } = await refused(authd, '--listen', address, '--admin-token-file', token);
    assert.equal(status, 2);
    assert.match(stderr, /add --tls-cert and --tls-key, or --admin-over-http/);
  }
  await authd.serve({ adminToken: ADMIN_TOKEN, words: ['--listen', '0.0.0.0:0', '--admin-over-http'] });
});

/** GET with this Host header. */
const send = (endpoint, path, host) =>
  new Promise((resolve, reject) => {
    get(new URL(path, endpoint), { headers: { Host: host, Authorization: `Bearer ${ADMIN_TOKEN}` } }, (answer) =>
      resolve(answer.resume().statusCode),
    ).on('error', reject);
  });

test('against DNS rebinding, /admin/ is served only under localhost, addresses and allowed names', async (t) => {
  const authd = await make(t);
  const endpoint = await authd.serve({
    adminToken: ADMIN_TOKEN,
    words: ['--allow-host', 'keys.example', '--allow-host', 'keys2.example'],
  });
  const { address } = Object.values(networkInterfaces()).flat()[0];
  for (const host of [
    'localhost',
    'localhost:8080',
    'shop.localhost',
    '127.0.0.1:1',
    '[::1]',
    '[::1]:8080',
    address.includes(':') ? `[${address}]` : address,
    'keys.example',
    'KEYS2.example:443',
  ])
    for (const path of ['/admin/', '/admin/api-keys']) assert.equal(await send(endpoint, path, host), 200, host);
  for (const host of [
    'evil.example',
    'localhost.evil.example',
    'evillocalhost',
    '127.0.0.1.evil.example',
    'x.keys.example',
    '1',
  ]) {
    for (const path of ['/admin/', '/admin/api-keys']) assert.equal(await send(endpoint, path, host), 421, host);
    assert.equal(await send(endpoint, '/healthz', host), 200); // only /admin/ is limited
  }
});

test('what is no host name is refused by --allow-host', async (t) => {
  const authd = await make(t);
  const long = 'a'.repeat(64);
  for (const host of ['', 'https://keys.example', 'keys.example:8443', 'keys..example', '.example', 'a b', long]) {
    const { status, stderr } = await refused(authd, '--allow-host', host);
    assert.equal(status, 2, host);
    assert.match(stderr, /--allow-host .*: write a host name without a port, for example keys\.example\.com\n$/);
  }
  await authd.serve({ words: ['keys', 'my_app.example', '10.0.0.1', '::1'].flatMap((host) => ['--allow-host', host]) });
});

test('domains that belong to no single owner are refused', async (t) => {
  const authd = await make(t);
  const [{ apiKey }] = await authd.command('api-key', 'list');
  for (const domain of ['com', '*.com', '*.localnet', 'intranet'])
    await assert.rejects(
      authd.createDomainKey(apiKey, [domain]),
      ({ code, stderr }) => code == 2 && /top-level domain|has a dot/.test(stderr),
      domain,
    );
  // Public suffixes: of registries, of companies, by a rule for all names ("*.ck"), in capitals, and beyond ASCII.
  for (const domain of ['*.co.uk', '*.github.io', '*.anything.ck', '*.GitHub.IO', '*.公司.cn', '*.xn--55qx5d.cn'])
    await assert.rejects(
      authd.createDomainKey(apiKey, [domain]),
      ({ code, stderr }) => code == 2 && /public suffix: put your own name before it, as \*\.NAME\.SUFFIX/.test(stderr),
      domain,
    );
  await authd.createDomainKey(apiKey, ['*.shop.co.uk', '*.shop.github.io', '*.www.ck', 'shop.github.io', 'github.io']);
  const { domains } = await authd.createDomainKey(apiKey, [
    'localhost',
    '*.localhost',
    '*.shop.example',
    'https://intranet',
    'http://intranet:8080',
  ]);
  assert.equal(domains.length, 5);
});
