// The beginning of a body (js/client/body.js): within a limit and until a signal, and the rest is released.

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import test from 'node:test';
import { readBody } from '../../../js/client/body.js';

const { signal } = new AbortController();
const encode = (text) => new TextEncoder().encode(text);

/** An answer that comes in parts. `state.isCancelled`: the rest was released. `isEndless`: it does not end. */
function answer(parts, { isEndless = false } = {}) {
  const state = { isCancelled: false };
  const stream = new ReadableStream({
    pull(controller) {
      if (parts.length) controller.enqueue(encode(parts.shift()));
      else if (!isEndless) controller.close();
      else return new Promise(() => {});
    },
    cancel() {
      state.isCancelled = true;
    },
  });
  return [new Response(stream), state];
}

/** What is read into so many bytes. */
async function read(response, size, until = signal) {
  const bytes = new Uint8Array(size);
  const length = await readBody(response, bytes, until);
  return [length, new TextDecoder().decode(bytes.subarray(0, length)), bytes];
}

test('all parts of a body are read, in their order', async () => {
  const [response] = answer(['one', 'two', 'three']);
  assert.deepEqual((await read(response, 100)).slice(0, 2), [11, 'onetwothree']);
});

test('what does not fit is neither kept nor waited for, and is released', async () => {
  for (const parts of [['12345678'], ['1234', '5678', '9'], ['12345', '6']]) {
    const [response, state] = answer(parts, { isEndless: true });
    assert.deepEqual((await read(response, 5)).slice(0, 2), [5, '12345']);
    assert.equal(state.isCancelled, true);
  }
});

test('an aborted signal ends the reading with what is there', async () => {
  const controller = new AbortController();
  const [response, state] = answer(['12'], { isEndless: true });
  const reading = read(response, 100, controller.signal);
  await new Promise((resolve) => setImmediate(resolve));
  controller.abort();
  assert.deepEqual((await reading).slice(0, 2), [2, '12']);
  assert.equal(state.isCancelled, true);
});

test('a body that cannot be released any more causes no error', async () => {
  const [response] = answer([]);
  const reader = { read: async () => ({ done: true }), cancel: () => Promise.reject(new Error('gone')) };
  Object.defineProperty(response, 'body', { value: { getReader: () => reader } });
  assert.equal((await read(response, 5))[0], 0);
  await new Promise((resolve) => setImmediate(resolve)); // an unhandled rejection would fail the test
});

test('a body that is no stream is read as a whole, up to the limit; no body is empty', async () => {
  const whole = { body: undefined, arrayBuffer: async () => encode('1234567').buffer };
  assert.deepEqual((await read(whole, 5)).slice(0, 2), [5, '12345']);
  assert.deepEqual((await read(whole, 50)).slice(0, 2), [7, '1234567']);
  assert.deepEqual((await read(new Response(null), 5)).slice(0, 2), [0, '']);
  const controller = new AbortController();
  assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
  await read(new Response(null), 5, controller.signal);
  controller.abort();
});
