// Throws broken requests at an inbenta-authd that was built with sanitizers: whole ones with bytes changed, cut, repeated
// and joined, on connections that are kept, left or shut half-way. Nothing may be found, and good requests are answered
// all the while. node tests/soak/http.js [seconds [seed]]

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';

process.env.AUTHD_PROGRAM = fileURLToPath(new URL('../../build/sanitize/src/authd/inbenta-authd', import.meta.url));
const { Authd } = await import('../support/authd.js');

const SECONDS = Number(process.argv[2] ?? 60);
const SEED = Number(process.argv[3] ?? Date.now() % 1e9);
const CLIENTS = 16;
const ADMIN_TOKEN = '0123456789abcdef'.repeat(2);

/** Numbers from 0 to 1, the same ones each time (a linear congruential generator). */
let state = SEED >>> 0;
const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
const below = (limit) => Math.floor(random() * limit);
const pick = (list) => list[below(list.length)];

const authd = await Authd.create();
const apiKey = await authd.createApiKey();
const { domainKey } = await authd.createDomainKey(apiKey, ['shop.example']);
const endpoint = await authd.serve({
  adminToken: ADMIN_TOKEN,
  words: ['--throttle', '100000/1', '--audit', `${authd.db}.audit`, '--trusted-proxy', '127.0.0.0/8'],
});
const { port } = new URL(endpoint);

const body = JSON.stringify({ domainKey });
const auth = (headers, text = body) =>
  `POST /v1/auth HTTP/1.1\r\nHost: a\r\nx-inbenta-key: ${apiKey}\r\nOrigin: https://shop.example\r\nContent-Type: application/json\r\n${headers}\r\n${text}`;
const admin = (path, text) =>
  `POST /admin/${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${ADMIN_TOKEN}\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
const GOOD = [
  auth(`Content-Length: ${body.length}\r\n`),
  auth('Transfer-Encoding: chunked\r\n', `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`),
  'GET /healthz HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.7, 10.0.0.1\r\n\r\n',
  'GET /.well-known/jwks.json HTTP/1.1\r\nHost: a\r\n\r\n',
  'OPTIONS /v1/auth HTTP/1.1\r\nHost: a\r\nOrigin: https://shop.example\r\n\r\n',
  `POST /v1/refreshToken HTTP/1.1\r\nHost: a\r\nx-inbenta-key: ${apiKey}\r\nAuthorization: Bearer a.b.c\r\nContent-Length: 0\r\n\r\n`,
  'GET /admin/ HTTP/1.1\r\nHost: localhost\r\n\r\n',
  `GET /admin/api-keys HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${ADMIN_TOKEN}\r\n\r\n`,
  admin('domain-keys', JSON.stringify({ apiKey, domains: ['*.shop.example'] })),
  admin('secrets/rotate', JSON.stringify({ id: 'sk_x', overlap: 5 })),
].map((text) => Buffer.from(text, 'latin1'));
const PIECES = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
  '\t',
  ':',
  'Content-Length: 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Host: b\r\n',
  '0\r\n\r\n',
  'ffffffff\r\n',
  '%00',
  '%2f',
  '\xff',
  'HTTP/1.1',
  '\u0001',
  '[',
  '{"',
  '\\u0000',
  ','.repeat(50),
].map((text) => Buffer.from(text, 'latin1'));

function mutate(bytes) {
  for (let times = 1 + below(4); times > 0; times--) {
    const at = below(bytes.length + 1);
    const end = Math.min(bytes.length, at + below(20));
    const change = below(5);
    if (change == 0) bytes = Buffer.concat([bytes.subarray(0, at), pick(PIECES), bytes.subarray(at)]);
    else if (change == 1) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
    else if (change == 2) bytes = Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
    else if (change == 3 && at < bytes.length) (bytes = Buffer.from(bytes))[at] = below(256);
    else bytes = Buffer.concat([bytes.subarray(0, at), pick(GOOD)]);
  }
  return bytes;
}

let sent = 0;
let good = 0;
const statuses = new Map();
const until = Date.now() + SECONDS * 1000;

/** One connection: some requests, in pieces or at once, and then it is left. */
function throwSome() {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {}).on('close', resolve);
    socket.setTimeout(300, () => socket.destroy());
    socket.on('data', (data) => {
      for (const [, status] of data.toString('latin1').matchAll(/HTTP\/1\.1 (\d{3}) /g))
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (below(4) == 0) socket.end();
    });
    for (let count = 1 + below(4); count > 0; count--, sent++) {
      const bytes = mutate(pick(GOOD));
      const cut = below(bytes.length + 1);
      socket.write(bytes.subarray(0, cut));
      setImmediate(() => socket.writable && socket.write(bytes.subarray(cut)));
    }
    if (below(8) == 0) setTimeout(() => socket.resetAndDestroy(), below(10));
  });
}

async function attack() {
  while (Date.now() < until) await throwSome();
}

async function visit() {
  while (Date.now() < until) {
    const answer = await fetch(`${endpoint}/auth`, {
      method: 'POST',
      headers: { 'x-inbenta-key': apiKey, Origin: 'https://shop.example', 'Content-Type': 'application/json' },
      body,
      signal: AbortSignal.timeout(20_000),
    });
    assert.equal(answer.status, 200);
    await answer.arrayBuffer();
    good++;
  }
}

console.log(`seed ${SEED}, ${SECONDS} s`);
await Promise.all([visit(), ...Array.from({ length: CLIENTS }, attack)]);
assert.equal(await authd.stop(), 0, 'it ended by itself, or a sanitizer found something');
const found = authd.log.filter((line) => /Sanitizer|runtime error/.test(line));
assert.deepEqual(found, []);
assert.deepEqual(
  [...statuses.keys()].filter((status) => status == 500),
  [],
);
await authd.remove();
console.log(
  `${sent} requests thrown, ${good} good ones answered; answers: ${[...statuses]
    .sort()
    .map(([status, count]) => `${status} ${count}`)
    .join(', ')}`,
);
