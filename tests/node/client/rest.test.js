// An unused page stops refreshing. After a sleep, both clocks count. The tests move the clocks that the client reads; a
// wake-up event makes the client read them.

import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fakeApi, grant, json } from './fake-api.js';

/** Replaces both clocks, and dispatches the event of a browser when the machine wakes. */
function takeTime(t) {
  const real = { wall: Date.now, mono: performance.now, listen: globalThis.addEventListener };
  const offset = { wall: 0, mono: 0 };
  const woke = [];
  Date.now = () => real.wall() + offset.wall;
  performance.now = () => real.mono.call(performance) + offset.mono;
  globalThis.addEventListener = (type, listener) => type == 'online' && woke.push(listener);
  t.after(() => {
    Date.now = real.wall;
    performance.now = real.mono;
    globalThis.addEventListener = real.listen;
  });
  return {
    async pass(ms, { wall = ms, mono = ms } = {}) {
      offset.wall += wall;
      offset.mono += mono;
      for (const listener of woke) listener();
      await sleep(15);
    },
  };
}

const MINUTE_MS = 60_000;

/** Simulates six hours in steps of two minutes and calls `use` in each. Returns the requests of each hour. */
async function sixHours(time, requests, use = () => {}) {
  const hours = [];
  for (let hour = 0; hour < 6; hour++) {
    const before = requests.length;
    for (let i = 0; i < 30; i++) {
      await time.pass(2 * MINUTE_MS);
      use();
    }
    hours.push(requests.length - before);
  }
  return hours;
}

test('an unused client stops refreshing after one or two hours; the next call gets a token', async (t) => {
  const time = takeTime(t);
  const { client, requests } = await fakeApi(t);
  await client.getToken();
  const hours = await sixHours(time, requests);
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
    const time = takeTime(t);
    const { client, requests } = await fakeApi(t);
    await client.getToken();
    const hours = await sixHours(time, requests, use(client));
    assert.ok(
      hours.every((count) => count >= 3 && count <= 6),
      hours.join(),
    );
  });

test('after a sleep of a night, a listener for "token" gets a new token', async (t) => {
  const time = takeTime(t);
  const { client, requests } = await fakeApi(t);
  const received = [];
  client.addEventListener('token', ({ detail }) => received.push(detail.accessToken));
  await client.getToken();
  await time.pass(10 * 60 * MINUTE_MS);
  while (received.length < 2) await sleep(10);
  assert.deepEqual(received, ['token-1', 'token-2']);
  assert.equal(requests.length, 2);
});

test('after a sleep, each of the two clocks alone can expire the token', async (t) => {
  for (const stopped of ['wall', 'mono']) {
    const time = takeTime(t);
    const { client } = await fakeApi(t, undefined, { autoRefresh: false });
    await client.getToken();
    await time.pass(1_201_000, { [stopped]: 0 });
    assert.equal(client.token, null, stopped);
    assert.equal((await client.getToken()).accessToken, 'token-2', stopped);
  }
});

test('while the API is down, a token with seconds left is returned immediately', async (t) => {
  const time = takeTime(t);
  const { client } = await fakeApi(t, (response, request, n) =>
    n == 1 ? json(response, 200, grant(1)) : json(response, 503, {}),
  );
  await client.getToken();
  for (const [pass, left] of [
    [1_175_000, 25_000],
    [20_000, 5000],
  ]) {
    await time.pass(pass);
    const start = performance.now();
    const { accessToken, expiresAt } = await client.getToken();
    assert.equal(accessToken, 'token-1');
    assert.ok(expiresAt - Date.now() <= left);
    assert.ok(performance.now() - start < 1500, `${performance.now() - start} ms`);
  }
});
