// Each knob, its limits, and the behaviour of our client.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFromSecret } from 'inbenta-auth/server';
import { auth, emulate, ORIGIN, reasonOf, refresh, tokenOf } from '../../support/emulator.js';

const statusesOf = async (emulator, times) => {
  const statuses = [];
  for (let i = 0; i < times; i++) statuses.push((await auth(emulator)).status);
  return statuses;
};

/** Makes a client with its own secret, so that clients do not share tokens. */
const clientOf = async (t, emulator, options) => {
  const { secret } = await emulator.createSecret();
  const client = createFromSecret(secret, emulator.apiKey, { endpoint: emulator.endpoint, ...options });
  t.after(() => client.dispose());
  return client;
};

test('lifetimeS: tokens are refused after this time', async (t) => {
  const emulator = await emulate(t);
  emulator.set({ lifetimeS: 1 });
  const now = Date.now() / 1000;
  const { accessToken, expires_in, expiration } = await tokenOf(emulator);
  assert.equal(expires_in, 1);
  assert.ok(Math.abs(expiration - now - 1) <= 1.5);
  await new Promise((resolve) => setTimeout(resolve, 2100));
  assert.equal((await refresh(emulator, accessToken)).status, 403);
  assert.equal(emulator.requests.at(-1).reason, 'token_expired');
  emulator.set({ lifetimeS: null });
  assert.equal((await tokenOf(emulator)).expires_in, 1200);
});

test('status: a page can read the answer, and a preflight passes', async (t) => {
  const emulator = await emulate(t);
  emulator.set({ status: 503, retryAfterS: 7 });
  const answer = await auth(emulator);
  const { headers } = answer;
  assert.deepEqual(
    [answer.status, headers.get('Retry-After'), headers.get('Access-Control-Allow-Origin'), headers.get('Vary')],
    [503, '7', ORIGIN, 'Origin'],
  );
  assert.match(headers.get('Access-Control-Expose-Headers'), /Retry-After/);
  assert.equal(await reasonOf(answer), 'injected');
  const preflight = await fetch(`${emulator.endpoint}/auth`, {
    method: 'OPTIONS',
    headers: { Origin: ORIGIN, 'Access-Control-Request-Method': 'POST' },
  });
  assert.deepEqual([preflight.status, preflight.headers.get('Retry-After')], [204, null]);
  for (const status of [200, 204, 301, 304, 400, 401, 403, 404, 429, 500, 599]) {
    emulator.set({ status });
    assert.equal((await auth(emulator, { redirect: 'manual' })).status, status);
  }
});

test('body: JSON, a string or empty, with or without a status', async (t) => {
  const emulator = await emulate(t);
  const answered = async (knobs) => {
    emulator.set(knobs);
    const answer = await auth(emulator);
    return [answer.status, answer.headers.get('Content-Type'), await answer.text()];
  };
  assert.deepEqual(await answered({ status: 400, body: { error: { code: 400 } } }), [
    400,
    'application/json',
    '{"error":{"code":400}}',
  ]);
  assert.deepEqual(await answered({ status: 502, body: '<h1>Bad gateway</h1>' }), [
    502,
    'text/html; charset=utf-8',
    '<h1>Bad gateway</h1>',
  ]);
  assert.deepEqual(await answered({ status: null, body: '{"accessToken":"ü"}' }), [
    200,
    'application/json',
    '{"accessToken":"ü"}',
  ]);
  assert.deepEqual(await answered({ status: 500, body: '' }), [500, 'text/html; charset=utf-8', '']);
  assert.throws(() => emulator.set({ body: () => 1 }), { option: 'body' });
});

test('latencyMs: the answer is delayed', async (t) => {
  const emulator = await emulate(t);
  emulator.set({ latencyMs: 300, next: 1 });
  const start = performance.now();
  assert.equal((await auth(emulator)).status, 200);
  assert.ok(performance.now() - start >= 299);
  assert.ok(emulator.requests[0].ms >= 299);
  await auth(emulator);
  assert.ok(emulator.requests[1].ms < 299);
});

test('cutOff: the connection ends in the middle of the body', async (t) => {
  const emulator = await emulate(t);
  for (const [cutOff, expected] of [
    [true, (total) => Math.floor(total / 2)],
    [10, () => 10],
    [0, () => 0],
    [65_536, (total) => total - 1],
  ]) {
    emulator.set({ cutOff, next: 1 });
    const answer = await auth(emulator);
    assert.equal(answer.status, 200);
    const total = Number(answer.headers.get('Content-Length'));
    let came = 0;
    await assert.rejects(async () => {
      for await (const piece of answer.body) came += piece.length;
    });
    assert.equal(came, expected(total));
  }
  emulator.set({ status: 500, body: '', cutOff: true, next: 1 });
  await assert.rejects(auth(emulator), TypeError);
  assert.deepEqual(
    emulator.requests.map(({ reason }) => reason),
    ['cut_off', 'cut_off', 'cut_off', 'cut_off', 'injected'],
  );
  assert.equal((await auth(emulator)).status, 200);
});

test('clockOffsetS: Date, expiration and expiry are shifted', async (t) => {
  const emulator = await emulate(t);
  for (const clockOffsetS of [-3600, 86_400]) {
    emulator.set({ clockOffsetS });
    const answer = await auth(emulator);
    const expected = Date.now() / 1000 + clockOffsetS;
    assert.ok(Math.abs(Date.parse(answer.headers.get('Date')) / 1000 - expected) < 5);
    const { expiration, expires_in } = await answer.json();
    assert.ok(Math.abs(expiration - 1200 - expected) < 5);
    assert.equal(expires_in, 1200);
  }
  emulator.set({ clockOffsetS: 0 });
  const { accessToken } = await tokenOf(emulator);
  emulator.set({ clockOffsetS: 1300 });
  assert.equal((await refresh(emulator, accessToken)).status, 403);
  emulator.set({ clockOffsetS: 0 });
  assert.equal((await refresh(emulator, accessToken)).status, 200);
});

test('next and path: the knobs apply to so many requests and to this path only', async (t) => {
  const emulator = await emulate(t);
  emulator.set({ status: 503, path: '/auth', next: 2 });
  assert.equal((await fetch(`${emulator.url}/healthz`)).status, 200);
  assert.deepEqual(await statusesOf(emulator, 4), [503, 503, 200, 200]);
  emulator.set({ status: 500, path: '/v1/refreshToken' });
  assert.deepEqual(await statusesOf(emulator, 1), [200]);
  assert.equal((await refresh(emulator, 'x')).status, 500);
});

test('a later knob overrides an earlier one, which applies again afterwards', async (t) => {
  const emulator = await emulate(t, { knobs: [{ status: 500 }, { status: 418, next: 1 }] });
  assert.deepEqual(emulator.knobs, [{ status: 500 }, { status: 418, next: 1 }]);
  assert.deepEqual(await statusesOf(emulator, 2), [418, 500]);
  emulator.set({ status: 501, next: 2 });
  emulator.set({ status: 502, path: '/auth', next: 1 });
  assert.deepEqual(await statusesOf(emulator, 3), [502, 501, 500]);
  emulator.set({ status: 503, path: '/auth' });
  emulator.set({ status: null });
  assert.deepEqual(emulator.knobs, [{ status: null }]);
  assert.deepEqual(await statusesOf(emulator, 1), [200]);
  for (let i = 0; i < 100; i++) emulator.set({ status: 500 + i, latencyMs: i });
  assert.deepEqual(emulator.knobs, [{ status: 599, latencyMs: 99 }]);
  await emulator.reset();
  assert.deepEqual(await statusesOf(emulator, 2), [418, 500]);
});

test('a mistake changes nothing', async (t) => {
  const emulator = await emulate(t, { knobs: { latencyMs: 1 } });
  for (const knobs of [
    { status: 503, delay: 1 },
    { status: 503, next: -1 },
    { status: 503, log: 1 },
    { status: '503' },
    { clockOffsetS: 0.5 },
    { cutOff: 'yes' },
    { latencyMs: -1 },
    { retryAfterS: 'soon' },
    { lifetimeS: Infinity },
  ]) {
    assert.throws(() => emulator.set(knobs), TypeError);
    assert.deepEqual(emulator.knobs, [{ latencyMs: 1 }]);
  }
});

test('our client retries after two 503, waits for Retry-After, and rejects half a body', async (t) => {
  const emulator = await emulate(t);
  emulator.set({ status: 503, path: '/auth', next: 2 });
  assert.ok((await (await clientOf(t, emulator)).getToken({ timeoutMs: 20_000 })).accessToken);
  assert.deepEqual(
    emulator.requests.map(({ status }) => status),
    [503, 503, 200],
  );

  emulator.set({ status: 429, retryAfterS: 2, next: 1 });
  const start = performance.now();
  await (await clientOf(t, emulator)).getToken({ timeoutMs: 20_000 });
  assert.ok(performance.now() - start >= 1900);

  emulator.set({ cutOff: true });
  await assert.rejects((await clientOf(t, emulator)).getToken({ timeoutMs: 1500 }), ({ code }) =>
    ['network', 'timeout'].includes(code),
  );
  emulator.set({ cutOff: null, body: '<html>' });
  await assert.rejects((await clientOf(t, emulator)).getToken({ timeoutMs: 1500 }), { code: 'bad_response' });
  emulator.set({ body: null, latencyMs: 5000 });
  await assert.rejects((await clientOf(t, emulator, { timeoutMs: 300 })).getToken(), { code: 'timeout' });
});
