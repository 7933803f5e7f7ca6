// The time of a key's last use. The administration shows it immediately, the store does not write for each request, and
// of two instances the later time counts.

import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Authd } from '../../support/authd.js';
import { Postgres } from '../../support/postgres.js';

const ADMIN_TOKEN = '0123456789abcdef'.repeat(2);
const ORIGIN = 'https://shop.example';

async function auth(endpoint, apiKey, domainKey) {
  const headers = { 'x-inbenta-key': apiKey, Origin: ORIGIN, 'Content-Type': 'application/json' };
  const answer = await fetch(`${endpoint}/auth`, { method: 'POST', headers, body: JSON.stringify({ domainKey }) });
  assert.equal(answer.status, 200);
  await answer.arrayBuffer();
}

/** The times that the administration of one instance shows. */
async function send(endpoint, list) {
  const answer = await fetch(new URL(`/admin/${list}`, endpoint), {
    headers: { Authorization: `Bearer ${ADMIN_TOKEN}` },
  });
  return answer.json();
}

const isNow = (time) => assert.ok(Math.abs(Date.parse(time) - Date.now()) < 10_000, time);

test('requests cause no write; a graceful stop writes the times', async (t) => {
  const authd = await Authd.create();
  t.after(() => authd.remove());
  const endpoint = await authd.serve({ adminToken: ADMIN_TOKEN, words: ['--throttle', '100/31536000'] });
  const apiKey = await authd.createApiKey();
  const { domainKey } = await authd.createDomainKey(apiKey, [ORIGIN]);
  await authd.createDomainKey(apiKey, [ORIGIN]);
  await auth(endpoint, apiKey, domainKey);
  const written = async () =>
    (await Promise.all(['', '-wal'].map((end) => stat(authd.db + end)))).map(({ size, mtimeMs }) => [size, mtimeMs]);
  const before = await written();
  for (let i = 0; i < 49; i++) await auth(endpoint, apiKey, domainKey);
  assert.deepEqual(await written(), before);

  const [key] = await send(endpoint, 'api-keys');
  const [used, unused] = await send(endpoint, 'domain-keys');
  for (const { lastUsed } of [key, used]) isNow(lastUsed);
  assert.deepEqual([unused.lastUsed, key.throttleUsage, key.quotaUsage], [undefined, 50, undefined]);
  const listed = async () => (await authd.command('domain-key', 'list')).map(({ lastUsed }) => lastUsed);
  assert.deepEqual(await listed(), [undefined, undefined]);
  assert.equal(await authd.stop(), 0);
  assert.deepEqual(await listed(), [used.lastUsed, undefined]);
  assert.equal((await authd.command('api-key', 'list'))[0].lastUsed, used.lastUsed);
});

test(
  'of two instances on one PostgreSQL, the later use is stored, whichever stops last',
  { timeout: 120_000 },
  async (t) => {
    const postgres = await Postgres.create();
    t.after(() => postgres.remove());
    process.env.PGPASSFILE = postgres.passwordFile;
    const instances = await Promise.all([Authd.create(postgres.url), Authd.create(postgres.url)]);
    for (const instance of instances) t.after(() => instance.remove());
    const [first, second] = await Promise.all(instances.map((instance) => instance.serve({ adminToken: ADMIN_TOKEN })));
    const apiKey = await instances[0].createApiKey();
    const keys = [];
    for (let i = 0; i < 3; i++) keys.push(await instances[0].createDomainKey(apiKey, [ORIGIN]));
    for (const { domainKey } of keys) await auth(first, apiKey, domainKey);
    await sleep(2100);
    await auth(second, apiKey, keys[0].domainKey);
    const [{ lastUsed: later }] = await send(second, 'domain-keys');
    const [{ lastUsed: earlier }] = await send(first, 'domain-keys');
    assert.ok(later > earlier, `${later} ${earlier}`);
    await instances[1].stop();
    await instances[0].stop();
    const listed = await instances[0].command('domain-key', 'list');
    assert.equal(listed[0].lastUsed, later);
    assert.ok(listed[1].lastUsed <= earlier && listed[2].lastUsed <= earlier);
    isNow(listed[2].lastUsed);
    assert.equal((await instances[0].command('api-key', 'list'))[0].lastUsed, later);
  },
);
