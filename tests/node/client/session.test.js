// persist: 'session': the next page view within the token's lifetime sends no request.

import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { failsWith, fakeApi, grant, json, wasm } from './fake-api.js';

let pages = 0;

/** Simulates another page view by loading the script again. */
const openPage = () => import(`../../../dist/inbenta-auth.js?page=${++pages}`);

function useStorage(t) {
  const items = new Map();
  globalThis.sessionStorage = {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => items.set(key, String(value)),
    removeItem: (key) => items.delete(key),
  };
  t.after(() => delete globalThis.sessionStorage);
  return items;
}

/** Makes a client in a new page view. */
async function view(t, { endpoint }, options) {
  const { createFromDomainKey } = await openPage();
  const client = createFromDomainKey('the-domain-key', 'the-api-key', {
    endpoint,
    wasm,
    persist: 'session',
    ...options,
  });
  t.after(() => client.dispose());
  return client;
}

/** Moves both clocks forward. */
function moveClocks(t) {
  const real = { now: Date.now, mono: performance.now };
  let offset = 0;
  Date.now = () => real.now() + offset;
  performance.now = () => real.mono.call(performance) + offset;
  t.after(() => {
    Date.now = real.now;
    performance.now = real.mono;
  });
  return (ms) => (offset += ms);
}

/** 50 page views in 20 minutes, one after the other: the paths of the requests. */
async function viewFor20Minutes(t, options) {
  const later = moveClocks(t);
  const api = await fakeApi(t);
  for (let i = 0; i < 50; i++) {
    const client = await view(t, api, options);
    await client.getToken();
    client.dispose();
    later(24_000);
  }
  return api.requests.map(({ url }) => url);
}

test('50 page views in 20 minutes send one /auth and at most one refresh', async (t) => {
  useStorage(t);
  const paths = await viewFor20Minutes(t);
  assert.equal(paths.filter((path) => path == '/v1/auth').length, 1);
  assert.ok(paths.length <= 2, paths.join());
  t.diagnostic(`50 page views: ${paths.join(', ')}`);
});

test('without persist, each of them sends /auth', async (t) => {
  const items = useStorage(t);
  const paths = await viewFor20Minutes(t, { persist: undefined });
  assert.deepEqual(paths, Array(50).fill('/v1/auth'));
  assert.equal(items.size, 0);
});

test('forget, invalidate and a refusal clear the stored token; dispose does not', async (t) => {
  const items = useStorage(t);
  const api = await fakeApi(t, (response, request, n) =>
    n < 3 ? json(response, 200, grant(n)) : json(response, 403, { error: { reason: 'key_revoked' } }),
  );
  const first = await view(t, api);
  await first.getToken();
  first.dispose();
  assert.equal(items.size, 1);
  const second = await view(t, api);
  assert.equal((await second.getToken()).accessToken, 'token-1');
  second.forget();
  assert.equal(items.size, 0);
  assert.equal(second.token, null);
  assert.equal((await second.getToken()).accessToken, 'token-2');
  assert.equal(items.size, 1);
  second.invalidate('token-1');
  assert.equal(items.size, 1);
  second.invalidate('token-2');
  assert.equal(items.size, 0);
  const third = await view(t, api);
  items.set('other', 'left alone');
  await assert.rejects(third.getToken(), failsWith('key_revoked'));
  assert.deepEqual([...items], [['other', 'left alone']]);
  const early = await view(t, api);
  early.forget(); // before the first token
});

test('a page view with a stored token does not connect to the API', async (t) => {
  const items = useStorage(t);
  const api = await fakeApi(t);
  let links = 0;
  globalThis.document = { createElement: () => ({ remove() {} }), head: { append: () => links++ } };
  t.after(() => delete globalThis.document);
  const linksOfView = async () => {
    const before = links;
    await (await view(t, api)).getToken();
    return links - before;
  };
  assert.equal(await linksOfView(), 1);
  assert.equal(await linksOfView(), 0, 'the token is stored');
  const [[key, value]] = items;
  items.set(key, JSON.stringify({ ...JSON.parse(value), expiresAt: Date.now() - 1 }));
  assert.equal(await linksOfView(), 1, 'the stored token has expired');
  items.clear();
  assert.equal(await linksOfView(), 1);
});

test('a stored token is checked like any other token', async (t) => {
  const items = useStorage(t);
  const api = await fakeApi(t);
  await (await view(t, api)).getToken();
  const [[key, value]] = items;
  const good = JSON.parse(value);
  assert.equal(good.accessToken, 'token-1');
  const odd = [
    '',
    'null',
    '{',
    '[]',
    '7',
    '"x"',
    ...[
      { accessToken: 'two words' },
      { accessToken: 7 },
      { expiresAt: 'soon' },
      { expiresAt: null },
      { lifetimeMs: NaN },
      { expiresAt: Date.now() - 1 },
      { expiration: {} },
    ].map((part) => JSON.stringify({ ...good, ...part })),
  ];
  for (const [i, text] of odd.entries()) {
    items.set(key, text);
    assert.equal((await (await view(t, api)).getToken()).accessToken, `token-${i + 2}`, text);
  }
  // If the clock was set back, the token is still not valid for longer than its lifetime.
  items.set(key, JSON.stringify({ ...good, expiresAt: Date.now() + 7_200_000, lifetimeMs: 3000 }));
  const client = await view(t, api, { autoRefresh: false });
  assert.equal((await client.getToken()).accessToken, 'token-1');
  assert.ok(client.token.expiresAt - Date.now() <= 3000);
  await sleep(3000);
  assert.equal(client.token, null);
});

test('the client works with blocked or full storage', async (t) => {
  const denied = () => {
    throw new DOMException('denied', 'SecurityError');
  };
  const works = { getItem: () => null, setItem() {}, removeItem() {} };
  const storages = [
    { value: { getItem: denied, setItem: denied, removeItem: denied } },
    ...Object.keys(works).map((name) => ({ value: { ...works, [name]: denied } })),
    { get: denied },
    { value: null },
  ];
  t.after(() => delete globalThis.sessionStorage);
  for (const storage of storages) {
    Object.defineProperty(globalThis, 'sessionStorage', { ...storage, configurable: true });
    const client = await view(t, await fakeApi(t));
    assert.equal((await client.getToken()).accessToken, 'token-1');
    client.invalidate('token-1');
    assert.equal((await client.getToken()).accessToken, 'token-2');
    client.forget();
    assert.equal(client.token, null);
  }
});
