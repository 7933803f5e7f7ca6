// Places that are neither a page nor Node: they have some globals of a page, and not those that belong to them.

import assert from 'node:assert/strict';
import test from 'node:test';
import { createFromSecret } from 'inbenta-auth/server';
import { readFile } from 'node:fs/promises';
import { failsWith, fakeApi } from './fake-api.js';

/** Sets globals for a test. */
function setGlobals(t, members) {
  for (const [name, value] of Object.entries(members)) {
    const before = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    t.after(() => (before ? Object.defineProperty(globalThis, name, before) : delete globalThis[name]));
  }
}

test('a location without addEventListener, as React Native and tests make it', async (t) => {
  setGlobals(t, { location: new URL('http://shop.example'), BroadcastChannel: undefined });
  const { client } = await fakeApi(t);
  assert.equal((await client.getToken()).accessToken, 'token-1');
});

test("an addEventListener that throws, as that of Cloudflare's Workers for the capture phase", async (t) => {
  setGlobals(t, {
    addEventListener() {
      throw new TypeError('useCapture must be false.');
    },
  });
  const { client } = await fakeApi(t);
  assert.equal((await client.getToken()).accessToken, 'token-1');
});

test('a page that is prerendered does not wait for a lock, which it gets only when it is opened', async (t) => {
  setGlobals(t, {
    location: new URL('http://shop.example'),
    document: { prerendering: true, visibilityState: 'hidden' },
    navigator: { locks: { request: () => new Promise(() => {}) } },
    BroadcastChannel: class {
      postMessage() {}
      close() {}
    },
  });
  const { client } = await fakeApi(t);
  assert.equal((await client.getToken({ timeoutMs: 1000 })).accessToken, 'token-1');
});

test('where WebAssembly is not compiled, a secret needs the module that was compiled before', async (t) => {
  const { endpoint } = await fakeApi(t);
  const wasm = await WebAssembly.compile(
    await readFile(new URL('../../../dist/inbenta-auth-server.wasm', import.meta.url)),
  );
  setGlobals(t, { navigator: { userAgent: 'Cloudflare-Workers' } });
  const hint = /inbenta-auth-server\.wasm/;
  assert.throws(
    () => createFromSecret('s', 'k', { endpoint }),
    (error) => failsWith('wasm_unavailable')(error) && hint.test(error.hint),
  );
  const client = createFromSecret('s', 'k', { endpoint, wasm });
  t.after(() => client.dispose());
  assert.equal((await client.getToken()).accessToken, 'token-1');
});

test('the scripts can be read when Next, for its edge runtime, puts a compilation into a function of its own', async () => {
  for (const file of ['inbenta-auth.js', 'inbenta-auth.cjs', 'server.cjs']) {
    const code = await readFile(new URL(`../../../dist/${file}`, import.meta.url), 'utf8');
    const compilations = [...code.matchAll(/WebAssembly\.compile\(.*?\)(?=[,;:}\s])/g)];
    assert.ok(compilations.length > 0);
    for (const [compilation] of compilations) new Function(`function isolated() { return ${compilation} }`); // throws if there is an "await" in it
  }
});
