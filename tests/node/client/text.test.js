// What the core reads with the browser's help, it reads as its own C does natively (tests/c/core).

import assert from 'node:assert/strict';
import test from 'node:test';
import { READERS } from '../../../js/client/text.js';

const [date, number, code, endpoint, anyEndpoint] = READERS;

test('HTTP dates, and no other ones', () => {
  assert.equal(date('Thu, 01 Jan 1970 00:00:00 GMT'), 0);
  assert.equal(date('Sun, 06 Nov 1994 08:49:37 GMT'), 784111777);
  assert.equal(date('Thu, 29 Feb 2024 23:59:59 GMT'), 1709251199);
  for (const bad of ['', '5', 'Invalid Date', '2024-02-29', 'Sun, 6 Nov 1994 08:49:37 GMT', 'Sun, 06 Nov 1994 08:49:37 +0100', 'Sun, 06 Nov 1994 08:49:37', 'Sun, 06 Foo 1994 08:49:37 GMT', 'Sun, 06 Nov 1994 24:49:37 GMT'])
    assert.ok(Number.isNaN(date(bad)), bad);
});

test('decimal numbers, and nothing else', () => {
  for (const [text, value] of [['0', 0], ['-7', -7], ['1200', 1200], ['1.5', 1.5], ['12e2', 1200], ['5E-1', 0.5], ['9007199254740992', 2 ** 53], ['1e999', Infinity]])
    assert.equal(number(text), value, text);
  for (const bad of ['', ' 1', '1 ', '+1', '.5', '0x10', '1e', '1e+', '1_0', 'Infinity', 'NaN', '--1', '1,2']) assert.ok(Number.isNaN(number(bad)), bad);
});

test('codes of errors', () => {
  assert.equal(code('key_revoked'), -10);
  assert.equal(code('no_such_code'), 0);
});

test('endpoints: https or this machine', () => {
  for (const good of ['https://api.inbenta.io/v1', 'HTTPS://API.inbenta.io', 'https://a:8443/x_y~z/', 'http://localhost:1', 'http://a.localhost', 'http://127.9.9.9/v1', 'http://[::1]:1'])
    assert.equal(endpoint(good), 0, good);
  for (const insecure of ['http://api.inbenta.io', 'http://localhost.evil.com', 'http://127.0.0.1.evil.com', 'http://10.0.0.1', 'http://[::2]']) {
    assert.equal(endpoint(insecure), -2, insecure);
    assert.equal(anyEndpoint(insecure), 0, insecure);
  }
  assert.equal(anyEndpoint('ftp://a'), -2);
  for (const bad of ['', 'https://', 'javascript:1', '//a', 'https://u@a', 'https://a?x', 'https://a#x', 'https://a/%20', 'https://a/ ', 'https:\\\\a', 'https://a:99999', 'https://[::1', 'https://[x]', 'http://127.0.0.256', 'https://a\n'])
    assert.equal(anyEndpoint(bad), -1, bad);
});
