// A token on its way (js/client/token.js): what a server gives, what tabs and storage pass on, what C is given.

import assert from 'node:assert/strict';
import test from 'node:test';
import { AuthError } from '../../../js/client/errors.js';
import { fromGrant, isToken, stringsForC, tokenStrings } from '../../../js/client/token.js';

const NOW = 1_800_000_000_500;

/** For assert.throws: the source's own AuthError, invalid_config, with such a hint. */
const invalidConfig = (pattern) => (error) =>
  error instanceof AuthError && error.code == 'invalid_config' && pattern.test(error.hint);

test('a grant: expires_in counts for more than expiration, and without both there is a minute', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: NOW });
  const from = (more) => fromGrant({ accessToken: 't', ...more });
  const alike = { accessToken: 't', apis: undefined };
  assert.deepEqual(from({ expires_in: 20, expiration: 1_700_000_000 }), {
    ...alike,
    expiration: 1_700_000_000,
    expiresAt: NOW + 20_000,
    lifetimeMs: 20_000,
    leftMs: 20_000,
  });
  assert.deepEqual(from({ expiration: 1_800_000_010 }), {
    ...alike,
    expiration: 1_800_000_010,
    expiresAt: NOW + 9500,
    lifetimeMs: 9500,
    leftMs: 9500,
  });
  assert.deepEqual(from({ expires_in: 20 }), {
    ...alike,
    expiration: 1_800_000_020,
    expiresAt: NOW + 20_000,
    lifetimeMs: 20_000,
    leftMs: 20_000,
  });
  assert.deepEqual(from({ expires_in: null, expiration: null, apis: null }), {
    ...alike,
    expiration: 1_800_000_060,
    expiresAt: NOW + 60_000,
    lifetimeMs: 60_000,
    leftMs: 60_000,
  });
  assert.deepEqual(fromGrant('t'), from({}));
  assert.deepEqual(from({ apis: { chatbot: 'https://c.example' } }).apis, { chatbot: 'https://c.example' });
  const odd = { a: null, b: 'http://b.example', c: {}, d: 'https://user@d.example', e: 'e.example' };
  assert.deepEqual(from({ apis: { ...odd, chatbot: 'https://c.example' } }).apis, { chatbot: 'https://c.example' });
  for (const apis of [[], 'x', 7]) assert.deepEqual(from({ apis }).apis, {});
});

test('a grant that is over has nothing left', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: NOW });
  const over = fromGrant({ accessToken: 't', expiration: 1_799_999_000 });
  assert.deepEqual([over.expiresAt, over.lifetimeMs, over.leftMs], [1_799_999_000_000, 0, 0]);
});

test('a time that is no number of seconds is named', () => {
  const from = (more) => () => fromGrant({ accessToken: 't', ...more });
  assert.throws(from({ expires_in: '20' }), invalidConfig(/^expires_in .*not text/));
  assert.throws(from({ expiration: NaN }), invalidConfig(/^expiration .*number/));
  assert.throws(from({ expires_in: Infinity }), invalidConfig(/^expires_in .*number/));
  assert.throws(from({ expiration: NOW }), invalidConfig(/^expiration .*milliseconds/));
  assert.equal(from({ expiration: 1e11 })().expiration, 1e11); // in the year 5138
});

test('a grant without a key that a header can have is refused', () => {
  for (const given of ['', 'two words', {}, { accessToken: 7 }, { accessToken: 'ü' }, null, undefined])
    assert.throws(() => fromGrant(given), invalidConfig(/^accessToken|^The grant|object/), String(given));
});

test('a token that a tab or storage passes on has numbers and a key', () => {
  const token = { accessToken: 't', expiration: 1, expiresAt: 2, lifetimeMs: 3 };
  assert.ok(isToken(token));
  assert.ok(isToken({ ...token, leftMs: 0 }));
  for (const name of ['expiration', 'expiresAt', 'lifetimeMs'])
    for (const value of [undefined, null, '1', NaN, Infinity])
      assert.ok(!isToken({ ...token, [name]: value }), `${name}: ${value}`);
  for (const leftMs of ['1', NaN, Infinity]) assert.ok(!isToken({ ...token, leftMs }), `leftMs: ${leftMs}`);
  for (const accessToken of [undefined, 7, '', 'two words', 'a\nb', 'ü'])
    assert.ok(!isToken({ ...token, accessToken }), `accessToken: ${accessToken}`);
  for (const nothing of [undefined, null, 7, '']) assert.ok(!isToken(nothing), String(nothing));
});

test('C gets strings without NULs; an entry that cannot be one is left out', () => {
  const apis = {
    a: 'https://a.example',
    '': 'https://b.example',
    c: 7,
    d: 'https://\0d.example',
    'e\0': 'https://e.example',
    f: 'https://f.example',
  };
  assert.equal(
    stringsForC(tokenStrings({ accessToken: 't', apis })),
    't\0a\0https://a.example\0d\0https://\ufffdd.example\0e\ufffd\0https://e.example\0f\0https://f.example\0',
  );
  assert.equal(stringsForC(tokenStrings({ accessToken: 't', apis: undefined })), 't\0');
});
