// client.fetch sends the API key and the token, only to the hosts of the products. A refused token is renewed, within
// limits.

import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import { createFromAccessToken } from '../../../dist/inbenta-auth.js';
import { failsWith, fakeApi, grant, json } from './fake-api.js';

const GATEWAY = { Message: 'User is not authorized to access this resource with an explicit deny' };

const echo = (response, request, body) => json(response, 200, { url: request.url, headers: request.headers, body });

/**
 * Starts an API with a product below /product. `answer(response, request, n)` answers request number n to the product;
 * `auth` answers requests to the API. By default both succeed.
 */
async function product(t, { options, answer = (response, request) => echo(response, request), auth } = {}) {
  let requestCount = 0;
  let granted = 0;
  const api = await fakeApi(
    t,
    (response, request) => {
      if (request.url.startsWith('/product')) return answer(response, request, ++requestCount);
      granted++;
      if (auth) return auth(response, request, granted);
      json(response, 200, { ...grant(granted), apis: { chatbot: `http://${request.headers.host}/product/` } });
    },
    options,
  );
  const paths = () => api.requests.map(({ url }) => url);
  return { ...api, origin: new URL(api.endpoint).origin, paths };
}

const isProduct = (url) => url.startsWith('/product');

test('fetch accepts a product and a path, or a URL', async (t) => {
  const { client, origin } = await product(t, { options: { environment: 'production', source: 'web', userType: 0 } });
  for (const answer of [
    await client.fetch('chatbot', '/v1/talk?x=1'),
    await client.fetch(`${origin}/product/v1/talk?x=1`),
    await client.fetch(new URL(`${origin}/product/v1/talk?x=1`), { headers: { 'X-Mine': '1' } }),
  ]) {
    const { url, headers } = await answer.json();
    assert.equal(url, '/product/v1/talk?x=1');
    assert.equal(headers.authorization, 'Bearer token-1');
    assert.equal(headers['x-inbenta-key'], 'the-api-key');
    assert.deepEqual(
      [headers['x-inbenta-env'], headers['x-inbenta-source'], headers['x-inbenta-user-type']],
      ['production', 'web', '0'],
    );
  }
});

test('no request goes to a host outside the products', async (t) => {
  const other = await product(t);
  const { client, origin } = await product(t);
  for (const target of [
    other.origin,
    'https://evil.example/x',
    `${origin.replace('127.0.0.1', 'localhost')}/product`,
    `${origin.replace('://', '://user@').replace('127.0.0.1', '127.0.0.1.evil.example')}/`,
  ])
    await assert.rejects(client.fetch(target), failsWith('invalid_config'), target);
  await assert.rejects(client.fetch('search', '/x'), failsWith('invalid_config'));
  await assert.rejects(client.apiUrl('toString'), failsWith('invalid_config'));
  assert.equal(other.requests.length, 0);
});

test('wrong arguments are AuthErrors', async (t) => {
  const { client, paths } = await product(t);
  for (const call of [
    () => client.fetch(),
    () => client.fetch(null),
    () => client.fetch(7),
    () => client.fetch({}),
    () => client.fetch('chatbot', '/x', 'POST'),
    () => client.fetch('chatbot', null),
    () => client.fetch('chatbot', '/x', { method: 'two words' }),
    () => client.fetch('chatbot', '/x', { body: 'a GET has none' }),
    () => client.fetch('chatbot', '/x', { headers: { 'two words': '1' } }),
    () => client.fetch('http://[broken'),
  ])
    await assert.rejects(call(), failsWith('invalid_config'), String(call));
  await assert.rejects(client.fetch('chatbot', '/x', { signal: AbortSignal.abort() }), failsWith('aborted'));
  assert.deepEqual(paths().filter(isProduct), []);
});

test('after 401 the token is renewed and the request is sent once more', async (t) => {
  const { client, requests, paths } = await product(t, {
    answer: (response, request, n) => (n == 1 ? json(response, 401, {}) : echo(response, request)),
  });
  const answer = await client.fetch('chatbot', 'talk', { method: 'POST', body: 'hello' });
  assert.equal(answer.status, 200);
  assert.equal((await answer.json()).headers.authorization, 'Bearer token-2');
  assert.deepEqual(paths(), ['/v1/auth', '/product/talk', '/v1/refreshToken', '/product/talk']);
  assert.deepEqual(
    requests.filter(({ url }) => isProduct(url)).map(({ body }) => body),
    ['hello', 'hello'],
  );
});

test('a 403 is about the token only if its body is the gateway’s', async (t) => {
  const bodies = {
    'the gateway': [GATEWAY, 2],
    'lower case': [{ message: 'Forbidden' }, 1],
    'the product': [{ error: { code: 403, message: 'No rights' } }, 1],
    'a list': [['Message'], 1],
    null: [null, 1],
  };
  for (const name in bodies) {
    const [body, times] = bodies[name];
    const { client, paths } = await product(t, { answer: (response) => json(response, 403, body) });
    const answer = await client.fetch('chatbot');
    assert.deepEqual([answer.status, await answer.json()], [403, body], 'its body can be read');
    assert.equal(paths().filter(isProduct).length, times, name);
  }
});

test('reading the body of a 403 is limited in bytes and in time', async (t) => {
  const large = await product(t, { answer: (response) => response.writeHead(403).end('x'.repeat(500_000)) });
  assert.equal((await (await large.client.fetch('chatbot')).text()).length, 500_000);
  const slow = await product(t, { answer: (response) => response.writeHead(403).write('{"Mess') });
  const start = performance.now();
  assert.equal((await slow.client.fetch('chatbot')).status, 403);
  assert.ok(performance.now() - start < 5000);
});

test('a path that is always refused causes one renewal, and does not affect other paths', async (t) => {
  const { client, paths } = await product(t, {
    answer: (response, request) =>
      request.url == '/product/bad' ? json(response, 403, GATEWAY) : echo(response, request),
  });
  for (let i = 0; i < 8; i++) assert.equal((await client.fetch('chatbot', '/bad')).status, 403);
  assert.deepEqual(
    paths().filter((url) => !isProduct(url)),
    ['/v1/auth', '/v1/refreshToken'],
  );
  assert.equal(paths().filter(isProduct).length, 9);
});

test('while a refused token is renewed, other calls use the old token', async (t) => {
  let renew;
  const { client, paths, origin } = await product(t, {
    answer: (response, request) =>
      request.headers.authorization == 'Bearer token-1' && request.url == '/product/bad'
        ? json(response, 401, {})
        : echo(response, request),
    auth: (response, request, n) => {
      const answer = () => json(response, 200, { ...grant(n), apis: { chatbot: `${origin}/product/` } });
      if (n == 1) answer();
      else renew = answer;
    },
  });
  const bad = client.fetch('chatbot', '/bad');
  while (!renew) await sleep(5);
  assert.equal((await client.getToken()).accessToken, 'token-1');
  assert.equal((await client.fetch('chatbot', '/good')).status, 200);
  renew();
  assert.equal((await bad).status, 200);
  assert.equal(paths().filter((url) => !isProduct(url)).length, 2);
});

test('while the Auth API is down, a healthy product answers immediately', async (t) => {
  const { client, origin } = await product(t, {
    auth: (response, request, n) =>
      n == 1
        ? json(response, 200, { ...grant(1, 25), apis: { chatbot: `${origin}/product` } })
        : json(response, 503, {}),
  });
  await client.getToken();
  await sleep(1000);
  const start = performance.now();
  assert.equal((await client.fetch('chatbot', '/x')).status, 200);
  assert.ok(performance.now() - start < 500);
});

test('if a product refuses while the Auth API is down, the caller gets the product’s answer', async (t) => {
  const { client, origin } = await product(t, {
    options: { timeoutMs: 2000 },
    answer: (response) => json(response, 401, {}),
    auth: (response, request, n) =>
      n == 1 ? json(response, 200, { ...grant(1), apis: { chatbot: `${origin}/product` } }) : json(response, 503, {}),
  });
  assert.equal((await client.fetch('chatbot', '/x')).status, 401);
});

test('redirects are refused, unless the caller allows them', async (t) => {
  const other = await product(t);
  for (const status of [301, 302, 303, 307, 308]) {
    const { client } = await product(t, {
      answer: (response) => response.writeHead(status, { Location: `${other.origin}/product/stolen` }).end(),
    });
    for (const redirect of [{}, { redirect: undefined }])
      await assert.rejects(
        client.fetch('chatbot', '/x', { method: 'POST', body: 'mine', ...redirect }),
        failsWith('redirect_refused', { status }),
      );
    assert.equal((await client.fetch('chatbot', '/x', { redirect: 'manual' })).status, status);
  }
  assert.deepEqual(other.requests, []);
  const { client } = await product(t, {
    answer: (response, request, n) =>
      n == 1 ? response.writeHead(302, { Location: '/product/there' }).end() : echo(response, request),
  });
  assert.equal((await (await client.fetch('chatbot', '/x', { redirect: 'follow' })).json()).url, '/product/there');
});

test('a stream is sent only once, of any realm and kind', async (t) => {
  const parts = function* () {
    yield new TextEncoder().encode('once');
  };
  const streams = {
    web: () => ReadableStream.from(parts()),
    // A stream of another realm, for which instanceof is false.
    realm: () =>
      Object.setPrototypeOf(
        ReadableStream.from(parts()),
        runInNewContext('(P) => Object.create(P)')(ReadableStream.prototype),
      ),
    node: () => Readable.from(parts()),
  };
  for (const name in streams) {
    const { client, requests } = await product(t, { answer: (response) => json(response, 401, {}) });
    assert.equal(
      (await client.fetch('chatbot', '/x', { method: 'POST', body: streams[name](), duplex: 'half' })).status,
      401,
      name,
    );
    assert.deepEqual(
      requests.filter(({ url }) => isProduct(url)).map(({ body }) => body),
      ['once'],
      name,
    );
  }
});

test('an unreachable product and an aborted call fail with their codes', async (t) => {
  const log = [];
  const { client } = await product(t, {
    auth: (response) => json(response, 200, { ...grant(1), apis: { chatbot: 'http://127.0.0.1:1' } }),
    options: { log: (entry) => entry.type == 'fetch' && log.push(entry) },
  });
  await assert.rejects(client.fetch('chatbot'), failsWith('network', { retryable: true }));
  await assert.rejects(client.fetch('chatbot', '', { method: 'not a method' }), failsWith('invalid_config'));
  assert.deepEqual(log, [{ type: 'fetch', host: '127.0.0.1:1', status: 0 }]);
  const slow = await product(t, { answer: () => {} });
  await slow.client.getToken();
  await assert.rejects(slow.client.fetch('chatbot', '/x', { signal: AbortSignal.timeout(100) }), failsWith('aborted'));
});

test('a token is never sent over plain http to another machine, even if its own grant names the product', async (t) => {
  const { endpoint } = await fakeApi(t, (response) => json(response, 200, { ...grant(1), apis: {} }));
  const client = createFromAccessToken(
    { accessToken: 'token', apis: { chatbot: 'http://chatbot.example' } },
    'the-api-key',
    { endpoint, autoRefresh: false },
  );
  t.after(() => client.dispose());
  assert.deepEqual(client.token.apis, {});
  await assert.rejects(client.fetch('chatbot'), failsWith('invalid_config'));
});
