// The shipped module through its real boundary (js/client/instance.js): the limits of its memory, the secrets in its
// memory, and random sequences with a simulated clock and network.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import * as c from '../../../js/client/boundary.js';
import { startInstance } from '../../../js/client/instance.js';

const module = await WebAssembly.compile(
  await readFile(new URL('../../../build/wasm/src/wasm/inbenta-auth.wasm', import.meta.url)),
);
const GRANT = { accessToken: 'the-first-token', expires_in: 1200, apis: { chatbot: 'https://chatbot.example/prod' } };
const json = (body, status = 200, headers = {}) =>
  new Response(typeof body == 'string' ? body : JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  });

/** The environment of one test: clocks, timers and fetch, which the test controls. */
function makeWorld(t) {
  const real = {
    now: performance.now,
    date: Date.now,
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    fetch: globalThis.fetch,
    instantiate: WebAssembly.instantiate,
  };
  const world = { ms: 1000, timer: undefined, requests: [], exports: undefined };
  performance.now = () => world.ms;
  Date.now = () => 1_790_000_000_000 + world.ms;
  globalThis.setTimeout = (run, delayMs) => (world.timer = { run, at: world.ms + delayMs });
  globalThis.clearTimeout = () => (world.timer = undefined);
  globalThis.fetch = (url, init) =>
    new Promise((resolve, reject) => {
      world.requests.push({ url, init, resolve, reject });
      init.signal.addEventListener('abort', () => reject(init.signal.reason));
    });
  WebAssembly.instantiate = async (...args) => {
    const { exports } = await real.instantiate.apply(WebAssembly, args);
    world.exports = exports;
    return { exports: { ...exports, done: (...answer) => (exports.done(...answer), world.arrived()) } };
  };
  t.after(() => {
    performance.now = real.now;
    Date.now = real.date;
    Object.assign(globalThis, { setTimeout: real.setTimeout, clearTimeout: real.clearTimeout, fetch: real.fetch });
    WebAssembly.instantiate = real.instantiate;
  });
  /** Answers a request with a Response or an Error, and waits until C has processed it. */
  world.answer = async (request, response) => {
    if (request.init.signal.aborted) return;
    const arrived = new Promise((resolve) => (world.arrived = resolve));
    if (response instanceof Error) request.reject(response);
    else request.resolve(response);
    await arrived;
  };
  world.pass = (ms) => {
    for (const end = world.ms + ms; ;) {
      const due = world.timer && world.timer.at <= end ? world.timer : undefined;
      world.ms = Math.max(world.ms, due ? due.at : end);
      if (!due) return;
      world.timer = undefined;
      due.run();
    }
  };
  world.start = async (config = {}) => {
    world.answers = new Map();
    world.token = undefined;
    world.core = await startInstance(
      module,
      {
        endpoint: 'https://api.example/v1',
        apiKey: 'key-of-the-api',
        credential: 'the-domain-key',
        flow: 0,
        autoRefresh: true,
        timeoutMs: 10_000,
        ...config,
      },
      {
        onCoreMessage(message, detail, id) {
          if (message == c.MESSAGE_TOKEN) world.token = detail;
          if (message == c.MESSAGE_ERROR) assert.ok(detail);
          if (message == c.MESSAGE_REAUTHORIZE) world.reauthorize = id;
          if (message == c.MESSAGE_ANSWER)
            world.answers.set(id, [...(world.answers.get(id) ?? []), detail ?? world.token]);
        },
        isAwaited: () => true,
        mayStart: () => true,
        emit() {},
        onDeath: (error) => assert.fail(error.cause),
      },
    );
  };
  /** Counts a text in the module's memory. */
  world.count = (text) => Buffer.from(world.exports.memory.buffer).toString('latin1').split(text).length - 1;
  return world;
}

test('without memory a caller gets out_of_memory, and other callers are answered', async (t) => {
  const world = makeWorld(t);
  await world.start();
  let joined = 0;
  let error;
  while (!(error = world.core.call('get', ++joined, 0, 60_000, 0)));
  assert.equal(error, c.NO_MEMORY);
  assert.ok(joined > 500, `${joined} callers`);
  assert.equal(world.core.call('get', 0, 0, 60_000, 0, 1), c.NO_MEMORY);
  assert.equal(world.core.call('adopt', 0, 'x'.repeat(300_000), 0, Date.now() + 1e6, 0, -1), c.NO_MEMORY);
  world.core.call('invalidate', 'x'.repeat(300_000));
  world.core.call('sibling_failed', c.NETWORK, 0, 0, 1, 'x'.repeat(300_000));
  const apis = Object.fromEntries(
    Array.from({ length: 300 }, (_, i) => [`product-${i}`, `https://product-${i}.example/${'p'.repeat(60)}`]),
  );
  await world.answer(world.requests[0], json({ ...GRANT, apis }));
  assert.equal(world.answers.size, joined - 1);
  for (const [answer] of world.answers.values()) assert.equal(answer.accessToken, 'the-first-token');
  assert.equal(Object.keys(world.token.apis).length, 300);
});

test('an answer that is too large fails, and the next one is accepted', async (t) => {
  const world = makeWorld(t);
  await world.start({ autoRefresh: false }); // no request in between
  world.core.call('get', 1, 0, 60_000, 0);
  await world.answer(world.requests[0], json('['.repeat(70_000)));
  assert.equal(world.answers.get(1)[0].code, 'body_too_large');
  world.pass(60_000);
  world.core.call('get', 2, 0, 60_000, 0);
  await world.answer(world.requests.at(-1), json(`[${'0,'.repeat(30_000)}0]`));
  assert.equal(world.answers.get(2)[0].code, 'bad_response');
  world.pass(60_000);
  world.core.call('get', 3, 0, 60_000, 0);
  await world.answer(world.requests.at(-1), json(GRANT));
  assert.equal(world.answers.get(3)[0].accessToken, 'the-first-token');
});

test('tokens and keys are wiped when they are no longer needed', async (t) => {
  const world = makeWorld(t);
  await world.start();
  world.core.call('get', 1, 0, 10_000, 0);
  assert.equal(world.count('the-domain-key'), 2); // in the configuration and in the request
  await world.answer(world.requests[0], json(GRANT));
  assert.equal(world.count('the-first-token'), 1);
  assert.equal(world.count('the-domain-key'), 1);
  world.pass(1000);
  world.core.call('get', 2, 0, 10_000, 1);
  await world.answer(world.requests[1], json({ accessToken: 'the-second-token', expires_in: 1200 }));
  assert.equal(world.count('the-first-token'), 0);
  assert.equal(world.count('the-second-token'), 1);
  world.core.call('invalidate', 'the-second-token');
  assert.equal(world.count('the-second-token'), 0);
  world.core.call('adopt', 0, 'offered-token-too-late\0', 0, Date.now() - 1, 0, -1);
  assert.equal(world.count('offered-token'), 0);
  world.core.call('get', 3, 0, 10_000, 0);
  world.core.end();
  assert.equal(world.core.call('get', 4, 0, 10_000, 0), undefined, 'nothing is called after that');
  assert.ok(new Uint8Array(world.exports.memory.buffer).every((byte) => byte == 0));
});

test('a token from outside is accepted with all kinds of times', async (t) => {
  const world = makeWorld(t);
  const adopt = async (wall, lifetime, left) => {
    await world.start();
    const error = world.core.call(
      'adopt',
      0,
      'the-first-token\0chatbot\0https://c.example\0x\0javascript:1\0',
      7,
      wall,
      lifetime,
      left,
    );
    return error || [world.token.expiresAt - Date.now(), world.token.lifetimeMs, world.token.apis];
  };
  const now = () => Date.now();
  assert.deepEqual(await adopt(now() + 600_000, 1_200_000, -1), [
    600_000,
    1_200_000,
    { __proto__: null, chatbot: 'https://c.example' },
  ]);
  assert.deepEqual((await adopt(now() + 600_000, 1_200_000, 300_000)).slice(0, 2), [300_000, 1_200_000]);
  assert.deepEqual((await adopt(now() + 600_000, 0, NaN)).slice(0, 2), [600_000, 600_000]);
  assert.deepEqual((await adopt(Infinity, 1_200_000, Infinity)).slice(0, 2), [1_200_000, 1_200_000]);
  for (const [wall, lifetime, left] of [
    [NaN, 1e6, -1],
    [-Infinity, 0, -1],
    [0, 0, 1e6],
    [now() + 1e6, 1e6, 0],
    [now() + 1e6, 1e6, -500],
    [now() + 1e6, 1e6, -Infinity],
    [undefined, undefined, undefined],
  ])
    assert.equal(await adopt(wall, lifetime, left), c.BAD_EXPIRES_IN, `${wall} ${lifetime} ${left}`);
});

test('random sequences cause no trap, and each caller is answered once', async (t) => {
  const seed = Number(process.env.LIVES_SEED ?? Date.now());
  let state = BigInt(seed);
  const random = (below) =>
    Number((state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffff_ffff_ffff_ffffn) >> 33n) % below;
  const pick = (...values) => values[random(values.length)];
  const world = makeWorld(t);
  const number = () =>
    pick(
      0,
      -1,
      1,
      1000,
      60_000,
      1e12,
      Date.now() + pick(-1, 1, 1e5, 1e7),
      NaN,
      Infinity,
      -Infinity,
      1e300,
      2 ** 53,
      0.5,
    );
  const text = () =>
    pick(
      '',
      't',
      'the-first-token',
      'other',
      'é\u202e',
      'a b',
      'x'.repeat(random(9000)),
      't\0a\0https://a.example\0',
      't\0\0\0',
      't\0a\0',
    );
  const reply = () =>
    pick(
      () => json({ ...GRANT, accessToken: `t${random(100)}`, expires_in: pick(0, 1, 15, 1200, 1e300, '60') }),
      () => json({ accessToken: 't', expires_in: 1200, apis: pick(null, [], 7, undefined) }),
      () => json({ apis: GRANT.apis }),
      () =>
        json(
          { error: { code: 403, message: text(), reason: pick('key_revoked', 'x', undefined) } },
          pick(400, 401, 403, 422),
        ),
      () =>
        json(text(), pick(200, 403, 404, 408, 503), {
          'retry-after': pick('4', '4, 4', 'x', '1e9'),
          'x-quota-usage': '100',
          'x-quota-reset': '1790001000',
        }),
      () => json('{"message":"no"}', 429),
    )();
  let calls = 0;
  for (let life = 0; life < 200; life++) {
    world.requests = [];
    await world.start({
      flow: pick(0, c.FLAG_TOKEN_FLOW),
      reauthorize: pick(true, false),
      autoRefresh: pick(true, false),
    });
    const joined = [];
    for (let step = 0; step < 60; step++) {
      const id = ++calls;
      switch (random(12)) {
        case 0:
        case 1:
          if (!world.core.call('get', id, number(), pick(1, 100, 10_000, NaN), random(2), 0)) joined.push(id);
          break;
        case 2:
          if (!world.core.call('get', id, 0, number(), 0, 1)) joined.push(id);
          break;
        case 3:
          world.core.call('cancel', pick(id, joined.at(-1) ?? 0));
          break;
        case 4:
          world.core.call('invalidate', pick(text(), world.token?.accessToken ?? 't'));
          break;
        case 5:
          world.core.call('adopt', pick(0, world.reauthorize ?? 0), text(), number(), number(), number(), number());
          break;
        case 6:
          world.core.call('sibling_failed', -random(40), random(600), number(), random(100) - 50, text());
          break;
        case 7:
          world.core.call(...pick(['use'], ['run', 1], ['run', 0], ['fail', world.reauthorize ?? 0, -random(30)]));
          break;
        case 8:
          world.pass(pick(1, 1000, 10_000, 60_000, 3_600_000));
          break;
        default: {
          const request = world.requests.pop();
          if (request) await world.answer(request, random(8) ? reply() : new TypeError('network'));
        }
      }
    }
    world.pass(3 * 3_600_000); // passes all deadlines
    for (const id of joined) assert.ok((world.answers.get(id)?.length ?? 0) <= 1, `seed ${seed}`);
    const missing = joined.filter((id) => !world.answers.has(id)); // callers without a deadline in range
    missing.forEach((id) => world.core.call('cancel', id));
    for (const id of joined) assert.equal(world.answers.get(id)?.length, 1, `seed ${seed}`);
    world.core.end();
  }
  console.log(`${calls} calls in 200 lives, seed ${seed}`);
});
