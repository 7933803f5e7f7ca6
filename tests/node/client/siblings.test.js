// The other tabs, in simulated time: who sends a request, who answers whom, and what happens if a tab is lost.

import assert from 'node:assert/strict';
import test from 'node:test';
import { createFromAccessToken } from '../../../dist/inbenta-auth.js';
import { failsWith, grant, wasm } from './fake-api.js';
import { makeWorld, reply, withStorage } from './world.js';

/** Opens tabs with one client each. `tab.log` has what happens there, without the requests, which `world` counts. */
async function openTabs(world, count, options = {}) {
  const tabs = [];
  for (let i = 0; i < count; i++) {
    const { createFromDomainKey } = await world.open();
    const log = [];
    const add = (entry) => entry.type != 'request' && log.push(entry);
    tabs.push(Object.assign(world.client({ log: add, ...options }, createFromDomainKey), { log }));
  }
  return tabs;
}

/** All get a token. */
const allTokens = (world, tabs) => world.until(Promise.all(tabs.map((tab) => tab.getToken())));

/** Random numbers that differ. */
function series() {
  let state = 1;
  return () => (state = (state * 16807) % 2147483647) / 2147483647;
}

/** A channel beside those of the tabs, to listen and to speak. */
const outside = (world) => {
  const channel = new BroadcastChannel(world.siblingChannels()[0].name);
  channel.heard = [];
  channel.onmessage = ({ data }) => channel.heard.push(data);
  return channel;
};

const kinds = (world) => world.posted.map((message) => Object.keys(message)[0]);
const page = (t, answer) => makeWorld(t, { answer, isPage: true });
const refused = () => reply(403, { error: { code: 403, message: 'The key was revoked.', reason: 'key_revoked' } });

/** An answer after some time. */
const later = (world, ms, make) => (request, n) => {
  setTimeout(() => request.answer(make(request, n)), ms);
};

test('a tab asks the others first, holds the lock while it sends its request, and tells the token', async (t) => {
  const world = page(t);
  world.answer = later(world, 200, (request, n) => reply(200, grant(n)));
  const [tab] = await openTabs(world, 1);
  const start = world.ms;
  const call = tab.getToken();
  await world.pass(10);
  const [{ name }] = world.siblingChannels();
  assert.deepEqual([...world.locks.held.keys()], [name]);
  assert.deepEqual(world.posted, [{ going: true }]);
  await world.pass(24);
  assert.equal(world.requests.length, 0);
  await world.pass(2);
  assert.ok(world.requests[0].at - start >= 35);
  assert.equal(world.locks.held.size, 1);
  await world.until(call);
  await world.pass(0);
  assert.equal(world.locks.held.size, 0, 'a page that holds a lock is not frozen');
  assert.deepEqual(kinds(world), ['going', 'token']);
  const { token } = world.posted[1];
  assert.deepEqual([token.accessToken, Math.round(token.leftMs), token.lifetimeMs], ['token-1', 1_199_800, 1_200_000]);
  assert.equal(world.channels.size, 1, 'what measured the time of a message is closed');
});

test('on a busy machine, a tab waits for the others longer', async (t) => {
  const world = page(t);
  world.messageMs = 10;
  const [tab] = await openTabs(world, 1);
  const start = world.ms;
  await world.until(tab.getToken());
  assert.ok(world.requests[0].at - start >= 36 * 2 * 10, '36 times to and fro');
  assert.ok(world.requests[0].at - start <= 37 * 2 * 10);
});

test('the time that a free lock takes counts; after a longer one, a tab waits longer', async (t) => {
  const world = page(t);
  const [tab] = await openTabs(world, 1);
  await world.until(tab.getToken());
  const [{ name }] = world.siblingChannels();
  for (const [lockMs, requestMs] of [
    [10, 35],
    [16, 56],
    [100, 160],
  ]) {
    let free;
    world.locks.request(name, {}, () => new Promise((resolve) => (free = resolve)));
    await world.pass(1000); // the least time between two requests
    tab.forget();
    const start = world.ms;
    const call = tab.getToken();
    await world.pass(lockMs);
    free();
    await world.until(call);
    const waitedMs = world.requests.at(-1).at - start;
    assert.ok(waitedMs >= requestMs && waitedMs < requestMs + 2, `${waitedMs}`);
  }
});

test('a caller gets a token if another one leaves while the module loads', async (t) => {
  const world = page(t);
  for (const leave of [(signal) => ({ signal }), () => ({ timeoutMs: 0 })]) {
    const [tab] = await openTabs(world, 1);
    const stays = tab.getToken();
    const aborted = new AbortController();
    const leaves = tab.getToken({ minValidityMs: 5, ...leave(aborted.signal) }).catch(({ code }) => code);
    aborted.abort();
    assert.match(await world.until(leaves), /aborted|timeout/);
    assert.match((await world.until(stays)).accessToken, /^token-/);
    tab.dispose();
    await world.pass(10_000);
  }
});

test('20 tabs at once: one request, two messages, one token, and nobody waits in a queue afterwards', async (t) => {
  const world = page(t);
  world.random = series();
  world.answer = later(world, 200, (request, n) => reply(200, grant(n)));
  const tabs = await openTabs(world, 20);
  const tokens = await allTokens(world, tabs);
  assert.deepEqual(new Set(tokens.map(({ accessToken }) => accessToken)), new Set(['token-1']));
  assert.equal(world.requests.length, 1);
  assert.deepEqual(kinds(world), ['going', 'token']);
  await world.pass(10);
  const [{ name }] = world.siblingChannels();
  assert.equal(world.locks.held.size, 0);
  assert.equal(world.locks.waiting(name), 0);
  assert.deepEqual(new Set(tabs.map(({ log }) => log.map(({ from }) => from).join())), new Set(['api', 'tab']));
  await world.pass(60_000);
  assert.equal(world.requests.length, 1, 'nobody steals a lock that is free');
});

test('a tab that comes later gets the token from one tab, with what is left of it', async (t) => {
  const world = page(t);
  world.random = series();
  await allTokens(world, await openTabs(world, 5));
  await world.pass(100_000);
  const before = world.posted.length;
  const [late] = await openTabs(world, 1);
  const start = world.ms;
  const token = await world.until(late.getToken());
  assert.equal(token.accessToken, 'token-1');
  assert.ok(world.ms - start < 1, 'the one that spoke last answers at once');
  await world.pass(1000);
  assert.deepEqual(kinds(world).slice(before), ['going', 'token']);
  assert.ok(Math.abs(world.posted.at(-1).token.leftMs - 1_100_000) < 100);
  assert.ok(Math.abs(token.expiresAt - Date.now() - 1_099_000) < 100);
  assert.equal(world.requests.length, 1);
});

test('if the tab that spoke last is gone, another one answers, and rarely two', async (t) => {
  const world = page(t);
  world.random = series();
  const tabs = await openTabs(world, 5);
  await allTokens(world, tabs);
  tabs[0].dispose();
  await world.pass(5000);
  assert.equal(world.siblingChannels().length, 4);
  const before = world.posted.length;
  const [late] = await openTabs(world, 1);
  assert.equal((await world.until(late.getToken())).accessToken, 'token-1');
  await world.pass(1000);
  assert.equal(world.requests.length, 1);
  assert.deepEqual(kinds(world).slice(before), ['going', 'token']);
});

test('a tab without a token or a failure does not answer', async (t) => {
  const world = page(t);
  const [one] = await openTabs(world, 1);
  await world.until(one.getToken());
  one.invalidate('token-1');
  const channel = outside(world);
  channel.postMessage({ going: true });
  await world.pass(1000);
  assert.deepEqual(channel.heard, []);
});

test('a token that is dropped before a tab answers is not given', async (t) => {
  const world = page(t);
  const tabs = await openTabs(world, 2, { autoRefresh: false });
  await allTokens(world, tabs);
  const channel = outside(world);
  channel.postMessage({ going: true });
  await world.pass(1);
  const before = channel.heard.length;
  assert.equal(before, 1, 'the one that spoke last');
  for (const tab of tabs) tab.invalidate('token-1');
  await world.pass(1000);
  assert.equal(channel.heard.length, before);
});

test('a refusal is shared: one request, and all tabs have the error with the words of the server', async (t) => {
  const world = page(t);
  world.answer = later(world, 100, refused);
  const tabs = await openTabs(world, 8);
  const errors = await world.until(Promise.all(tabs.map((tab) => world.rejection(tab.getToken()))));
  for (const error of errors)
    failsWith('key_revoked', { status: 403, serverMessage: 'The key was revoked.', attempts: 1, retryable: false })(
      error,
    );
  assert.equal(world.requests.length, 1);
  assert.deepEqual(kinds(world), ['going', 'failure']);
  await world.pass(0);
  assert.equal(world.locks.held.size, 0);
  // Also in a tab that comes later, while the refusal counts, and without going to the lock a second time.
  const [late] = await openTabs(world, 1);
  const error = await world.failure(late.getToken());
  failsWith('key_revoked', { status: 403 })(error);
  const said = kinds(world).length;
  failsWith('key_revoked')(await world.failure(late.getToken()));
  assert.equal(kinds(world).length, said);
  assert.equal(world.requests.length, 1);
  assert.deepEqual(
    tabs.map(({ log }) => log.map(({ type }) => type).join()),
    tabs.map(() => 'error'),
  );
  await world.pass(6000);
  await world.failure(late.getToken());
  assert.equal(world.requests.length, 2);
});

test('the wait of a server is shared, and what is left of it in a tab that comes later', async (t) => {
  const world = page(t, () => reply(429, {}, { 'Retry-After': '40' }));
  const tabs = await openTabs(world, 4);
  const errors = await world.until(Promise.all(tabs.map((tab) => world.rejection(tab.getToken()))));
  for (const error of errors) {
    failsWith('rate_limited', { status: 429, retryable: true })(error);
    assert.ok(Math.abs(error.retryAfterMs - 40_000) < 100, String(error.retryAfterMs));
  }
  assert.ok(Math.abs(world.posted.at(-1).failure.retryAfterMs - 40_000) < 1);
  await world.pass(10_000);
  const [late] = await openTabs(world, 1);
  const error = await world.failure(late.getToken());
  failsWith('rate_limited', { status: 429 })(error);
  assert.ok(Math.abs(error.retryAfterMs - 30_000) < 100, String(error.retryAfterMs));
  assert.ok(error.ms < 40);
  assert.equal(world.requests.length, 1);
  // One who waits that long asks when the wait is over.
  world.answer = (request, n) => reply(200, grant(n));
  const [first] = world.requests;
  assert.equal((await world.until(late.getToken({ timeoutMs: 60_000 }))).accessToken, 'token-2');
  assert.ok(world.requests[1].at - first.at >= 40_000 - 1);
});

test('a failure that a tab is told twice is one', async (t) => {
  const world = page(t, () => reply(503, {}, { 'Retry-After': '40' }));
  const [one, two] = await openTabs(world, 2);
  await world.failure(one.getToken({ timeoutMs: 1000 }));
  await world.failure(two.getToken({ timeoutMs: 1000 }));
  const [{ failure }] = world.posted.filter((message) => message.failure);
  const channel = outside(world);
  channel.postMessage({ failure });
  channel.postMessage({ failure });
  await world.pass(100);
  for (const { log } of [one, two]) assert.equal(log.filter(({ type }) => type == 'error').length, 1);
  channel.postMessage({ failure: { ...failure, id: 7 } });
  await world.pass(100);
  for (const { log } of [one, two]) assert.equal(log.filter(({ type }) => type == 'error').length, 2);
});

test('a failure that is heard late counts until its own end', async (t) => {
  const world = page(t, () => undefined);
  const [tab] = await openTabs(world, 1, { autoRefresh: false });
  tab.getToken({ timeoutMs: 300 }).catch(() => {});
  await world.pass(20_000);
  const channel = outside(world);
  const failure = {
    code: 'server_error',
    status: 502,
    attempts: 3,
    retryAfterMs: 50_000,
    until: Date.now() + 20_000,
    id: 1,
  };
  channel.postMessage({ failure });
  await world.pass(1);
  const error = await world.failure(tab.getToken({ timeoutMs: 100 }));
  failsWith('server_error', { status: 502, attempts: 3 })(error);
  assert.ok(Math.abs(error.retryAfterMs - 20_000) < 10, String(error.retryAfterMs));
  const sooner = {
    ...failure,
    retryAfterMs: 30_000,
    until: Date.now() + 90_000,
    id: 2,
    status: undefined,
    attempts: 'x',
  };
  channel.postMessage({ failure: sooner });
  await world.pass(1);
  const second = await world.failure(tab.getToken({ timeoutMs: 100 }));
  failsWith('server_error', { status: 0, serverMessage: undefined })(second);
  assert.ok(Math.abs(second.retryAfterMs - 30_000) < 10, String(second.retryAfterMs));
});

test('a refusal of a sibling does not touch a valid token', async (t) => {
  const world = page(t);
  const [tab] = await openTabs(world, 1);
  await world.until(tab.getToken());
  const failure = {
    code: 'key_revoked',
    status: 403,
    attempts: 1,
    retryAfterMs: 5000,
    until: Date.now() + 5000,
    id: 1,
  };
  outside(world).postMessage({ failure });
  await world.pass(100);
  assert.equal(tab.token.accessToken, 'token-1');
  assert.deepEqual(
    tab.log.map(({ type }) => type),
    ['token'],
  );
});

test('while all tabs have a token, an outage costs hardly more requests than with one tab', async (t) => {
  const counts = [];
  for (const count of [1, 20]) {
    const world = page(t);
    world.random = series();
    const tabs = await openTabs(world, count);
    for (const tab of tabs) tab.addEventListener('token', ({ detail }) => detail); // it uses every token
    await allTokens(world, tabs);
    const { expiresAt } = tabs[0].token;
    world.answer = later(world, 200, () => reply(503, {}));
    const before = world.requests.length;
    await world.pass(expiresAt - Date.now() - 1000);
    assert.ok(tabs.every((tab) => tab.token));
    counts.push(world.requests.length - before);
    for (const tab of tabs) tab.dispose();
    await world.pass(6000);
  }
  const [alone, together] = counts;
  t.diagnostic(`requests until the token expires: ${alone} with one tab, ${together} with twenty`);
  assert.ok(alone > 1 && together <= 3 * alone, counts.join());
});

test('odd messages are ignored', async (t) => {
  const world = page(t);
  const [tab] = await openTabs(world, 1);
  await world.until(tab.getToken());
  const token = world.posted.at(-1).token;
  tab.invalidate('token-1');
  await world.pass(2000);
  tab.log.length = 0;
  const channel = outside(world);
  const failure = { code: 'server_error', retryAfterMs: 5000, until: Date.now() + 5000, id: 1 };
  for (const message of [
    null,
    undefined,
    7,
    'x',
    [],
    {},
    { going: false },
    { token: null },
    { token: 'token-9' },
    { token: { ...token, accessToken: 'two words' } },
    { token: { ...token, accessToken: 'token-9', expiresAt: 'soon' } },
    { token: { ...token, accessToken: 'token-9', lifetimeMs: NaN } },
    { token: { ...token, accessToken: 'token-9', leftMs: Infinity } },
    { token: { ...token, accessToken: 'token-9', leftMs: 0 } },
    { token }, // refused here
    { failure: 7 },
    { failure: {} },
    { failure: { ...failure, code: 'nonsense' } },
    { failure: { ...failure, code: 'redirect_refused' } },
    { failure: { ...failure, retryAfterMs: 'soon' } },
    { failure: { ...failure, retryAfterMs: undefined } },
    { failure: { ...failure, until: Date.now() } },
    { failure: { ...failure, until: null } },
  ])
    channel.postMessage(message);
  await world.pass(100);
  assert.deepEqual(tab.log, []);
  assert.equal(tab.token, null);
  assert.deepEqual(channel.heard, []);
  channel.postMessage({
    token: {
      ...token,
      accessToken: 'token-9',
      leftMs: undefined,
      apis: { a: 'https://a.example', b: 7, '': 'x', c: 'x\0y' },
    },
  });
  await world.pass(100);
  assert.equal(tab.token.accessToken, 'token-9');
  assert.deepEqual({ ...tab.token.apis }, { a: 'https://a.example' });
  assert.equal(world.requests.length, 1);
});

test('forget in a tab that got its token from another one sends nothing; the other one keeps its own', async (t) => {
  const world = page(t);
  const [one, two] = await openTabs(world, 2);
  await world.until(one.getToken());
  await world.until(two.getToken());
  assert.equal(two.log.at(-1).from, 'tab');
  const said = world.posted.length;
  two.forget();
  await world.pass(600_000);
  assert.deepEqual([world.requests.length, world.posted.length], [1, said]);
  assert.deepEqual([one.token.accessToken, two.token], ['token-1', null]);
  // The token that was dropped is not taken again.
  assert.equal((await world.until(two.getToken())).accessToken, 'token-2');
});

test('a message starts the module of a tab that was opened, and its token is there before anybody asks', async (t) => {
  const world = page(t);
  const [one, two] = await openTabs(world, 2);
  await allTokens(world, [one, two]);
  await world.pass(1000);
  await world.until(one.getToken({ forceRefresh: true }));
  await world.pass(1);
  assert.equal(two.token.accessToken, 'token-2');
  assert.equal(two.log.at(-1).from, 'tab');
  assert.equal(world.requests.length, 2);
});

test('when the tab that has the lock closes, the next one sends the request', async (t) => {
  const world = page(t, (request, n) => (n == 1 ? undefined : reply(200, grant(n))));
  const [first, ...others] = await openTabs(world, 4);
  const lost = world.rejection(first.getToken());
  await world.pass(100);
  const calls = Promise.all(others.map((tab) => tab.getToken()));
  await world.pass(100);
  assert.equal(world.requests.length, 1);
  const start = world.ms;
  first.dispose();
  failsWith('disposed')(await lost);
  // The source would live on for other clients of that tab: the lock is given back nevertheless, or when the page goes.
  await world.dispatch('pagehide', 0);
  await world.until(calls);
  assert.ok(world.ms - start < 100, `${world.ms - start} ms`);
  assert.equal(world.requests.length, 2);
});

test('when the tab that has the lock hangs, one other tab takes it after four to five seconds without a sign', async (t) => {
  const world = page(t);
  world.random = series();
  const tabs = await openTabs(world, 6);
  const [probe] = await openTabs(world, 1, { shareAcrossTabs: true });
  await world.until(probe.getToken()); // makes the channel, so that its name is known
  const [{ name }] = world.siblingChannels();
  probe.dispose();
  await world.pass(10_000);
  world.requests.length = 0;
  const taken = world.locks.request(name, {}, () => new Promise(() => {}));
  taken.catch(() => {});
  await world.pass(0);
  const start = world.ms;
  const calls = Promise.all(tabs.map((tab) => tab.getToken()));
  const channel = new BroadcastChannel(name);
  await world.pass(3000);
  channel.postMessage({ going: true }); // a sign of life
  await world.until(calls);
  assert.ok(
    world.requests[0].at - start >= 7000 && world.requests[0].at - start < 8100,
    String(world.requests[0].at - start),
  );
  await assert.rejects(taken);
  await world.pass(20_000);
  assert.equal(world.requests.length, 1);
  assert.equal(world.locks.held.size, 0);
  assert.equal(world.locks.waiting(name), 0);
});

test('a tab whose lock was stolen finishes its request', async (t) => {
  const world = page(t);
  world.answer = later(world, 7000, (request, n) => reply(200, grant(n)));
  const [first, second] = await openTabs(world, 2);
  const one = first.getToken();
  await world.pass(100);
  const two = second.getToken();
  const [a, b] = await world.until(Promise.all([one, two]));
  assert.deepEqual([a.accessToken, b.accessToken], ['token-1', 'token-1']);
  assert.equal(world.requests.length, 2, 'the second tab lost patience');
  await world.pass(10_000);
  assert.equal(world.locks.held.size, 0);
});

test('without locks or without a channel, each tab sends its own request', async (t) => {
  const refusing = {
    request: async () => {
      throw new DOMException('denied', 'SecurityError');
    },
  };
  for (const [name, value] of [
    ['navigator', {}],
    ['navigator', undefined],
    ['navigator', { locks: refusing }],
    [
      'BroadcastChannel',
      class {
        constructor() {
          throw new DOMException('denied', 'SecurityError');
        }
      },
    ],
  ]) {
    const world = page(t);
    world.replace(globalThis, name, value);
    const tabs = await openTabs(world, 2);
    const start = world.ms;
    await world.until(tabs[0].getToken());
    assert.ok(world.ms - start < 100, 'at once');
    await world.until(tabs[1].getToken());
    assert.equal(world.requests.length, name == 'navigator' ? 1 : 2);
    await world.end();
  }
});

test('a page that goes into the back/forward cache closes its channel and leaves the queue; it comes back', async (t) => {
  const world = page(t, (request, n) => (n == 1 ? undefined : reply(200, grant(n))));
  const [tab] = await openTabs(world, 1);
  const call = tab.getToken({ timeoutMs: 5000 });
  call.catch(() => {});
  await world.pass(100);
  assert.equal(world.locks.held.size, 1);
  await world.dispatch('pagehide');
  assert.equal(world.locks.held.size, 0);
  assert.equal(world.channels.size, 0);
  await world.pass(10_000);
  await world.dispatch('pageshow');
  assert.equal(world.siblingChannels().length, 1);
  await world.dispatch('pageshow');
  assert.equal(world.siblingChannels().length, 1, 'one is enough');
  await world.until(tab.getToken({ timeoutMs: 60_000 }));
  const [{ name }] = world.siblingChannels();
  const channel = new BroadcastChannel(name);
  let heard;
  channel.onmessage = ({ data }) => (heard = data);
  channel.postMessage({ going: true });
  await world.pass(100);
  assert.ok(heard.token, 'it answers again');
  tab.dispose();
  channel.close();
  await world.pass(5000);
  assert.equal(world.channels.size, 0);
  assert.deepEqual(world.listeners.get('pagehide'), []);
  assert.deepEqual(world.listeners.get('pageshow'), []);
});

test('a page that comes back with an expired token asks its siblings before it sends a request', async (t) => {
  const world = page(t);
  const [tab] = await openTabs(world, 1);
  await world.until(tab.getToken());
  const sibling = outside(world);
  await world.dispatch('pagehide');
  world.ms += 1_800_000; // no timer runs
  const times = { expiration: 0, expiresAt: Date.now() + 600_000, lifetimeMs: 1_200_000, leftMs: 600_000 };
  const token = { accessToken: 'token-of-sibling', apis: {}, ...times };
  sibling.onmessage = ({ data }) => data.going && sibling.postMessage({ token });
  await world.dispatch('pageshow');
  await world.pass(1000);
  assert.equal(tab.token.accessToken, 'token-of-sibling');
  assert.equal(world.requests.length, 1);
  sibling.close();
});

test('a caller that leaves while the request is under way keeps the lock until the answer or the timeout', async (t) => {
  const world = page(t, () => undefined);
  const [tab] = await openTabs(world, 1, { timeoutMs: 5000 });
  const controller = new AbortController();
  const call = world.rejection(tab.getToken({ signal: controller.signal }));
  await world.pass(100);
  controller.abort();
  failsWith('aborted')(await call);
  assert.equal(world.locks.held.size, 1);
  await world.pass(4900);
  assert.equal(world.locks.held.size, 1);
  await world.pass(200);
  assert.equal(world.locks.held.size, 0);
});

test('a tab whose caller left the queue for the lock sends nothing, also if it had the lock before', async (t) => {
  const world = page(t, (request, n) => (n == 1 ? reply(200, grant(n)) : undefined));
  const [one, two] = await openTabs(world, 2, { autoRefresh: false });
  await world.until(one.getToken());
  one.invalidate('token-1');
  await world.pass(2000);
  const other = world.rejection(two.getToken({ timeoutMs: 60_000 }));
  await world.pass(100);
  const controller = new AbortController();
  const call = world.rejection(one.getToken({ signal: controller.signal }));
  await world.pass(100);
  assert.equal(world.locks.waiting(world.siblingChannels()[0].name), 1);
  controller.abort();
  failsWith('aborted')(await call);
  assert.equal(world.locks.waiting(world.siblingChannels()[0].name), 0, 'nothing of it is left in the queue');
  two.dispose();
  failsWith('disposed')(await other);
  await world.pass(20_000);
  assert.equal(world.requests.length, 2);
  assert.equal(world.locks.held.size, 0);
});

test('what is not to be shared is not: by option, for a token of the page, and without a location', async (t) => {
  const world = page(t);
  const [alone] = await openTabs(world, 1, { shareAcrossTabs: false });
  await world.until(alone.getToken());
  const given = world.client({}, (domainKey, apiKey, options) =>
    createFromAccessToken({ accessToken: 'mine', expires_in: 1200 }, apiKey, options),
  );
  await world.until(given.getToken({ forceRefresh: true }));
  delete globalThis.location;
  const [worker] = await openTabs(world, 1, { endpoint: 'https://api.example/v3' });
  await world.until(worker.getToken());
  assert.equal(world.channels.size, 0);
  assert.deepEqual(world.posted, []);
});

test('tabs with other keys, endpoints and names of the key have other channels', async (t) => {
  const world = page(t);
  const { createFromDomainKey } = await world.open();
  const make = (domainKey, apiKey, more) =>
    world.client(more, (a, b, options) => createFromDomainKey(domainKey, apiKey, options));
  const clients = [
    make('d', 'k'),
    make('d2', 'k'),
    make('d', 'k2'),
    make('d', 'k', { domainKeyName: 'x' }),
    make('d', 'k', { endpoint: 'https://api.example/v2' }),
  ];
  await allTokens(world, clients);
  assert.equal(new Set(world.siblingChannels().map(({ name }) => name)).size, 5);
  assert.equal(world.requests.length, 5);
});

test('a tab whose module fails gives the lock back, and messages to it cause no unhandled error', async (t) => {
  const world = page(t);
  world.answer = (request, n) => (request.url.endsWith('.wasm') ? reply(404, {}) : reply(200, grant(n)));
  const [broken] = await openTabs(world, 1, { wasm: 'https://shop.example/x.wasm' });
  failsWith('wasm_unavailable')(await world.failure(broken.getToken()));
  await world.pass(10);
  assert.equal(world.locks.held.size, 0);
  const [{ name }] = world.siblingChannels();
  assert.equal(world.locks.waiting(name), 0);
  outside(world).postMessage({
    token: { accessToken: 'x', expiration: 1, expiresAt: Date.now() + 1e6, lifetimeMs: 1e6 },
  });
  await world.pass(100);
  assert.deepEqual(
    broken.log.map(({ type, code }) => [type, code]),
    [
      ['error', 'wasm_unavailable'],
      ['error', 'wasm_unavailable'],
    ],
  );
});

test('a tab whose callers timed out while its module loaded gives the lock back, and sends nothing', async (t) => {
  const world = page(t, ({ url }, n) => (url.endsWith('.wasm') ? undefined : reply(200, grant(n))));
  const [tab] = await openTabs(world, 1, { wasm: 'https://shop.example/slow.wasm' });
  failsWith('timeout')(await world.failure(tab.getToken({ timeoutMs: 300 })));
  assert.equal(world.locks.held.size, 1, 'it waits for its turn meanwhile');
  world.requests[0].answer(new Response(wasm));
  await world.pass(60_000);
  assert.equal(world.locks.held.size, 0);
  assert.equal(world.requests.length, 1);
  assert.equal((await world.until(tab.getToken())).accessToken, 'token-2');
});

test('while its module loads, a tab waits for its turn only if it needs a token', async (t) => {
  const world = page(t);
  const items = withStorage(world);
  const [first] = await openTabs(world, 1, { persist: 'session' });
  await world.until(first.getToken());
  world.answer = () => undefined;
  const said = world.posted.length;
  // Storage has a token.
  const [stored] = await openTabs(world, 1, { persist: 'session', wasm: 'https://shop.example/slow.wasm' });
  const call = stored.getToken();
  await world.pass(100);
  world.requests[1].answer(reply(404, {}));
  failsWith('wasm_unavailable')(await world.failure(call));
  // A message starts the module, and nobody waits.
  outside(world).postMessage({ token: { ...JSON.parse([...items.values()][0]), leftMs: 1000 } });
  await world.pass(100);
  assert.equal(world.requests.length, 3);
  assert.equal(world.locks.held.size, 0);
  assert.equal(world.posted.length, said + 1, 'the one of this test');
});

test('a valid token that is forced, and one of storage, take no lock and ask nobody', async (t) => {
  const world = page(t);
  withStorage(world);
  const [tab] = await openTabs(world, 1, { persist: 'session' });
  await world.until(tab.getToken());
  await world.pass(1000);
  await world.until(tab.getToken({ forceRefresh: true }));
  assert.deepEqual(kinds(world), ['going', 'token', 'token']);
  tab.dispose();
  await world.pass(5000);
  const [next] = await openTabs(world, 1, { persist: 'session' });
  assert.equal((await world.until(next.getToken())).accessToken, 'token-2');
  assert.deepEqual(kinds(world), ['going', 'token', 'token']);
  assert.equal(world.requests.length, 2);
  await world.until(next.getToken({ forceRefresh: true }));
  assert.deepEqual(kinds(world), ['going', 'token', 'token', 'token']);
  assert.deepEqual(
    next.log.map(({ from }) => from),
    ['session', 'api'],
  );
});

test('two tabs that wait for the API send no more requests than one', async (t) => {
  const world = page(t, () => reply(503, {}));
  world.random = series();
  const [one, two] = await openTabs(world, 2, { autoRefresh: false });
  const calls = [one, two].map((tab) => tab.getToken({ timeoutMs: 600_000 }));
  await world.pass(60_000);
  assert.ok(world.requests.length >= 5 && world.requests.length <= 9, `${world.requests.length} requests`);
  world.answer = (request, n) => reply(200, grant(n));
  const [token, other] = await world.until(Promise.all(calls));
  assert.equal(token.accessToken, other.accessToken);
  await world.pass(100);
  assert.equal(world.locks.held.size, 0);
});

test('a caller that comes while a request without callers is under way keeps the lock', async (t) => {
  const world = page(t, () => undefined);
  const [tab] = await openTabs(world, 1, { timeoutMs: 5000 });
  const controller = new AbortController();
  const first = world.rejection(tab.getToken({ signal: controller.signal }));
  await world.pass(100);
  controller.abort();
  await first;
  await world.pass(100);
  const second = world.rejection(tab.getToken({ timeoutMs: 7000 }));
  await world.pass(4000);
  assert.equal(world.locks.held.size, 1);
  await world.pass(4500);
  failsWith('timeout')(await second);
  await world.pass(6000);
  assert.equal(world.locks.held.size, 0);
});

/** Holds whatever lock is asked for beside the one of the siblings. `asked` has all requests for locks. */
function holdOthers(world, name) {
  const real = world.locks.request;
  const state = { asked: [], release: undefined };
  const until = new Promise((resolve) => (state.release = resolve));
  world.locks.request = async (asked, options, run) => {
    state.asked.push({ name: asked, steal: !!options.steal });
    if (asked != name) await until;
    return real(asked, options, run);
  };
  return state;
}

for (const [what, happen, sends] of [
  ['the lock came to it', (world, { free }) => free(), true],
  ['its caller left', (world, { controller }) => controller.abort(), false],
  ['the other tab gave a sign', (world, { channel }) => channel.postMessage({ going: true }), false],
  ['nothing happened', () => {}, true],
])
  test(`a tab that lost patience waits for the second lock and looks again: ${what}`, async (t) => {
    const world = page(t);
    const [tab] = await openTabs(world, 1, { autoRefresh: false });
    await world.until(tab.getToken());
    tab.invalidate('token-1');
    world.answer = () => undefined; // a tab that has the lock keeps it
    await world.pass(2000);
    const channel = outside(world);
    const { name } = channel;
    let free;
    const taken = world.locks.request(name, {}, () => new Promise((resolve) => (free = resolve)));
    taken.catch(() => {});
    await world.pass(1);
    const locks = holdOthers(world, name);
    const controller = new AbortController();
    world.random = 1;
    const call = tab.getToken({ timeoutMs: 60_000, signal: controller.signal });
    call.catch(() => {});
    await world.pass(4900);
    assert.equal(locks.asked.length, 1);
    await world.pass(200);
    assert.equal(locks.asked.length, 2);
    assert.ok(locks.asked[1].name.startsWith(name) && locks.asked[1].name != name, 'it is of these siblings');
    happen(world, { free, controller, channel });
    await world.pass(1000);
    locks.release();
    await world.pass(1000);
    if (what != 'its caller left')
      assert.equal(locks.asked.filter(({ steal }) => steal).length, what == 'nothing happened' ? 1 : 0);
    assert.equal(world.requests.length, sends ? 2 : 1);
    controller.abort();
    free();
  });

test('a tab with a token of storage did not speak last, so it waits a little before it answers', async (t) => {
  const world = page(t);
  withStorage(world);
  const [first] = await openTabs(world, 1, { persist: 'session' });
  await world.until(first.getToken());
  first.dispose();
  await world.pass(5000);
  const [second] = await openTabs(world, 1, { persist: 'session' });
  await world.until(second.getToken());
  const channel = outside(world);
  channel.postMessage({ going: true });
  await world.pass(5);
  assert.equal(channel.heard.length, 0);
  await world.pass(100);
  assert.equal(channel.heard.length, 1);
});

test('a failure whose wait is over is told to nobody', async (t) => {
  const world = page(t, () => reply(503, {}));
  const [tab] = await openTabs(world, 1, { autoRefresh: false });
  failsWith('server_error')(await world.failure(tab.getToken({ timeoutMs: 300 })));
  const channel = outside(world);
  channel.postMessage({ going: true });
  await world.pass(100);
  assert.equal(channel.heard.length, 1);
  await world.pass(60_000);
  channel.postMessage({ going: true });
  await world.pass(100);
  assert.equal(channel.heard.length, 1);
});
