// kill -9 in the middle of 10,000 writes, repeatedly. Every write that the store acknowledged exists afterwards.
// This does not test a power cut. For that, the store sets synchronous=FULL: SQLite then calls fsync before it
// acknowledges a write.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Authd } from '../../support/authd.js';

const WRITER = fileURLToPath(new URL('../../../build/native/tests/c/programs/store_writer', import.meta.url));
const WRITES = 10_000;
const WRITERS = 2;
const SEED = 20261124;

/** Pseudo-random numbers from 0 to 1, the same in each run (a linear congruential generator). */
function numbers(seed) {
  return () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

/** Starts a writer. Its acknowledged writes go to `acknowledged`, a map from id to "made" or "revoked". */
function startWriter(db, writes, acknowledged) {
  const writer = spawn(WRITER, [db, `${writes}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  writer.count = 0;
  let rest = '';
  writer.stdout.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const [what, id] of lines.map((line) => line.split(' '))) acknowledged.set(id, what);
    writer.count += lines.length;
  });
  return writer;
}

test(
  `${WRITES} writes with kill -9 in between lose no acknowledged key or revocation`,
  { timeout: 120_000 },
  async (t) => {
    const authd = await Authd.create();
    t.after(() => authd.remove());
    const random = numbers(SEED);
    const acknowledged = new Map();
    let written = 0;
    let kills = 0;
    while (written < WRITES) {
      const writers = Array.from({ length: WRITERS }, () =>
        startWriter(authd.db, (WRITES - written) / WRITERS + 2, acknowledged),
      );
      const closed = writers.map((writer) => once(writer, 'close'));
      const enough = Math.ceil(random() * WRITES * 0.1);
      const ended = Promise.all(closed);
      let over = false;
      ended.then(() => (over = true));
      while (!over && writers.reduce((sum, { count }) => sum + count, 0) < enough) await sleep(1);
      await sleep(random() * 5);
      for (const writer of writers) writer.kill('SIGKILL');
      for (const [code, signal] of await ended) {
        assert.ok(signal == 'SIGKILL' || code == 0, `a writer failed with ${code}`);
        kills += signal == 'SIGKILL';
      }
      written += writers.reduce((sum, { count }) => sum + count, 0);

      const stored = new Map((await authd.command('domain-key', 'list')).map(({ id, revoked }) => [id, revoked]));
      for (const [id, what] of acknowledged) {
        assert.ok(stored.has(id), `${id} was acknowledged and is lost`);
        assert.ok(what == 'made' || stored.get(id), `the revocation of ${id} was acknowledged and is lost`);
      }
      // Each writer has at most one write that was made but not acknowledged.
      assert.ok(stored.size - acknowledged.size <= kills, 'keys that nobody made');
    }
    assert.ok(kills >= 5, `only ${kills} writers were killed`);
    t.diagnostic(`${written} writes acknowledged, ${kills} writers killed, nothing lost`);
  },
);
