// Requests with broken or ambiguous framing (RFC 9110, RFC 9112). The answer is 400 and the connection is closed, so
// that no request can hide in another one. The test sends bytes, because HTTP clients do not send such requests.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Authd } from '../../support/authd.js';

const SILENCE_MS = 700; // after this time without data, a connection counts as open
const HOST = 'Host: a\r\n';
const CHUNKED = 'Transfer-Encoding: chunked\r\n';

const post = (headers, body = '', version = 'HTTP/1.1') => `POST /v1/auth ${version}\r\n${HOST}${headers}\r\n${body}`;
const get = (headers, target = '/healthz', version = 'HTTP/1.1') => `GET ${target} ${version}\r\n${headers}\r\n`;

/** Refused requests: name, bytes, status. The connection is closed after each. */
const REFUSED = [
  [
    'Content-Length, then Transfer-Encoding',
    post('Content-Length: 4\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    400,
  ],
  [
    'Transfer-Encoding, then Content-Length',
    post('Transfer-Encoding: chunked\r\nContent-Length: 4\r\n', '0\r\n\r\n'),
    400,
  ],
  ['two lengths', post('Content-Length: 2\r\nContent-Length: 3\r\n', '{} '), 400],
  ['the same length twice', post('Content-Length: 2\r\nContent-Length: 2\r\n', '{}'), 400],
  ['a list of lengths', post('Content-Length: 2, 2\r\n', '{}'), 400],
  ['a length with a sign', post('Content-Length: +2\r\n', '{}'), 400],
  ['a negative length', post('Content-Length: -2\r\n', '{}'), 400],
  ['a hexadecimal length', post('Content-Length: 0x2\r\n', '{}'), 400],
  ['an empty length', post('Content-Length: \r\n'), 400],
  ['a length with a space', post('Content-Length: 1 0\r\n', '{}'), 400],
  ['a length beyond 64 bits', post('Content-Length: 99999999999999999999\r\n'), 413],
  ['a decimal point in a length', post('Content-Length: 2.0\r\n', '{}'), 400],
  ['a length that ends in a semicolon', post('Content-Length: 2;\r\n', '{}'), 400],
  ['a length of 30 zeros', post(`Content-Length: ${'0'.repeat(30)}2\r\n`, '{}'), 400],
  [
    'a length that begins with 0 in HTTP/1.0, and chunks',
    post(`Content-Length: 02\r\n${CHUNKED}`, '{}', 'HTTP/1.0'),
    400,
  ],
  ['another transfer encoding', post('Transfer-Encoding: gzip\r\n', '{}'), 400],
  ['two transfer encodings in one', post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'), 400],
  ['chunked twice', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'), 400],
  ['chunked twice in one', post('Transfer-Encoding: chunked, chunked\r\n', '0\r\n\r\n'), 400],
  ['chunked and nothing', post('Transfer-Encoding: chunked,\r\n', '0\r\n\r\n'), 400],
  ['chunked with a parameter', post('Transfer-Encoding: chunked;a=b\r\n', '0\r\n\r\n'), 400],
  ['chunked in quotes', post('Transfer-Encoding: "chunked"\r\n', '0\r\n\r\n'), 400],
  ['chunked after a vertical tab', post('Transfer-Encoding: \vchunked\r\n', '0\r\n\r\n'), 400],
  ['no transfer encoding', post('Transfer-Encoding: identity\r\nContent-Length: 2\r\n', '{}'), 400],
  ['an empty transfer encoding', post('Transfer-Encoding: \r\n', '0\r\n\r\n'), 400],
  ['nearly chunked', post('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n'), 400],
  ['chunked in HTTP/1.0', post(CHUNKED, '0\r\n\r\n', 'HTTP/1.0'), 400],
  ['a chunk without a size', post(CHUNKED, 'zz\r\n\r\n'), 400],
  ['a chunk with a space before its size', post(CHUNKED, ' 2\r\n{}\r\n0\r\n\r\n'), 400],
  ['a chunk with a space after its size', post(CHUNKED, '2 \r\n{}\r\n0\r\n\r\n'), 400],
  ['a chunk whose size begins with 0x', post(CHUNKED, '0x2\r\n{}\r\n0\r\n\r\n'), 400],
  ['a chunk extension without a size', post(CHUNKED, ';a\r\n0\r\n\r\n'), 400],
  ['a chunk of a negative size', post(CHUNKED, '-1\r\n\r\n'), 400],
  ['a chunk size beyond 64 bits', post(CHUNKED, 'ffffffffffffffffff\r\n\r\n'), 413],
  ['a chunk that is longer than its size', post(CHUNKED, '2\r\n{}xx0\r\n\r\n'), 400],
  ['a space before the colon', get(`${HOST}X-A : b\r\n`), 400],
  ['a tab before the colon', get(`${HOST}X-A\t: b\r\n`), 400],
  ['a space before the colon of Host', get('Host : a\r\n'), 400],
  ['no colon', get(`${HOST}X-A b\r\n`), 400],
  ['a space in a name', get(`${HOST}X A: b\r\n`), 400],
  ['NUL in a name', get(`${HOST}X\0A: b\r\n`), 400],
  ['a folded line before all others', get(` X-A: b\r\n${HOST}`), 400],
  ['a control character in a value', get(`${HOST}X-A: b\x01c\r\n`), 400],
  ['CR in a value', get(`${HOST}X-A: b\rc\r\n`), 400],
  ['no Host', get(''), 400],
  ['two Hosts', get(`${HOST}Host: b\r\n`), 400],
  ['the same Host twice', get(HOST + HOST), 400],
  ['an empty Host', get('Host: \r\n'), 400],
  ['Host with a path', get('Host: a/b\r\n'), 400],
  ['Host with a user', get('Host: u@a\r\n'), 400],
  ['Host with a space', get('Host: a b\r\n'), 400],
  ['Host with a port that is none', get('Host: a:8x\r\n'), 400],
  ['Host with two ports', get('Host: a:80:80\r\n'), 400],
  ['Host with a bracket that stays open', get('Host: [::1\r\n'), 400],
  ['Host with a name in brackets', get('Host: [a]\r\n'), 400],
  ['Host with text after the bracket', get('Host: [::1]a\r\n'), 400],
  ['Host with half an escape', get('Host: a%4\r\n'), 400],
  ['Host without a name', get('Host: :80\r\n'), 400],
  ['two Hosts in one', get('Host: a, b\r\n'), 400],
  ['a target with another host', get(HOST, 'http://b/healthz'), 400],
  ['a target with a user', get(HOST, 'http://u@a/healthz'), 400],
  ['a target with another port', get(HOST, 'https://a:1/healthz'), 400],
  ['a target without a host', get(HOST, 'http:///healthz'), 400],
  ['a target with a host, but no Host', get('', 'http://a/healthz', 'HTTP/1.0'), 400],
  ['no version', `GET /healthz\r\n${HOST}\r\n`, 400],
  ["HTTP/2's preface", 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
  ['a name for HTTP in lower case', get(HOST, '/healthz', 'http/1.1'), 400],
  ['HTTP/2.0', get(HOST, '/healthz', 'HTTP/2.0'), 505],
  ['an invalid version', get(HOST, '/healthz', 'HTTP/1.1x'), 400],
  ['a byte above ASCII in the path', get(HOST, '/healthz\xff'), 400],
  ['a header that is too long', get(`${HOST}X: ${'b'.repeat(20_000)}\r\n`), 431],
];

const REFUSAL = { status: 400, closed: true };
const ANSWERED = { status: 200, closed: false };
const CUT = { status: NaN, closed: true }; // closed without an answer

/**
 * Requests that our code cannot refuse, because libmicrohttpd changes them first or ends the connection itself
 * (docs/authd.md): name, bytes, and what happens with version 0.9.75 and with 1.0.1. The body `{}` without a known API key
 * gets 403.
 */
const HIDDEN = [
  ['a folded line', get(`${HOST}X-A: b\r\n c\r\n`), ANSWERED, REFUSAL],
  ['a line of a space', get(`${HOST} \r\nX-A: b\r\n`), ANSWERED, REFUSAL],
  [
    'a folded Transfer-Encoding',
    post('Transfer-Encoding:\r\n chunked\r\n', '0\r\n\r\n'),
    { status: 403, closed: true },
    REFUSAL,
  ],
  ['a header without a name', get(`${HOST}: b\r\n`), ANSWERED, REFUSAL],
  ['NUL in a value', get(`${HOST}X-A: b\0c\r\n`), ANSWERED, REFUSAL],
  ['NUL in the path', get(HOST, '/healthz\0x'), ANSWERED, CUT],
  ['NUL in the query', get(HOST, '/healthz?x\0y'), ANSWERED, CUT],
  ['lines that end in LF', 'GET /healthz HTTP/1.1\nHost: a\n\n', ANSWERED, REFUSAL],
  ['lines that end in CR', 'GET /healthz HTTP/1.1\rHost: a\r\r', { status: NaN, closed: false }, REFUSAL],
  ['a chunk extension', post(CHUNKED, '2;a=b\r\n{}\r\n0\r\n\r\n'), { status: 403, closed: false }, REFUSAL],
  ['a chunk extension that ends in LF', post(CHUNKED, '2;a\n{}\r\n0\r\n\r\n'), { status: 403, closed: false }, REFUSAL],
  ['a chunk that ends in LF', post(CHUNKED, '2\r\n{}\n0\r\n\r\n'), { status: 403, closed: false }, REFUSAL],
  ['a folded trailer', post(CHUNKED, '0\r\nX-A: b\r\n c\r\n\r\n'), { status: 403, closed: false }, REFUSAL],
  ['two spaces before the path', get(HOST, ' /healthz'), ANSWERED, REFUSAL],
  ['a space in the path', get(HOST, '/heal thz'), CUT, REFUSAL],
  ['tabs instead of spaces', `GET\t/healthz\tHTTP/1.1\r\n${HOST}\r\n`, CUT, CUT],
];

/** Paths that have no endpoint, however a proxy might decode them. */
const OTHER_PATHS = [
  '/health%7a',
  '/healthz%00',
  '/%2fhealthz',
  '/v1%2fauth',
  '/%61dmin/',
  '/admin%2f',
  '/v1/../healthz',
  '//healthz',
];

/** Sends bytes. Returns the status of the first answer, and whether the connection was closed after it. */
function send(port, text) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let got = '';
    const end = (closed) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ status: Number(got.match(/^HTTP\/1\.[01] (\d{3})/)?.[1]), closed });
    };
    const timer = setTimeout(end, SILENCE_MS, false);
    socket.setEncoding('latin1').on('data', (data) => (got += data));
    socket.on('end', () => end(true)).on('error', () => end(true));
    socket.write(Buffer.from(text, 'latin1'));
  });
}

test('framing', { timeout: 60_000 }, async (t) => {
  const authd = await Authd.create();
  t.after(() => authd.remove());
  const { port } = new URL(await authd.serve({ adminToken: '0123456789abcdef'.repeat(2) }));

  assert.ok(REFUSED.length >= 30);
  for (const [name, text, status] of REFUSED)
    await t.test(`${name}: ${status}`, async () => assert.deepEqual(await send(port, text), { status, closed: true }));
  const version = (await promisify(execFile)('pkg-config', ['--modversion', 'libmicrohttpd'])).stdout.trim();
  for (const [name, text, before1, since1] of HIDDEN)
    await t.test(`${name}, with libmicrohttpd ${version}`, async () =>
      assert.deepEqual(await send(port, text), version.startsWith('0.') ? before1 : since1),
    );
  await t.test('percent-encoded and other spellings of a path reach no handler', async () => {
    for (const path of OTHER_PATHS) assert.equal((await send(port, get(HOST, path))).status, 404, path);
  });
  await t.test('well-framed requests are answered', async () => {
    for (const text of [
      get(HOST),
      get('', '/healthz', 'HTTP/1.0'),
      get(`${HOST}X-A:b\r\n`),
      get(`${HOST}X-A: \t b \t\r\n`),
      get('Host: [::1]:8080\r\n'),
      get('Host: a:\r\n'),
      get("Host: A-1.b_c.~!$&'()*+;=%41:80\r\n"),
      get(HOST, 'HTTP://A/healthz?x=1'),
      get('Host: a:80\r\n', 'http://a:80/healthz'),
    ])
      assert.equal((await send(port, text)).status, 200, text);
    assert.equal((await send(port, post('Content-Length: 2\r\n', '{}'))).status, 403);
    assert.equal((await send(port, post('Transfer-Encoding: Chunked\r\n', '2\r\n{}\r\n0\r\n\r\n'))).status, 403);
  });
  assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200);
});
