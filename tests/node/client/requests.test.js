// What a page sends to the API and makes of each answer: js/client/instance.js through the client, in simulated time.

import assert from 'node:assert/strict';
import test from 'node:test';
import { createFromAccessToken, createFromDomainKey } from '../../../dist/inbenta-auth.js';
import { failsWith, grant } from './fake-api.js';
import { ENDPOINT, makeWorld, reply } from './world.js';

const JSON_TYPE = { 'Content-Type': 'application/json' };

test('/auth and /refreshToken are sent without cookies, past the cache, and without following redirects', async (t) => {
  const world = makeWorld(t);
  const client = world.client({ domainKeyName: 'domain_key' });
  await world.until(client.getToken());
  await world.pass(1000);
  await world.until(client.getToken({ forceRefresh: true }));
  const [auth, refresh] = world.requests;
  for (const { signal } of [auth, refresh]) assert.equal(signal.aborted, false, 'a complete request is not aborted');
  for (const request of [auth, refresh])
    assert.deepEqual(
      [request.method, request.credentials, request.redirect, request.cache],
      ['POST', 'omit', 'manual', 'no-store'],
    );
  assert.deepEqual([auth.url, auth.body], [`${ENDPOINT}/auth`, '{"domain_key":"the-domain-key"}']);
  assert.equal(auth.headers['x-inbenta-key'], 'the-api-key');
  assert.equal(auth.headers['content-type'], 'application/json');
  assert.equal(refresh.url, `${ENDPOINT}/refreshToken`);
  assert.equal(refresh.headers.authorization, 'Bearer token-1');
});

test('GET /apis has no body', async (t) => {
  const world = makeWorld(t, {
    answer: ({ url }) =>
      url.endsWith('/apis')
        ? reply(200, { apis: { a: 'https://a.example', b: 'https://b.example' } })
        : reply(200, { accessToken: 'T', expires_in: 1200 }),
  });
  const { apis } = await world.until(world.client().getToken());
  assert.deepEqual({ ...apis }, { a: 'https://a.example', b: 'https://b.example' });
  assert.deepEqual([world.requests[1].method, world.requests[1].body], ['GET', undefined]);
});

test('all of a grant is in the token', async (t) => {
  const apis = { chatbot: 'https://chatbot.example/prod', search: 'https://search.example' };
  const world = makeWorld(t, {
    answer: () => reply(200, { accessToken: 'T', expires_in: 1200, expiration: 1_790_009_999, apis }),
  });
  const token = await world.until(world.client().getToken());
  assert.deepEqual(
    { ...token, apis: { ...token.apis } },
    { accessToken: 'T', expiration: 1_790_009_999, expiresAt: Date.now() + 1_200_000, apis },
  );
  assert.ok(Object.isFrozen(token) && Object.isFrozen(token.apis));
});

test('the quota event has each number at its name, 0 among them, and null for what is missing', async (t) => {
  const seen = [];
  const answers = [
    { 'x-quota-usage': '1', 'x-throttle-usage': '2', 'x-quota-reset': '1790009998', 'x-throttle-reset': '1790009999' },
    { 'x-quota-usage': '0' },
    { 'x-throttle-usage': '0' },
    {},
  ];
  const world = makeWorld(t, { answer: (request, n) => reply(200, grant(n), answers[n - 1]) });
  const client = world.client();
  client.addEventListener('quota', ({ detail }) => seen.push(detail));
  for (let i = 0; i < answers.length; i++) {
    await world.until(client.getToken({ forceRefresh: true }));
    await world.pass(1000);
  }
  const none = { quotaUsage: null, throttleUsage: null, quotaReset: null, throttleReset: null };
  assert.deepEqual(seen, [
    { quotaUsage: 1, throttleUsage: 2, quotaReset: 1_790_009_998, throttleReset: 1_790_009_999 },
    { ...none, quotaUsage: 0 },
    { ...none, throttleUsage: 0 },
  ]);
});

test('an error has all that is known of the answer', async (t) => {
  const world = makeWorld(t, {
    answer: () => reply(429, { error: { message: 'Slow down.' } }, { 'Retry-After': '100' }),
  });
  const error = await world.failure(world.client().getToken());
  failsWith('rate_limited', {
    status: 429,
    attempts: 1,
    retryAfterMs: 100_000,
    serverMessage: 'Slow down.',
    retryable: true,
  })(error);
  world.answer = () => reply(404, {});
  const other = await world.failure(world.client({ endpoint: 'https://api.example/v2' }).getToken());
  failsWith('bad_response', { status: 404, serverMessage: undefined, retryable: false })(other);
});

test('the hint of an error is made of the flow and the endpoint', async (t) => {
  const world = makeWorld(t, { answer: () => reply(403, { message: 'Missing Authentication Token' }) });
  const { hint } = await world.failure(world.client().getToken());
  assert.match(hint, /https:\/\/api\.example\/v1/);
  world.answer = () => reply(403, { error: { reason: 'key_revoked' } });
  const revoked = await world.failure(world.client({ endpoint: 'https://api.example/v2' }).getToken());
  assert.equal(revoked.hint, 'Create a new domain key.');
  const refreshed = world.client({}, (domainKey, apiKey, options) =>
    createFromAccessToken({ accessToken: 'mine', expires_in: 1200 }, apiKey, options),
  );
  assert.equal((await world.failure(refreshed.getToken({ forceRefresh: true }))).hint, 'Create a new access token.');
  const given = world.client({}, (domainKey, apiKey, options) =>
    createFromAccessToken({ accessToken: 'mine', expires_in: 0 }, apiKey, options),
  );
  failsWith('token_expired')(await world.failure(given.getToken()));
});

test('a NUL in an answer hides nothing behind it, and does not go unseen', async (t) => {
  for (const end of ['\0x', '\0']) {
    const world = makeWorld(t, { answer: () => new Response(JSON.stringify(grant(1)) + end, { headers: JSON_TYPE }) });
    failsWith('bad_response')(await world.failure(world.client().getToken()));
    await world.end();
  }
});

test('a very long header costs no memory', async (t) => {
  const world = makeWorld(t, { answer: (request, n) => reply(200, grant(n), { Date: 'x'.repeat(300_000) }) });
  assert.equal((await world.until(world.client().getToken())).accessToken, 'token-1');
  const type = `application/json; x=${'y'.repeat(1100)}`;
  world.answer = (request, n) => reply(200, grant(n), { 'Content-Type': type });
  assert.ok(await world.until(world.client({ endpoint: 'https://api.example/v2' }).getToken()));
});

test('a redirect, of which a browser shows nothing, is bad_response with status 302', async (t) => {
  const opaque = () =>
    Object.defineProperties(new Response(null), { type: { value: 'opaqueredirect' }, status: { value: 0 } });
  const world = makeWorld(t, { answer: opaque });
  failsWith('bad_response', { status: 302 })(await world.failure(world.client().getToken()));
});

test('a body beyond the limit is not waited for, and its connection is given up', async (t) => {
  let isGivenUp = false;
  const endless = () =>
    new Response(
      new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(30_000).fill(32)),
        cancel: () => void (isGivenUp = true),
      }),
      { headers: JSON_TYPE },
    );
  const world = makeWorld(t, { answer: endless });
  failsWith('body_too_large', { status: 200 })(await world.failure(world.client().getToken()));
  assert.equal(isGivenUp, true);
});

test('a body of exactly the limit is read, one byte more is too large', async (t) => {
  const limit = 64 * 1024;
  const of = (length) => {
    const text = JSON.stringify({ ...grant(1), more: '' });
    return text.replace('"more":"', `"more":"${'x'.repeat(length - text.length)}`);
  };
  const world = makeWorld(t, { answer: () => new Response(of(limit), { headers: JSON_TYPE }) });
  assert.ok(await world.until(world.client().getToken()));
  world.answer = () => new Response(of(limit + 1), { headers: JSON_TYPE });
  failsWith('body_too_large')(await world.failure(world.client({ endpoint: 'https://api.example/v2' }).getToken()));
});

test('a request has the time of the first client’s timeoutMs; an answer after that counts no more', async (t) => {
  const world = makeWorld(t, { answer: () => undefined });
  const client = world.client({ timeoutMs: 3000 });
  const call = client.getToken({ timeoutMs: 60_000 });
  await world.pass(2999);
  assert.equal(world.requests[0].signal.aborted, false);
  await world.pass(1);
  assert.equal(world.requests[0].signal.aborted, true);
  world.answer = (request, n) => reply(200, grant(n));
  assert.equal((await world.until(call)).accessToken, 'token-2');
});

test('plain http to another machine works with allowInsecure, in the core as well', async (t) => {
  const world = makeWorld(t);
  const client = world.client({ endpoint: 'http://10.0.0.1/v1', allowInsecure: true });
  assert.equal((await world.until(client.getToken())).accessToken, 'token-1');
  assert.equal(world.requests[0].url, 'http://10.0.0.1/v1/auth');
});

test('the memory is wiped by dispose, and the request under way is aborted', async (t) => {
  const world = makeWorld(t, { answer: () => undefined });
  const client = world.client();
  const call = world.rejection(client.getToken());
  await world.pass(0);
  assert.ok(Buffer.from(world.memory.buffer).includes('the-domain-key'));
  client.dispose();
  failsWith('disposed')(await call);
  await world.pass(5000);
  assert.equal(world.requests[0].signal.aborted, true);
  assert.ok(new Uint8Array(world.memory.buffer).every((byte) => byte == 0));
  assert.equal(world.timers.all.size, 0);
});

test('a trap while an answer is processed fails the caller, and nothing is called after it', async (t) => {
  const world = makeWorld(t, { answer: () => undefined });
  const call = world.rejection(world.client().getToken());
  await world.pass(0);
  world.isTrapping = true;
  world.requests[0].answer(reply(200, grant(1)));
  await world.pass(0);
  failsWith('wasm_unavailable')(await call);
  assert.equal(world.timers.all.size, 0);
  await world.pass(60_000);
});

test('a key that only the core refuses is an error', async (t) => {
  const world = makeWorld(t);
  const client = world.client({}, (domainKey, apiKey, options) =>
    createFromDomainKey('d'.repeat(8193), apiKey, options),
  );
  failsWith('invalid_config')(await world.failure(client.getToken()));
  assert.throws(() => createFromDomainKey('two words', 'k'), /domainKey/);
});

test('waits are spread by chance', async (t) => {
  const times = [];
  for (const random of [0, 0.999]) {
    const world = makeWorld(t, { answer: () => reply(503, {}) });
    world.random = random;
    const call = world.rejection(world.client({ autoRefresh: false }).getToken({ timeoutMs: 20_000 }));
    await world.pass(20_000);
    await call;
    times.push(world.requests[3].at - world.requests[0].at);
    await world.end();
  }
  assert.ok(times[1] > times[0] + 2000, times.join());
});

test('a connection that fails is network, with what fetch threw as its cause; a later refusal does not have it', async (t) => {
  const world = makeWorld(t);
  const thrown = new TypeError('fetch failed');
  world.answer = () => thrown;
  const client = world.client();
  const events = [];
  client.addEventListener('error', ({ detail }) => events.push(detail));
  failsWith('network', { cause: thrown, retryable: true })(await world.failure(client.getToken()));
  assert.equal(events[0].cause, thrown);
  world.answer = () => reply(403, {});
  const refused = await world.failure(client.getToken());
  assert.notEqual(refused.code, 'network');
  assert.equal(refused.cause, undefined);
});
