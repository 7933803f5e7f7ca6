// The errors that JavaScript makes, also from C's error numbers (js/client/boundary.js).

import assert from 'node:assert/strict';
import test from 'node:test';
import * as boundary from '../../../js/client/boundary.js';
import { AuthError, errorFromC, numberForC } from '../../../js/client/errors.js';

const CODES = `invalid_config insecure_endpoint aborted timeout network origin_not_allowed
  credentials_rejected key_revoked token_expired endpoint_refused rate_limited server_error bad_response body_too_large
  out_of_memory wasm_unavailable wasm_blocked_by_csp disposed`.split(/\s+/);

test('each error of C has its code', () => {
  for (const [name, number] of Object.entries(boundary)) {
    if (!(number < 0)) continue;
    const code = errorFromC(number).code;
    assert.ok(CODES.includes(code), name);
    if (code != 'bad_response') assert.equal(code, name == 'NO_MEMORY' ? 'out_of_memory' : name.toLowerCase());
    assert.equal(errorFromC(numberForC(code)).code, code);
  }
  for (const unknown of ['', 'no_such_code', undefined]) assert.equal(numberForC(unknown), 0);
});

test('every documented code can be made and has a hint', () => {
  for (const code of CODES) {
    const error = new AuthError(code);
    assert.ok(error instanceof Error);
    assert.equal(error.name, 'AuthError');
    assert.equal(error.code, code);
    assert.match(error.message, new RegExp(`\\(${code}\\)`));
    assert.match(error.hint, /^[A-Z].*\.$/);
    assert.deepEqual(
      [error.status, error.retryable, error.retryAfterMs, error.attempts, error.cause],
      [0, false, 0, 0, undefined],
    );
  }
});

test('the details of an error are fields', () => {
  const error = errorFromC(boundary.RATE_LIMITED, {
    status: 429,
    retryable: true,
    retryAfterMs: 8000,
    attempts: 3,
    serverMessage: 'Limit Exceeded',
  });
  assert.deepEqual(
    {
      code: error.code,
      status: error.status,
      retryable: error.retryable,
      retryAfterMs: error.retryAfterMs,
      attempts: error.attempts,
      serverMessage: error.serverMessage,
    },
    {
      code: 'rate_limited',
      status: 429,
      retryable: true,
      retryAfterMs: 8000,
      attempts: 3,
      serverMessage: 'Limit Exceeded',
    },
  );
});

test('the message is the hint and the code; there is a cause if one is given, whatever it is', () => {
  const plain = new AuthError('aborted');
  assert.equal(plain.message, 'Your signal was aborted. (aborted)');
  assert.ok(!('cause' in plain));
  const [nothing, mine] = [null, new Error('mine')].map((cause) => new AuthError('network', { cause }));
  assert.equal(nothing.cause, null);
  assert.equal(mine.cause.message, 'mine');
});

test('instanceof: of any bundle; a class of the user’s own has only its own', () => {
  class Mine extends AuthError {}
  assert.ok(new Mine('aborted') instanceof Mine);
  assert.ok(new Mine('aborted') instanceof AuthError);
  assert.ok(!(new AuthError('aborted') instanceof Mine));
  assert.ok({ [Symbol.for('inbenta-auth.AuthError')]: true } instanceof AuthError);
  for (const other of [undefined, null, 'x', {}, new Error('x')])
    assert.ok(!(other instanceof AuthError), String(other));
});
