// The audit log has every grant, refusal and change, with the person or client that caused it, and no credential. Also
// tested: a log that cannot be written.

import assert from 'node:assert/strict';
import { chmod, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Authd } from '../../support/authd.js';
import { execute, folderFor, root } from '../../support/plain-api.js';

const ADMIN_TOKEN = '0123456789abcdef'.repeat(2);
const ORIGIN = 'https://shop.example';

async function post(url, body, headers = {}) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: body && JSON.stringify(body),
  });
  return { status: answer.status, ...(await answer.json()) };
}

const manage = (endpoint, path, body, token = ADMIN_TOKEN) =>
  post(new URL(`/admin/${path}`, endpoint), body, { Authorization: `Bearer ${token}` });

const read = async (file) =>
  (await readFile(file, 'utf8'))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

/** Waits a few seconds for `condition`. */
async function until(condition) {
  for (let tries = 0; tries < 250 && !(await condition()); tries++) await sleep(20);
  assert.ok(await condition());
}

test('grants, refusals and changes are logged with their author and without credentials', async (t) => {
  const file = join(await folderFor(t), 'audit');
  const authd = await Authd.create();
  t.after(() => authd.remove());
  const endpoint = await authd.serve({ adminToken: ADMIN_TOKEN, words: ['--audit', file] });
  const command = (...words) => authd.command(...words, '--audit', file);

  const key = await command('api-key', 'create', '--name', 'shop');
  const domainKey = await command('domain-key', 'create', '--api-key', key.apiKey, '--domain', 'shop.example');
  const auth = (body, origin = ORIGIN) =>
    post(`${endpoint}/auth`, body, { 'x-inbenta-key': key.apiKey, Origin: origin });
  const { accessToken } = await auth({ domainKey: domainKey.domainKey });
  const bearer = { 'x-inbenta-key': key.apiKey, Authorization: `Bearer ${accessToken}`, Origin: ORIGIN };
  await post(`${endpoint}/refreshToken`, undefined, bearer);
  await fetch(`${endpoint}/apis`, { headers: bearer });
  await auth({ domainKey: domainKey.domainKey }, 'https://evil.example');
  await auth({ domainKey: 'unknown' });

  const secret = await manage(endpoint, 'secrets', { apiKey: key.apiKey });
  const rotated = await command('secret', 'rotate', secret.id, '--overlap', '60');
  const again = await manage(endpoint, 'secrets/rotate', { id: rotated.id });
  await manage(endpoint, 'domain-keys/set-domains', { id: domainKey.id, domains: ['other.example'] });
  await command('domain-key', 'revoke', domainKey.domainKey); // named by its value; the log has its ID
  const signing = await manage(endpoint, 'signing-keys/rotate', {});
  await manage(endpoint, 'secrets/revoke', { id: 'sk_unknown' });
  await manage(endpoint, 'secrets/revoke', { id: secret.id }, 'f'.repeat(32));
  await fetch(new URL('/admin/secrets', endpoint), { headers: { Authorization: `Bearer ${ADMIN_TOKEN}` } });
  await fetch(new URL('/admin/secrets', endpoint));
  await assert.rejects(command('secret', 'revoke', 'sk_unknown'));

  const lines = await read(file);
  const by = { by: 'command', user: userInfo().username };
  const expected = [
    { event: 'api-key create', outcome: 'done', ...by, key: key.id, name: 'shop' },
    {
      event: 'domain-key create',
      outcome: 'done',
      ...by,
      key: domainKey.id,
      apiKeyId: key.id,
      domains: ['shop.example'],
    },
    { event: 'token grant', outcome: 'done', by: 'client', status: 200, origin: ORIGIN, key: domainKey.id },
    { event: 'token refresh', outcome: 'done', by: 'client', status: 200, origin: ORIGIN, key: domainKey.id },
    {
      event: 'token grant',
      outcome: 'refused',
      by: 'client',
      status: 403,
      origin: 'https://evil.example',
      key: domainKey.id,
      reason: 'origin_not_allowed',
    },
    {
      event: 'token grant',
      outcome: 'refused',
      by: 'client',
      status: 400,
      origin: ORIGIN,
      key: key.id,
      reason: 'credentials_rejected',
    },
    { event: 'secret create', outcome: 'done', by: 'admin', status: 201, key: secret.id, apiKeyId: key.id },
    {
      event: 'secret rotate',
      outcome: 'done',
      ...by,
      key: rotated.id,
      apiKeyId: key.id,
      replaces: secret.id,
      replacedExpires: rotated.replacedExpires,
    },
    {
      event: 'secret rotate',
      outcome: 'done',
      by: 'admin',
      status: 201,
      key: again.id,
      apiKeyId: key.id,
      replaces: rotated.id,
      replacedExpires: again.replacedExpires,
    },
    {
      event: 'domain-key set-domains',
      outcome: 'done',
      by: 'admin',
      status: 200,
      key: domainKey.id,
      apiKeyId: key.id,
      domains: ['other.example'],
    },
    { event: 'domain-key revoke', outcome: 'done', ...by, key: domainKey.id },
    {
      event: 'signing-key rotate',
      outcome: 'done',
      by: 'admin',
      status: 201,
      key: signing.kid,
      signsFrom: signing.signsFrom,
    },
    { event: 'secret revoke', outcome: 'refused', by: 'admin', status: 404, reason: 'not_found' },
    { event: 'secret revoke', outcome: 'refused', by: 'unknown', status: 401, reason: 'token_invalid' },
    { event: 'list', outcome: 'refused', by: 'unknown', status: 401, reason: 'token_missing' },
  ];
  assert.deepEqual(
    lines.map(({ time, client, token, ...line }) => line),
    expected,
  );
  // Events of the server have the client's address. Grants and refreshes have the token's jti.
  for (const { by, client } of lines) assert.equal(client, by == 'command' ? undefined : '127.0.0.1');
  const jti = (text) => JSON.parse(Buffer.from(text.split('.')[1], 'base64url')).jti;
  assert.equal(lines[2].token, jti(accessToken));
  assert.deepEqual(
    lines.map(({ token }) => !!token),
    expected.map(({ event, status }) => /^token/.test(event) && status == 200),
  );
  for (const { time } of lines)
    assert.ok(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(time) && Math.abs(Date.parse(time) - Date.now()) < 30_000, time);
  const text = await readFile(file, 'utf8');
  for (const credential of [
    key.apiKey,
    domainKey.domainKey,
    secret.secret,
    rotated.secret,
    again.secret,
    accessToken,
    ADMIN_TOKEN,
  ])
    assert.ok(credential && !text.includes(credential));
  assert.equal((await stat(file)).mode & 0o777, 0o600);
});

test('on SIGHUP the file is reopened, and no event is lost', async (t) => {
  const file = join(await folderFor(t), 'audit');
  const authd = await Authd.create();
  t.after(() => authd.remove());
  const endpoint = await authd.serve({ words: ['--audit', file] });
  const send = () => post(`${endpoint}/auth`, {}, { 'x-inbenta-key': 'stranger' });
  await send();
  await rename(file, `${file}.1`);
  await send();
  process.kill(authd.pid, 'SIGHUP');
  await until(() =>
    stat(file).then(
      () => true,
      () => false,
    ),
  );
  await send();
  assert.equal((await read(`${file}.1`)).length, 2);
  assert.equal((await read(file)).length, 1);

  // A rotation may make a file that others can read. It is used, and the log has the command that the next start needs.
  await chmod(file, 0o644);
  process.kill(authd.pid, 'SIGHUP');
  await until(() =>
    authd.log.some((line) => /--audit .*: other accounts can use it; run: chmod 600 .*; the next start is/.test(line)),
  );
  await chmod(file, 0o600);

  // If the path cannot be opened, the server keeps writing to the old file.
  await rename(file, `${file}.2`);
  await symlink('/no/such/folder/audit', file);
  process.kill(authd.pid, 'SIGHUP');
  await until(() =>
    authd.log.some((line) => /--audit .*: No such file or directory; the old file is still used/.test(line)),
  );
  await send();
  assert.equal((await read(`${file}.2`)).length, 2);
  assert.equal(await authd.stop(), 0);
});

test('an event does not continue the torn line of a full disk; a pipe that nobody reads is refused', async (t) => {
  const folder = await folderFor(t);
  const file = join(folder, 'audit');
  await writeFile(file, '{"time":"2026","event":"token gra', { mode: 0o600 });
  const authd = await Authd.create();
  t.after(() => authd.remove());
  await authd.command('api-key', 'create', '--name', 'shop', '--audit', file);
  const [torn, whole] = (await readFile(file, 'utf8')).split('\n');
  assert.equal(torn, '{"time":"2026","event":"token gra');
  assert.equal(JSON.parse(whole).event, 'api-key create');
  const pipe = join(folder, 'pipe');
  await execute('mkfifo', ['-m', '600', pipe], {});
  const { status, stderr } = await execute(
    'timeout',
    ['10', authd.program, 'serve', '--db', authd.db, '--audit', pipe],
    {},
  );
  assert.equal(status, 1);
  assert.match(stderr, /--audit .*pipe: it is a pipe that nobody reads\n$/);
});

test('a line that fits only in part is taken back', async (t) => {
  const file = join(await folderFor(t), 'audit');
  const before = '{"event":"before"}\n'.repeat(20_000); // longer than the database, which the limit is for as well
  await writeFile(file, before, { mode: 0o600 });
  const authd = await Authd.create();
  t.after(() => authd.remove());
  const words = ['api-key', 'create', '--name', 'shop', '--db', authd.db, '--audit', file];
  const { status, stderr } = await execute('prlimit', [`--fsize=${before.length + 10}`, authd.program, ...words], {});
  assert.deepEqual([status, await readFile(file, 'utf8')], [3, before], stderr);
});

test('if the log cannot be written, the server continues, reports it once and counts the missing events', async (t) => {
  const file = join(await folderFor(t), 'audit');
  await symlink('/dev/full', file);
  const authd = await Authd.create();
  t.after(() => authd.remove());
  const endpoint = await authd.serve({ words: ['--audit', file] });
  const health = async () => (await fetch(new URL('/healthz', endpoint))).json();
  const apiKey = await authd.createApiKey();
  const { secret } = await authd.command('secret', 'create', '--api-key', apiKey);
  const send = () => post(`${endpoint}/auth`, { secret }, { 'x-inbenta-key': apiKey });
  assert.deepEqual(await health(), { status: 'ok' });
  for (let i = 0; i < 3; i++) assert.equal((await send()).status, 200);
  assert.deepEqual(await health(), { status: 'ok', audit: 'failing' });
  await until(() => authd.log.some((line) => line.includes('cannot be written')));
  assert.equal(
    authd.log.filter((line) =>
      /audit log \S+ cannot be written: No space left on device; requests continue without it/.test(line),
    ).length,
    1,
  );

  await rm(file);
  process.kill(authd.pid, 'SIGHUP');
  await until(() =>
    stat(file).then(
      () => true,
      () => false,
    ),
  );
  assert.equal((await send()).status, 200);
  const [gap, granted] = await read(file);
  assert.deepEqual([gap.event, gap.missing, granted.event, granted.outcome], ['audit gap', 3, 'token grant', 'done']);
  assert.deepEqual(await health(), { status: 'ok' });
  await until(() => authd.log.some((line) => line.includes('can be written again')));

  // A command that made a change reports it too. A command whose log cannot be opened makes no change.
  const program = join(root, 'build/native/src/authd/inbenta-authd');
  const create = (path) => execute(program, ['api-key', 'create', '--name', 'x', '--db', authd.db, '--audit', path]);
  const done = await create('/dev/full');
  const [, id] = /^id +(\S+)$/m.exec(done.stdout);
  assert.deepEqual(
    [done.status, done.stderr.split('\n')],
    [
      3,
      [
        'inbenta-authd: the audit log /dev/full cannot be written: No space left on device',
        `inbenta-authd: it was done, but it is not in the audit log; write it down: api-key create ${id}`,
        '',
      ],
    ],
  );
  const refused = await create('/no/such/folder/audit');
  assert.deepEqual([refused.status, refused.stdout], [1, '']);
  assert.match(refused.stderr, /--audit \/no\/such\/folder\/audit: No such file/);
  assert.equal((await authd.command('api-key', 'list')).length, 2);
});
