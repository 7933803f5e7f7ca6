// Addresses in the logs, wrong admin tokens, floods of unknown clients, and names with terminal control characters.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Authd } from '../../support/authd.js';
import { execute, folderFor } from '../../support/plain-api.js';

const ADMIN_TOKEN = '0123456789abcdef'.repeat(2);

async function start(t, { words = [], ...options } = {}) {
  const authd = await Authd.create();
  t.after(() => authd.remove());
  const endpoint = await authd.serve({ adminToken: ADMIN_TOKEN, words: ['--log', 'json', ...words], ...options });
  return { authd, endpoint, admin: new URL('/admin/', endpoint) };
}

const list = ({ admin }, token, headers = {}) =>
  fetch(new URL('api-keys', admin), { headers: { Authorization: `Bearer ${token}`, ...headers } });
const entries = async (authd) => (await authd.stop(), authd.log.map((line) => JSON.parse(line)));

test('the client’s address is the forwarded one behind a trusted proxy, and the connection’s address otherwise', async (t) => {
  const requests = [
    [undefined, '127.0.0.1'],
    ['203.0.113.7', '203.0.113.7'],
    ['198.51.100.1, 203.0.113.7', '203.0.113.7'], // addresses further left may be forged
    ['203.0.113.7, 10.1.2.3', '203.0.113.7'], // through two trusted proxies
    ['2001:db8::7', '2001:db8::7'],
    ['unknown', '127.0.0.1'],
    ['203.0.113.7, evil"\\', '127.0.0.1'],
    ['203.0.113.7,', '127.0.0.1'],
    ['10.1.2.3', '10.1.2.3'],
  ];
  for (const [words, expected] of [
    [['--trusted-proxy', '127.0.0.0/8', '--trusted-proxy', '10.0.0.0/8'], requests.map(([, client]) => client)],
    [['--trusted-proxy', '192.0.2.1'], requests.map(() => '127.0.0.1')],
  ]) {
    const { authd, endpoint } = await start(t, { words });
    for (const [forwarded] of requests)
      await fetch(new URL('/healthz', endpoint), { headers: forwarded ? { 'X-Forwarded-For': forwarded } : {} });
    assert.deepEqual(
      (await entries(authd)).map(({ client }) => client),
      expected,
    );
  }
  for (const network of ['proxy.example', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/x', '::1/129', '']) {
    const { authd } = await start(t);
    const { status, stderr } = await execute('timeout', ['10', authd.program, 'serve', '--trusted-proxy', network], {});
    assert.equal(status, 2, network);
    assert.match(stderr, /write an IP address or a network/);
  }
});

test('wrong admin tokens are logged, and only their address is slowed down', async (t) => {
  const served = await start(t, { words: ['--trusted-proxy', '127.0.0.1'] });
  const guess = (client) => list(served, 'f'.repeat(32), { 'X-Forwarded-For': client });
  for (let i = 0; i < 5; i++) assert.equal((await guess('203.0.113.7')).status, 401);
  const slowed = await guess('203.0.113.7');
  assert.equal(slowed.status, 429);
  assert.equal(slowed.headers.get('Retry-After'), '1');
  assert.equal((await list(served, ADMIN_TOKEN, { 'X-Forwarded-For': '203.0.113.7' })).status, 429);
  assert.equal((await list(served, ADMIN_TOKEN, { 'X-Forwarded-For': '203.0.113.8' })).status, 200);
  await sleep(2100);
  assert.equal((await guess('203.0.113.7')).status, 401);
  assert.equal((await guess('203.0.113.7')).headers.get('Retry-After'), '2'); // the wait doubles
  await sleep(3100);
  assert.equal((await list(served, ADMIN_TOKEN, { 'X-Forwarded-For': '203.0.113.7' })).status, 200);
  assert.equal((await guess('203.0.113.7')).status, 401); // the wait starts from the beginning
  const reasons = (await entries(served.authd))
    .filter(({ client }) => client == '203.0.113.7')
    .map(({ reason }) => reason);
  assert.ok(reasons.includes('token_invalid') && reasons.includes('too_many_attempts'));
});

test('a flood of unknown clients writes a bounded number of lines in both logs, and omitted lines are counted', async (t) => {
  const file = join(await folderFor(t), 'audit');
  const { authd, endpoint } = await start(t, { words: ['--audit', file] });
  const startMs = Date.now();
  let sent = 0;
  const send = async () => {
    while (Date.now() < startMs + 3000 || sent <= 100) {
      sent++;
      assert.equal(
        (await fetch(`${endpoint}/auth`, { method: 'POST', headers: { 'x-inbenta-key': 'stranger' } })).status,
        403,
      );
    }
  };
  await Promise.all(Array.from({ length: 8 }, send));
  await sleep(1000);
  await fetch(`${endpoint}/auth`, { method: 'POST', headers: { 'x-inbenta-key': 'stranger' } }); // the next line has the count
  const log = await entries(authd);
  const audit = (await readFile(file, 'utf8'))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const seconds = Math.ceil((Date.now() - startMs) / 1000) + 1;
  t.diagnostic(`${sent} requests: ${log.length} lines in the access log, ${audit.length} in the audit log`);
  assert.ok(sent > 100, `${sent}`);
  for (const [lines, leftOut] of [
    [log, ({ left_out: count }) => count],
    [audit, ({ event, count }) => event == 'refusals left out' && count],
  ]) {
    assert.ok(lines.length <= 11 * seconds, `${lines.length} lines`);
    const counted = lines.reduce((sum, line) => sum + (leftOut(line) || 0), 0);
    assert.equal(lines.filter((line) => !leftOut(line)).length + counted, sent + 1);
  }
});

test('every request with the admin token has its lines in both logs, also during a flood', async (t) => {
  const file = join(await folderFor(t), 'audit');
  const served = await start(t, { words: ['--audit', file] });
  const flood = () => fetch(`${served.endpoint}/auth`, { method: 'POST', headers: { 'x-inbenta-key': 'stranger' } });
  const refuse = () =>
    fetch(new URL('api-keys', served.admin), { method: 'POST', headers: { Authorization: `Bearer ${ADMIN_TOKEN}` } });
  for (let i = 0; i < 15; i++) await flood();
  for (let i = 0; i < 15; i++) assert.equal((await list(served, ADMIN_TOKEN)).status, 200);
  for (let i = 0; i < 15; i++) assert.equal((await refuse()).status, 415);
  const log = await entries(served.authd);
  assert.equal(log.filter(({ path, status }) => path == '/admin/api-keys' && status == 200).length, 15);
  assert.equal(log.filter(({ path, status }) => path == '/admin/api-keys' && status == 415).length, 15);
  const audit = (await readFile(file, 'utf8'))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  assert.equal(audit.filter(({ by, status }) => by == 'admin' && status == 415).length, 15);
});

test('names with control characters or invalid UTF-8 are refused', async (t) => {
  const served = await start(t);
  const { authd, admin } = served;
  const create = (name) =>
    fetch(new URL('api-keys', admin), {
      method: 'POST',
      headers: { Authorization: `Bearer ${ADMIN_TOKEN}`, 'Content-Type': 'application/json' },
      body: Buffer.concat([Buffer.from('{"name":"'), name, Buffer.from('"}')]),
    });
  for (const name of ['a\\u001b[31m', 'a\\n', 'a\\u007f', 'a\\u009b', 'a\\u202e'])
    assert.equal((await create(Buffer.from(name))).status, 400, name);
  for (const bytes of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x82]])
    assert.equal((await create(Buffer.from(bytes))).status, 400, `${bytes}`);
  for (const name of ['Böcklin’s shop', '店 🛍️', 'a b'])
    assert.equal((await create(Buffer.from(name))).status, 201, name);
  await assert.rejects(
    authd.command('api-key', 'create', '--name', 'a\u001b[31m'),
    ({ code, stderr }) => code == 2 && /without control characters/.test(stderr),
  );
});
