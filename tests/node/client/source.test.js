// The clients of a page share one source. Callers with the same request share one waiter.

import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createFromDomainKey } from '../../../dist/inbenta-auth.js';
import { failsWith, fakeApi, grant, json, wasm } from './fake-api.js';

setFlagsFromString('--expose-gc');

const LINGER_MS = 5000;

/** Makes this many clients like `api.client`; `options(i)` has further options for client i. */
const clients = (t, { endpoint }, count, options = () => ({})) => {
  const made = Array.from({ length: count }, (_, i) =>
    createFromDomainKey('the-domain-key', 'the-api-key', { endpoint, wasm, ...options(i) }),
  );
  t.after(() => made.forEach((client) => client.dispose()));
  return made;
};

test('clients with one endpoint in three spellings share a request', async (t) => {
  const api = await fakeApi(t);
  const host = api.endpoint.replace('/v1', '');
  const spellings = [{}, { connectionEntryPoint: host }, { connectionEntryPoint: `${host}/` }];
  const made = clients(t, api, 3, (i) => ({ ...(i && { endpoint: undefined }), ...spellings[i] }));
  await Promise.all(made.map((client) => client.getToken()));
  assert.equal(api.requests.length, 1);
});

test('100 clients share one request and one token; each has its own log, timeouts and headers', async (t) => {
  const api = await fakeApi(t);
  const logged = [];
  const made = clients(t, api, 100, (i) => ({
    timeoutMs: 5000 + i,
    source: `s${i}`,
    log: (entry) => logged.push([i, entry.type]),
  }));
  const tokens = await Promise.all(made.map((client) => client.getToken()));
  assert.equal(new Set(tokens).size, 1);
  assert.equal(api.requests.length, 1);
  assert.equal(logged.filter(([, type]) => type == 'token').length, 100);
  made[0].dispose();
  assert.equal(made[0].token, null);
  assert.equal((await made[1].getToken()).accessToken, 'token-1');
  await assert.rejects(made[0].getToken(), failsWith('disposed'));
});

test('all clients share a failure', async (t) => {
  const api = await fakeApi(t, (response) => json(response, 403, { error: { reason: 'key_revoked' } }));
  const results = await Promise.allSettled(clients(t, api, 20).map((client) => client.getToken()));
  assert.ok(results.every(({ reason }) => failsWith('key_revoked')(reason)));
  assert.equal(api.requests.length, 1);
});

test('different keys, endpoints and names of the domain key have different sources', async (t) => {
  const api = await fakeApi(t);
  const other = [
    ['d2', 'the-api-key', {}],
    ['the-domain-key', 'k2', {}],
    ['the-domain-key', 'the-api-key', { domainKeyName: 'domain_key' }],
    ['the-domain-key', 'the-api-key', { endpoint: `${api.endpoint}/` }],
  ];
  await api.client.getToken();
  for (const [domainKey, apiKey, options] of other) {
    const client = createFromDomainKey(domainKey, apiKey, { endpoint: api.endpoint, wasm, ...options });
    t.after(() => client.dispose());
    await client.getToken();
  }
  assert.equal(api.requests.length, 5);
});

test('a component that is mounted again has the token of the first mount, also of a request in flight', async (t) => {
  const api = await fakeApi(t, (response, request, n) => setTimeout(() => json(response, 200, grant(n)), 200));
  const [first, second, third] = clients(t, api, 3);
  const pending = first.getToken();
  while (!api.requests.length) await sleep(5);
  first.dispose();
  await assert.rejects(pending, failsWith('disposed'));
  assert.equal((await second.getToken()).accessToken, 'token-1');
  second.dispose();
  assert.equal((await third.getToken()).accessToken, 'token-1');
  assert.equal(api.requests.length, 1);
});

test('a source is removed five seconds after its last client', async (t) => {
  const api = await fakeApi(t);
  const [first, second] = clients(t, api, 2);
  await first.getToken();
  first.dispose();
  await sleep(LINGER_MS + 200);
  assert.equal((await second.getToken()).accessToken, 'token-2');
});

test('100,000 callers of one client share one request, and all are answered', async (t) => {
  let answer;
  const { client, requests } = await fakeApi(t, (response) => (answer = () => json(response, 200, grant(1))));
  const timers = new Set();
  const real = { setTimeout, clearTimeout };
  t.after(() => Object.assign(globalThis, real));
  globalThis.setTimeout = (...args) => {
    const timer = real.setTimeout(...args);
    timers.add(timer);
    return timer;
  };
  globalThis.clearTimeout = (timer) => (timers.delete(timer), real.clearTimeout(timer));
  const callers = Array.from({ length: 100_000 }, () => client.getToken({ timeoutMs: 60_000 })); // on a busy machine
  const armed = timers.size;
  Object.assign(globalThis, real);
  while (!answer) await sleep(5);
  answer();
  const tokens = await Promise.all(callers);
  assert.ok(tokens.every(({ accessToken }) => accessToken == 'token-1'));
  assert.equal(requests.length, 1);
  assert.ok(armed <= 2, `${armed} timers`);
});

test('each caller has its own deadline and its own signal', async (t) => {
  const { client, requests } = await fakeApi(t, () => {});
  const start = performance.now();
  const durationOf = async (options) => {
    const error = await client.getToken(options).catch((error) => error);
    return [error.code, performance.now() - start];
  };
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 350);
  const results = await Promise.all([
    durationOf({ timeoutMs: 600 }),
    durationOf({ timeoutMs: 200 }),
    durationOf({ timeoutMs: 900 }),
    durationOf({ timeoutMs: 2000, signal: controller.signal }),
  ]);
  assert.deepEqual(
    results.map(([code]) => code),
    ['timeout', 'timeout', 'timeout', 'aborted'],
  );
  for (const [i, ms] of [600, 200, 900, 350].entries())
    assert.ok(results[i][1] >= ms - 2 && results[i][1] < ms + 190, `${i}: ${results[i][1]}`);
  assert.equal(requests.length, 1);
});

test('a caller with a later deadline still waits after the others failed', async (t) => {
  const { client } = await fakeApi(t, (response, request, n) =>
    n < 3 ? json(response, 503, {}) : json(response, 200, grant(n)),
  );
  const patient = client.getToken({ timeoutMs: 20_000 });
  const short = await Promise.allSettled([client.getToken({ timeoutMs: 400 }), client.getToken({ timeoutMs: 600 })]);
  assert.ok(short.every(({ reason }) => failsWith('server_error', { status: 503 })(reason)));
  assert.equal((await patient).accessToken, 'token-3');
});

test('a caller whose deadline cannot be met fails immediately, also beside a caller that waits longer', async (t) => {
  const { client, requests } = await fakeApi(t, (response) => json(response, 429, {}, { 'Retry-After': '30' }));
  const patient = client.getToken({ timeoutMs: 120_000 });
  patient.catch(() => {});
  const start = performance.now();
  await assert.rejects(client.getToken({ timeoutMs: 8000 }), failsWith('rate_limited'));
  const error = await client.getToken({ timeoutMs: 8000 }).catch((error) => error);
  failsWith('rate_limited')(error);
  assert.ok(error.retryAfterMs > 25_000 && error.retryAfterMs <= 30_000);
  assert.ok(performance.now() - start < 3000);
  assert.equal(requests.length, 1);
});

test('500 clients that were made and disposed of leave nothing behind', async (t) => {
  const api = await fakeApi(t);
  const head = [];
  const channels = new Set();
  let compiled = 0;
  const real = { compile: WebAssembly.compile, BroadcastChannel: globalThis.BroadcastChannel };
  WebAssembly.compile = (...args) => (compiled++, real.compile.apply(WebAssembly, args));
  globalThis.BroadcastChannel = class extends real.BroadcastChannel {
    constructor(name) {
      super(name);
      channels.add(this);
    }
    close() {
      super.close();
      channels.delete(this);
    }
  };
  globalThis.location = { origin: 'https://shop.example' };
  globalThis.addEventListener = globalThis.removeEventListener = () => {};
  globalThis.document = {
    createElement: () => ({
      remove() {
        head.splice(head.indexOf(this), 1);
      },
    }),
    head: { append: (link) => head.push(link) },
  };
  t.after(() => {
    Object.assign(globalThis, { BroadcastChannel: real.BroadcastChannel });
    WebAssembly.compile = real.compile;
    for (const name of ['location', 'document', 'addEventListener', 'removeEventListener']) delete globalThis[name];
  });
  const bytes = Uint8Array.from(wasm);
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 500; i++) {
    const client = createFromDomainKey(`key-${i % 50}`, 'the-api-key', { endpoint: api.endpoint, wasm: bytes });
    if (i < 100) await client.getToken();
    client.dispose();
  }
  await sleep(LINGER_MS + 500);
  assert.equal(head.length, 0, 'links');
  assert.equal(channels.size, 0, 'channels');
  assert.equal(compiled, 1, 'modules');
  assert.equal(process.getActiveResourcesInfo().filter((kind) => kind == 'Timeout').length <= 1, true, 'timers');
  runInNewContext('gc')();
  await sleep(100);
  runInNewContext('gc')();
  const more = process.memoryUsage().arrayBuffers - before;
  assert.ok(more < 600_000, `${more} bytes of buffers more; an instance has 262,144`);
});

test('an exception of the log, the storage or the channel does not affect the client', async (t) => {
  globalThis.location = { origin: 'https://shop.example' };
  globalThis.addEventListener = globalThis.removeEventListener = () => {};
  globalThis.document = {
    get head() {
      throw new Error('shadowed');
    },
    createElement: () => ({}),
  };
  const real = globalThis.BroadcastChannel;
  globalThis.BroadcastChannel = class {
    constructor() {
      throw new DOMException('The operation is insecure.', 'SecurityError');
    }
  };
  Object.defineProperty(globalThis, 'sessionStorage', {
    configurable: true,
    get() {
      throw new DOMException('denied', 'SecurityError');
    },
  });
  t.after(() => {
    globalThis.BroadcastChannel = real;
    for (const name of ['location', 'document', 'addEventListener', 'removeEventListener', 'sessionStorage'])
      delete globalThis[name];
  });
  const { client } = await fakeApi(t, undefined, {
    persist: 'session',
    log: () => {
      throw new Error('the log is full');
    },
  });
  assert.equal((await client.getToken()).accessToken, 'token-1');
  client.forget();
  assert.equal((await client.getToken()).accessToken, 'token-2');
});

test('the log has all events, and no key or token', async (t) => {
  const entries = [];
  const { client } = await fakeApi(
    t,
    (response, request, n) =>
      n == 1
        ? json(response, 200, grant(1), { 'x-quota-usage': '3' })
        : json(response, 403, { error: { reason: 'key_revoked' } }),
    { log: (entry) => entries.push(entry) },
  );
  await client.getToken();
  await sleep(1000);
  await client.getToken({ forceRefresh: true }).catch(() => {});
  assert.deepEqual(
    entries.map(({ type }) => type),
    ['request', 'quota', 'token', 'request', 'expired', 'error'],
  );
  const [first, , token, second, , error] = entries;
  assert.deepEqual([first.status, new URL(first.url).pathname], [200, '/v1/auth']);
  assert.deepEqual([token.from, token.products], ['api', ['chatbot']]);
  assert.deepEqual([second.status, new URL(second.url).pathname], [403, '/v1/refreshToken']);
  assert.deepEqual([error.code, error.status], ['key_revoked', 403]);
  assert.doesNotMatch(JSON.stringify(entries), /token-1|the-domain-key|the-api-key/);
});

test('in Angular, no background timer runs in its zone', async (t) => {
  const real = globalThis.setTimeout;
  const inZone = [];
  globalThis.Zone = { __symbol__: (name) => `__zone_symbol__${name}` };
  globalThis.__zone_symbol__setTimeout = real;
  globalThis.setTimeout = (run, ms, ...more) => {
    const timer = real(run, ms, ...more);
    if (/inbenta-auth\.js/.test(new Error().stack)) inZone.push(timer);
    return timer;
  };
  t.after(() => {
    globalThis.setTimeout = real;
    delete globalThis.Zone;
    delete globalThis.__zone_symbol__setTimeout;
  });
  const { client } = await fakeApi(t);
  await client.getToken();
  await sleep(50);
  assert.ok(inZone.length, 'what a caller waits for is in it');
  const pending = inZone.filter((timer) => !timer._destroyed && timer._onTimeout);
  assert.equal(pending.length, 0);
});
