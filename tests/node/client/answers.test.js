// The result of each answer in tests/vectors/auth-answers.json, with the shipped WebAssembly module over HTTP.
// tests/c/core/test_answers.c does the same for native C. The `requests` of a case are checked by the case's name
// below.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import * as c from '../../../js/client/boundary.js';
import { startInstance } from '../../../js/client/instance.js';
import { cases, GRANT, sentenceOf, serveAnswer } from '../../support/answers.js';
import { execute } from '../../support/plain-api.js';

const compile = async (name) =>
  WebAssembly.compile(await readFile(new URL(`../../../build/wasm/src/wasm/${name}.wasm`, import.meta.url)));
const modules = { domain: await compile('inbenta-auth'), secret: await compile('inbenta-auth-server') };

/** Starts an API with the answer of the case, and an instance that uses it. */
async function start(t, answer, flow) {
  const { endpoint, requests, close } = await serveAnswer(answer);
  const waiters = new Map();
  let token;
  const core = await startInstance(
    modules[flow],
    {
      endpoint,
      apiKey: 'the-api-key',
      credential: 'the-credential',
      flow: flow == 'secret' ? c.FLAG_SECRET_FLOW : 0,
      autoRefresh: true,
      timeoutMs: 10_000,
    },
    {
      onCoreMessage(message, detail, id) {
        if (message == c.MESSAGE_TOKEN) token = detail;
        if (message == c.MESSAGE_ANSWER) waiters.get(id)(detail ?? token);
      },
      isAwaited: () => true,
      mayStart: () => true,
      emit() {},
      onDeath: assert.fail,
    },
  );
  t.after(() => (core.end(), close()));
  /** Resolves with the token or the AuthError. */
  const ask = (...args) =>
    new Promise((resolve) => {
      const id = waiters.size + 1;
      waiters.set(id, resolve);
      assert.equal(core.call('get', id, ...args), 0);
    });
  const get = (timeoutMs = 10_000, force = 0) => ask(30_000, timeoutMs, force, 0);
  return { requests, get, products: (timeoutMs = 10_000) => ask(0, timeoutMs, 0, 1) };
}

/** Checks for the `requests` of these cases. */
const REQUESTS = {
  async 'refresh answered 422 while the token lives'({ requests }) {
    assert.deepEqual(requests, ['/v1/auth', '/v1/refreshToken', '/v1/auth']);
  },
  async 'refresh answered 404'({ requests }) {
    assert.deepEqual(requests, ['/v1/auth', '/v1/refreshToken', '/v1/auth']);
  },
  async 'hourly quota used up'({ requests, get, result }) {
    assert.ok(result.retryAfterMs > 1_790_000 && result.retryAfterMs <= 1_801_000, String(result.retryAfterMs));
    assert.equal((await get()).code, 'rate_limited'); // immediately
    assert.equal(requests.length, 1);
  },
  async 'Retry-After twice'({ requests, get, result }) {
    assert.ok(result.retryAfterMs > 3500 && result.retryAfterMs <= 4000, String(result.retryAfterMs));
    assert.equal((await get(3000)).code, 'server_error');
    assert.equal(requests.length, 1);
  },
  async 408({ requests, get, result }) {
    assert.ok(result.retryable && result.retryAfterMs <= 1000);
    await get(1900);
    assert.ok(requests.length >= 2);
  },
  async 'GET /apis fails once'({ requests, products }) {
    const failed = await products(100);
    assert.equal(failed.code, 'server_error');
    assert.equal(failed.status, 503);
    assert.deepEqual({ ...(await products()).apis }, GRANT.apis);
    assert.deepEqual(requests, ['/v1/auth', '/v1/apis', '/v1/apis']);
  },
};

for (const answer of cases)
  for (const flow of answer.flow == 'both' ? ['domain', 'secret'] : [answer.flow])
    test(`${answer.name} (${flow})`, async (t) => {
      const api = await start(t, answer, flow);
      let result = await api.get(answer.code || answer.token || answer.words ? 10_000 : 300);
      if (answer.on == 'refreshToken') {
        await sleep(1000); // the minimum interval of two requests
        result = await api.get(10_000, 1);
      }
      if (answer.token) {
        assert.equal(result.accessToken, 'T', String(result));
        if (answer.apis) assert.deepEqual(Object.keys(result.apis), answer.apis);
      } else if (answer.code) assert.equal(result.code, answer.code);
      else assert.ok(result instanceof Error);
      if (answer.status != 200 && !answer.token) assert.equal(result.status, answer.status);
      if (!answer.token) assert.equal(result.serverMessage, sentenceOf(answer)); // none from HTML
      if (answer.words) assert.ok(result.serverMessage);
      if (answer.requests) await REQUESTS[answer.name]({ ...api, result });
    });

test('an expiration in another unit, or that is no time, counts as left out: in wasm and natively', async (t) => {
  const ask = fileURLToPath(new URL('../../../build/native/tests/c/programs/ask', import.meta.url));
  for (const [text, isTaken] of [
    ['1764115200', true],
    ['"1764115200"', true],
    ['1764115200000', false],
    ['100000000000', false],
    ['-5', false],
    ['1e999', false],
    ['"2026-11-25T23:00:00Z"', false],
    ['{}', false],
  ]) {
    const answer = { status: 200, text: `{"accessToken":"T","expires_in":1200,"expiration":${text},"apis":{}}` };
    const results = [];
    for (const flow of ['domain', 'secret']) results.push((await (await start(t, answer, flow)).get()).expiration);
    const { endpoint, close } = await serveAnswer(answer);
    t.after(close);
    const [code, expiration] = (await execute(ask, ['once', endpoint])).stdout.split('\t');
    assert.equal(code, 'token');
    const late = Date.now() / 1000 + 1200;
    for (const result of [...results, Number(expiration)])
      if (isTaken) assert.equal(result, 1764115200, text);
      else assert.ok(result > late - 60 && result <= late, `${text}: ${result}`);
  }
});

test('the file has all cases', () => assert.ok(cases.length >= 23));
