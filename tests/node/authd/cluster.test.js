// Two instances behind nginx on one PostgreSQL, with the configuration of docs/authd.md.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createFromDomainKey } from 'inbenta-auth';
import { Cluster } from '../../support/cluster.js';

const ORIGIN = 'https://shop.example';
const timeout = () => AbortSignal.timeout(20_000);

async function post(url, headers, body) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: body && JSON.stringify(body),
    signal: timeout(),
  });
  return { status: answer.status, instance: answer.headers.get('x-instance'), ...(await answer.json()) };
}

const auth = (endpoint, { apiKey, ...body }) =>
  post(`${endpoint}/auth`, { 'x-inbenta-key': apiKey, Origin: ORIGIN }, body);
const refresh = (endpoint, { apiKey }, token) =>
  post(`${endpoint}/refreshToken`, { 'x-inbenta-key': apiKey, Origin: ORIGIN, Authorization: `Bearer ${token}` });
const kidOf = (token) => JSON.parse(Buffer.from(token.split('.')[0], 'base64url')).kid;

async function published(endpoint) {
  const answer = await fetch(new URL('/.well-known/jwks.json', endpoint), { signal: timeout() });
  return (await answer.json()).keys.map(({ kid }) => kid);
}

test('two instances work behind a load balancer', { timeout: 120_000 }, async (t) => {
  const cluster = await Cluster.create();
  t.after(() => cluster.remove());
  const { endpoint, instances, adminToken } = cluster;
  const hosts = instances.map((instance) => new URL(instance.endpoint).host);
  const manage = (path, body) =>
    post(new URL(`/admin/${path}`, endpoint), { Authorization: `Bearer ${adminToken}` }, body);
  const { apiKey } = await manage('api-keys', { name: 'shop' });
  const { domainKey } = await manage('domain-keys', { apiKey, domains: ['shop.example'] });
  const key = { apiKey, domainKey };
  const everywhere = [endpoint, ...instances.map((instance) => instance.endpoint)];

  await t.test('both grant tokens, and each accepts the tokens of the other', async () => {
    const granted = new Map();
    for (let i = 0; i < 20; i++) {
      const { status, instance, accessToken } = await auth(endpoint, key);
      assert.equal(status, 200);
      granted.set(instance, accessToken);
    }
    assert.deepEqual([...granted.keys()].sort(), [...hosts].sort());
    for (const { authd } of instances)
      while (!authd.log.some((line) => line.includes('POST /v1/auth 200'))) await sleep(10);
    for (const token of granted.values())
      for (const at of everywhere) assert.equal((await refresh(at, key, token)).status, 200);
  });

  await t.test('a key that is revoked through the load balancer is refused immediately by both', async () => {
    for (let i = 0; i < 10; i++) {
      const { id, domainKey } = await manage('domain-keys', { apiKey, domains: ['shop.example'] });
      const { accessToken, status } = await auth(endpoint, { apiKey, domainKey });
      assert.equal(status, 200);
      assert.equal((await manage('domain-keys/revoke', { id })).status, 200);
      for (const at of everywhere) {
        assert.equal((await auth(at, { apiKey, domainKey })).error.reason, 'key_revoked');
        assert.equal((await refresh(at, key, accessToken)).error.reason, 'key_revoked');
      }
    }
  });

  await t.test('a new signing key is used by both, and both accept the old one', async () => {
    const { accessToken: old } = await auth(endpoint, key);
    const { kid } = await manage('signing-keys/rotate', { publish: 2 });
    await sleep(1100);
    for (const { endpoint } of instances) assert.deepEqual(await published(endpoint), [kidOf(old), kid]);
    await sleep(2000);
    for (const at of everywhere) {
      const { accessToken } = await auth(at, key);
      assert.equal(kidOf(accessToken), kid);
      for (const { endpoint } of instances)
        for (const token of [old, accessToken]) assert.equal((await refresh(endpoint, key, token)).status, 200);
    }
  });

  await t.test('if one is killed, clients do not notice, and it gets requests again after its restart', async () => {
    const pending = Array.from({ length: 40 }, async (_, i) => {
      await sleep(i * 10);
      return auth(endpoint, key);
    });
    await sleep(150);
    process.kill(instances[0].authd.pid, 'SIGKILL');
    for (const { status } of await Promise.all(pending)) assert.equal(status, 200);
    for (let i = 0; i < 10; i++) assert.deepEqual((await auth(endpoint, key)).instance.split(', ').at(-1), hosts[1]);
    // Our own client reaches the API through the load balancer.
    const client = createFromDomainKey(domainKey, apiKey, { endpoint });
    t.after(() => client.dispose());
    await assert.rejects(client.getToken(), ({ code }) => code == 'origin_not_allowed'); // Node sends no Origin

    const { port } = new URL(instances[0].endpoint);
    assert.equal(await instances[0].authd.serve({ port, adminToken }), instances[0].endpoint);
    let answered = '';
    for (let tries = 0; tries < 100 && answered != hosts[0]; tries++, await sleep(50))
      answered = (await auth(endpoint, key)).instance;
    assert.equal(answered, hosts[0]);
  });

  await t.test('headers and bodies pass the load balancer unchanged', async () => {
    const preflight = await fetch(`${endpoint}/auth`, {
      method: 'OPTIONS',
      headers: { Origin: ORIGIN },
      signal: timeout(),
    });
    assert.deepEqual(
      [preflight.status, preflight.headers.get('Access-Control-Allow-Origin'), preflight.headers.get('Vary')],
      [204, ORIGIN, 'Origin'],
    );
    assert.equal(
      (await post(`${endpoint}/auth`, { 'x-inbenta-key': apiKey }, { domainKey: 'x'.repeat(20_000) })).status,
      413,
    );
    const { status, error } = await post(
      `${endpoint}/auth`,
      { 'x-inbenta-key': apiKey, Origin: 'https://evil.example' },
      { domainKey },
    );
    assert.deepEqual([status, error.reason], [403, 'origin_not_allowed']);
  });
});
