// Timers (js/client/timers.js): what they leave behind, and where they run.

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import test from 'node:test';
import { backgroundTimeout, timerMs, withTimeout } from '../../../js/client/timers.js';

/** Settles when the signal is aborted. */
const aborted = (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve('aborted')));

test('a duration beyond 2^31 - 1 ms is that long', () => {
  assert.deepEqual([0, 2 ** 31 - 1, 2 ** 31, Infinity].map(timerMs), [0, 2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1]);
});

test('after its time, and not before, the signal is aborted', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let result;
  const done = withTimeout(1000, aborted).then((value) => (result = value));
  t.mock.timers.tick(999);
  await Promise.resolve();
  assert.equal(result, undefined);
  t.mock.timers.tick(1);
  assert.equal(await done, 'aborted');
});

test('the outer signal aborts as well', { timeout: 5000 }, async () => {
  const outer = new AbortController();
  const done = withTimeout(2 ** 31 - 1, aborted, outer.signal);
  outer.abort();
  assert.equal(await done, 'aborted');
});

test('neither a timer nor a listener is left, whether it went well or not', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const outer = new AbortController();
  let inner;
  const keep = (signal) => (inner = signal);
  assert.equal(await withTimeout(1000, async (signal) => (keep(signal), 7), outer.signal), 7);
  await assert.rejects(
    withTimeout(1000, async () => Promise.reject(new Error('mine')), outer.signal),
    /mine/,
  );
  assert.equal(getEventListeners(outer.signal, 'abort').length, 0);
  t.mock.timers.tick(1000);
  assert.equal(inner.aborted, false);
});

test('what nobody waits for runs outside the zone of Angular, if there is one', (t) => {
  t.after(() => ['Zone', 'outsideOfZone'].forEach((name) => delete globalThis[name]));
  const calls = [];
  t.mock.method(globalThis, 'setTimeout', (run, ms) => calls.push(['setTimeout', run, ms]));
  const run = () => {};
  backgroundTimeout(run, 1);
  globalThis.Zone = {}; // something else of that name
  backgroundTimeout(run, 2);
  globalThis.Zone = { __symbol__: (name) => (name == 'setTimeout' ? 'outsideOfZone' : 'another') };
  backgroundTimeout(run, 3);
  globalThis.outsideOfZone = (run, ms) => calls.push(['outside', run, ms]);
  backgroundTimeout(run, 4);
  assert.deepEqual(calls, [
    ['setTimeout', run, 1],
    ['setTimeout', run, 2],
    ['setTimeout', run, 3],
    ['outside', run, 4],
  ]);
});
