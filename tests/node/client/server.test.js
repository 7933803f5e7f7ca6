// The API Secret flow on a server in Node, and the hand-over to its pages.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import test from 'node:test';
import { AuthError, createFromSecret, nodeTokenHandler, tokenHandler } from 'inbenta-auth/server';
import { createFromAccessToken } from '../../../dist/inbenta-auth.js';
import { fakeApi, grant, json, wasm } from './fake-api.js';

const dist = (file) => readFile(new URL(`../../../dist/${file}`, import.meta.url), 'latin1');
const hasCode = (code) => (error) => error instanceof AuthError && error.code == code;

async function secretClient(t, answer) {
  const api = await fakeApi(t, answer);
  const client = createFromSecret('the-secret', 'the-api-key', { endpoint: api.endpoint, timeoutMs: 2000 });
  t.after(() => client.dispose());
  return { ...api, client };
}

test('a token by secret', async (t) => {
  const { client, requests } = await secretClient(t);
  assert.equal((await client.getToken()).accessToken, 'token-1');
  assert.deepEqual(requests.map(({ url, body }) => [url, JSON.parse(body)]), [['/v1/auth', { secret: 'the-secret' }]]);
});

test('in a browser or a worker a secret is refused', async (t) => {
  for (const name of ['document', 'importScripts']) {
    globalThis[name] = {};
    t.after(() => delete globalThis[name]);
    assert.throws(() => createFromSecret('the-secret', 'k'), hasCode('secret_in_browser'));
    delete globalThis[name];
  }
  assert.throws(() => createFromSecret('', 'k'), hasCode('invalid_config'));
});

test('the browser builds do not know the secret flow', async () => {
  assert.ok(!(await dist('inbenta-auth.wasm')).includes('secret'));
  for (const file of ['inbenta-auth.js', 'inbenta-auth.min.js', 'node.js']) {
    const text = (await dist(file)).replaceAll('secret_in_browser', '').replaceAll('A secret must not be used in a browser', '');
    assert.ok(!/secret/i.test(text), file);
  }
});

const post = (headers = {}) => new Request('http://shop.example/token', { method: 'POST', headers });

test('the handler gives a token, to whom it may', async (t) => {
  const { client } = await secretClient(t);
  const handle = tokenHandler(client, { authorize: (request) => request.headers.get('cookie') == 'session=1' });
  const granted = await handle(post({ cookie: 'session=1', 'Sec-Fetch-Site': 'same-origin' }));
  assert.equal(granted.status, 200);
  assert.equal(granted.headers.get('Cache-Control'), 'no-store');
  const body = await granted.json();
  assert.deepEqual(Object.keys(body), ['accessToken', 'expiration', 'expires_in', 'apis']);
  assert.equal(body.accessToken, 'token-1');
  assert.ok(body.expires_in > 1190 && body.expires_in <= 1200);
  assert.equal((await handle(post())).status, 403);
  assert.equal((await handle(post({ cookie: 'session=1', 'Sec-Fetch-Site': 'cross-site' }))).status, 403);
  assert.equal((await handle(new Request('http://shop.example/token'))).status, 405);
  assert.throws(() => tokenHandler(client, {}), hasCode('invalid_config'));
});

test('what went wrong behind it stays there', async (t) => {
  const refused = await secretClient(t, (response) => json(response, 403, { error: { code: 403, message: 'the-secret is wrong' } }));
  const answer = await tokenHandler(refused.client, { authorize: () => true })(post());
  assert.equal(answer.status, 500);
  assert.ok(!/secret|403/.test(await answer.text()));
  const down = await secretClient(t, (response) => json(response, 503, {}));
  const later = await tokenHandler(down.client, { authorize: () => true })(post());
  assert.equal(later.status, 503);
  assert.match(later.headers.get('Retry-After'), /^\d+$/);
});

test('a page that reauthorizes at the server', async (t) => {
  const { client, requests, endpoint } = await secretClient(t, (response, request, n) =>
    request.url.endsWith('/refreshToken') ? json(response, 401, {}) : json(response, 200, grant(n)));
  const server = createServer(nodeTokenHandler(client, { authorize: (request, incoming) => incoming.url == '/token' }));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => (server.close(), server.closeAllConnections()));
  const ask = (path) => fetch(`http://127.0.0.1:${server.address().port}${path}`, { method: 'POST' });
  assert.equal((await ask('/other')).status, 403);
  const page = createFromAccessToken('from-the-page-itself', 'the-api-key', { endpoint, wasm, expiration: Date.now() / 1000 - 1, reauthorize: async () => (await ask('/token')).json() });
  t.after(() => page.dispose());
  assert.equal((await page.getToken()).accessToken, 'token-1');
  assert.deepEqual(requests.map(({ url }) => url), ['/v1/auth']);
});
