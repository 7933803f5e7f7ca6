// A token from a server: it is used, refreshed, and replaced after it expired.

import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { AuthError, createFromAccessToken, tokenFrom } from '../../../dist/inbenta-auth.js';
import { failsWith, fakeApi, grant, json, wasm } from './fake-api.js';

/** Returns the error that a function throws. */
function assertThrown(run) {
  try {
    run();
  } catch (error) {
    return error;
  }
  assert.fail('nothing was thrown');
}

const inSeconds = (seconds) => Math.floor(Date.now() / 1000) + seconds;

async function start(t, { expiration, expires_in, apis, ...options }, answer) {
  const api = await fakeApi(t, answer);
  const client = createFromAccessToken({ accessToken: 'handed-over', expiration, expires_in, apis }, 'the-api-key', {
    endpoint: api.endpoint,
    wasm,
    ...options,
  });
  t.after(() => client.dispose());
  return { ...api, client };
}

test('the token is available immediately, without a request', async (t) => {
  const { client, requests } = await start(t, { expiration: inSeconds(1200), apis: { chatbot: 'https://c.example' } });
  assert.equal(client.token.accessToken, 'handed-over');
  assert.equal((await client.getToken()).accessToken, 'handed-over');
  assert.equal(await client.apiUrl('chatbot'), 'https://c.example');
  await sleep(100);
  assert.equal(requests.length, 0);
});

test('the token is refreshed automatically', async (t) => {
  const { client, requests } = await start(t, { expiration: inSeconds(14) });
  await client.getToken();
  await new Promise((resolve) =>
    client.addEventListener('token', ({ detail }) => detail.accessToken == 'token-1' && resolve()),
  );
  assert.equal(requests[0].url, '/v1/refreshToken');
  assert.equal(requests[0].headers.authorization, 'Bearer handed-over');
});

test('after expiry, reauthorize is called', async (t) => {
  const signals = [];
  const reauthorize = async ({ signal }) => {
    signals.push(signal instanceof AbortSignal);
    return { accessToken: 'another', expires_in: 1200, apis: { chatbot: 'https://c.example' } };
  };
  const { client, requests } = await start(t, { expiration: inSeconds(-5), reauthorize });
  assert.equal(client.token, null);
  const [one, two] = await Promise.all([client.getToken(), client.getToken()]);
  assert.equal(one.accessToken, 'another');
  assert.equal(two.accessToken, 'another');
  assert.deepEqual({ ...one.apis }, { chatbot: 'https://c.example' });
  assert.deepEqual(signals, [true]);
  assert.equal(requests.length, 0);
});

test('after a refused refresh, reauthorize is called', async (t) => {
  const refused = (response) => json(response, 403, { Message: 'explicit deny' });
  const { client } = await start(t, { expiration: inSeconds(1200), reauthorize: async () => 'another' }, refused);
  await client.getToken();
  assert.equal((await client.getToken({ forceRefresh: true })).accessToken, 'another');
});

test('after expiry without reauthorize, the error is token_expired', async (t) => {
  const { client } = await start(t, { expiration: inSeconds(-5) });
  await assert.rejects(client.getToken(), failsWith('token_expired'));
});

test('an error of reauthorize is the cause of reauthorize_failed', async (t) => {
  const ask = async (reauthorize, options) =>
    (await start(t, { expiration: inSeconds(-5), reauthorize })).client.getToken(options);
  const bug = new TypeError('x is not a function');
  await assert.rejects(
    ask(() => Promise.reject(bug)),
    failsWith('reauthorize_failed', { cause: bug, retryable: false }),
  );
  await assert.rejects(
    ask(() => {
      throw bug;
    }),
    failsWith('reauthorize_failed', { cause: bug }),
  );
  await assert.rejects(
    ask(() => Promise.reject()),
    failsWith('reauthorize_failed'),
  );
  const refused = new AuthError('credentials_rejected', { status: 403, hint: 'Sign in.' });
  await assert.rejects(
    ask(() => {
      throw refused;
    }),
    failsWith('credentials_rejected', { status: 403, hint: 'Sign in.', attempts: 1 }),
  );
  await assert.rejects(
    ask(() => {
      throw new AuthError('redirect_refused');
    }),
    failsWith('redirect_refused'),
  );
  await assert.rejects(
    ask(
      () => {
        throw new AuthError('network', { retryable: true, cause: bug });
      },
      { timeoutMs: 3000 },
    ),
    failsWith('network', { retryable: true, cause: bug }),
  );
});

test('a reauthorize that hangs or returns a wrong value fails', async (t) => {
  const ask = async (reauthorize, options) =>
    (await start(t, { expiration: inSeconds(-5), reauthorize })).client.getToken(options);
  for (const nonsense of [
    undefined,
    null,
    7,
    {},
    { accessToken: 'two words', expires_in: 9 },
    { accessToken: 'a', expires_in: '9' },
  ])
    await assert.rejects(
      ask(async () => nonsense),
      failsWith('reauthorize_failed'),
      String(nonsense),
    );
  for (const nothing of [undefined, null])
    await assert.rejects(
      ask(async () => nothing),
      { hint: 'reauthorize returned no token.' },
    );
  await assert.rejects(
    ask(async () => ({ accessToken: 'old', expires_in: -9 })),
    (error) => failsWith('bad_response')(error) && / reauthorize or it did not /.test(error.hint),
  );
  await assert.rejects(
    ask(() => new Promise(() => {}), { timeoutMs: 300 }),
    (error) => failsWith('timeout')(error) && error.hint.startsWith('reauthorize or http'),
  );
});

test('the error event of a failed reauthorize has its cause, and a later success is not affected', async (t) => {
  let fails = true;
  const { client } = await start(t, {
    expiration: inSeconds(-5),
    reauthorize: async () => (fails ? JSON.parse('{') : 'good'),
  });
  const seen = [];
  client.addEventListener('error', ({ detail }) => seen.push(detail.code));
  await assert.rejects(client.getToken(), failsWith('reauthorize_failed'));
  await assert.rejects(client.getToken(), failsWith('reauthorize_failed')); // the failure is cached for a moment
  assert.deepEqual(seen, ['reauthorize_failed']);
  fails = false;
  while (!client.token) await client.getToken().catch(() => sleep(500));
  assert.equal(client.token.accessToken, 'good');
});

test('wrong arguments throw immediately', () => {
  assert.throws(() => createFromAccessToken('', 'k'), failsWith('invalid_config'));
  assert.throws(() => createFromAccessToken('t', 'k', { reauthorize: 'https://x' }), failsWith('invalid_config'));
});

test('a token of unknown lifetime is refreshed within a minute', async (t) => {
  const { client } = await start(t, {});
  const left = client.token.expiresAt - Date.now();
  assert.ok(left > 55_000 && left <= 60_000);
});

test('a grant is accepted as a server sends it; times in the wrong unit are refused', () => {
  const make = (grant) => () => createFromAccessToken(grant, 'k');
  const grant = {
    accessToken: 't',
    expiration: inSeconds(1200),
    expires_in: 1200,
    apis: {},
    refreshToken: 'ignored',
    other: 1,
  };
  assert.equal(make(grant)().token.accessToken, 't');
  assert.equal(make({ ...grant, apis: null })().token.accessToken, 't');
  for (const expiration of [Date.now() + 1_200_000, '1800000000', new Date(), NaN, Infinity, true])
    assert.throws(make({ ...grant, expiration }), failsWith('invalid_config'), String(expiration));
  for (const expires_in of ['1200', 1_200_000_000_000, NaN, {}])
    assert.throws(make({ ...grant, expires_in }), failsWith('invalid_config'), String(expires_in));
  for (const bad of [undefined, null, 7, {}, [], { accessToken: 7 }, { accessToken: 'two words' }])
    assert.throws(make(bad), failsWith('invalid_config'), String(bad));
  assert.match(String(assertThrown(make({ ...grant, expiration: Date.now() }))), /milliseconds/);
  const client = make({ accessToken: 't', expiration: inSeconds(60) })();
  assert.ok(client.token.expiresAt - Date.now() < 61_000);
  assert.equal(make({ ...grant, expires_in: 0 })().token, null);
});

test('each client has its own token and callbacks', async (t) => {
  const one = await start(t, { expires_in: 1200, reauthorize: async () => 'one' });
  const two = createFromAccessToken('two', 'the-api-key', { endpoint: one.endpoint, wasm });
  t.after(() => two.dispose());
  assert.equal((await one.client.getToken()).accessToken, 'handed-over');
  assert.equal((await two.getToken()).accessToken, 'two');
});

test('tokenFrom turns each answer of a server into a grant or an error', async (t) => {
  const answers = {
    '/v1/good': (response) => json(response, 200, grant(5)),
    '/v1/refused': (response) => json(response, 403, {}),
    '/v1/later': (response) => json(response, 503, {}, { 'Retry-After': '7' }),
    '/v1/page': (response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<p>'),
    '/v1/gone': (response) => json(response, 404, {}),
  };
  const { endpoint, requests } = await fakeApi(t, (response, request) => answers[request.url](response));
  const { signal } = new AbortController();
  assert.equal(
    (await tokenFrom(`${endpoint}/good`, { headers: { 'X-Token': '1' } })({ signal })).accessToken,
    'token-5',
  );
  assert.deepEqual([requests[0].method, requests[0].headers['x-token']], ['POST', '1']);
  await assert.rejects(
    tokenFrom(`${endpoint}/refused`)({ signal }),
    failsWith('credentials_rejected', { status: 403 }),
  );
  await assert.rejects(
    tokenFrom(`${endpoint}/later`)({ signal }),
    failsWith('server_error', { status: 503, retryable: true, retryAfterMs: 7000 }),
  );
  for (const path of ['page', 'gone'])
    await assert.rejects(tokenFrom(`${endpoint}/${path}`)({ signal }), failsWith('bad_response'));
  await assert.rejects(tokenFrom('http://127.0.0.1:1/')({ signal }), failsWith('network', { retryable: true }));
  await assert.rejects(tokenFrom(`${endpoint}/good`)({ signal: AbortSignal.abort() }), failsWith('timeout'));
});

test('after forget, the server may give the same token again: it is the next user who signs in', async (t) => {
  const entries = [];
  const given = { accessToken: 'of-the-server', expires_in: 1200 };
  const reauthorize = async () => given;
  const log = (entry) => entries.push(entry);
  const { client, requests } = await start(t, { expires_in: 1200, reauthorize, log });
  client.forget();
  for (let i = 0; i < 3; i++) {
    assert.equal((await client.getToken()).accessToken, 'of-the-server');
    client.forget();
    assert.equal(client.token, null);
  }
  assert.equal((await client.getToken()).accessToken, 'of-the-server');
  assert.equal(requests.length, 0);
  assert.deepEqual(new Set(entries.filter(({ type }) => type == 'token').map(({ from }) => from)), new Set(['page']));
  client.invalidate('of-the-server');
  await assert.rejects(client.getToken(), failsWith('token_expired'));
});

test('an invalidated token is not taken from reauthorize again, also if the core is only starting', async (t) => {
  const reauthorize = async () => ({ accessToken: 'handed-over', expires_in: 1200 });
  const { client, requests } = await start(t, { expires_in: 1200, reauthorize });
  await client.getToken();
  client.invalidate('handed-over');
  for (let i = 0; i < 2; i++)
    await assert.rejects(client.getToken(), (error) => {
      failsWith('token_expired', { retryable: false })(error);
      assert.equal(error.hint, 'reauthorize has no newer token.');
      return true;
    });
  assert.equal(requests.length, 0);
});
