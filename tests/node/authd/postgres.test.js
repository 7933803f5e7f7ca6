// The store's contract and two instances of inbenta-authd, on a real PostgreSQL server.

import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { Authd } from '../../support/authd.js';
import { execute, root } from '../../support/plain-api.js';
import { Postgres } from '../../support/postgres.js';

const ORIGIN = 'https://shop.example';

function post(url, apiKey, { body, token } = {}) {
  const headers = { 'x-inbenta-key': apiKey, Origin: ORIGIN, 'Content-Type': 'application/json' };
  if (token) headers.Authorization = `Bearer ${token}`;
  return fetch(url, {
    method: 'POST',
    headers,
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(20_000),
  });
}

const auth = (endpoint, apiKey, domainKey) => post(`${endpoint}/auth`, apiKey, { body: { domainKey } });
const refresh = (endpoint, apiKey, token) => post(`${endpoint}/refreshToken`, apiKey, { token });

test(
  'PostgreSQL fulfils the store’s contract (tests/c/authapi/test_store_contract.c)',
  { timeout: 120_000 },
  async (t) => {
    const postgres = await Postgres.create();
    t.after(() => postgres.remove());
    const { status, stdout, stderr } = await execute(
      join(root, 'build/native/tests/c/authapi/test_authapi_store_contract'),
      [],
      { env: { ...process.env, PGPASSFILE: postgres.passwordFile, TEST_POSTGRES_URL: postgres.url } },
    );
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /^PostgreSQL$/m);
  },
);

test('two instances on one PostgreSQL server', { timeout: 120_000 }, async (t) => {
  const postgres = await Postgres.create();
  t.after(() => postgres.remove());
  process.env.PGPASSFILE = postgres.passwordFile;
  const instances = await Promise.all([Authd.create(postgres.url), Authd.create(postgres.url)]);
  for (const instance of instances) t.after(() => instance.remove());
  // Both start at the same time on an empty database, and both make the schema and a signing key.
  const [one, two] = await Promise.all(instances.map((instance) => instance.serve()));
  const apiKey = await instances[0].createApiKey();
  const { domainKey, id } = await instances[0].createDomainKey(apiKey, ['shop.example']);

  await t.test('each instance refreshes tokens of the other', async () => {
    const granted = await auth(one, apiKey, domainKey);
    assert.equal(granted.status, 200);
    const { accessToken } = await granted.json();
    assert.equal((await refresh(two, apiKey, accessToken)).status, 200);
  });

  await t.test('a revoked key and its tokens are refused immediately by both', async () => {
    for (let i = 0; i < 20; i++) {
      const key = await instances[0].createDomainKey(apiKey, ['shop.example']);
      const granted = await auth(two, apiKey, key.domainKey);
      assert.equal(granted.status, 200);
      const { accessToken } = await granted.json();
      await instances[0].command('domain-key', 'revoke', key.id);
      for (const endpoint of [one, two]) {
        assert.notEqual((await auth(endpoint, apiKey, key.domainKey)).status, 200);
        assert.notEqual((await refresh(endpoint, apiKey, accessToken)).status, 200);
      }
    }
  });

  await t.test('changed domains apply immediately on both', async () => {
    await instances[1].command('domain-key', 'set-domains', id, '--domain', 'other.example');
    for (const endpoint of [one, two]) assert.notEqual((await auth(endpoint, apiKey, domainKey)).status, 200);
    await instances[1].command('domain-key', 'set-domains', id, '--domain', 'shop.example');
    for (const endpoint of [one, two]) assert.equal((await auth(endpoint, apiKey, domainKey)).status, 200);
  });

  await t.test('without the database both refuse, and they recover when it is back', async () => {
    const health = async (endpoint) => (await fetch(new URL('/healthz', endpoint))).status;
    await postgres.stop();
    for (const endpoint of [one, two]) {
      assert.equal((await auth(endpoint, apiKey, domainKey)).status, 500);
      assert.equal(await health(endpoint), 503);
    }
    await postgres.start();
    for (const endpoint of [one, two]) assert.equal(await health(endpoint), 200);
    for (const endpoint of [one, two]) assert.equal((await auth(endpoint, apiKey, domainKey)).status, 200);
  });

  await t.test('a restart of the database between two requests causes no failure', async () => {
    await postgres.stop();
    await postgres.start();
    for (const endpoint of [one, two]) assert.equal((await auth(endpoint, apiKey, domainKey)).status, 200);
  });

  await t.test('lists are complete, oldest first', async () => {
    const keys = await instances[1].command('domain-key', 'list', '--api-key', apiKey);
    assert.equal(keys.length, 21);
    assert.deepEqual([keys[0].id, keys[0].revoked, keys[20].revoked], [id, false, true]);
    assert.deepEqual((await instances[1].command('api-key', 'list')).length, 1);
  });

  await t.test('a password in the URL is refused and not printed', async () => {
    const unsafe = await Authd.create(postgres.url.replace('authd@', 'authd:hunter2@'));
    t.after(() => unsafe.remove());
    await assert.rejects(
      unsafe.command('api-key', 'list'),
      ({ stderr }) => /PGPASSFILE/.test(stderr) && !/hunter2/.test(stderr),
    );
  });

  await t.test('a secret is granted a token, and a key that is not UTF-8 is refused', async () => {
    const { secret } = await instances[0].command('secret', 'create', '--api-key', apiKey);
    assert.equal((await post(`${two}/auth`, apiKey, { body: { secret } })).status, 200);
    const headers = { 'x-inbenta-key': apiKey, Origin: ORIGIN, 'Content-Type': 'application/json' };
    const body = Buffer.concat([Buffer.from('{"domainKey":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]);
    assert.equal((await fetch(`${one}/auth`, { method: 'POST', headers, body })).status, 400);
  });
});

/** A database of the first version of inbenta-authd, with an API key, a domain key and a signing key. */
const FIRST_VERSION = `
  CREATE TABLE api_keys (n BIGSERIAL, id TEXT PRIMARY KEY, name TEXT NOT NULL, value TEXT NOT NULL UNIQUE, created_s BIGINT NOT NULL);
  CREATE TABLE credentials (n BIGSERIAL, id TEXT PRIMARY KEY, api_key_id TEXT NOT NULL REFERENCES api_keys(id), kind INTEGER NOT NULL,
    value TEXT NOT NULL, domains TEXT NOT NULL, created_s BIGINT NOT NULL, revoked_s BIGINT NOT NULL DEFAULT 0, UNIQUE (kind, value));
  CREATE TABLE signing_keys (one BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (one), private_key BYTEA NOT NULL);
  INSERT INTO api_keys (id, name, value, created_s) VALUES ('ak_1', 'shop', 'the-api-key', 7);
  INSERT INTO credentials (id, api_key_id, kind, value, domains, created_s) VALUES ('dk_1', 'ak_1', 2, 'the-domain-key', E'shop.example\n', 8);
  INSERT INTO signing_keys (private_key) VALUES (decode('${'07'.repeat(32)}', 'hex'));`;

test(
  'two instances at once migrate a database of the first version; a database of a later version is refused',
  { timeout: 120_000 },
  async (t) => {
    const postgres = await Postgres.create();
    t.after(() => postgres.remove());
    process.env.PGPASSFILE = postgres.passwordFile;
    await postgres.query(FIRST_VERSION);
    const instances = await Promise.all([Authd.create(postgres.url), Authd.create(postgres.url)]);
    for (const instance of instances) t.after(() => instance.remove());
    const endpoints = await Promise.all(instances.map((instance) => instance.serve()));
    const published = await Promise.all(
      endpoints.map(async (endpoint) => (await fetch(new URL('/.well-known/jwks.json', endpoint))).json()),
    );
    // RFC 8032: the public key of the private key of 32 sevens.
    const { x } = createPublicKey(
      createPrivateKey({
        format: 'der',
        type: 'pkcs8',
        key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, 7)]),
      }),
    ).export({ format: 'jwk' });
    for (const { keys } of published)
      assert.deepEqual(
        keys.map((key) => key.x),
        [x],
      );
    const granted = await auth(endpoints[0], 'the-api-key', 'the-domain-key');
    assert.equal(granted.status, 200);
    assert.equal((await refresh(endpoints[1], 'the-api-key', (await granted.json()).accessToken)).status, 200);
    const [{ id, created, revoked }] = await instances[0].command('domain-key', 'list');
    assert.deepEqual([id, created, revoked], ['dk_1', '1970-01-01T00:00:08Z', false]);

    // The statement that the first version runs at its start must fail now.
    await assert.rejects(
      postgres.query("INSERT INTO signing_keys (private_key) VALUES ('x') ON CONFLICT DO NOTHING"),
      /null value/,
    );
    await postgres.query('UPDATE authd_schema SET version = 4');
    await assert.rejects(
      instances[0].command('api-key', 'list'),
      ({ code, stderr }) => code == 1 && /the database: a newer version of inbenta-authd/.test(stderr),
    );
  },
);
