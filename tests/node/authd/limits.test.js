// Throttle and quota over HTTP: the answers, the keys that they apply to, and the behaviour of our client.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { createFromSecret } from 'inbenta-auth/server';
import { Authd } from '../../support/authd.js';

/** Waits for the start of a period of this many seconds, so that a test does not reach the next period. */
const beginOf = (periodS) => setTimeout(periodS * 1000 - (Date.now() % (periodS * 1000)) + 20);

async function start(t, ...words) {
  const authd = await Authd.create();
  t.after(() => authd.remove());
  return [authd, await authd.serve({ words })];
}

async function keyWithSecret(authd) {
  const apiKey = await authd.createApiKey();
  return { apiKey, secret: (await authd.command('secret', 'create', '--api-key', apiKey)).secret };
}

const send = (endpoint, apiKey, body, origin) =>
  fetch(`${endpoint}/auth`, {
    method: 'POST',
    headers: { 'x-inbenta-key': apiKey, 'Content-Type': 'application/json', ...(origin && { Origin: origin }) },
    body,
  });

test('the throttle refuses a key with too many requests, and no other key', async (t) => {
  const [authd, endpoint] = await start(t, '--throttle', '4/86400', '--quota', '100/31536000');
  const [greedy, modest] = [await keyWithSecret(authd), await keyWithSecret(authd)];
  // Malformed requests count too. Requests with an unknown key count for no key.
  assert.equal((await send(endpoint, greedy.apiKey, '{')).status, 400);
  assert.equal((await send(endpoint, 'stranger', '{')).headers.get('x-throttle-usage'), null);
  const granted = await send(endpoint, greedy.apiKey, JSON.stringify({ secret: greedy.secret }));
  const { headers } = granted;
  assert.deepEqual([granted.status, headers.get('x-throttle-usage'), headers.get('x-quota-usage')], [200, '50', '2']);
  const [nowS, resetS] = [Date.now() / 1000, Number(headers.get('x-throttle-reset'))];
  assert.ok(resetS % 86400 == 0 && resetS > nowS && resetS <= nowS + 86400, `${resetS}`);
  assert.equal(headers.get('Retry-After'), null);

  for (let i = 0; i < 2; i++) await send(endpoint, greedy.apiKey, JSON.stringify({ secret: greedy.secret }));
  const refused = await send(
    endpoint,
    greedy.apiKey,
    JSON.stringify({ secret: greedy.secret }),
    'https://shop.example',
  );
  const { error } = await refused.json();
  assert.deepEqual([refused.status, error.code, error.reason], [429, 429, 'rate_limited']);
  assert.ok(Math.abs(Number(refused.headers.get('Retry-After')) - (resetS - Date.now() / 1000)) < 3);
  for (const name of ['Retry-After', 'x-throttle-reset', 'x-quota-usage'])
    assert.ok(refused.headers.get('Access-Control-Expose-Headers').includes(name), name);
  const preflight = await fetch(`${endpoint}/auth`, { method: 'OPTIONS', headers: { Origin: 'https://shop.example' } });
  assert.equal(preflight.status, 204);
  assert.equal((await send(endpoint, modest.apiKey, JSON.stringify({ secret: modest.secret }))).status, 200);
});

test('a used-up quota answers 429', async (t) => {
  const [authd, endpoint] = await start(t, '--quota', '1/86400');
  const { apiKey, secret } = await keyWithSecret(authd);
  assert.equal((await send(endpoint, apiKey, JSON.stringify({ secret }))).status, 200);
  const { status, headers } = await send(endpoint, apiKey, JSON.stringify({ secret }));
  assert.deepEqual([status, headers.get('x-quota-usage'), headers.get('x-throttle-usage')], [429, '100', null]);
});

test('our client waits for Retry-After, and no call is lost', async (t) => {
  const [authd, endpoint] = await start(t, '--throttle', '1/4');
  const { apiKey, secret } = await keyWithSecret(authd);
  // Each has a secret of its own: clients of one secret share a source, and its token.
  const { secret: another } = await authd.command('secret', 'create', '--api-key', apiKey);
  const clients = [secret, another].map((one) => createFromSecret(one, apiKey, { endpoint, timeoutMs: 20_000 }));
  t.after(() => clients.forEach((client) => client.dispose()));
  await beginOf(4);
  await clients[0].getToken();
  const started = Date.now();
  assert.ok((await clients[1].getToken()).accessToken);
  assert.ok(Math.floor(Date.now() / 4000) > Math.floor(started / 4000), 'it came before the period ended');
  await authd.stop(); // completes the log
  const statuses = authd.log.map((line) => line.match(/ POST \S+ (\d+)/)?.[1]);
  assert.deepEqual(statuses, ['200', '429', '200']);
});
