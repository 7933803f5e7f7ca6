// Two processes on one SQLite file, whose memory is warm: rows, tokens of a crowd, tokens that are known. What is
// changed by a third one counts at once on both, however often it was asked for before.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Authd } from '../../web/authd.js';

const ORIGIN = 'https://shop.example';
const ROUNDS = 10;
const CROWD = 40; // at once: more than a domain key has tokens of its own in a second

function post(url, apiKey, { body, token } = {}) {
  const headers = { 'x-inbenta-key': apiKey, Origin: ORIGIN, 'Content-Type': 'application/json' };
  if (token) headers.Authorization = `Bearer ${token}`;
  return fetch(url, { method: 'POST', headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(20_000) });
}

test('two warm processes on one file', { timeout: 120_000 }, async (t) => {
  const first = await Authd.create();
  t.after(() => first.remove());
  const second = await Authd.create(first.db);
  t.after(() => second.remove());
  const endpoints = [await first.serve(), await second.serve()];
  const apiKey = await first.createApiKey();

  const auth = (endpoint, domainKey) => post(`${endpoint}/auth`, apiKey, { body: { domainKey } });
  const refresh = (endpoint, token) => post(`${endpoint}/refreshToken`, apiKey, { token });
  const each = (ask) => Promise.all(endpoints.map(ask));
  const reason = async (answer) => [answer.status, (await answer.json()).error?.reason];

  /** Asks both for many tokens and refreshes them on the other one; returns the tokens. */
  async function warm(domainKey) {
    const tokens = [];
    await each(async (endpoint, i) => {
      const granted = await Promise.all(Array.from({ length: CROWD }, () => auth(endpoint, domainKey)));
      for (const answer of granted) {
        assert.equal(answer.status, 200);
        const { accessToken } = await answer.json();
        tokens.push(accessToken);
        const refreshed = await refresh(endpoints[1 - i], accessToken);
        assert.equal(refreshed.status, 200);
        assert.notEqual((await refreshed.json()).accessToken, accessToken);
      }
    });
    return tokens;
  }

  await t.test('a revoked key', async () => {
    for (let i = 0; i < ROUNDS; i++) {
      const { domainKey, id } = await first.createDomainKey(apiKey, ['shop.example']);
      const tokens = await warm(domainKey);
      await first.command('domain-key', 'revoke', id);
      await each(async (endpoint) => assert.deepEqual(await reason(await auth(endpoint, domainKey)), [403, 'key_revoked']));
      for (const token of tokens.slice(-4)) await each(async (endpoint) => assert.deepEqual(await reason(await refresh(endpoint, token)), [403, 'key_revoked']));
    }
  });

  await t.test('domains', async () => {
    const { domainKey, id } = await first.createDomainKey(apiKey, ['shop.example']);
    const [token] = await warm(domainKey);
    for (let i = 0; i < ROUNDS; i++) {
      await first.command('domain-key', 'set-domains', id, '--domain', 'other.example');
      await each(async (endpoint) => assert.deepEqual(await reason(await auth(endpoint, domainKey)), [403, 'origin_not_allowed']));
      await each(async (endpoint) => assert.deepEqual(await reason(await refresh(endpoint, token)), [403, 'origin_not_allowed']));
      await first.command('domain-key', 'set-domains', id, '--domain', 'shop.example');
      await each(async (endpoint) => assert.equal((await auth(endpoint, domainKey)).status, 200));
    }
  });

  await t.test('a secret: never shared, and revoked at once', async () => {
    const { secret, id } = await first.command('secret', 'create', '--api-key', apiKey);
    const ask = (endpoint) => post(`${endpoint}/auth`, apiKey, { body: { secret } });
    const answers = await Promise.all(Array.from({ length: CROWD }, (_, i) => ask(endpoints[i % 2])));
    const tokens = await Promise.all(answers.map(async (answer) => (await answer.json()).accessToken));
    assert.equal(new Set(tokens).size, CROWD);
    await first.command('secret', 'revoke', id);
    await each(async (endpoint) => assert.deepEqual(await reason(await ask(endpoint)), [403, 'key_revoked']));
    await each(async (endpoint) => assert.deepEqual(await reason(await refresh(endpoint, tokens[0])), [403, 'key_revoked']));
  });
});
