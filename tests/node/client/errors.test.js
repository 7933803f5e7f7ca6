// One list of errors: src/core/errors.def. JavaScript's codes must be the same.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { AuthError, errorFromC, INSECURE_ENDPOINT, INVALID_CONFIG, NETWORK, numberForC } from '../../../js/client/errors.js';

const CODES = `invalid_config insecure_endpoint secret_in_browser aborted timeout network origin_not_allowed
  credentials_rejected key_revoked token_expired rate_limited server_error bad_response body_too_large
  wasm_unavailable wasm_blocked_by_csp disposed`.split(/\s+/);

test('every error of errors.def has its code, in its place', async () => {
  const definitions = await readFile(new URL('../../../src/core/errors.def', import.meta.url), 'utf8');
  const entries = [...definitions.matchAll(/^IAUTH_ERROR\((\w+), (-\d+), "(\w+)"\)/gm)];
  assert.ok(entries.length >= 20);
  entries.forEach(([, name, number, code], index) => {
    assert.equal(Number(number), -1 - index, `${name} is not numbered in order`);
    assert.equal(errorFromC(Number(number)).code, code, name);
    assert.equal(numberForC(code), Number(entries.find((entry) => entry[3] == code)[2]), code);
  });
  for (const [name, number] of Object.entries({ INVALID_CONFIG, INSECURE_ENDPOINT, NETWORK })) assert.equal(entries[-1 - number][1], name);
  for (const unknown of ['', 'no_such_code', undefined]) assert.equal(numberForC(unknown), 0);
});

test('headers and messages stand in the same order in C and in JavaScript', async () => {
  const [core, boundary, js] = await Promise.all(['src/core/iauth.h', 'src/wasm/boundary.h', 'js/client/core.js'].map((file) => readFile(new URL(`../../../${file}`, import.meta.url), 'utf8')));
  const headers = [...core.matchAll(/^  HEADER\(\w+, "([\w-]+)"\)/gm)].map(([, name]) => name);
  assert.ok(headers.length >= 7);
  assert.deepEqual([...js.match(/const HEADERS = \[(.*)\];/)[1].matchAll(/'([\w-]+)'/g)].map(([, name]) => name), headers);
  const messages = [...boundary.matchAll(/^  MESSAGE_(\w+)/gm)].map(([, name], index) => [name, index + 1]);
  const kinds = [...core.matchAll(/^  IAUTH_EVENT_(\w+)/gm)].map(([, name], index) => [name, index + 1]);
  assert.deepEqual(messages.slice(0, 4), kinds);
  assert.deepEqual([...js.matchAll(/^export const ([A-Z]+) = (\d);/gm)].map(([, name, number]) => [name, Number(number)]), messages);
});

test('every code of the contract can be made, with a hint', () => {
  for (const code of CODES) {
    const error = new AuthError(code);
    assert.ok(error instanceof Error);
    assert.equal(error.name, 'AuthError');
    assert.equal(error.code, code);
    assert.match(error.message, new RegExp(`\\(${code}\\)`));
    assert.match(error.hint, /^[A-Z].*\.$/);
    assert.deepEqual([error.status, error.retryable, error.retryAfterMs, error.attempts, error.cause], [0, false, 0, 0, undefined]);
  }
});

test('details are fields', () => {
  const error = errorFromC(-12, { status: 429, retryable: true, retryAfterMs: 8000, attempts: 3 });
  assert.deepEqual(
    { code: error.code, status: error.status, retryable: error.retryable, retryAfterMs: error.retryAfterMs, attempts: error.attempts },
    { code: 'rate_limited', status: 429, retryable: true, retryAfterMs: 8000, attempts: 3 },
  );
});
