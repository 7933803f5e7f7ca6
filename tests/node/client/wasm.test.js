// The hint of wasm_unavailable names the cause: what the environment lacks, no memory, or the URL of a module and its
// answer.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import test from 'node:test';
import { createFromDomainKey } from '../../../dist/inbenta-auth.js';
import { fakeApi } from './fake-api.js';

/** The error of a client's first call; `options` are added to the endpoint. */
async function failure(t, options) {
  const { endpoint } = await fakeApi(t);
  const client = createFromDomainKey('d', 'k', { endpoint, timeoutMs: 2000, ...options });
  t.after(() => client.dispose());
  return client.getToken().then(
    () => assert.fail('there is a token'),
    (error) => error,
  );
}

/** Replaces a member of an object for a test. */
function replace(t, object, name, value) {
  const before = Object.getOwnPropertyDescriptor(object, name);
  Object.defineProperty(object, name, { ...before, value });
  t.after(() => Object.defineProperty(object, name, before));
}

for (const name of ['WebAssembly', 'TextEncoder', 'TextDecoder', 'fetch'])
  test(`the hint names an environment without ${name}`, async (t) => {
    replace(t, globalThis, name, undefined);
    const { code, hint, retryable } = await failure(t);
    assert.equal(code, 'wasm_unavailable');
    assert.match(hint, new RegExp(`There is no ${name}\\.`));
    assert.equal(retryable, false);
  });

test('the hint names all that is missing, and a client goes on once it is there', async (t) => {
  const { client, requests } = await fakeApi(t);
  const before = { fetch, TextEncoder };
  t.after(() => Object.assign(globalThis, before));
  Object.assign(globalThis, { fetch: undefined, TextEncoder: undefined });
  await assert.rejects(client.getToken(), ({ hint }) => /no TextEncoder, no fetch\./.test(hint));
  Object.assign(globalThis, before);
  assert.equal((await client.getToken()).accessToken, 'token-1');
  assert.equal(requests.length, 1);
});

test('the hint names missing memory', async (t) => {
  replace(t, WebAssembly, 'instantiate', async () => {
    throw new RangeError('WebAssembly.Memory(): could not allocate memory');
  });
  const { code, hint, cause } = await failure(t);
  assert.equal(code, 'wasm_unavailable');
  assert.match(hint, /no memory left/);
  assert.ok(cause instanceof RangeError);
});

test('for an external module, the hint names its URL and the HTTP status, or the failed connection', async (t) => {
  const server = createServer((request, response) => response.writeHead(Number(request.url.slice(1, 4))).end('<html>'));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => (server.closeAllConnections(), server.close()));
  for (const [path, words] of [
    ['404.wasm', 'HTTP 404'],
    ['500.wasm', 'HTTP 500'],
    ['200.wasm', 'WebAssembly.compile()'],
  ]) {
    const url = `http://127.0.0.1:${server.address().port}/${path}`;
    for (const wasm of [url, new URL(url)]) {
      const { code, hint } = await failure(t, { wasm });
      assert.equal(code, 'wasm_unavailable');
      assert.ok(hint.includes(url) && hint.includes(words), hint);
    }
  }
  const gone = await failure(t, { wasm: 'http://127.0.0.1:1/gone.wasm' });
  assert.equal(gone.code, 'wasm_unavailable');
  assert.ok(gone.hint.includes('http://127.0.0.1:1/gone.wasm'), gone.hint);
});

test('the hint names bytes that are not a module', async (t) => {
  const { code, hint, cause } = await failure(t, { wasm: new Uint8Array([1, 2, 3]) });
  assert.equal(code, 'wasm_unavailable');
  assert.match(hint, /^WebAssembly\.compile\(\): .*\.$/);
  assert.ok(cause instanceof WebAssembly.CompileError);
});
