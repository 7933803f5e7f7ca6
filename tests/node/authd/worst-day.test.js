// Emergencies: a leaked key, a missing file, a full disk. Each is handled with the commands of docs/authd.md.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { copyFile, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Authd } from '../../support/authd.js';
import { execute, root } from '../../support/plain-api.js';

const ADMIN_TOKEN = '0123456789abcdef'.repeat(2);
const COPIES = 20; // how often a backup is copied over the open database
const POLL_MS = 1000; // instances read the signing keys once a second

/** Starts inbenta-authd with an API key and a secret. */
async function start(t, options = {}) {
  const authd = await Authd.create();
  t.after(() => authd.remove());
  const { apiKey, id: apiKeyId } = await authd.command('api-key', 'create', '--name', 'shop');
  const { secret, id: secretId } = await authd.command('secret', 'create', '--api-key', apiKey);
  const endpoint = await authd.serve({ adminToken: ADMIN_TOKEN, ...options });
  return { authd, endpoint, apiKey, apiKeyId, secret, secretId };
}

async function post(url, body, headers) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: body && JSON.stringify(body),
  });
  return { status: answer.status, ...(await answer.json()) };
}

const auth = ({ endpoint, apiKey, secret }) => post(`${endpoint}/auth`, { secret }, { 'x-inbenta-key': apiKey });
const refresh = ({ endpoint, apiKey }, token) =>
  post(`${endpoint}/refreshToken`, undefined, { 'x-inbenta-key': apiKey, Authorization: `Bearer ${token}` });
const manage = ({ endpoint }, path, body, token = ADMIN_TOKEN) =>
  post(new URL(`/admin/${path}`, endpoint), body, { Authorization: `Bearer ${token}` });

async function published({ endpoint }) {
  const { keys } = await (await fetch(new URL('/.well-known/jwks.json', endpoint))).json();
  return keys.map(({ kid }) => kid);
}

const removeLog = ({ db }) => Promise.all(['-wal', '-shm'].map((end) => rm(db + end, { force: true })));

/** Waits a few seconds for `condition`. */
async function until(condition) {
  for (let tries = 0; tries < 250 && !(await condition()); tries++) await sleep(20);
  assert.ok(await condition());
}

const kidOf = (token) => JSON.parse(Buffer.from(token.split('.')[0], 'base64url')).kid;

test('after a signing key leaked, its tokens are refused within a second, whatever lifetimes were configured', async (t) => {
  const served = await start(t, { lifetimeS: 31_536_000 });
  const { authd } = served;
  const { accessToken: leaked } = await auth(served);
  await authd.command('signing-key', 'rotate'); // published, but not signing yet
  const { kid, revoked } = await authd.command('signing-key', 'revoke', kidOf(leaked));
  assert.deepEqual([kid, revoked], [kidOf(leaked), true]);
  await sleep(POLL_MS + 100);
  assert.equal((await refresh(served, leaked)).status, 403);
  assert.ok(!(await published(served)).includes(kidOf(leaked)));
  const { accessToken: next } = await auth(served);
  assert.notEqual(kidOf(next), kidOf(leaked));
  assert.equal((await refresh(served, next)).status, 200);
  await assert.rejects(
    authd.command('signing-key', 'revoke', kidOf(leaked)),
    ({ code, stderr }) => code == 1 && /no such signing key/.test(stderr),
  );

  // The instance that ran the command refuses immediately.
  assert.equal((await manage(served, 'signing-keys/revoke', { id: kidOf(next) })).status, 200);
  assert.equal((await refresh(served, next)).status, 403);
  assert.equal((await manage(served, 'signing-keys/revoke', { id: kidOf(next) })).status, 404);
  assert.equal((await auth(served)).status, 200);
});

test('if it is unknown which key leaked, all are revoked, by command and over HTTP', async (t) => {
  const served = await start(t, { lifetimeS: 31_536_000 });
  const { authd } = served;
  const { accessToken: first } = await auth(served);
  await authd.command('signing-key', 'rotate', '--publish', '0');
  await sleep(POLL_MS + 100);
  const { accessToken: second } = await auth(served);
  assert.notEqual(kidOf(first), kidOf(second));
  const { kid, state } = await authd.command('signing-key', 'rotate', '--now');
  assert.equal(state, 'signing');
  await sleep(POLL_MS + 100);
  for (const token of [first, second]) assert.equal((await refresh(served, token)).status, 403);
  assert.deepEqual(await published(served), [kid]);
  const { accessToken: third } = await auth(served);
  assert.equal(kidOf(third), kid);
  const rotated = await manage(served, 'signing-keys/rotate', { now: true });
  assert.equal(rotated.status, 201);
  assert.equal((await refresh(served, third)).status, 403);
  assert.deepEqual(await published(served), [rotated.kid]);
  assert.equal((await manage(served, 'signing-keys/rotate', { now: 'yes' })).status, 400);
  await assert.rejects(authd.command('signing-key', 'rotate', '--now', '--publish', '1'), ({ code }) => code == 2);
});

test('after the admin token leaked, a new one applies on SIGHUP; a signal without a change is logged as such', async (t) => {
  const served = await start(t);
  const { authd } = served;
  const file = join(dirname(authd.db), 'admin-token');
  const createSecret = (token) => manage(served, 'secrets', { apiKey: served.apiKey }, token);
  const signal = async (said) => {
    const before = authd.log.length;
    process.kill(authd.pid, 'SIGHUP');
    await until(() => authd.log.slice(before).some((line) => said.test(line)));
  };
  await signal(/--admin-token-file .*: unchanged/);
  const next = 'f'.repeat(40);
  await writeFile(file, `${next}\n`);
  await signal(/--admin-token-file .*: reloaded and used from now on/);
  assert.equal((await createSecret(ADMIN_TOKEN)).status, 401);
  assert.equal((await createSecret(next)).status, 201);
  await writeFile(file, 'short');
  await signal(/--admin-token-file .*: a token has at least 32 characters.*; the old token is still used/);
  assert.equal((await createSecret(next)).status, 201);
  assert.ok(!authd.log.join('\n').includes(next));
});

test('SIGHUP without a file to read is logged, and does not end the server; a closed terminal does', async (t) => {
  const authd = await Authd.create();
  t.after(() => authd.remove());
  const endpoint = await authd.serve();
  process.kill(authd.pid, 'SIGHUP');
  await until(() => authd.log.includes('inbenta-authd: SIGHUP: there is no file to read again'));
  assert.equal((await fetch(new URL('/healthz', endpoint))).status, 200);

  const pidFile = `${authd.db}.pid`;
  const other = `${authd.db}.other`;
  const command = `echo $$ > '${pidFile}'; exec ${authd.program} serve --listen 127.0.0.1:0 --db '${other}'`;
  const terminal = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['ignore', 'pipe', 'ignore'] });
  await new Promise((resolve) => terminal.stdout.on('data', (text) => /listening on/.test(text) && resolve()));
  const pid = Number(await readFile(pidFile));
  const runs = () => stat(`/proc/${pid}`).then(Boolean, () => false);
  process.kill(pid, 'SIGHUP');
  await sleep(300);
  assert.ok(await runs(), 'the terminal is still there');
  terminal.kill('SIGKILL');
  await until(async () => !(await runs()));
});

test('the server stops granting if its database was moved, replaced or deleted', async (t) => {
  const served = await start(t);
  const { authd, endpoint } = served;
  const moved = `${authd.db}.moved`;
  const health = async () => {
    const answer = await fetch(new URL('/healthz', endpoint));
    const { status, error } = await answer.json();
    return [answer.status, status ?? error.reason];
  };
  const refusesAll = async () => {
    assert.deepEqual(await health(), [503, 'store_unavailable']);
    assert.equal((await auth(served)).status, 500);
    assert.equal((await manage(served, 'secrets/revoke', { id: served.secretId })).status, 500);
  };
  const { accessToken } = await auth(served);
  await copyFile(authd.db, moved);
  const old = `${authd.db}.old`;

  await rename(authd.db, old); // moved
  await refusesAll();
  assert.equal((await refresh(served, accessToken)).status, 500);
  assert.ok(
    authd.log.some((line) =>
      /problem: .*keys\.db was moved, replaced or deleted; put it back, or, to use another file, stop inbenta-authd, delete the -wal/.test(
        line,
      ),
    ),
  );
  await rename(old, authd.db); // back
  assert.deepEqual(await health(), [200, 'ok']);
  assert.equal((await auth(served)).status, 200);

  await rename(authd.db, old); // replaced, as a restore does
  await copyFile(moved, authd.db);
  await refusesAll();
  await rename(old, authd.db);
  assert.deepEqual(await health(), [200, 'ok']);

  await rename(`${authd.db}-wal`, `${moved}-wal`); // only its write-ahead log
  await refusesAll();
  const list = () => execute(authd.program, ['api-key', 'list', '--db', authd.db], {});
  const said = /its log .*-wal was moved, replaced or deleted while inbenta-authd uses it; put it back\n$/;
  assert.match((await list()).stderr, said);
  await assert.rejects(stat(`${authd.db}-wal`), { code: 'ENOENT' });
  await writeFile(`${authd.db}-wal`, '', { mode: 0o600 }); // what another program leaves
  assert.match((await list()).stderr, said);
  await rename(`${moved}-wal`, `${authd.db}-wal`);
  assert.deepEqual(await health(), [200, 'ok']);

  await rm(authd.db); // deleted
  await refusesAll();
  assert.equal(await authd.stop(), 0);
});

test('without the index of its log, the server grants nothing, and no command acknowledges a change', async (t) => {
  const served = await start(t);
  const { authd, endpoint, secretId } = served;
  await rm(`${authd.db}-shm`);
  const revoke = ['secret', 'revoke', secretId, '--db', authd.db];
  const { status, stdout, stderr } = await execute(authd.program, revoke, {});
  assert.deepEqual([status, stdout], [1, '']);
  assert.match(
    stderr,
    /cannot open .*-shm was moved or deleted while inbenta-authd uses it; stop inbenta-authd and start/,
  );
  assert.equal((await auth(served)).status, 500);
  assert.equal((await fetch(new URL('/healthz', endpoint))).status, 503);
  assert.ok(authd.log.some((line) => /problem: .*-shm was moved, replaced or deleted; stop inbenta-authd/.test(line)));

  assert.equal(await authd.stop(), 0); // as the messages say
  served.endpoint = await authd.serve();
  assert.equal((await auth(served)).status, 200);
  assert.equal((await execute(authd.program, revoke, {})).status, 0);
  assert.equal((await auth(served)).status, 403);
});

test('while the database is away, no command and no restart puts an empty one in its place: a revocation survives', async (t) => {
  const served = await start(t);
  const { authd, secretId } = served;
  const db = ['--db', authd.db];
  const away = `${authd.db}.away`;
  assert.equal((await manage(served, 'secrets/revoke', { id: secretId })).status, 200); // it is in the log only
  await rename(authd.db, away);
  const refused = async (words, message) => {
    const { status, stdout, stderr } = await execute('timeout', ['10', authd.program, ...words], {});
    assert.deepEqual([status, stdout], [1, ''], words.join(' '));
    assert.ok(stderr.startsWith(`inbenta-authd: cannot open ${message}`), stderr);
    await assert.rejects(stat(authd.db), { code: 'ENOENT' });
  };
  const logIsThere = `${authd.db}: it is missing or empty, but its log ${authd.db}-wal is there; put the file back, or, `;
  const list = ['secret', 'list', ...db];
  const create = ['api-key', 'create', '--name', 'x', ...db];
  const serve = ['serve', '--listen', '127.0.0.1:0', ...db];
  for (const words of [list, create, serve]) await refused(words, logIsThere);
  assert.equal(await authd.stop(), 0);
  for (const words of [list, create, serve]) await refused(words, logIsThere);
  await rename(away, authd.db);
  served.endpoint = await authd.serve();
  assert.equal((await auth(served)).status, 403, 'the secret is still revoked');
  assert.equal(await authd.stop(), 0);

  await rename(authd.db, away); // a stopped server left no log
  for (const words of [list, ['signing-key', 'rotate', '--now', ...db], ['secret', 'revoke', 'x', ...db]])
    await refused(words, `${authd.db}: there is no database; give its file with --db, or create one: `);
  await writeFile(authd.db, '', { mode: 0o600 }); // a copy that failed
  for (const words of [list, ['signing-key', 'rotate', '--now', ...db], ['secret', 'revoke', 'x', ...db]]) {
    const { status, stderr } = await execute(authd.program, words, {});
    assert.equal(status, 1);
    assert.ok(stderr.startsWith(`inbenta-authd: cannot open ${authd.db}: the file is empty; put the database`), stderr);
    assert.equal((await stat(authd.db)).size, 0);
  }
  assert.deepEqual(await execute(authd.program, ['serve', '--db', ''], {}), {
    status: 2,
    stdout: '',
    stderr: 'inbenta-authd: --db: give a file, or a URL that begins with postgres://\n',
  });
  assert.equal((await execute(authd.program, create, {})).status, 0);
});

test('a backup that is copied over the open database is refused, never served', async (t) => {
  const authd = await Authd.create();
  t.after(() => authd.remove());
  const { apiKey } = await authd.command('api-key', 'create', '--name', 'shop');
  const { secret, id } = await authd.command('secret', 'create', '--api-key', apiKey);
  const backup = `${authd.db}.backup`;
  await promisify(execFile)('cp', [authd.db, backup]);
  await authd.command('secret', 'revoke', id); // this is in the file, because no other program has it open
  for (let round = 0; round < COPIES; round++) {
    const current = `${authd.db}.current`;
    await promisify(execFile)('cp', [authd.db, current]);
    const served = { authd, apiKey, secret, endpoint: await authd.serve() };
    assert.equal((await auth(served)).status, 403);
    const seen = new Set();
    let over = false;
    const load = Array.from({ length: 8 }, async () => {
      while (!over) seen.add((await auth(served)).status);
    });
    await promisify(execFile)('cp', [backup, authd.db]);
    await sleep(50);
    over = true;
    await Promise.all(load);
    assert.deepEqual(
      [...seen].filter((status) => status != 403 && status != 500),
      [],
    );
    assert.equal((await auth(served)).status, 500);
    assert.equal((await fetch(new URL('/healthz', served.endpoint))).status, 503);
    assert.ok(
      authd.log.some((line) => /problem: another program wrote over .*keys\.db; stop inbenta-authd/.test(line)),
    );
    assert.equal(await authd.stop(), 0);
    assert.deepEqual(await readFile(authd.db), await readFile(backup), 'the server wrote its log into it');
    await removeLog(authd);
    await promisify(execFile)('cp', [current, authd.db]);
  }
  // As the message says: the copy is served once the log of the other database is gone.
  await promisify(execFile)('cp', [backup, authd.db]);
  assert.equal((await auth({ apiKey, secret, endpoint: await authd.serve() })).status, 200);
});

test('while the database cannot be used, commands change no key, and the log says so without a request', async (t) => {
  const authd = await Authd.create();
  t.after(() => authd.remove());
  const [backup, away] = [`${authd.db}.backup`, `${authd.db}.away`];
  const logged = (pattern) => until(() => authd.log.some((line) => pattern.test(line)));
  const create = () => authd.command('api-key', 'create', '--name', 'x');
  const list = () => authd.command('secret', 'list');
  const refused = (command, message) =>
    assert.rejects(command(), ({ code, stderr }) => code == 1 && message.test(stderr));
  await create();
  await copyFile(authd.db, backup);
  const { apiKey } = await create();
  const served = { endpoint: await authd.serve({ adminToken: ADMIN_TOKEN }) };
  const createSecret = async () => assert.equal((await manage(served, 'secrets', { apiKey })).status, 201);
  await createSecret();

  await rename(authd.db, away); // replaced by a backup, next to the log of the other file
  await copyFile(backup, authd.db);
  await logged(/all requests are refused: .*was moved, replaced or deleted/);
  for (const command of [create, list])
    await refused(command, /cannot open .*keys\.db: it was put in place of the file that a running inbenta-authd uses/);
  await rename(away, authd.db);
  await logged(/the database can be used again/);
  await create();
  await createSecret();
  assert.equal((await list()).length, 2, 'what was acknowledged is still there');

  await promisify(execFile)('cp', [backup, authd.db]); // written over
  await logged(
    /all requests are refused: another program wrote over .*; changes that commands make until then are lost/,
  );
  await refused(create, /the store failed: database is locked .*; if that is inbenta-authd, its log has the reason/);
  assert.equal(await authd.stop(), 0);
  // A restart without the steps of the message, as in a panic: it does not mix the file with the log of the other one.
  assert.deepEqual(await readFile(authd.db), await readFile(backup));
  await assert.rejects(stat(`${authd.db}-wal`), { code: 'ENOENT' });
  await stat(`${authd.db}-wal.old`);
  assert.deepEqual(await list(), []);
  await create();

  await authd.serve();
  await create();
  await rename(authd.db, away);
  await copyFile(backup, authd.db);
  assert.equal(await authd.stop(), 0);
  assert.equal((await authd.command('api-key', 'list')).length, 1, 'only that of the backup');
});

test('a log that belongs to an older copy of the database is refused at the start', async (t) => {
  const { authd } = await start(t);
  const older = `${authd.db}.older`;
  await authd.command('api-key', 'create', '--name', 'one');
  for (const end of ['', '-wal']) await copyFile(authd.db + end, older + end); // as they are now, while the server runs
  await authd.stop();
  await authd.command('api-key', 'create', '--name', 'two');
  await copyFile(`${older}-wal`, `${authd.db}-wal`);
  await assert.rejects(
    authd.command('api-key', 'list'),
    ({ code, stderr }) =>
      code == 1 && /another program wrote over .*; stop inbenta-authd, delete the -wal/.test(stderr),
  );
  await removeLog(authd);
  assert.equal((await authd.command('api-key', 'list')).length, 3);
});

/** The block of commands below a title of docs/authd.md. */
async function block(title) {
  const text = await readFile(join(root, 'docs/authd.md'), 'utf8');
  return /```sh\n([^]*?)```/.exec(text.slice(text.indexOf(`**${title}**`)))[1];
}

test('on a full disk a revocation works, and a change that cannot be stored is refused as a whole', async (t) => {
  const served = await start(t);
  const { authd } = served;
  const create = () => manage(served, 'secrets', { apiKey: served.apiKey });
  assert.equal((await create()).status, 201);
  // From now on no file may grow. The existing part of the database's write-ahead log may be overwritten.
  const size = Math.max(
    ...(await Promise.all(['', '-wal'].map((end) => stat(authd.db + end)))).map((file) => file.size),
  );
  await promisify(execFile)('prlimit', ['--pid', `${authd.pid}`, `--fsize=${size}`]);
  let made = [];
  let refused;
  for (let i = 0; i < 2000 && !refused; i++) {
    const answer = await create();
    if (answer.status == 201) made.push(answer.id);
    else refused = answer;
  }
  assert.equal(refused?.status, 500, `${made.length} secrets were made`);
  assert.match(refused.error.message, /This was not done because the database failed/);
  assert.equal((await auth(served)).status, 200); // tokens are still granted
  const revoked = await manage(served, 'secrets/revoke', { id: served.secretId });
  assert.equal(revoked.status, 200, authd.log.slice(-4).join('\n'));
  assert.equal((await auth(served)).status, 403);
  await authd.kill();
  const listed = await authd.command('secret', 'list');
  assert.equal(listed.length, made.length + 2);
  for (const id of made)
    assert.ok(
      listed.some((secret) => secret.id == id),
      `${id} was acknowledged`,
    );
  assert.ok(listed.find(({ id }) => id == served.secretId).revoked);
  t.diagnostic(`${made.length} secrets fitted, then they were refused and a revocation worked`);

  // A separate command on a disk without a free byte: the line of docs/authd.md. It prints the reason and that the key
  // still works, which is so. When there is space again, the same line revokes the key.
  const program = authd.program;
  served.endpoint = await authd.serve({ adminToken: ADMIN_TOKEN });
  const { id, secret } = await manage(served, 'secrets', { apiKey: served.apiKey });
  const line = (await block('The disk is full.')).replace('audit.log', `${authd.db}.audit`);
  const revoke = (before) =>
    execute('sh', [
      '-c',
      line.replace('inbenta-authd secret revoke SECRET', `${before} ${program} secret revoke ${id} --db ${authd.db}`),
    ]);
  const full = await revoke('prlimit --fsize=0');
  assert.equal(full.stdout, 'It still works!\n');
  assert.match(full.stderr, /^inbenta-authd: .+\n$/);
  assert.equal((await auth({ ...served, secret })).status, 200);
  const withSpace = await revoke('');
  assert.deepEqual([withSpace.status, withSpace.stderr], [0, '']);
  assert.equal((await auth({ ...served, secret })).status, 403);
  await authd.stop();
  await assert.rejects(
    promisify(execFile)('prlimit', ['--fsize=0', program, 'signing-key', 'rotate', '--now', '--db', authd.db]),
    ({ code, stderr }) => code == 1 && /^inbenta-authd: /.test(stderr),
  );
});

test('after an API key leaked, everything of it is refused from the next request on', async (t) => {
  const served = await start(t);
  const { authd, apiKey, apiKeyId } = served;
  const other = await authd.command('api-key', 'create', '--name', 'other');
  const { accessToken } = await auth(served);
  assert.deepEqual(await authd.command('api-key', 'revoke', apiKey), { id: apiKeyId, revoked: true });
  assert.equal((await auth(served)).status, 403);
  assert.equal((await refresh(served, accessToken)).status, 403);
  await until(() => authd.log.some((line) => line.includes(`key=${apiKeyId} reason=api_key_revoked`)));
  assert.equal((await manage(served, 'secrets', { apiKey })).status, 409);
  await assert.rejects(
    authd.command('secret', 'create', '--api-key', apiKey),
    ({ code, stderr }) => code == 1 && /this API key was revoked/.test(stderr),
  );

  assert.equal((await manage(served, 'secrets', { apiKey: other.apiKey })).status, 201);
  const revoked = await manage(served, 'api-keys/revoke', { id: other.id });
  assert.deepEqual([revoked.status, revoked.id, revoked.revoked], [200, other.id, true]);
  assert.equal((await manage(served, 'secrets', { apiKey: other.apiKey })).status, 409);
  assert.equal((await manage(served, 'api-keys/revoke', { id: 'ak_unknown' })).status, 404);
  assert.deepEqual(
    (await authd.command('api-key', 'list')).map(({ revoked }) => revoked),
    [true, true],
  );
});
