// What a page passes, as the client takes it (js/client/config.js). options.test.js has the mistakes that users make.

import assert from 'node:assert/strict';
import test from 'node:test';
import { INVALID_CONFIG } from '../../../js/client/boundary.js';
import { checkConfig, checkOptions, isCredential, ownMembers } from '../../../js/client/config.js';
import { AuthError, numberForC } from '../../../js/client/errors.js';

const FIXED = { apiKey: 'k', credential: 'd' };
const MORE = { persist: 'string', domainKeyName: 'string', userPersonalSecret: 'string' };
const check = (given) => checkConfig(given, FIXED, MORE);

/** For assert.throws: invalid_config whose hint matches. */
const refused = (pattern) => (error) =>
  error instanceof AuthError && numberForC(error.code) == INVALID_CONFIG && pattern.test(error.hint);

test('the defaults', () => {
  for (const given of [undefined, {}, { endpoint: undefined, wasm: undefined }])
    assert.deepEqual(
      { ...check(given) },
      {
        ...FIXED,
        endpoint: 'https://api.inbenta.io/v1',
        autoRefresh: true,
        shareAcrossTabs: true,
        minValidityMs: 30_000,
        timeoutMs: 10_000,
      },
    );
});

test('each option is taken as it is', () => {
  const given = {
    endpoint: 'https://auth.example/v1',
    autoRefresh: false,
    shareAcrossTabs: false,
    minValidityMs: 0,
    timeoutMs: 0,
    wasm: '/a.wasm',
    environment: 'development',
    source: 's',
    userType: 3,
    allowInsecure: false,
    log() {},
    persist: 'session',
    domainKeyName: 'domain_key',
    userPersonalSecret: 'secret',
  };
  assert.deepEqual({ ...check(given) }, { ...FIXED, ...given });
  assert.equal(check({ userType: '3' }).userType, '3');
});

test('what the flow adds counts for more than the options', () => {
  assert.equal(checkConfig({ domainKeyName: 'a' }, { ...FIXED, domainKeyName: 'b' }, MORE).domainKeyName, 'b');
});

test('durations: numbers from 0; timers take 2^31 - 1', () => {
  assert.equal(check({ timeoutMs: 2 ** 31 }).timeoutMs, 2 ** 31 - 1);
  assert.equal(check({ minValidityMs: 2 ** 31 }).minValidityMs, 2 ** 31);
  for (const name of ['minValidityMs', 'timeoutMs'])
    for (const value of [-1, NaN, Infinity])
      assert.throws(() => check({ [name]: value }), refused(new RegExp(name)), `${name}: ${value}`);
  const known = { minValidityMs: 'number' };
  assert.equal(checkOptions({ minValidityMs: Infinity }, known).minValidityMs, Infinity);
  for (const minValidityMs of ['0', null, NaN, -1])
    assert.throws(() => checkOptions({ minValidityMs }, known), refused(/minValidityMs/), String(minValidityMs));
});

test('keys: characters that a header can have', () => {
  for (const value of ['k', '!', '~', 'a=b/c+d', '"', '"k\'', 'k"']) assert.ok(isCredential(value), value);
  for (const value of ['', ' ', ' k', 'k ', 'a b', 'k\n', '\u007f', 'ü', 7, undefined, null, ['k'], '"k"', "'k'", "''"])
    assert.ok(!isCredential(value), String(value));
  for (const apiKey of ['', 'two words', 7])
    assert.throws(() => checkConfig({}, { ...FIXED, apiKey }, MORE), refused(/apiKey/), String(apiKey));
  for (const name of ['domainKeyName', 'userPersonalSecret'])
    assert.throws(() => check({ [name]: 'two words' }), refused(new RegExp(name)));
});

test('the base URL is as browsers write it', () => {
  const endpointOf = (given) => check(given).endpoint;
  assert.equal(endpointOf({ endpoint: 'HTTPS://Auth.Example:443/v1' }), 'https://auth.example/v1');
  for (const tail of ['', '/', '///', '/v1', '/v1/'])
    assert.equal(endpointOf({ connectionEntryPoint: `https://auth.example${tail}` }), 'https://auth.example/v1', tail);
  assert.equal(endpointOf({ connectionEntryPoint: 'https://auth.example/v1/api' }), 'https://auth.example/v1/api/v1');
  assert.equal(endpointOf({ endpoint: 'http://auth.example/v1', allowInsecure: true }), 'http://auth.example/v1');
  for (const host of ['inbenta.io', 'api.inbenta.io'])
    assert.throws(() => check({ endpoint: `https://${host}` }), refused(/\/v1\.$/), host);
  for (const endpoint of ['no URL', 'https://auth.example/v1?a', 'https://user@auth.example/v1'])
    assert.throws(() => check({ endpoint }), refused(/must be a base URL/), endpoint);
  assert.throws(
    () => check({ endpoint: 'http://auth.example/v1' }),
    (error) => error.code == 'insecure_endpoint',
  );
});

test('the module’s place may be a URL, also of another realm, such as a frame', () => {
  const href = 'https://cdn.example/a.wasm';
  const ofFrame = new (class URL {
    get href() {
      return href;
    }
  })();
  for (const wasm of [new URL(href), ofFrame]) assert.equal(check({ wasm }).wasm, href);
});

test('own members only', () => {
  const own = ownMembers({ a: 1, __proto__: { b: 2 } });
  assert.deepEqual([own.a, own.b, own.toString], [1, undefined, undefined]);
});
