// A token that a server handed over: used, refreshed, and asked for again when it expired.

import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createFromAccessToken } from '../../../dist/inbenta-auth.js';
import { failsWith, fakeApi, grant, json, wasm } from './fake-api.js';

const inSeconds = (seconds) => Math.floor(Date.now() / 1000) + seconds;

async function start(t, options, answer) {
  const api = await fakeApi(t, answer);
  const client = createFromAccessToken('handed-over', 'the-api-key', { endpoint: api.endpoint, wasm, ...options });
  t.after(() => client.dispose());
  return { ...api, client };
}

test('it is there at once, without a request', async (t) => {
  const { client, requests } = await start(t, { expiration: inSeconds(1200), apis: { chatbot: 'https://c.example' } });
  assert.equal(client.token.accessToken, 'handed-over');
  assert.equal((await client.getToken()).accessToken, 'handed-over');
  assert.equal(await client.apiUrl('chatbot'), 'https://c.example');
  await sleep(100);
  assert.equal(requests.length, 0);
});

test('it is refreshed by itself', async (t) => {
  const { client, requests } = await start(t, { expiration: inSeconds(3) });
  await client.getToken();
  await new Promise((resolve) => client.addEventListener('token', ({ detail }) => detail.accessToken == 'token-1' && resolve()));
  assert.equal(requests[0].url, '/v1/refreshToken');
  assert.equal(requests[0].headers.authorization, 'Bearer handed-over');
});

test('expired: the page is asked for another', async (t) => {
  const asked = [];
  const reauthorize = async ({ signal }) => {
    asked.push(signal instanceof AbortSignal);
    return { accessToken: 'another', expires_in: 1200, apis: { chatbot: 'https://c.example' } };
  };
  const { client, requests } = await start(t, { expiration: inSeconds(-5), reauthorize });
  assert.equal(client.token, null);
  const [one, two] = await Promise.all([client.getToken(), client.getToken()]);
  assert.equal(one.accessToken, 'another');
  assert.equal(two.accessToken, 'another');
  assert.deepEqual({ ...one.apis }, { chatbot: 'https://c.example' });
  assert.deepEqual(asked, [true]);
  assert.equal(requests.length, 0);
});

test('a refused refresh asks the page as well', async (t) => {
  const refused = (response) => json(response, 403, { Message: 'explicit deny' });
  const { client } = await start(t, { expiration: inSeconds(1200), reauthorize: async () => 'another' }, refused);
  await client.getToken();
  assert.equal((await client.getToken({ forceRefresh: true })).accessToken, 'another');
});

test('expired and no way back: token_expired', async (t) => {
  const { client } = await start(t, { expiration: inSeconds(-5) });
  await assert.rejects(client.getToken(), failsWith('token_expired'));
});

test('reauthorize that fails, hangs or returns nonsense', async (t) => {
  const ask = async (reauthorize, options) => (await start(t, { expiration: inSeconds(-5), reauthorize })).client.getToken(options);
  await assert.rejects(ask(() => Promise.reject(new TypeError('Failed to fetch')), { timeoutMs: 3000 }), failsWith('network'));
  await assert.rejects(ask(() => { throw Object.assign(new Error('x'), { code: 'credentials_rejected' }); }), failsWith('credentials_rejected'));
  await assert.rejects(ask(() => Promise.reject(), { timeoutMs: 3000 }), failsWith('network'));
  await assert.rejects(ask(async () => undefined), failsWith('bad_response'));
  await assert.rejects(ask(async () => ({ accessToken: 'two words', expires_in: 9 })), failsWith('bad_response'));
  await assert.rejects(ask(async () => ({ accessToken: 'old', expires_in: -9 })), failsWith('bad_response'));
  await assert.rejects(ask(() => new Promise(() => {}), { timeoutMs: 300 }), failsWith('timeout'));
});

test('mistakes are told at once', () => {
  assert.throws(() => createFromAccessToken('', 'k'), failsWith('invalid_config'));
  assert.throws(() => createFromAccessToken('t', 'k', { reauthorize: 'https://x' }), failsWith('invalid_config'));
});

test('of unknown life: refreshed within a minute', async (t) => {
  const { client } = await start(t, {});
  const left = client.token.expiresAt - Date.now();
  assert.ok(left > 55_000 && left <= 60_000);
});
