// If the WebAssembly fails, the caller gets an error, and the next request is served with the same keys.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auth, emulate, reasonOf, refresh, tokenOf } from '../../support/emulator.js';

let trap = false;
let started = 0;

const { Instance } = WebAssembly;
WebAssembly.Instance = function (...words) {
  const { exports } = new Instance(...words);
  const handle = (...request) => {
    if (!trap) return exports.handle(...request);
    trap = false;
    throw new WebAssembly.RuntimeError('unreachable');
  };
  started++;
  return { exports: { ...exports, handle } };
};

test('an instance that traps is replaced', async (t) => {
  const emulator = await emulate(t);
  const apiKey = await emulator.createApiKey();
  const { accessToken } = await tokenOf(emulator);
  trap = true;
  const answer = await auth(emulator);
  assert.ok(answer.headers.get('Access-Control-Allow-Origin'));
  assert.deepEqual([answer.status, await reasonOf(answer)], [500, 'server_error']);
  assert.match(emulator.requests.at(-1).problem, /WebAssembly failed.*unreachable/);
  assert.equal((await auth(emulator)).status, 200);
  assert.equal((await refresh(emulator, accessToken)).status, 200);
  assert.ok((await emulator.createSecret(apiKey)).secret);
  trap = true;
  await assert.rejects(emulator.createSecret(apiKey), /WebAssembly failed/);
  assert.ok((await emulator.createSecret(apiKey)).secret);
  assert.equal(started, 3);
});
