// The first steps with the emulator: start it, use its keys, change them, and reset it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { startEmulator } from 'inbenta-auth/emulator';
import { createFromSecret } from 'inbenta-auth/server';
import { auth, emulate, ORIGIN, reasonOf, refresh, tokenOf } from '../../support/emulator.js';

test('five lines of code get a token', async () => {
  const emulator = await startEmulator({ domains: ['http://localhost:3000'] });
  const { apiKey, domainKey, endpoint } = emulator;
  const headers = { 'x-inbenta-key': apiKey, 'Content-Type': 'application/json', Origin: 'http://localhost:3000' };
  const answer = await fetch(`${endpoint}/auth`, { method: 'POST', headers, body: JSON.stringify({ domainKey }) });
  assert.equal((await answer.json()).expires_in, 1200);
  await emulator.close();
});

test('our client gets a token with the secret', async (t) => {
  const { secret, apiKey, endpoint } = await emulate(t, {
    apis: { chatbot: 'https://api.example/prod/chatbot' },
    lifetimeS: 600,
  });
  const client = createFromSecret(secret, apiKey, { endpoint });
  t.after(() => client.dispose());
  const { apis, expiration } = await client.getToken();
  assert.deepEqual(apis, { chatbot: 'https://api.example/prod/chatbot' });
  assert.ok(Math.abs(expiration - Date.now() / 1000 - 600) < 5);
});

test('without domains there is no domain key; one can be made later', async (t) => {
  const emulator = await emulate(t, { domains: undefined });
  assert.equal(emulator.domainKey, null);
  const { id, domainKey, domains } = await emulator.createDomainKey(emulator.apiKey, [ORIGIN, '*.bücher.example']);
  assert.deepEqual(domains, [ORIGIN, '*.xn--bcher-kva.example']);
  assert.equal((await auth({ ...emulator, domainKey })).status, 200);
  await emulator.setDomains(id, ['other.example']);
  assert.equal(await reasonOf(await auth({ ...emulator, domainKey })), 'origin_not_allowed');
});

test('a key can be revoked, and a reset restores it', async (t) => {
  const emulator = await emulate(t);
  const { accessToken } = await tokenOf(emulator);
  await emulator.revoke('domain-key', emulator.domainKeyId);
  await emulator.revoke('secret', emulator.secretId);
  const more = await emulator.createApiKey();
  emulator.set({ status: 500, path: '/apis' });
  assert.equal(await reasonOf(await auth(emulator)), 'key_revoked');
  assert.equal(emulator.requests.length, 2);
  await emulator.reset();
  assert.deepEqual([emulator.requests, emulator.knobs], [[], []]);
  assert.equal((await auth(emulator)).status, 200);
  assert.equal((await refresh(emulator, accessToken)).status, 200, 'the signing key is the same');
  assert.equal((await auth({ ...emulator, apiKey: more })).status, 403);
});

test('throttle and quota work, and a reset restarts their periods', async (t) => {
  const emulator = await emulate(t, {
    throttle: { requests: 2, periodS: 86_400 },
    quota: { requests: 100, periodS: 31_536_000 },
  });
  const first = await auth(emulator);
  assert.deepEqual([first.headers.get('x-throttle-usage'), first.headers.get('x-quota-usage')], ['50', '1']);
  await auth(emulator);
  const refused = await auth(emulator);
  assert.ok(Number(refused.headers.get('Retry-After')) > 0);
  assert.deepEqual([refused.status, await reasonOf(refused)], [429, 'rate_limited']);
  await emulator.reset();
  assert.equal((await auth(emulator)).status, 200);
});

test('secrets and signing keys can be rotated', async (t) => {
  const emulator = await emulate(t);
  const { accessToken } = await tokenOf(emulator);
  const { secret } = await emulator.rotateSecret(emulator.secretId, 0);
  const authWith = (word) => auth(emulator, { body: JSON.stringify({ secret: word }) });
  assert.deepEqual([(await authWith(emulator.secret)).status, (await authWith(secret)).status], [403, 200]);
  const { kid } = await emulator.rotateSigningKey(0);
  emulator.set({ clockOffsetS: 2 });
  const next = await tokenOf(emulator);
  assert.equal(JSON.parse(Buffer.from(next.accessToken.split('.')[0], 'base64url')).kid, kid);
  assert.equal((await refresh(emulator, accessToken)).status, 200);
  await assert.rejects(emulator.rotateSigningKey(-1), { code: 'bad_request' });
});

test('management over HTTP exists only with an admin token', async (t) => {
  const without = await emulate(t);
  assert.equal((await fetch(`${without.url}/admin/`)).status, 404);
  const adminToken = 'x'.repeat(32);
  const emulator = await emulate(t, { adminToken });
  const list = async (headers) => (await fetch(`${emulator.url}/admin/api-keys`, { headers })).status;
  assert.deepEqual([await list({}), await list({ Authorization: `Bearer ${adminToken}` })], [401, 200]);
  // Knobs do not apply to management: otherwise a test could lock itself out.
  emulator.set({ status: 500 });
  assert.equal(await list({ Authorization: `Bearer ${adminToken}` }), 200);
});

test('wrong options throw immediately, with advice', async (t) => {
  const wrong = [
    [{ domain: ['a.example'] }, 'domain', /there is no such option/],
    [{ domains: [] }, 'domains', /at least one/],
    [{ domains: 'http://localhost:3000' }, 'domains', /an array of .*, such as \['http:\/\/localhost:3000'\]/],
    [{ domains: ['http://localhost:3000/path'] }, 'domains', /localhost:3000\/path/],
    [{ domains: ['*'] }, 'domains', /Domain \*/],
    [{ domains: [1] }, 'domains', /not a string/],
    [{ port: 65_536 }, 'port', /from 0 to 65535/],
    [{ lifetimeS: 0 }, 'lifetimeS', /from 1 to/],
    [{ lifetimeS: '5' }, 'lifetimeS', /whole number of seconds/],
    [{ apis: { chatbot: 'http://chatbot.example' } }, 'apis.chatbot', /https, or http on this machine/],
    [{ apis: { chatbot: 1 } }, 'apis.chatbot', /https/],
    ...[['x'], 'x', 1, null, new Map([['chatbot', 'https://x.example']])].map((apis) => [
      { apis },
      'apis',
      /give an object, such as { chatbot: 'http:\/\/localhost:4000' }/,
    ]),
    [{ apis: { '': 'https://x.example' } }, 'apis', /a product has no name/],
    [{ throttle: '100/10' }, 'throttle', /give an object, such as { requests: 100, periodS: 10 }/],
    [{ quota: 100 }, 'quota', /such as { requests/],
    [{ throttle: { requests: 1, period: 10 } }, 'period', /no such member of throttle; there are requests, periodS/],
    [{ allowHosts: ['http://api.test'] }, 'allowHosts', /without https:\/\/, such as "api\.test"/],
    [{ refusalCacheS: 5 }, 'refusalCacheS', /the personality 'gateway'/],
    [{ adminToken: 'short' }, 'adminToken', /at least 32 characters/],
    [{ throttle: { requests: 0, periodS: 1 } }, 'throttle', /from 1/],
    [{ quota: { requests: 1 } }, 'quota', /seconds/],
    [{ file: '' }, 'file', /not empty/],
    [{ log: true }, 'log', /function/],
    [{ knobs: { status: 99 } }, 'status', /from 200 to 599/],
    [{ knobs: { delay: 1 } }, 'delay', /there is no such knob/],
    [{ knobs: { next: 2 } }, 'knobs', /only limit other knobs/],
    [{ knobs: { status: 503, path: '/token' } }, 'path', /\/refreshToken/],
    [{ knobs: { status: 503, next: 0.5 } }, 'next', /whole number/],
    [{ knobs: null }, 'knobs', /object/],
    [{ knobs: [['status', 503]] }, 'knobs', /such as { status: 503 }/],
    [await import('node:path'), 'options', /what the module exports, not the module itself/],
    ...[null, 'x', 8080, ['http://localhost:3000'], () => {}].map((options) => [
      options,
      'options',
      /such as { domains/,
    ]),
  ];
  for (const [options, option, advice] of wrong)
    await assert.rejects(startEmulator(options), (error) => {
      assert.ok(error instanceof TypeError, `${error}`);
      assert.deepEqual([error.code, error.option], ['invalid_option', option]);
      assert.match(error.advice, advice);
      return true;
    });
  const emulator = await emulate(t);
  for (const knobs of [undefined, null, 'x', 503, [{ status: 503 }]])
    assert.throws(() => emulator.set(knobs), {
      code: 'invalid_option',
      option: 'knobs',
      advice: /such as { status: 503 }/,
    });
  await assert.rejects(emulator.createApiKey(''), {
    code: 'bad_request',
    message: 'Give "name": a string that is not empty.',
  });
  await assert.rejects(emulator.createSecret('nobody'), { code: 'not_found', status: 404 });
  await assert.rejects(emulator.createDomainKey(emulator.apiKey, ['a b']), /Domain a b/);
  await assert.rejects(emulator.setDomains('dk_unknown', [ORIGIN]), { code: 'not_found' });
  await assert.rejects(emulator.revoke('api-key', 'x'), { option: 'kind' });
  await assert.rejects(emulator.revoke('secret', emulator.domainKeyId), { code: 'not_found' });
});

test('a port in use is reported', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  t.after(() => other.close());
  await once(other, 'listening');
  await assert.rejects(startEmulator({ port: other.address().port }), { code: 'EADDRINUSE' });
});

test('the emulator listens on this machine only, unless configured otherwise', async (t) => {
  const emulator = await emulate(t);
  assert.match(emulator.url, /^http:\/\/127\.0\.0\.1:\d+$/);
  const everywhere = await emulate(t, { host: '0.0.0.0' });
  assert.match(everywhere.url, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.equal((await auth(everywhere)).status, 200);
});

test('a closed emulator refuses changes', async () => {
  const emulator = await startEmulator();
  await emulator.close();
  assert.throws(() => emulator.set({ status: 503 }), /The emulator is closed/);
  await assert.rejects(emulator.reset(), /The emulator is closed/);
  await assert.rejects(emulator.createApiKey(), /The emulator is closed/);
  await assert.rejects(emulator.revoke('secret', emulator.secretId), /The emulator is closed/);
});

test('the emulator is disposable, and close may be called again', async () => {
  const emulator = await startEmulator();
  await emulator[Symbol.asyncDispose]();
  await emulator.close();
  await assert.rejects(fetch(emulator.url));
});
