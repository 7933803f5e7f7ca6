// An unused page stops refreshing. After a sleep, both clocks count.

import assert from 'node:assert/strict';
import test from 'node:test';
import { grant } from './fake-api.js';
import { makeWorld, reply } from './world.js';

const MINUTE_MS = 60_000;

/** Simulates six hours in steps of two minutes and calls `use` in each. Returns the requests of each hour. */
async function sixHours(world, use = () => {}) {
  const hours = [];
  for (let hour = 0; hour < 6; hour++) {
    const before = world.requests.length;
    for (let i = 0; i < 30; i++) {
      await world.pass(2 * MINUTE_MS);
      use();
    }
    hours.push(world.requests.length - before);
  }
  return hours;
}

test('an unused client stops refreshing after one or two hours; the next call gets a token', async (t) => {
  const world = makeWorld(t);
  const client = world.client();
  await world.until(client.getToken());
  const hours = await sixHours(world);
  assert.ok(hours[0] >= 3, hours.join());
  assert.deepEqual(hours.slice(2), [0, 0, 0, 0], hours.join());
  assert.ok((await world.until(client.getToken())).accessToken);
});

for (const [name, use] of Object.entries({
  'reading token': (client) => () => client.token,
  'a listener for token': (client) => (client.addEventListener('token', ({ detail }) => detail.accessToken), () => {}),
  getToken: (client) => () => client.getToken(),
}))
  test(`${name} counts as use: refreshing continues`, async (t) => {
    const world = makeWorld(t);
    const client = world.client();
    const uses = use(client);
    await world.until(client.getToken());
    const hours = await sixHours(world, uses);
    assert.ok(
      hours.every((count) => count >= 3 && count <= 6),
      hours.join(),
    );
  });

test('a listener that does not read the token is no use', async (t) => {
  const world = makeWorld(t);
  const client = world.client();
  client.addEventListener('token', () => {});
  client.addEventListener('quota', ({ detail }) => detail);
  await world.until(client.getToken());
  assert.deepEqual((await sixHours(world)).slice(2), [0, 0, 0, 0]);
});

test('a listener that stopped reading tokens is no use any more', async (t) => {
  const world = makeWorld(t);
  const client = world.client();
  const read = ({ detail }) => detail.accessToken;
  client.addEventListener('token', read);
  await world.until(client.getToken());
  await sixHours(world);
  client.removeEventListener('token', read);
  assert.deepEqual((await sixHours(world)).slice(3), [0, 0, 0]);
});

for (const type of ['online', 'pageshow', 'visibilitychange', 'resume'])
  test(`after a sleep of a night, a listener for "token" gets a new token with the event ${type}`, async (t) => {
    const world = makeWorld(t);
    const client = world.client();
    const received = [];
    client.addEventListener('token', ({ detail }) => received.push(detail.accessToken));
    await world.until(client.getToken());
    world.ms += 10 * 60 * MINUTE_MS; // no timer runs
    await world.dispatch(type);
    await world.pass(0);
    assert.deepEqual(received, ['token-1', 'token-2']);
    assert.equal(world.requests.length, 2);
  });

test('after a sleep of a night, a page that nobody uses stays at rest', async (t) => {
  const world = makeWorld(t);
  await world.until(world.client().getToken());
  world.ms += 10 * 60 * MINUTE_MS;
  await world.dispatch('online');
  await world.pass(10 * MINUTE_MS);
  assert.equal(world.requests.length, 1);
});

test('after a sleep, each of the two clocks alone can expire the token', async (t) => {
  for (const stopped of ['wall', 'mono']) {
    const world = makeWorld(t);
    const client = world.client({ autoRefresh: false });
    await world.until(client.getToken());
    const later = (ms) => {
      if (stopped == 'mono') world.wallOffset += ms;
      else [world.ms, world.wallOffset] = [world.ms + ms, world.wallOffset - ms];
    };
    later(1_199_999);
    assert.equal(client.token.accessToken, 'token-1', stopped);
    later(1);
    assert.equal(client.token, null, stopped);
    assert.equal((await world.until(client.getToken())).accessToken, 'token-2', stopped);
    await world.end();
  }
});

test('while the API is down, a token with seconds left is returned immediately', async (t) => {
  const world = makeWorld(t, { answer: (request, n) => (n == 1 ? reply(200, grant(1)) : reply(503, {})) });
  const client = world.client();
  await world.until(client.getToken());
  for (const [pass, left] of [
    [1_175_000, 25_000],
    [20_000, 5000],
  ]) {
    world.ms += pass;
    const start = world.ms;
    const { accessToken, expiresAt } = await world.until(client.getToken());
    assert.equal(accessToken, 'token-1');
    assert.ok(expiresAt - Date.now() <= left);
    assert.ok(world.ms - start < 1500, `${world.ms - start} ms`);
  }
});

test('without events of a window, a client works all the same', async (t) => {
  const world = makeWorld(t);
  world.replace(globalThis, 'addEventListener', undefined);
  world.replace(globalThis, 'removeEventListener', undefined);
  const client = world.client();
  assert.ok(await world.until(client.getToken()));
  client.dispose();
  await world.pass(5000);
});
