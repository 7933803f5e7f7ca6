// The hint of wasm_unavailable names the cause: what the environment lacks, no memory, or the URL of a module and its
// answer.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import test from 'node:test';
import { createFromDomainKey } from '../../../dist/inbenta-auth.js';
import { failsWith, fakeApi, grant, wasm } from './fake-api.js';
import { makeWorld, reply } from './world.js';

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

/** A world in which https://shop.example/x.wasm is the module, and a fresh page in it. `compiled` counts. */
async function pageWith(t, module = () => new Response(wasm)) {
  const world = makeWorld(t);
  world.answer = (request, n) => (request.url.endsWith('.wasm') ? module(n) : reply(200, grant(n)));
  const compile = WebAssembly.compile;
  const count = { compiled: 0 };
  world.replace(WebAssembly, 'compile', (bytes) => (count.compiled++, compile(bytes)));
  const { createFromDomainKey: create } = await world.open();
  return { world, count, make: (options) => world.client({ timeoutMs: 3000, ...options }, create) };
}

test('clients of a page compile a module once, wherever it comes from', async (t) => {
  const bytes = Uint8Array.from(wasm);
  for (const source of [undefined, bytes, bytes.slice().buffer, 'https://shop.example/x.wasm']) {
    const { world, count, make } = await pageWith(t);
    const clients = [1, 2, 3].map((i) => make({ wasm: source, endpoint: `https://api.example/v${i}` }));
    await world.until(Promise.all(clients.map((client) => client.getToken())));
    assert.equal(count.compiled, 1);
    assert.equal(world.requests.length, typeof source == 'string' ? 4 : 3);
    await world.end();
  }
  const { world, count, make } = await pageWith(t);
  for (const source of ['https://shop.example/x.wasm', 'https://shop.example/y.wasm', bytes, bytes.slice()])
    await world.until(make({ wasm: source }).getToken());
  assert.equal(count.compiled, 4);
  await world.until(make({ wasm: await WebAssembly.compile(wasm) }).getToken());
  assert.equal(count.compiled, 5, 'a compiled one is used as it is');
});

test('a module that does not arrive within the time is an error, and the next call loads it again', async (t) => {
  const { world, make } = await pageWith(t, (n) => (n == 1 ? undefined : new Response(wasm)));
  const client = make({ wasm: 'https://shop.example/x.wasm' });
  const error = await world.failure(client.getToken({ timeoutMs: 60_000 }));
  failsWith('wasm_unavailable', { ms: 3000, retryable: false })(error);
  assert.equal(world.requests[0].signal.aborted, true);
  assert.equal((await world.until(client.getToken())).accessToken, 'token-3');
});

test('a policy that stops the module at compiling or at the instance is wasm_blocked_by_csp', async (t) => {
  for (const name of ['Module', 'Instance']) {
    const { world, make } = await pageWith(t);
    const cause = new EvalError('Refused to compile or instantiate WebAssembly module');
    const real = WebAssembly[name];
    world.replace(
      WebAssembly,
      name,
      class {
        constructor() {
          throw cause;
        }
      },
    );
    const client = make({ wasm: 'https://shop.example/x.wasm' });
    failsWith('wasm_blocked_by_csp', { cause })(await world.failure(client.getToken()));
    world.replace(WebAssembly, name, real);
    assert.ok(await world.until(client.getToken()), 'the next call tries again');
    await world.end();
  }
});

test('a module without the core is wasm_unavailable with its cause and the hint of it', async (t) => {
  const { world, make } = await pageWith(t);
  const error = await world.failure(make({ wasm: Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0) }).getToken());
  failsWith('wasm_unavailable')(error);
  assert.ok(error.cause instanceof TypeError);
  assert.ok(error.hint.includes(error.cause.message), error.hint);
});

test('the external build loads the module beside it', async (t) => {
  const world = makeWorld(t);
  world.answer = (request, n) => (request.url.endsWith('.wasm') ? new Response(wasm) : reply(200, grant(n)));
  const { createFromDomainKey: create } = await import('../../../dist/external.js');
  assert.ok(await world.until(world.client({ wasm: undefined }, create).getToken()));
  assert.equal(world.requests[0].url, new URL('../../../dist/inbenta-auth.wasm', import.meta.url).href);
});
