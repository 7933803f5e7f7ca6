// The built package in Node, against a fake API. Each test writes the API's answers.

import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { createFromDomainKey } from '../../../dist/inbenta-auth.js';
import { failsWith, fakeApi, grant, json, wasm } from './fake-api.js';

test('nothing starts until getToken, which sends one /auth as documented', async (t) => {
  const { client, requests } = await fakeApi(t);
  assert.equal(client.token, null);
  await sleep(50);
  assert.equal(requests.length, 0);
  const token = await client.getToken();
  assert.deepEqual({ ...token.apis }, { chatbot: 'https://chatbot.example' });
  assert.equal(token.accessToken, 'token-1');
  assert.ok(Math.abs(token.expiresAt - Date.now() - 1_200_000) < 5000);
  assert.ok(Math.abs(token.expiration * 1000 - Date.now() - 1_200_000) < 5000);
  assert.equal(client.token, token);
  const [{ method, url, headers, body }] = requests;
  assert.deepEqual([method, url, body], ['POST', '/v1/auth', '{"domainKey":"the-domain-key"}']);
  assert.equal(headers['x-inbenta-key'], 'the-api-key');
  assert.match(headers['content-type'], /^application\/json/);
  assert.equal(headers.authorization, undefined);
});

test('100 concurrent callers share one request, its success and its refusal', async (t) => {
  let refuse = false;
  const { client, requests } = await fakeApi(t, (response, request, n) =>
    refuse
      ? json(response, 403, { error: { code: 403, message: 'no', reason: 'origin_not_allowed' } })
      : json(response, 200, grant(n)),
  );
  const tokens = await Promise.all(Array.from({ length: 100 }, () => client.getToken()));
  assert.equal(requests.length, 1);
  assert.ok(tokens.every((token) => token === tokens[0]));
  refuse = true;
  client.invalidate(tokens[0].accessToken);
  const results = await Promise.allSettled(Array.from({ length: 100 }, () => client.getToken()));
  assert.equal(requests.length, 2);
  assert.ok(results.every(({ reason }) => failsWith('origin_not_allowed', { status: 403 })(reason)));
});

test('a valid token comes from memory: the same promise, no request', async (t) => {
  const { client, requests } = await fakeApi(t);
  await client.getToken();
  assert.equal(client.getToken(), client.getToken());
  assert.equal(requests.length, 1);
});

test('the token is refreshed automatically before it expires, with itself as bearer', async (t) => {
  const { client, requests } = await fakeApi(t, (response, request, n) => json(response, 200, grant(n, 14)));
  await client.getToken();
  await new Promise((resolve) =>
    client.addEventListener('token', ({ detail }) => detail.accessToken == 'token-2' && resolve()),
  );
  assert.equal(requests[1].url, '/v1/refreshToken');
  assert.equal(requests[1].method, 'POST');
  assert.equal(requests[1].headers.authorization, 'Bearer token-1');
  assert.equal(requests[1].headers['x-inbenta-key'], 'the-api-key');
  assert.equal(requests[1].body, '');
  assert.ok(requests[1].at - requests[0].at < 14_000);
  assert.equal(client.token.accessToken, 'token-2');
});

test('without autoRefresh there is no refresh', async (t) => {
  const { client, requests } = await fakeApi(t, (response, request, n) => json(response, 200, grant(n, 1)), {
    autoRefresh: false,
  });
  await client.getToken();
  await sleep(1200);
  assert.equal(client.token, null);
  assert.equal(requests.length, 1);
});

test('after 503 the client retries while callers wait, then rejects with the details', async (t) => {
  const { client, requests } = await fakeApi(t, (response, request, n) =>
    n < 3 ? json(response, 503, {}) : json(response, 200, grant(n)),
  );
  const { fetch } = globalThis;
  t.after(() => (globalThis.fetch = fetch));
  const sent = []; // on a busy machine the API receives the first one late
  globalThis.fetch = (...args) => (sent.push(performance.now()), fetch(...args));
  assert.equal((await client.getToken()).accessToken, 'token-3');
  assert.equal(requests.length, 3);
  assert.ok(sent[1] - sent[0] > 998, 'the minimum interval');
});

test('if the server stays down, the error is server_error, not timeout', async (t) => {
  const { client, requests } = await fakeApi(t, (response) => json(response, 503, {}));
  const error = await client.getToken({ timeoutMs: 2500 }).catch((error) => error);
  failsWith('server_error', { status: 503, retryable: true, attempts: requests.length })(error);
});

test('429 is read with Retry-After in seconds and as a date', async (t) => {
  const { client, requests } = await fakeApi(t, (response, request, n) => {
    if (n == 1) return json(response, 429, {}, { 'Retry-After': '2' });
    if (n == 2) return json(response, 429, {}, { 'Retry-After': new Date(Date.now() + 3000).toUTCString() });
    json(response, 200, grant(n));
  });
  assert.equal((await client.getToken()).accessToken, 'token-3');
  assert.ok(requests[1].at - requests[0].at > 1990);
  assert.ok(requests[2].at - requests[1].at > 1900);
  const later = await fakeApi(t, (response) => json(response, 429, {}, { 'Retry-After': '3600' }));
  await assert.rejects(later.client.getToken(), failsWith('rate_limited', { status: 429, retryAfterMs: 3_600_000 }));
  assert.equal(later.requests.length, 1);
});

const REFUSALS = {
  credentials_rejected: [400, { error: { code: 400, message: 'Domain key not valid' } }],
  origin_not_allowed: [403, { error: { code: 403, message: 'Origin not allowed', reason: 'origin_not_allowed' } }],
  endpoint_refused: [403, { message: 'Missing Authentication Token' }],
  key_revoked: [403, { error: { code: 403, message: 'x', reason: 'key_revoked' } }],
};
for (const [code, [status, body]] of Object.entries(REFUSALS))
  test(`${status} ${code}: one request, an immediate error, cached for a moment`, async (t) => {
    const { client, requests } = await fakeApi(t, (response) => json(response, status, body));
    await assert.rejects(client.getToken(), failsWith(code, { status, retryable: false, attempts: 1 }));
    await assert.rejects(client.getToken(), failsWith(code));
    assert.equal(requests.length, 1);
  });

const GARBLED = {
  'invalid JSON': (response) => response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"accessToken": '),
  'an HTML page': (response) =>
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>Welcome to the hotel</h1>'),
  'an empty body': (response) => response.writeHead(200, { 'Content-Type': 'application/json' }).end(),
  'no token': (response) => json(response, 200, { expires_in: 1200 }),
  'a token with a line break': (response) => json(response, 200, { accessToken: 'a\r\nb', expires_in: 1200 }),
  'expires_in 0': (response) => json(response, 200, { accessToken: 'a', expires_in: 0 }),
  'expires_in negative': (response) => json(response, 200, { accessToken: 'a', expires_in: -1 }),
  'status 404': (response) => json(response, 404, {}),
};
for (const [name, answer] of Object.entries(GARBLED))
  test(`bad_response: ${name}`, async (t) => {
    const { client } = await fakeApi(t, answer);
    await assert.rejects(client.getToken(), failsWith('bad_response'));
  });

test('a body that is too large fails, with and without an end', async (t) => {
  const large = await fakeApi(t, (response) => json(response, 200, { ...grant(1), more: 'x'.repeat(70_000) }));
  await assert.rejects(large.client.getToken(), failsWith('body_too_large'));
  const endless = await fakeApi(t, (response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    const timer = setInterval(() => response.write('x'.repeat(20_000)), 5);
    response.on('close', () => clearInterval(timer));
  });
  await assert.rejects(endless.client.getToken(), failsWith('body_too_large'));
  const fits = await fakeApi(t, (response) => json(response, 200, { ...grant(1), more: 'x'.repeat(64_000) }));
  assert.equal((await fits.client.getToken()).accessToken, 'token-1');
});

test('members that nobody asked for need no memory', async (t) => {
  const { client } = await fakeApi(t, (response) => json(response, 200, { ...grant(1), more: Array(30_000).fill(0) }));
  assert.equal((await client.getToken()).accessToken, 'token-1');
});

test('a refused and a cut-off connection are network errors', async (t) => {
  const statuses = [];
  const log = ({ type, status }) => type == 'request' && statuses.push(status);
  const refused = await fakeApi(t, undefined, { log });
  await new Promise((resolve) => refused.server.close(resolve));
  await assert.rejects(
    refused.client.getToken({ timeoutMs: 3000 }),
    failsWith('network', { status: 0, retryable: true }),
  );
  assert.ok(statuses.length > 1);
  assert.deepEqual(new Set(statuses), new Set([0]));
  const cut = await fakeApi(t, (response) => {
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '500' });
    response.write('{"accessToken":"');
    setTimeout(() => response.destroy(), 20);
  });
  await assert.rejects(cut.client.getToken({ timeoutMs: 3000 }), failsWith('network'));
});

test('redirects are not followed', async (t) => {
  const other = await fakeApi(t);
  const { client } = await fakeApi(t, (response) =>
    response.writeHead(307, { Location: `${other.endpoint}/auth` }).end(),
  );
  await assert.rejects(client.getToken({ timeoutMs: 3000 }), failsWith('bad_response', { status: 307 }));
  assert.equal(other.requests.length, 0);
});

test('a server that never answers is a timeout', async (t) => {
  const { client } = await fakeApi(t, () => {});
  const start = performance.now();
  await assert.rejects(client.getToken({ timeoutMs: 300 }), failsWith('timeout', { retryable: true }));
  assert.ok(performance.now() - start < 2000);
  const slow = await fakeApi(t, () => {}, { timeoutMs: 300 });
  await assert.rejects(slow.client.getToken({ timeoutMs: 400 }), failsWith('timeout'));
});

test('timeouts beyond the range of timers do not become short', async (t) => {
  const { endpoint } = await fakeApi(t, (response, request, n) => setTimeout(() => json(response, 200, grant(n)), 50));
  const client = createFromDomainKey('d', 'k', { endpoint, wasm, timeoutMs: 2 ** 31 });
  t.after(() => client.dispose());
  assert.equal((await client.getToken()).accessToken, 'token-1');
  for (const timeoutMs of [2 ** 31, 1e15, Infinity]) await client.getToken({ forceRefresh: true, timeoutMs });
});

test('an aborted caller is rejected, and the shared request continues', async (t) => {
  let release;
  const { client, requests } = await fakeApi(t, (response) => (release = () => json(response, 200, grant(1))));
  const controller = new AbortController();
  const leaving = client.getToken({ signal: controller.signal });
  const staying = client.getToken();
  while (!requests.length) await sleep(5);
  const reason = new Error('the user went away');
  controller.abort(reason);
  await assert.rejects(leaving, failsWith('aborted', { cause: reason }));
  release();
  assert.equal((await staying).accessToken, 'token-1');
  assert.equal(requests.length, 1);
  await assert.rejects(client.getToken({ signal: AbortSignal.abort() }), failsWith('aborted'));
});

test('forceRefresh gets a new token; invalidate drops only the current token', async (t) => {
  const { client, requests } = await fakeApi(t);
  const first = await client.getToken();
  client.invalidate('another');
  assert.equal(client.token, first);
  await sleep(1000);
  assert.equal((await client.getToken({ forceRefresh: true })).accessToken, 'token-2');
  assert.equal(requests[1].url, '/v1/refreshToken');
  client.invalidate('token-2');
  assert.equal(client.token, null);
  assert.equal((await client.getToken()).accessToken, 'token-3');
  assert.equal(requests[2].url, '/v1/auth');
});

test('dispose rejects pending calls, wipes the memory, and may be called again', async (t) => {
  const { client, requests } = await fakeApi(t, () => {});
  const waiting = client.getToken();
  while (!requests.length) await sleep(5);
  client.dispose();
  client.dispose();
  await assert.rejects(waiting, failsWith('disposed'));
  await assert.rejects(client.getToken(), failsWith('disposed'));
  assert.equal(client.token, null);
  const early = await fakeApi(t);
  const pending = early.client.getToken();
  early.client.dispose();
  await assert.rejects(pending, failsWith('disposed'));
  await sleep(100);
  assert.equal(early.requests.length, 0);
});

test('the events token, error, expired and quota are emitted; listeners may call the client', async (t) => {
  const { client } = await fakeApi(t, (response, request, n) => {
    if (n == 1) return json(response, 200, grant(1), { 'x-quota-usage': '12', 'x-throttle-reset': '1790000000' });
    json(response, 403, { error: { reason: 'key_revoked' } });
  });
  const seen = [];
  for (const type of ['token', 'error', 'expired', 'quota'])
    client.addEventListener(type, ({ detail }) => seen.push([type, detail]));
  client.addEventListener('token', () => client.getToken({ minValidityMs: 1 }));
  await client.getToken();
  await sleep(1000);
  await assert.rejects(client.getToken({ forceRefresh: true }), failsWith('key_revoked'));
  assert.deepEqual(
    seen.map(([type]) => type),
    ['quota', 'token', 'expired', 'error'],
  );
  assert.deepEqual(seen[0][1], { quotaUsage: 12, throttleUsage: null, quotaReset: null, throttleReset: 1790000000 });
  assert.equal(seen[1][1].accessToken, 'token-1');
  assert.equal(seen[3][1].code, 'key_revoked');
  assert.equal(client.token, null);
});

test('wrong arguments throw immediately, with their name', () => {
  const make = (domainKey, apiKey, options) => () => createFromDomainKey(domainKey, apiKey, options);
  for (const key of ['', ' ', 'two words', 'line\nbreak', 'café', undefined, null, 7, {}]) {
    assert.throws(make(key, 'k'), failsWith('invalid_config'), String(key));
    assert.throws(make('k', key), failsWith('invalid_config'), String(key));
  }
  for (const endpoint of [
    '',
    'api.inbenta.io',
    '/v1',
    'not a url',
    7,
    'https://user@localhost',
    'https://localhost/v1?x=1',
    'https://localhost/#x',
    'https://localhost:1/v%201',
  ])
    assert.throws(make('d', 'k', { endpoint }), failsWith('invalid_config'), String(endpoint));
  for (const endpoint of [
    'http://api.inbenta.io/v1',
    'http://localhost.evil.example',
    'ftp://api.inbenta.io',
    'http://127.0.0.1.evil.example',
  ])
    assert.throws(make('d', 'k', { endpoint }), failsWith('insecure_endpoint'), endpoint);
  for (const endpoint of ['https://api.inbenta.io/v1', 'http://localhost:1/v1', 'http://[::1]:1', 'http://127.9.9.9'])
    make('d', 'k', { endpoint })();
  make('d', 'k', { endpoint: 'http://10.0.0.1/v1', allowInsecure: true })();
  for (const bad of [-1, NaN, Infinity, '10'])
    for (const name of ['minValidityMs', 'timeoutMs'])
      assert.throws(make('d', 'k', { [name]: bad }), failsWith('invalid_config'), `${name} ${bad}`);
});

test('a key that only the C core refuses is an error, not a hanging promise', async () => {
  const client = createFromDomainKey('d'.repeat(8193), 'k', { endpoint: 'https://localhost:1/v1', wasm });
  await assert.rejects(client.getToken(), failsWith('invalid_config'));
});

test('a missing, wrong or foreign wasm is wasm_unavailable', async (t) => {
  const missing = await fakeApi(t, (response) => json(response, 404, {}));
  const make = (source) => createFromDomainKey('d', 'k', { endpoint: missing.endpoint, wasm: source });
  await assert.rejects(make(`${missing.endpoint}/x.wasm`).getToken(), failsWith('wasm_unavailable'));
  await assert.rejects(make(new Uint8Array([1, 2, 3])).getToken(), failsWith('wasm_unavailable'));
  await assert.rejects(make(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])).getToken(), failsWith('wasm_unavailable'));
  await assert.rejects(make({}).getToken(), failsWith('wasm_unavailable'));
  await assert.rejects(make('http://127.0.0.1:1/x.wasm').getToken(), failsWith('wasm_unavailable'));
  const silent = await fakeApi(t, () => {});
  await assert.rejects(make(`${silent.endpoint}/x.wasm`).getToken({ timeoutMs: 200 }), failsWith('timeout'));
});

test('after a failed load, the next call loads again', async (t) => {
  const { endpoint } = await fakeApi(t, (response, request, n) => {
    if (request.url == '/v1/x.wasm') return n == 1 ? response.writeHead(500).end() : response.end(wasm);
    json(response, 200, grant(n));
  });
  const client = createFromDomainKey('d', 'k', { endpoint, wasm: new URL(`${endpoint}/x.wasm`) });
  t.after(() => client.dispose());
  await assert.rejects(client.getToken(), failsWith('wasm_unavailable'));
  assert.equal((await client.getToken()).accessToken, 'token-3');
});

test('an error or a client never prints a key or a token', async (t) => {
  const { client } = await fakeApi(t, (response, request, n) =>
    n == 1
      ? json(response, 200, grant(1))
      : json(response, 400, { error: { code: 400, message: 'the-domain-key and the-api-key do not fit' } }),
  );
  await client.getToken();
  await sleep(1000);
  const error = await client.getToken({ forceRefresh: true }).catch((error) => error);
  failsWith('credentials_rejected')(error);
  for (const text of [
    inspect(error, { depth: 9, showHidden: true }),
    JSON.stringify(error),
    String(error),
    inspect(client),
    JSON.stringify(client),
    String(client),
  ])
    assert.doesNotMatch(text, /token-\d|the-domain-key|the-api-key/);
});

test('two clients can share a module, but not memory', async (t) => {
  const module = await WebAssembly.compile(wasm);
  const one = await fakeApi(t, undefined, { wasm: module });
  const two = await fakeApi(t, undefined, { wasm: module });
  await Promise.all([one.client.getToken(), two.client.getToken()]);
  one.client.dispose();
  assert.equal((await two.client.getToken()).accessToken, 'token-1');
});
