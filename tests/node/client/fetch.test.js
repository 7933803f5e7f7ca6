// client.fetch: the two headers, only for the hosts of the key's products.

import assert from 'node:assert/strict';
import test from 'node:test';
import { createFromAccessToken } from '../../../dist/inbenta-auth.js';
import { failsWith, fakeApi, grant, json } from './fake-api.js';

/** An API whose product answers with the headers it got; `status(n)` is that of its answer number n. */
async function product(t, options, status = () => 200) {
  let answered = 0;
  const api = await fakeApi(
    t,
    (response, request, n) => {
      if (request.url.startsWith('/product')) return json(response, status(++answered), { url: request.url, headers: request.headers });
      json(response, 200, { ...grant(n), apis: { chatbot: `http://${request.headers.host}/product/v1/` } });
    },
    options,
  );
  return { ...api, origin: new URL(api.endpoint).origin };
}

test('by product and path, by URL', async (t) => {
  const { client, origin } = await product(t, { environment: 'production', source: 'web', userType: '0' });
  for (const answer of [await client.fetch('chatbot', '/talk?x=1'), await client.fetch(`${origin}/product/v1/talk?x=1`), await client.fetch(new URL(`${origin}/product/v1/talk?x=1`), { headers: { 'X-Mine': '1' } })]) {
    const { url, headers } = await answer.json();
    assert.equal(url, '/product/v1/talk?x=1');
    assert.equal(headers.authorization, 'Bearer token-1');
    assert.equal(headers['x-inbenta-key'], 'the-api-key');
    assert.deepEqual([headers['x-inbenta-env'], headers['x-inbenta-source'], headers['x-inbenta-user-type']], ['production', 'web', '0']);
  }
});

test('never to a host outside the products', async (t) => {
  const other = await product(t);
  const { client, origin } = await product(t);
  for (const target of [other.origin, 'https://evil.example/x', `${origin.replace('127.0.0.1', 'localhost')}/product`, `${origin.replace('://', '://user@').replace('127.0.0.1', '127.0.0.1.evil.example')}/`])
    await assert.rejects(client.fetch(target), failsWith('invalid_config'), target);
  await assert.rejects(client.fetch('search', '/x'), failsWith('invalid_config'));
  await assert.rejects(client.apiUrl('toString'), failsWith('invalid_config'));
  assert.equal((await (await client.fetch('chatbot', '//evil.example/x')).json()).url, '/product/v1//evil.example/x');
  assert.equal(other.requests.length, 0);
});

test('401: the token is dropped and the request made once more', async (t) => {
  const { client, requests } = await product(t, {}, (n) => (n == 1 ? 401 : 200));
  const answer = await client.fetch('chatbot', 'talk', { method: 'POST', body: 'hello' });
  assert.equal(answer.status, 200);
  assert.equal((await answer.json()).headers.authorization, 'Bearer token-3');
  assert.deepEqual(requests.map(({ url, body }) => [url, body]).filter(([url]) => url.startsWith('/product')), [
    ['/product/v1/talk', 'hello'],
    ['/product/v1/talk', 'hello'],
  ]);
});

test('403 twice is given to the caller', async (t) => {
  const { client, requests } = await product(t, {}, () => 403);
  assert.equal((await client.fetch('chatbot')).status, 403);
  assert.equal(requests.filter(({ url }) => url.startsWith('/product')).length, 2);
});

test('never in the clear over a network, whoever named the product', async (t) => {
  const { endpoint } = await fakeApi(t);
  const client = createFromAccessToken('token', 'the-api-key', { endpoint, apis: { chatbot: 'http://chatbot.example/v1' }, autoRefresh: false });
  t.after(() => client.dispose());
  await assert.rejects(client.fetch('chatbot'), failsWith('insecure_endpoint'));
});
