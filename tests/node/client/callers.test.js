// What callers get, and when to the millisecond: deadlines, failures, valid tokens, clients that come and go.

import assert from 'node:assert/strict';
import test from 'node:test';
import { createFromSecret } from 'inbenta-auth/server';
import { AuthError, createFromAccessToken, createFromDomainKey } from '../../../dist/inbenta-auth.js';
import { failsWith, grant, wasm } from './fake-api.js';
import { ENDPOINT, makeWorld, reply, withStorage } from './world.js';

const paths = ({ requests }) => requests.map(({ url }) => url.replace(ENDPOINT, ''));

/** Asserts that a call fails with this code and these fields. */
async function fails(world, promise, code, more) {
  failsWith(code, more)(await world.failure(promise));
}

/** Deadlines may be rounded up a little, so that many callers have one. */
const assertTook = (ms, wanted) => assert.ok(ms >= wanted && ms <= (wanted * 33) / 32 + 128, `${ms} for ${wanted} ms`);

/** Grants the first request only. */
const once = (then) => (request, n) => (n == 1 ? reply(200, grant(n)) : then(request, n));
const down = () => reply(503, {});
const silent = () => undefined;

const isWiped = ({ memory }) => new Uint8Array(memory.buffer).every((byte) => byte == 0);

test('clients share a source if each option is the same', async (t) => {
  const world = makeWorld(t);
  const other = await WebAssembly.compile(wasm);
  const options = [
    {},
    { endpoint: 'https://api.example/v2' },
    { domainKeyName: 'domain_key' },
    { autoRefresh: false },
    { shareAcrossTabs: false },
    { allowInsecure: true },
    { persist: 'session' },
    { wasm: other },
  ];
  const keys = [
    ['the-domain-key', 'k2'],
    ['d2', 'the-api-key'],
  ];
  for (const round of [1, 2]) {
    for (const each of options) await world.until(world.client(each).getToken());
    for (const pair of keys)
      await world.until(world.client({}, (a, b, each) => createFromDomainKey(...pair, each)).getToken());
    assert.equal(world.requests.length, options.length + keys.length, `round ${round}`);
  }
});

test('on a server, clients of different users have sources of their own', async (t) => {
  const world = makeWorld(t);
  for (const userPersonalSecret of ['one', 'two', 'one'])
    await world.until(
      world
        .client({}, (domainKey, apiKey, { endpoint }) =>
          createFromSecret('secret', apiKey, { endpoint, userPersonalSecret }),
        )
        .getToken(),
    );
  assert.equal(world.requests.length, 2);
});

test('a source lives for five seconds after its last client, or longer if a client comes', async (t) => {
  const world = makeWorld(t);
  const [first, second] = [world.client(), world.client()];
  await world.until(Promise.all([first.getToken(), second.getToken()]));
  first.dispose();
  first.dispose();
  await world.pass(10_000);
  assert.equal(second.token.accessToken, 'token-1', 'the other client keeps the source');
  second.dispose();
  assert.ok(
    [...world.timers.all].every(({ isBackground }) => isBackground),
    'nothing keeps a process alive',
  );
  await world.pass(4999);
  const third = world.client();
  assert.equal((await world.until(third.getToken())).accessToken, 'token-1');
  await world.pass(6000);
  assert.equal(third.token.accessToken, 'token-1', 'the timer of the last client is stopped');
  third.dispose();
  await world.pass(4999);
  assert.ok(!isWiped(world));
  await world.pass(1);
  assert.ok(isWiped(world));
  assert.equal((await world.until(world.client().getToken())).accessToken, 'token-2');
  assert.equal(world.requests.length, 2);
});

test('a client with its own token shares it with nobody and is wiped when it is disposed of', async (t) => {
  const world = makeWorld(t);
  const create = (domainKey, apiKey, options) =>
    createFromAccessToken({ accessToken: 'mine', expires_in: 1200 }, apiKey, options);
  const [first, second] = [world.client({}, create), world.client({}, create)];
  await world.until(Promise.all([first.getToken(), second.getToken()]));
  first.invalidate('mine');
  assert.equal(first.token, null);
  assert.equal(second.token.accessToken, 'mine');
  second.dispose();
  assert.ok(isWiped(world));
});

test('nothing is left of a client that is disposed of while its module starts', async (t) => {
  const world = makeWorld(t);
  const client = world.client({ shareAcrossTabs: false }, (domainKey, apiKey, options) =>
    createFromAccessToken({ accessToken: 'mine', expires_in: 1 }, apiKey, options),
  );
  const asked = client.getToken({ forceRefresh: true });
  client.dispose();
  await fails(world, asked, 'disposed');
  await world.pass(1000);
  assert.equal(world.requests.length, 0);
  assert.ok(isWiped(world));
});

test('each caller has a deadline of its own, and there is one timer for all', async (t) => {
  const world = makeWorld(t, { answer: silent });
  const client = world.client();
  const controller = new AbortController();
  const ms = [600, 200, 900, 2000];
  const calls = ms.map((timeoutMs) =>
    client.getToken({ timeoutMs, signal: timeoutMs == 2000 ? controller.signal : undefined }),
  );
  const results = Promise.all(calls.map(world.rejection));
  await world.pass(0);
  assert.equal([...world.timers.all].filter(({ isBackground }) => !isBackground).length, 1, 'the core’s');
  await world.pass(700);
  controller.abort();
  await world.pass(1000);
  for (const [i, error] of (await results).entries()) {
    failsWith(i == 3 ? 'aborted' : 'timeout', { retryable: i != 3 })(error);
    assertTook(error.ms, [600, 200, 900, 700][i]);
  }
  assert.equal(world.requests.length, 1);
});

test('while the module loads, callers have their deadlines, too, and one timer', async (t) => {
  const world = makeWorld(t, { answer: silent });
  const client = world.client({ wasm: 'https://shop.example/hangs.wasm' });
  const ms = [600, 900, 0, 200];
  const results = ms.map((timeoutMs) => world.rejection(client.getToken({ timeoutMs })));
  assert.equal((await results[2]).ms, 0);
  assert.equal(
    [...world.timers.all].filter(({ isBackground }) => !isBackground).length,
    2,
    'that one and the download’s',
  );
  await world.pass(900);
  for (const [i, error] of (await Promise.all(results)).entries())
    failsWith('timeout', { ms: ms[i], retryable: true, attempts: 0 })(error);
  assert.equal([...world.timers.all].filter(({ isBackground }) => !isBackground).length, 1, 'the download’s');
});

test('of a crowd with more than 256 deadlines, nobody waits longer than a thirty-second more, nor less', async (t) => {
  const world = makeWorld(t, { answer: silent });
  const client = world.client({ timeoutMs: 60_000 });
  const ms = Array.from({ length: 1000 }, (_, i) => 1000 + 7 * i);
  const results = ms.map((timeoutMs) => world.rejection(client.getToken({ timeoutMs })));
  await world.pass(10_000);
  const late = (await Promise.all(results)).map((error, i) => (failsWith('timeout')(error), error.ms - ms[i]));
  assert.deepEqual(new Set(late.slice(0, 256)), new Set([0]));
  for (const [i, more] of late.entries()) assert.ok(more >= 0 && more <= ms[i] / 32, `${ms[i]}: ${more}`);
  assert.ok(new Set(late).size > 1, 'the core knows fewer deadlines');
  assert.equal(world.requests.length, 1);
});

test('a caller without a deadline in the range of timers waits', async (t) => {
  const world = makeWorld(t, { answer: silent });
  const client = world.client();
  let result;
  client.getToken({ timeoutMs: Infinity }).then((token) => (result = token));
  await world.pass(3_600_000);
  assert.equal(result, undefined);
  world.answer = (request, n) => reply(200, grant(n));
  await world.pass(120_000);
  assert.match(result.accessToken, /^token/);
});

test('an abort listener is removed with the answer', async (t) => {
  const world = makeWorld(t);
  const listeners = new Set();
  const signal = {
    aborted: false,
    addEventListener: (type) => listeners.add(type),
    removeEventListener: (type) => listeners.delete(type),
  };
  const call = world.client().getToken({ signal });
  assert.deepEqual([...listeners], ['abort']);
  await world.until(call);
  assert.equal(listeners.size, 0);
});

test('wrong options of getToken reject with invalid_config', async (t) => {
  const world = makeWorld(t);
  const client = world.client();
  for (const options of [
    { timeoutMs: -1 },
    { timeoutMs: '10' },
    { minValidityMs: -1 },
    { minValidityMs: NaN },
    { signal: {} },
    { signal: 'now' },
  ]) {
    const error = await world.failure(client.getToken(options));
    failsWith('invalid_config')(error);
    assert.ok(error.hint.includes(Object.keys(options)[0]), 'the hint names it');
  }
  await fails(world, client.getToken({ timeoutMs: 1, signal: { aborted: true, reason: 'mine' } }), 'invalid_config');
  assert.equal(world.requests.length, 0);
  assert.ok(await world.until(client.getToken(null)));
  await fails(world, client.getToken({ signal: AbortSignal.abort('mine') }), 'aborted', { cause: 'mine' });
});

test('the error says exactly when the next try is', async (t) => {
  const world = makeWorld(t, { answer: () => reply(429, {}, { 'Retry-After': '30' }) });
  const client = world.client();
  const first = await world.failure(client.getToken({ timeoutMs: 25_000 }));
  failsWith('rate_limited', { retryAfterMs: 30_000, attempts: 1, status: 429, ms: 0 })(first);
  const patient = client.getToken({ timeoutMs: 60_000 });
  await world.pass(10_000);
  await fails(world, client.getToken({ timeoutMs: 8000 }), 'rate_limited', { retryAfterMs: 20_000, ms: 0 });
  await fails(world, client.getToken({ timeoutMs: 15_000 }), 'rate_limited', { retryAfterMs: 20_000, ms: 0 });
  assert.equal(world.requests.length, 1);
  world.answer = (request, n) => reply(200, grant(n));
  const inTime = client.getToken({ timeoutMs: 25_000 });
  assert.equal((await world.until(patient)).accessToken, 'token-2');
  assert.equal((await inTime).accessToken, 'token-2');
  assert.equal(world.requests[1].at - world.requests[0].at, 30_000);
});

test('a caller whose time is up has the failure since it asked, else a timeout', async (t) => {
  const world = makeWorld(t, { answer: (request, n) => (n == 1 ? reply(503, {}) : undefined) });
  const client = world.client();
  const patient = client.getToken({ timeoutMs: 60_000 });
  patient.catch(() => {});
  await world.pass(1500); // the second request is under way
  assert.equal(world.requests.length, 2);
  const error = await world.failure(client.getToken({ timeoutMs: 500 }));
  failsWith('timeout', { retryable: true })(error);
  assertTook(error.ms, 500);
});

test('a caller that waits longer than others is not told of their failure', async (t) => {
  const world = makeWorld(t, { answer: (request, n) => (n < 3 ? reply(503, {}) : reply(200, grant(n))) });
  const client = world.client();
  const patient = client.getToken({ timeoutMs: 20_000 });
  const short = [400, 600].map((timeoutMs) => world.rejection(client.getToken({ timeoutMs })));
  await world.pass(600);
  for (const error of short) failsWith('server_error', { status: 503 })(await error);
  assert.equal((await world.until(patient)).accessToken, 'token-3');
});

test('while the API hangs, a caller gets the token that is valid for less than it asked for, in time', async (t) => {
  const world = makeWorld(t, { answer: once(silent) });
  const client = world.client({ autoRefresh: false });
  await world.until(client.getToken());
  await world.pass(1_180_000); // 20 s are left
  const start = world.ms;
  assert.equal((await world.until(client.getToken({ timeoutMs: 500 }))).accessToken, 'token-1');
  assertTook(world.ms - start, 500);
  const forced = await world.failure(client.getToken({ timeoutMs: 300, forceRefresh: true }));
  failsWith('timeout')(forced);
  assertTook(forced.ms, 300);
  const hanging = world.ms;
  assert.equal((await world.until(client.getToken())).accessToken, 'token-1');
  assert.ok(world.ms - hanging <= 2000);
  assert.equal(paths(world).length, 2);
});

test('while the API is down, a caller gets the valid token at once, and forceRefresh its error', async (t) => {
  const world = makeWorld(t, { answer: once(() => reply(503, {}, { 'Retry-After': '40' })) });
  const client = world.client({ autoRefresh: false });
  await world.until(client.getToken());
  await world.pass(1_150_000); // 50 s are left
  await fails(world, client.getToken({ timeoutMs: 5000, forceRefresh: true }), 'server_error', { ms: 0 });
  const start = world.ms;
  assert.equal((await world.until(client.getToken({ timeoutMs: 5000, minValidityMs: 60_000 }))).accessToken, 'token-1');
  assert.equal(world.ms, start);
  await fails(world, client.getToken({ timeoutMs: 5000, forceRefresh: true }), 'server_error', { ms: 0 });
  assert.equal(paths(world).length, 2);
});

test('minValidityMs is met by a quarter of a short life, and by nothing that has expired', async (t) => {
  const world = makeWorld(t, { answer: (request, n) => reply(200, grant(n, 40)) });
  const client = world.client({ autoRefresh: false });
  await world.until(client.getToken());
  await world.pass(30_000); // 10 s of 40 are left
  assert.equal(client.getToken(), client.getToken(), 'from memory');
  assert.equal((await world.until(client.getToken())).accessToken, 'token-1');
  await world.pass(1);
  assert.equal((await world.until(client.getToken({ minValidityMs: 9999 }))).accessToken, 'token-1');
  assert.equal((await world.until(client.getToken())).accessToken, 'token-2');
  await world.pass(40_000);
  assert.equal(client.token, null);
  assert.equal((await world.until(client.getToken({ minValidityMs: 0 }))).accessToken, 'token-3');
});

test('callers who have all gone ask for nothing more', async (t) => {
  const world = makeWorld(t, { answer: down });
  const client = world.client({ autoRefresh: false });
  const controller = new AbortController();
  const calls = [1, 2].map(() => client.getToken({ timeoutMs: 3_600_000, signal: controller.signal }));
  const results = calls.map(world.rejection);
  await world.pass(5000);
  const before = world.requests.length;
  assert.ok(before >= 2);
  controller.abort(new Error('gone'));
  for (const result of results) failsWith('aborted')(await result);
  await world.pass(600_000);
  assert.equal(world.requests.length, before);
  assert.equal([...world.timers.all].filter(({ isBackground }) => !isBackground).length, 0);
});

test('calls with the same wish are one waiter of the core, others are another one; one request for all', async (t) => {
  const world = makeWorld(t);
  const client = world.client();
  const tokens = await world.until(
    Promise.all([
      client.getToken(),
      client.getToken({ minValidityMs: 1 }),
      client.getToken({ forceRefresh: true }),
      client.getToken(),
    ]),
  );
  assert.equal(new Set(tokens).size, 1);
  assert.equal(world.requests.length, 1);
  const before = client.token;
  await world.pass(1000);
  const [forced, plain] = await world.until(
    Promise.all([client.getToken({ forceRefresh: true }), client.getToken({ minValidityMs: 0 })]),
  );
  assert.equal(plain, before, 'a caller of the valid token does not wait for the forced one');
  assert.equal(forced.accessToken, 'token-2');
});

test('a caller that leaves takes nobody along who asked for the same', async (t) => {
  const world = makeWorld(t, { answer: silent });
  const client = world.client();
  const controller = new AbortController();
  const leaving = world.rejection(client.getToken({ signal: controller.signal }));
  const staying = client.getToken();
  await world.pass(100);
  controller.abort();
  failsWith('aborted')(await leaving);
  await world.pass(100);
  world.requests[0].answer(reply(200, grant(1)));
  assert.equal((await world.until(staying)).accessToken, 'token-1');
});

test('callers for whom the core has no room fail with out_of_memory; the others are answered', async (t) => {
  const world = makeWorld(t, { answer: silent });
  const client = world.client();
  const calls = Array.from({ length: 5000 }, (_, minValidityMs) => client.getToken({ minValidityMs }).catch((e) => e));
  await world.pass(100);
  world.requests[0].answer(reply(200, grant(1)));
  const results = await world.until(Promise.all(calls));
  const isAnswered = results.map(({ accessToken }) => accessToken == 'token-1');
  const room = isAnswered.indexOf(false);
  assert.ok(room > 500, `room for ${room}`);
  for (const error of results.slice(room)) failsWith('out_of_memory', { retryable: true })(error);
  assert.ok(isAnswered.slice(0, room).every(Boolean));
});

test('wake-ups end our own wait, and not that of the server', async (t) => {
  for (const [headers, expected] of [
    [{}, 2],
    [{ 'Retry-After': '50' }, 1],
  ]) {
    const world = makeWorld(t, { answer: (request, n) => (n == 1 ? reply(503, {}, headers) : reply(200, grant(n))) });
    const client = world.client({ autoRefresh: false });
    const call = client.getToken({ timeoutMs: 3_600_000 });
    await world.pass(0);
    world.ms += 1000; // asleep: no timer runs
    await world.dispatch('online');
    await world.pass(0);
    assert.equal(world.requests.length, expected);
    await world.until(call);
    await world.end();
  }
});

test('after a wake-up, a caller with little time tries instead of getting the last failure', async (t) => {
  const world = makeWorld(t, { answer: down });
  const client = world.client({ autoRefresh: false });
  const patient = client.getToken({ timeoutMs: 600_000 });
  patient.catch(() => {});
  await world.pass(100_000); // waits are long now
  const before = world.requests.length;
  world.answer = (request, n) => reply(200, grant(n));
  await world.dispatch('visibilitychange');
  const start = world.ms;
  await world.until(client.getToken({ timeoutMs: 2000 }));
  assert.ok(world.ms - start <= 1000);
  assert.equal(world.requests.length, before + 1);
  await patient;
});

test('in a hidden page, the background sleeps, and events of a hidden page wake nothing', async (t) => {
  const world = makeWorld(t);
  const page = { visibilityState: 'hidden' };
  world.replace(globalThis, 'document', page);
  const client = world.client();
  client.addEventListener('token', ({ detail }) => detail.accessToken);
  await world.until(client.getToken());
  await world.pass(2_400_000);
  await world.dispatch('resume');
  await world.pass(60_000);
  assert.equal(world.requests.length, 1);
  assert.equal([...world.timers.all].length, 0);
  world.answer = (request, n) => (n == 2 ? reply(503, {}) : reply(200, grant(n)));
  assert.equal((await world.until(client.getToken())).accessToken, 'token-3', 'for a caller it works on');
  await world.pass(2_400_000);
  assert.equal(world.requests.length, 3);
  page.visibilityState = 'visible';
  await world.dispatch('visibilitychange');
  await world.pass(0);
  assert.equal(world.requests.length, 4);
  client.dispose();
  await world.pass(5000);
  assert.deepEqual([...world.listeners.values()].flat(), [], 'no listener is left');
});

test('a trap fails all who wait with wasm_unavailable; the next call starts a new instance with the valid token', async (t) => {
  const world = makeWorld(t, { answer: once(silent) });
  const client = world.client({ autoRefresh: false });
  const seen = [];
  client.addEventListener('error', ({ detail }) => seen.push(detail.code));
  await world.until(client.getToken());
  await world.pass(1000);
  const [one, two] = [0, 1].map((minValidityMs) =>
    world.rejection(client.getToken({ forceRefresh: true, minValidityMs })),
  );
  await world.pass(0);
  assert.equal(world.requests.length, 2);
  world.isTrapping = true;
  await world.dispatch('online');
  world.isTrapping = false;
  for (const error of [await one, await two]) {
    failsWith('wasm_unavailable', { retryable: false })(error);
    assert.ok(error.cause instanceof WebAssembly.RuntimeError);
  }
  assert.deepEqual(seen, ['wasm_unavailable']);
  assert.ok(isWiped(world));
  assert.equal(world.requests[1].signal.aborted, true);
  assert.equal((await world.until(client.getToken())).accessToken, 'token-1');
  world.answer = (request, n) => reply(200, grant(n));
  assert.equal((await world.until(client.getToken({ forceRefresh: true }))).accessToken, 'token-3');
  assert.equal(paths(world).at(-1), '/refreshToken', 'the new instance has the token');
});

test('a module that cannot be had is an error event, and the next call tries again', async (t) => {
  const world = makeWorld(t, {
    answer: (request, n) =>
      request.url.endsWith('.wasm') ? (n == 1 ? reply(404, {}) : new Response(wasm)) : reply(200, grant(n)),
  });
  const links = [];
  const isThere = [];
  world.replace(globalThis, 'document', {
    createElement: (name) => ({ name, remove: () => isThere.pop() }),
    head: { append: (link) => isThere.push(links.push({ ...link })) },
  });
  const client = world.client({ wasm: 'https://shop.example/x.wasm' });
  const seen = [];
  client.addEventListener('error', ({ detail }) => seen.push(detail.code));
  const failed = client.getToken();
  assert.deepEqual(
    links.map(({ name, rel, href, crossOrigin }) => [name, rel, href, crossOrigin]),
    [['link', 'preconnect', ENDPOINT, '']],
  );
  await fails(world, failed, 'wasm_unavailable');
  assert.deepEqual(seen, ['wasm_unavailable']);
  assert.equal((await world.until(client.getToken())).accessToken, 'token-3');
  assert.equal(links.length, 1);
  assert.equal(isThere.length, 0, 'the <link> is removed');
  assert.deepEqual(
    [world.requests[0].credentials, world.requests[0].url],
    ['same-origin', 'https://shop.example/x.wasm'],
  );
});

test('forget drops the token and its stored copy, also before the first call; the client goes on', async (t) => {
  const world = makeWorld(t);
  const items = withStorage(world);
  items.set('other', 'stays');
  const client = world.client({ persist: 'session' });
  const seen = [];
  client.addEventListener('expired', () => seen.push('expired'));
  await world.until(client.getToken());
  assert.equal(items.size, 2);
  client.forget();
  await world.pass(0);
  assert.deepEqual(seen, ['expired']);
  assert.equal(client.token, null);
  assert.deepEqual([...items.keys()], ['other']);
  assert.equal((await world.until(client.getToken())).accessToken, 'token-2');
  const { createFromDomainKey: another } = await world.open();
  const early = world.client({ persist: 'session' }, another);
  early.forget();
  assert.deepEqual([...items.keys()], ['other']);
  for (const each of [client, early]) {
    each.dispose();
    each.forget();
    each.invalidate('token-2');
    assert.equal(each.token, null);
  }
  await world.pass(5000);
  assert.deepEqual([...world.listeners.values()].flat(), [], 'nothing is started by a client that is disposed of');
});

test('after forget, a page view that got its token from storage sends nothing until somebody asks', async (t) => {
  const world = makeWorld(t);
  const items = withStorage(world);
  await world.until(world.client({ persist: 'session' }).getToken());
  const { createFromDomainKey: another } = await world.open();
  const client = world.client({ persist: 'session' }, another);
  client.addEventListener('token', ({ detail }) => detail); // it uses every token
  assert.equal((await world.until(client.getToken())).accessToken, 'token-1');
  client.forget();
  const sent = world.requests.length;
  assert.deepEqual([client.token, items.size], [null, 0]);
  await world.pass(600_000);
  assert.deepEqual([client.token, items.size, world.requests.length], [null, 0, sent]);
  assert.equal((await world.until(client.getToken())).accessToken, 'token-2');
  assert.equal(items.size, 1);
});

test('after forget, reauthorize is called only when somebody asks', async (t) => {
  const world = makeWorld(t);
  let calls = 0;
  const client = asking(world, async () => ({ accessToken: `new-${++calls}`, expires_in: 1200 }), {
    autoRefresh: true,
  });
  client.addEventListener('token', ({ detail }) => detail); // it uses every token
  await world.until(client.getToken({ forceRefresh: true }));
  await world.pass(10_000);
  const before = [calls, world.requests.length];
  client.forget();
  await world.pass(600_000);
  assert.deepEqual([client.token, calls, world.requests.length], [null, ...before]);
  assert.equal((await world.until(client.getToken())).accessToken, `new-${before[0] + 1}`);
});

test('forget is for clients with the same options: one without persist leaves what one with persist has', async (t) => {
  const world = makeWorld(t, { isPage: true });
  const items = withStorage(world);
  const clients = [{}, { minValidityMs: 0 }, { persist: 'session' }].map((more) => world.client(more));
  const [plain, , stored] = clients;
  const tokens = () => [...clients.map(({ token }) => token?.accessToken), items.size];
  for (const client of clients) await world.until(client.getToken());
  assert.deepEqual(tokens(), ['token-1', 'token-1', 'token-1', 1]);
  plain.forget();
  await world.pass(1000);
  assert.deepEqual(tokens(), [undefined, undefined, 'token-1', 1]);
  await world.until(plain.getToken());
  await world.pass(1000);
  assert.deepEqual(tokens(), ['token-2', 'token-2', 'token-2', 1], 'as among tabs');
  stored.forget();
  await world.pass(1000);
  assert.deepEqual(tokens(), ['token-2', 'token-2', undefined, 0]);
  assert.equal(world.requests.length, 2);
  await world.until(plain.getToken({ forceRefresh: true }));
  await world.pass(1000);
  assert.deepEqual(tokens(), ['token-3', 'token-3', 'token-3', 1]);
});

test('the stored token is used without a request, and kept fresh; a revoked key clears it', async (t) => {
  const world = makeWorld(t);
  const items = withStorage(world);
  await world.until(world.client({ persist: 'session' }).getToken());
  const [[, stored]] = items;
  await world.pass(1000);
  const log = [];
  const { createFromDomainKey: another } = await world.open();
  const client = world.client({ persist: 'session', log: (entry) => log.push(entry) }, another);
  assert.equal((await world.until(client.getToken())).accessToken, 'token-1');
  assert.equal(client.token.expiresAt, JSON.parse(stored).expiresAt);
  assert.deepEqual([log[0].type, log[0].from, log[0].products], ['token', 'session', ['chatbot']]);
  assert.equal(world.requests.length, 1);
  world.answer = () => reply(403, { error: { reason: 'key_revoked' } });
  await fails(world, client.getToken({ forceRefresh: true }), 'key_revoked');
  assert.equal(items.size, 0);
});

test('a token that was invalidated is not taken back from storage', async (t) => {
  const world = makeWorld(t);
  const items = new Map();
  world.replace(globalThis, 'sessionStorage', {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => items.set(key, value),
    removeItem() {}, // it cannot be removed
  });
  const client = world.client({ persist: 'session' });
  await world.until(client.getToken());
  client.invalidate('token-1');
  assert.equal((await world.until(client.getToken())).accessToken, 'token-2');
});

test('a token that the page gave is refreshed from the first use on, by itself', async (t) => {
  const world = makeWorld(t);
  const client = world.client({}, (domainKey, apiKey, options) =>
    createFromAccessToken({ accessToken: 'mine', expires_in: 1200 }, apiKey, options),
  );
  await world.pass(1_190_000);
  assert.equal(world.requests.length, 0, 'nobody used it');
  assert.equal(client.token.accessToken, 'mine');
  await world.pass(1000);
  assert.deepEqual(paths(world), ['/refreshToken']);
  assert.equal(client.token.accessToken, 'token-1');
});

test('what reauthorize throws is the error, with the counts of the core', async (t) => {
  const world = makeWorld(t);
  let thrown = new AuthError('server_error', { status: 502, retryable: true, retryAfterMs: 7000, hint: 'Mine.' });
  const client = world.client(
    {
      autoRefresh: false,
      reauthorize: async () => {
        if (thrown) throw thrown;
        return { accessToken: 'new', expires_in: 1200 };
      },
    },
    (domainKey, apiKey, options) => createFromAccessToken({ accessToken: 'old', expires_in: 0 }, apiKey, options),
  );
  const seen = [];
  client.addEventListener('error', ({ detail }) => seen.push([detail.code, detail.hint, detail.attempts]));
  await fails(world, client.getToken({ timeoutMs: 300 }), 'server_error', {
    status: 502,
    hint: 'Mine.',
    retryAfterMs: 7000,
    attempts: 1,
    retryable: true,
  });
  thrown = new Error('a bug');
  await world.pass(7000);
  await fails(world, client.getToken(), 'reauthorize_failed', {
    cause: thrown,
    retryable: false,
    attempts: 2,
    retryAfterMs: 5000,
  });
  assert.deepEqual(
    seen.map(([code, , attempts]) => [code, attempts]),
    [
      ['server_error', 1],
      ['reauthorize_failed', 2],
    ],
  );
  thrown = undefined;
  await world.pass(60_000);
  assert.equal((await world.until(client.getToken())).accessToken, 'new');
});

test('the events of a client have their details, and end with dispose', async (t) => {
  const world = makeWorld(t);
  const log = [];
  const client = world.client({ log: (entry) => log.push(entry) });
  const seen = [];
  for (const type of ['request', 'token', 'expired', 'error', 'quota'])
    client.addEventListener(type, ({ detail }) => seen.push([type, detail?.accessToken ?? detail?.status]));
  await world.until(client.getToken());
  client.invalidate('another');
  assert.equal(client.token.accessToken, 'token-1');
  client.invalidate('token-1');
  client.invalidate('another');
  await world.pass(0);
  assert.deepEqual(seen, [
    ['request', 200],
    ['token', 'token-1'],
    ['expired', undefined],
  ]);
  assert.deepEqual(log, [
    { type: 'request', url: 'https://api.example/v1/auth', status: 200 },
    { type: 'token', expiresAt: log[1].expiresAt, products: ['chatbot'], from: 'api' },
    { type: 'expired' },
  ]);
  await world.until(client.getToken());
  client.invalidate('token-2');
  client.dispose(); // before the event is dispatched
  await world.pass(0);
  assert.equal(seen.length, 5);
  assert.equal(log.length, 5);
});

/** A client whose token has expired, and which asks the page. */
const asking = (world, reauthorize, options = {}) =>
  world.client({ autoRefresh: false, reauthorize, ...options }, (domainKey, apiKey, given) =>
    createFromAccessToken({ accessToken: 'old', expires_in: 0 }, apiKey, given),
  );

test('an error of reauthorize does not explain a later one', async (t) => {
  const world = makeWorld(t);
  const bug = new Error('a bug');
  let answer = () => Promise.reject(bug);
  const client = asking(world, () => answer());
  await fails(world, client.getToken(), 'reauthorize_failed', { cause: bug });
  await world.pass(60_000);
  answer = async () => ({ accessToken: 'late', expires_in: -9 });
  await fails(world, client.getToken(), 'bad_response', { cause: undefined });
});

test('an error of reauthorize does not explain a failure of /apis', async (t) => {
  const world = makeWorld(t, { answer: ({ url }) => reply(url.endsWith('/apis') ? 503 : 422, {}) });
  const reauthorize = () => Promise.reject(new Error('a bug'));
  const client = world.client({ autoRefresh: false, reauthorize }, (domainKey, apiKey, options) =>
    createFromAccessToken({ accessToken: 'old', expires_in: 1200 }, apiKey, options),
  );
  await fails(world, client.getToken({ forceRefresh: true }), 'reauthorize_failed');
  await fails(world, client.apiUrl('chatbot'), 'server_error', { status: 503 });
});

test('the codes of C that reauthorize throws are kept, and others as well', async (t) => {
  for (const code of ['credentials_rejected', 'rate_limited', 'redirect_refused', 'bad_response', 'wasm_unavailable']) {
    const world = makeWorld(t);
    const client = asking(world, async () => {
      throw new AuthError(code, { hint: 'Mine.', retryable: code == 'rate_limited' });
    });
    await fails(world, client.getToken({ timeoutMs: 100 }), code, { hint: 'Mine.', attempts: 1 });
    await world.end();
  }
  const world = makeWorld(t);
  const mistake = new AuthError('invalid_config', { hint: 'Mine.' });
  const client = asking(world, () => Promise.reject(mistake));
  await fails(world, client.getToken(), 'reauthorize_failed', { cause: mistake, hint: 'Mine.' });
});

test('the signal of reauthorize is aborted at its time and when the client is disposed of', async (t) => {
  const world = makeWorld(t);
  const signals = [];
  const client = asking(world, ({ signal }) => (signals.push(signal), new Promise(() => {})), { timeoutMs: 3000 });
  const call = world.rejection(client.getToken());
  await world.pass(2999);
  assert.equal(signals[0].aborted, false);
  await world.pass(1);
  assert.equal(signals[0].aborted, true);
  await world.pass(200);
  const error = await call;
  failsWith('timeout')(error);
  assertTook(error.ms, 3000);
  await world.pass(60_000);
  const second = world.rejection(client.getToken());
  await world.pass(10);
  client.dispose();
  failsWith('disposed')(await second);
  assert.deepEqual(
    signals.map(({ aborted }) => aborted),
    [true, true],
  );
});

test('a token of reauthorize is checked, kept, and said to be the page’s', async (t) => {
  const world = makeWorld(t);
  const log = [];
  const client = asking(world, async () => 'new', { log: (entry) => log.push(entry) });
  assert.equal((await world.until(client.getToken())).accessToken, 'new');
  assert.deepEqual([log[0].type, log[0].from], ['token', 'page']);
  assert.equal(client.token.expiresAt - Date.now(), 60_000);
  assert.equal(world.requests.length, 0);
});

test('a client that is only made does nothing; one that is disposed of refuses every call', async (t) => {
  const world = makeWorld(t);
  const client = world.client();
  client.invalidate('x');
  assert.equal(client.token, null);
  await world.pass(60_000);
  assert.deepEqual([world.listeners.size, world.timers.all.size, world.requests.length], [0, 0, 0]);
  await world.until(client.getToken());
  client[Symbol.dispose]();
  for (const call of [() => client.getToken(), () => client.apiUrl('chatbot'), () => client.fetch('chatbot')])
    await fails(world, call(), 'disposed');
});

test('a given token can be dropped, and a page can wake, before anything has started', async (t) => {
  const world = makeWorld(t);
  const client = asking(world, async () => 'new');
  const given = world.client({}, (domainKey, apiKey, options) =>
    createFromAccessToken({ accessToken: 'mine', expires_in: 1200 }, apiKey, {
      ...options,
      reauthorize: async () => 'new',
    }),
  );
  await world.dispatch('online');
  given.invalidate('mine');
  assert.equal(given.token, null);
  given.forget();
  assert.equal((await world.until(given.getToken())).accessToken, 'new');
  given.forget();
  assert.equal(given.token, null);
  assert.equal((await world.until(client.getToken())).accessToken, 'new');
});

test('a reauthorize that throws nothing is reauthorize_failed', async (t) => {
  const world = makeWorld(t);
  await fails(world, asking(world, () => Promise.reject()).getToken(), 'reauthorize_failed', { cause: undefined });
});

test('a reauthorize that returns nothing is reauthorize_failed, and the hint says so', async (t) => {
  for (const nothing of [undefined, null]) {
    const world = makeWorld(t);
    await fails(world, asking(world, async () => nothing).getToken(), 'reauthorize_failed', {
      hint: 'reauthorize returned no token.',
    });
    await world.end();
  }
});

test('a failure that passes leaves the stored token; a refusal clears it, and the valid token is served', async (t) => {
  const world = makeWorld(t);
  const items = withStorage(world);
  const client = world.client({ persist: 'session', autoRefresh: false });
  await world.until(client.getToken());
  await world.pass(1000);
  world.answer = down;
  await fails(world, client.getToken({ forceRefresh: true, timeoutMs: 500 }), 'server_error');
  assert.equal(items.size, 1);
  world.answer = () => reply(403, { error: { reason: 'origin_not_allowed' } });
  await world.pass(60_000);
  await fails(world, client.getToken({ forceRefresh: true }), 'origin_not_allowed');
  assert.equal(items.size, 0);
  assert.equal(client.token.accessToken, 'token-1');
});

test('while the module does not arrive, deadlines count: the valid token, else a timeout', async (t) => {
  const world = makeWorld(t, { answer: silent });
  const wasmUrl = 'https://shop.example/never.wasm';
  const client = world.client({ wasm: wasmUrl, timeoutMs: 60_000 });
  const error = await world.failure(client.getToken({ timeoutMs: 300 }));
  failsWith('timeout', { retryable: true })(error);
  assertTook(error.ms, 300);
  const given = world.client({ wasm: wasmUrl, timeoutMs: 60_000 }, (domainKey, apiKey, options) =>
    createFromAccessToken({ accessToken: 'mine', expires_in: 1200 }, apiKey, options),
  );
  await world.pass(1_190_000); // 10 s are left
  const start = world.ms;
  const forced = world.rejection(given.getToken({ timeoutMs: 300, forceRefresh: true }));
  const product = world.rejection(given.apiUrl('chatbot'));
  product.catch(() => {});
  assert.equal((await world.until(given.getToken({ timeoutMs: 300 }))).accessToken, 'mine');
  assertTook(world.ms - start, 300);
  await world.pass(100);
  failsWith('timeout')(await forced);
});
