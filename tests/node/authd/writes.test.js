// kill -9, or PostgreSQL stopped for a while, in the middle of writes over HTTP. Acknowledged writes exist afterwards,
// and failed writes were reported.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Authd } from '../../support/authd.js';
import { Postgres } from '../../support/postgres.js';

const ADMIN_TOKEN = '0123456789abcdef'.repeat(2);
const WRITERS = 4;

/**
 * Starts writers that create secrets and revoke every second one until stop(). Records acknowledged and refused
 * writes.
 */
function write(endpoint, apiKey) {
  const done = { made: new Set(), revoked: new Set(), refused: 0, lost: 0 };
  let stopped = false;
  const post = async (path, body) => {
    try {
      const answer = await fetch(new URL(`/admin/${path}`, endpoint), {
        method: 'POST',
        headers: { Authorization: `Bearer ${ADMIN_TOKEN}`, 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
      const { id, error } = await answer.json();
      if (answer.ok) return id;
      assert.match(error.message, /This was not done/);
      done.refused++;
    } catch (error) {
      if (error.code == 'ERR_ASSERTION') throw error;
      done.lost++; // without an answer, the write may or may not exist
      await sleep(5);
    }
    return undefined;
  };
  const writer = async () => {
    for (let i = 0; !stopped; i++) {
      const id = await post('secrets', { apiKey });
      if (!id) continue;
      done.made.add(id);
      if (i % 2 && (await post('secrets/revoke', { id }))) done.revoked.add(id);
    }
  };
  const ended = Promise.all(Array.from({ length: WRITERS }, writer));
  return Object.assign(done, { stop: () => ((stopped = true), ended) });
}

async function assertStored(authd, { made, revoked }) {
  const stored = new Map((await authd.command('secret', 'list')).map((secret) => [secret.id, secret.revoked]));
  for (const id of made) assert.ok(stored.has(id), `${id} was acknowledged and is lost`);
  for (const id of revoked) assert.ok(stored.get(id), `the revocation of ${id} was acknowledged and is lost`);
}

async function until(condition) {
  for (let tries = 0; tries < 1000 && !condition(); tries++) await sleep(10);
  assert.ok(condition());
}

test('kill -9 loses no acknowledged write', { timeout: 120_000 }, async (t) => {
  const authd = await Authd.create();
  t.after(() => authd.remove());
  const apiKey = await authd.createApiKey();
  let total = 0;
  for (let round = 0; round < 5; round++) {
    const writes = write(await authd.serve({ adminToken: ADMIN_TOKEN, words: ['--quiet'] }), apiKey);
    await until(() => writes.revoked.size > 20);
    await authd.kill();
    await writes.stop();
    assert.equal(writes.refused, 0);
    await assertStored(authd, writes);
    total += writes.made.size;
  }
  t.diagnostic(`${total} secrets acknowledged, 5 kills, nothing lost`);
});

test('while PostgreSQL is stopped, writes fail, and no acknowledged write is lost', { timeout: 120_000 }, async (t) => {
  const postgres = await Postgres.create();
  t.after(() => postgres.remove());
  process.env.PGPASSFILE = postgres.passwordFile;
  const authd = await Authd.create(postgres.url);
  t.after(() => authd.remove());
  const apiKey = await authd.createApiKey();
  const writes = write(await authd.serve({ adminToken: ADMIN_TOKEN, words: ['--quiet'] }), apiKey);
  await until(() => writes.revoked.size > 10);
  await postgres.stop();
  await until(() => writes.refused > 10);
  await postgres.start();
  const before = writes.revoked.size;
  await until(() => writes.revoked.size > before + 10);
  await writes.stop();
  assert.equal(writes.lost, 0, 'each request was answered');
  await assertStored(authd, writes);
  t.diagnostic(`${writes.made.size} secrets acknowledged, ${writes.refused} refused, nothing lost`);
});
