// The personality `gateway` sends each refusal of docs/wire.md as production does.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auth, emulate, refresh, tokenOf } from '../../support/emulator.js';

const DENIED = { Message: 'User is not authorized to access this resource with an explicit deny' };
const gateway = (t, options) => emulate(t, { personality: 'gateway', ...options });
const answered = async (answer) => [answer.status, await answer.json()];
const secretOf = (secret) => ({ body: JSON.stringify({ secret }) });

test('refusals have the status and shape of production; the reason is in the log only', async (t) => {
  const emulator = await gateway(t);
  const { accessToken } = await tokenOf(emulator);
  const { id, domainKey: revoked } = await emulator.createDomainKey(emulator.apiKey, ['shop.example']);
  await emulator.revoke('domain-key', id);
  const bearer = { 'x-inbenta-key': emulator.apiKey, Authorization: `Bearer ${accessToken}` };
  const post = (path, headers) => fetch(emulator.url + path, { method: 'POST', headers });
  const cases = [
    [
      () => auth(emulator, secretOf('nothing')),
      400,
      { error: { code: 400, message: 'Secret token not valid' } },
      'credentials_rejected',
    ],
    [
      () => auth({ ...emulator, domainKey: 'nothing' }),
      400,
      { error: { code: 400, message: 'Domain key not valid' } },
      'credentials_rejected',
    ],
    [
      () => auth({ ...emulator, domainKey: revoked }),
      403,
      { error: { code: 403, message: 'This domain key was revoked.' } },
      'key_revoked',
    ],
    [() => auth({ ...emulator, apiKey: 'nobody' }), 403, DENIED, 'api_key_unknown'],
    [() => refresh(emulator, 'x'), 403, DENIED, 'token_invalid'],
    [
      () => post('/v1/refreshToken', { 'x-inbenta-key': emulator.apiKey }),
      401,
      { message: 'Unauthorized' },
      'token_missing',
    ],
    [() => post('/auth', {}), 403, { message: 'Missing Authentication Token' }, 'not_found'],
    [
      () => post('/v1/apis', { 'x-inbenta-key': emulator.apiKey }),
      403,
      { message: 'Missing Authentication Token' },
      'bad_request',
    ],
    [
      () => post('/refreshToken', bearer),
      403,
      {
        message: `'${accessToken}' not a valid key=value pair (missing equal-sign) in Authorization header: 'Bearer ${accessToken}'.`,
      },
      'not_found',
    ],
  ];
  for (const [ask, status, body, reason] of cases) {
    assert.deepEqual(await answered(await ask()), [status, body]);
    assert.equal(emulator.requests.at(-1).reason, reason);
  }
  assert.equal((await refresh(emulator, accessToken)).status, 200);
  assert.equal((await fetch(`${emulator.url}/healthz`)).status, 200);
});

test('an expired token is refused as in production', async (t) => {
  const emulator = await gateway(t, { lifetimeS: 60 });
  const { accessToken } = await tokenOf(emulator);
  emulator.set({ clockOffsetS: 61 });
  assert.deepEqual(await answered(await refresh(emulator, accessToken)), [403, DENIED]);
});

test('limits are sent as percent and time, without Retry-After', async (t) => {
  const emulator = await gateway(t, { quota: { requests: 1, periodS: 3600 }, throttle: { requests: 50, periodS: 60 } });
  await tokenOf(emulator);
  const answer = await auth(emulator);
  const header = (name) => answer.headers.get(name);
  assert.deepEqual([header('Retry-After'), header('x-quota-usage'), header('x-throttle-usage')], [null, '100', '2']);
  assert.ok(Number(header('x-quota-reset')) > Date.now() / 1000);
  assert.deepEqual(await answered(answer), [429, { message: 'Limit Exceeded' }]);
  const busy = await gateway(t, { throttle: { requests: 1, periodS: 60 } });
  await tokenOf(busy);
  assert.deepEqual(await answered(await auth(busy)), [429, { message: 'Too Many Requests' }]);
});

test('injected refusals have the gateway’s form; a knob’s own body wins', async (t) => {
  const emulator = await gateway(t);
  for (const [status, message] of [
    [401, 'Unauthorized'],
    [403, 'Forbidden'],
    [429, 'Too Many Requests'],
    [500, 'Internal server error'],
    [503, 'Service Unavailable'],
  ]) {
    emulator.set({ status, next: 1 });
    assert.deepEqual(await answered(await auth(emulator)), [status, { message }]);
  }
  emulator.set({ status: 503, retryAfterS: 7, body: 'busy', next: 1 });
  const busy = await auth(emulator);
  assert.deepEqual([busy.headers.get('Retry-After'), await busy.text()], ['7', 'busy']);
});

test('with refusalCacheS, a refusal is repeated for the same keys and token after its cause is gone', async (t) => {
  const emulator = await gateway(t, { refusalCacheS: 300 });
  emulator.set({ status: 403, next: 1 });
  for (let i = 0; i < 3; i++) assert.deepEqual(await answered(await auth(emulator)), [403, { message: 'Forbidden' }]);
  assert.equal(emulator.requests.at(-1).reason, 'refusal_cached');
  const apiKey = await emulator.createApiKey();
  const { domainKey } = await emulator.createDomainKey(apiKey, ['http://localhost:3000']);
  assert.equal((await auth({ ...emulator, apiKey, domainKey })).status, 200, 'another key is not concerned');
  emulator.set({ clockOffsetS: 299 });
  assert.equal((await auth(emulator)).status, 403);
  emulator.set({ clockOffsetS: 302 });
  assert.equal((await auth(emulator)).status, 200);
  emulator.set({ clockOffsetS: null, status: 403, next: 1 });
  assert.equal((await auth(emulator)).status, 403);
  await emulator.reset();
  assert.equal((await auth(emulator)).status, 200);
  const without = await gateway(t);
  without.set({ status: 403, next: 1 });
  assert.deepEqual([(await auth(without)).status, (await auth(without)).status], [403, 200]);
});

test('the API’s own refusals are not cached', async (t) => {
  const emulator = await gateway(t, { refusalCacheS: 300 });
  assert.equal((await auth(emulator, secretOf('nothing'))).status, 400);
  assert.equal(
    (await fetch(`${emulator.url}/auth`, { method: 'POST', headers: { 'x-inbenta-key': emulator.apiKey } })).status,
    403,
  );
  assert.equal((await auth(emulator)).status, 200);
});

for (const personality of ['authd', 'gateway'])
  test(`the knobs firewall, cors and apis work (${personality})`, async (t) => {
    const emulator = await emulate(t, { personality, apis: { chatbot: 'https://api.example/prod/chatbot' } });
    emulator.set({ firewall: true, next: 1 });
    const blocked = await auth(emulator);
    assert.deepEqual([blocked.status, blocked.headers.get('Content-Type')], [403, 'text/html; charset=utf-8']);
    assert.ok(blocked.headers.get('Access-Control-Allow-Origin'));
    assert.match(await blocked.text(), /^<!doctype html>/);
    emulator.set({ cors: false, next: 1 });
    assert.deepEqual(
      [...(await auth(emulator)).headers.keys()].filter((name) => name.startsWith('access-control-')),
      [],
    );
    emulator.set({ apis: 'missing', next: 1 });
    const { accessToken, apis } = await tokenOf(emulator);
    assert.equal(apis, undefined);
    const products = async () =>
      (
        await fetch(`${emulator.endpoint}/apis`, {
          headers: {
            'x-inbenta-key': emulator.apiKey,
            Authorization: `Bearer ${accessToken}`,
            Origin: 'http://localhost:3000',
          },
        })
      ).json();
    emulator.set({ apis: 'missing' });
    assert.deepEqual(await products(), { apis: { chatbot: 'https://api.example/prod/chatbot' } });
    emulator.set({ apis: 'empty' });
    assert.deepEqual([(await tokenOf(emulator)).apis, (await products()).apis], [[], []]);
    emulator.set({ apis: null });
    assert.deepEqual(await products(), { apis: { chatbot: 'https://api.example/prod/chatbot' } });
  });
