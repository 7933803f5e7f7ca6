// An unused page stops refreshing. After a sleep, both clocks count. The tests move the clocks that the client reads; a
// wake-up event makes the client read them.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { fakeApi, grant, json } from './fake-api.js';

/**
 * Starts a fake API and a client whose clocks stand still. `pass` moves them, dispatches the event of a browser when the
 * machine wakes, and resolves when the request that follows, if one does, has brought a token or an error.
 */
async function withClocks(t, answer, options) {
  const real = { wall: Date.now, mono: performance.now, listen: globalThis.addEventListener, fetch: globalThis.fetch };
  const now = { wall: Date.now(), mono: performance.now() };
  const woke = [];
  let started = 0;
  let ended = 0;
  Date.now = () => now.wall;
  performance.now = () => now.mono;
  globalThis.addEventListener = (type, listener) => type == 'online' && woke.push(listener);
  globalThis.fetch = (...args) => (started++, real.fetch(...args));
  t.after(() => {
    Date.now = real.wall;
    performance.now = real.mono;
    globalThis.addEventListener = real.listen;
    globalThis.fetch = real.fetch;
  });
  const api = await fakeApi(t, answer, options);
  const settled = new EventTarget();
  const settle = () => (ended++, settled.dispatchEvent(new Event('settled')));
  // Not to read the detail: that is use of the token.
  api.client.addEventListener('token', settle);
  api.client.addEventListener('error', settle);
  async function pass(ms, { wall = ms, mono = ms } = {}) {
    now.wall += wall;
    now.mono += mono;
    for (const listener of woke) listener();
    while (ended < started) await once(settled, 'settled');
  }
  return { ...api, pass };
}

const MINUTE_MS = 60_000;

/** Simulates six hours in steps of two minutes and calls `use` in each. Returns the requests of each hour. */
async function sixHours({ pass, requests }, use = () => {}) {
  const hours = [];
  for (let hour = 0; hour < 6; hour++) {
    const before = requests.length;
    for (let i = 0; i < 30; i++) {
      await pass(2 * MINUTE_MS);
      await use();
    }
    hours.push(requests.length - before);
  }
  return hours;
}

test('an unused client stops refreshing after one or two hours; the next call gets a token', async (t) => {
  const life = await withClocks(t);
  const { client } = life;
  await client.getToken();
  const hours = await sixHours(life);
  assert.ok(hours[0] >= 3, hours.join());
  assert.deepEqual(hours.slice(2), [0, 0, 0, 0], hours.join());
  assert.ok((await client.getToken()).accessToken);
});

for (const [name, use] of Object.entries({
  'reading token': (client) => () => client.token,
  'a listener for token': (client) => (client.addEventListener('token', ({ detail }) => detail.accessToken), () => {}),
  getToken: (client) => () => client.getToken(),
}))
  test(`${name} counts as use: refreshing continues`, async (t) => {
    const life = await withClocks(t);
    await life.client.getToken();
    const hours = await sixHours(life, use(life.client));
    assert.ok(
      hours.every((count) => count >= 3 && count <= 6),
      hours.join(),
    );
  });

test('after a sleep of a night, a listener for "token" gets a new token', async (t) => {
  const { client, requests, pass } = await withClocks(t);
  const received = [];
  client.addEventListener('token', ({ detail }) => received.push(detail.accessToken));
  await client.getToken();
  await pass(10 * 60 * MINUTE_MS);
  assert.deepEqual(received, ['token-1', 'token-2']);
  assert.equal(requests.length, 2);
});

for (const stopped of ['wall', 'mono'])
  test(`after a sleep during which the ${stopped} clock stood still, the other one expires the token`, async (t) => {
    const { client, pass } = await withClocks(t, undefined, { autoRefresh: false });
    await client.getToken();
    await pass(1_201_000, { [stopped]: 1000 }); // the minimum interval between two requests
    assert.equal(client.token, null);
    assert.equal((await client.getToken()).accessToken, 'token-2');
  });

test('while the API is down, a token with seconds left is returned immediately', async (t) => {
  const { client, pass } = await withClocks(t, (response, request, n) =>
    n == 1 ? json(response, 200, grant(1)) : json(response, 503, {}),
  );
  await client.getToken();
  for (const [passed, left] of [
    [1_175_000, 25_000],
    [20_000, 5000],
  ]) {
    await pass(passed);
    // The clocks stand still, so it is not the API's silence that brings the token.
    const { accessToken, expiresAt } = await client.getToken();
    assert.equal(accessToken, 'token-1');
    assert.equal(expiresAt - Date.now(), left);
  }
});
