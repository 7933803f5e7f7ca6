// The emulator's HTTP: many clients, malformed requests, slow clients, and close.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createFromSecret } from 'inbenta-auth/server';
import { auth, emulate, ORIGIN, reasonOf, tokenOf } from '../../support/emulator.js';

const LOADED_MACHINE_MS = 10_000;

const portOf = ({ url }) => Number(new URL(url).port);

/** Sends bytes and returns everything received until the other side closes. */
async function exchange(emulator, text) {
  const socket = connect(portOf(emulator), '127.0.0.1');
  const pieces = [];
  socket.on('data', (piece) => pieces.push(piece)).on('error', () => {});
  socket.write(text, 'latin1');
  await once(socket, 'close');
  return Buffer.concat(pieces).toString('latin1');
}

const head = (emulator, more) =>
  `POST /v1/auth HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nx-inbenta-key: ${emulator.apiKey}\r\nContent-Type: application/json\r\n${more}`;

test('invalid HTTP is answered with 400 or 431, and other clients are served', async (t) => {
  const emulator = await emulate(t);
  const bad = [
    ['\0\xff\r\n\r\n', 400],
    ['GET\r\n\r\n', 400],
    [`GET /${'a'.repeat(100_000)} HTTP/1.1\r\n\r\n`, 431],
    [head(emulator, `X: ${'b'.repeat(100_000)}\r\n\r\n`), 431],
    [head(emulator, 'Content-Length: -1\r\n\r\n'), 400],
    [head(emulator, 'Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}'), 400],
    [head(emulator, 'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}'), 400],
    [head(emulator, 'Transfer-Encoding: chunked\r\n\r\nzz\r\n'), 400],
    [head(emulator, 'X\0: y\r\n\r\n'), 400],
    ['GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n', 400], // no Host
  ];
  for (const [text, status] of bad) {
    assert.match(
      await exchange(emulator, text),
      new RegExp(`^HTTP/1.1 ${status} `),
      JSON.stringify(text.slice(0, 200)),
    );
    assert.equal((await auth(emulator)).status, 200);
  }
});

test('a repeated header counts as empty', async (t) => {
  const emulator = await emulate(t);
  const body = JSON.stringify({ domainKey: emulator.domainKey });
  const length = `Content-Length: ${body.length}\r\n\r\n${body}`;
  const reason = async (more) =>
    (await exchange(emulator, head(emulator, more + length))).match(/"(?:reason|Message)":"([^"]+)"/)?.[1];
  assert.equal(await reason(`Origin: ${ORIGIN}\r\n`), undefined);
  assert.equal(await reason(`Origin: ${ORIGIN}\r\nOrigin: https://evil.example\r\n`), 'origin_not_allowed');
  assert.equal(await reason(`Origin: ${ORIGIN}\r\norigin: ${ORIGIN}\r\n`), 'origin_not_allowed');
  assert.match(await reason(`Origin: ${ORIGIN}\r\nX-INBENTA-KEY: ${emulator.apiKey}\r\n`), /not authorized/);
  assert.equal(await reason(`Origin: ${ORIGIN}\r\nContent-Type: application/json\r\n`), 'bad_request');
});

test('a body over the limit is read to its end and refused', async (t) => {
  const emulator = await emulate(t);
  const sized = (size) => JSON.stringify({ domainKey: emulator.domainKey }).padEnd(size);
  assert.equal((await auth(emulator, { body: sized(16_384) })).status, 200);
  for (const size of [16_385, 5_000_000]) assert.equal((await auth(emulator, { body: sized(size) })).status, 413);
  let left = 20;
  const chunks = new ReadableStream({
    pull: (stream) => (left-- > 0 ? stream.enqueue(new Uint8Array(100_000)) : stream.close()),
  }); // without Content-Length
  assert.equal((await auth(emulator, { body: chunks, duplex: 'half' })).status, 413);
  for (const nested of ['['.repeat(16_000), '{"domainKey":'.repeat(1200)])
    assert.equal((await auth(emulator, { body: nested })).status, 400);
});

test('many clients are served at once', async (t) => {
  const emulator = await emulate(t);
  const [CLIENTS, EACH] = [100, 10];
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  t.after(() => agent.destroy());
  const body = JSON.stringify({ domainKey: emulator.domainKey });
  const headers = {
    'x-inbenta-key': emulator.apiKey,
    Origin: ORIGIN,
    'Content-Type': 'application/json',
    'Content-Length': body.length,
  };
  const once200 = () =>
    new Promise((resolve, reject) => {
      const sent = request(`${emulator.endpoint}/auth`, { method: 'POST', agent, headers }, (answer) => {
        let text = '';
        answer
          .setEncoding('utf8')
          .on('data', (piece) => (text += piece))
          .on('end', () =>
            answer.statusCode == 200 ? resolve(JSON.parse(text).accessToken) : reject(new Error(text)),
          );
      });
      sent.on('error', reject).end(body);
    });
  const client = async () => {
    const tokens = [];
    for (let i = 0; i < EACH; i++) tokens.push(await once200());
    return tokens;
  };
  const start = performance.now();
  const tokens = (await Promise.all(Array.from({ length: CLIENTS }, client))).flat();
  const perSecond = tokens.length / ((performance.now() - start) / 1000);
  t.diagnostic(`${CLIENTS} clients, ${tokens.length} tokens, ${perSecond.toFixed(0)} a second`);
  assert.equal(new Set(tokens).size, CLIENTS * EACH);
  assert.equal(emulator.requests.length, CLIENTS * EACH);
  assert.ok(emulator.requests.every(({ status }) => status == 200));
});

test('a change during requests is seen completely or not at all', async (t) => {
  const emulator = await emulate(t);
  const ids = await Promise.all(Array.from({ length: 50 }, () => emulator.createDomainKey(emulator.apiKey, [ORIGIN])));
  const answers = await Promise.all(
    ids.flatMap(({ id, domainKey }) => [
      auth({ ...emulator, domainKey }),
      emulator.revoke('domain-key', id),
      auth({ ...emulator, domainKey }),
    ]),
  );
  for (const answer of answers.filter(Boolean)) assert.ok([200, 403].includes(answer.status));
  for (const { domainKey } of ids) assert.equal(await reasonOf(await auth({ ...emulator, domainKey })), 'key_revoked');
});

test('slow clients are cut off, and do not delay others', { timeout: 60_000 }, async (t) => {
  const emulator = await emulate(t);
  const slow = [head(emulator, 'X-Slow: '), head(emulator, 'Content-Length: 100\r\n\r\n{')];
  const start = performance.now();
  const given = Promise.all(Array.from({ length: 200 }, (_, i) => exchange(emulator, slow[i % 2])));
  assert.equal((await auth(emulator)).status, 200);
  assert.ok(performance.now() - start < LOADED_MACHINE_MS);
  for (const answer of await given) assert.match(answer, /^HTTP\/1.1 408 /);
  assert.ok(performance.now() - start < 15_000 + LOADED_MACHINE_MS);
});

test('a client that leaves before the answer is logged', async (t) => {
  const emulator = await emulate(t, { knobs: { latencyMs: 3000 } });
  await assert.rejects(auth(emulator, { signal: AbortSignal.timeout(1000) })); // the whole request has arrived by then
  await sleep(3000);
  assert.deepEqual(
    emulator.requests.map(({ status, reason }) => [status, reason]),
    [[0, 'client_left']],
  );
});

test('the log can be followed and turned off, and is bounded', async (t) => {
  const lines = [];
  const emulator = await emulate(t, { log: (entry) => lines.push(entry) });
  await auth(emulator);
  emulator.set({ log: null });
  await auth(emulator);
  assert.deepEqual([lines.length, emulator.requests.length], [1, 2]);
  assert.equal(lines[0], emulator.requests[0]);
  emulator.requests.length = 0;
  const spare = emulator.requests;
  for (let i = 0; i < 10_000; i++) spare.push(lines[0]);
  await auth(emulator);
  assert.equal(emulator.requests.length, 10_000);
  assert.notEqual(emulator.requests.at(-1), lines[0]);
});

test('close answers the requests in flight, accepts no new ones, and cannot be delayed', async (t) => {
  const emulator = await emulate(t);
  const { accessToken } = await tokenOf(emulator); // leaves an idle keep-alive connection
  assert.ok(accessToken);
  const body = JSON.stringify({ domainKey: emulator.domainKey });
  const begin = async (text) => {
    const socket = connect(portOf(emulator), '127.0.0.1');
    await once(socket, 'connect');
    socket.on('error', () => {}).write(text);
    return socket;
  };
  const lines = head(emulator, `Origin: ${ORIGIN}\r\nContent-Length: ${body.length}\r\n\r\n`);
  const started = await begin(lines + body.slice(0, -1));
  const stuck = await begin(lines);
  const ended = once(stuck, 'close');
  await sleep(200);
  const start = performance.now();
  const closed = emulator.close();
  await sleep(100);
  const [refused] = await once(connect(portOf(emulator), '127.0.0.1'), 'error');
  assert.equal(refused.code, 'ECONNREFUSED');
  started.write(body.slice(-1));
  const [answer] = await once(started, 'data');
  assert.match(`${answer}`, /^HTTP\/1.1 200 /);
  await closed;
  const duration = performance.now() - start;
  assert.ok(duration > 1900 && duration < 2000 + LOADED_MACHINE_MS, `${duration} ms`);
  await ended;
});

test('close does not wait for idle connections', async (t) => {
  const emulator = await emulate(t);
  await auth(emulator);
  const silent = connect(portOf(emulator), '127.0.0.1');
  const ended = once(
    silent.on('error', () => {}),
    'close',
  );
  await once(silent, 'connect');
  const start = performance.now();
  await emulator.close();
  await ended;
  assert.ok(performance.now() - start < 1500);
});

test('close ends a delayed answer', async (t) => {
  const emulator = await emulate(t, { knobs: { latencyMs: 60_000 } });
  const rejected = assert.rejects(auth(emulator));
  await sleep(200);
  const start = performance.now();
  await emulator.close();
  assert.ok(performance.now() - start < 2000 + LOADED_MACHINE_MS);
  await rejected;
});

test('50 of our clients get tokens from an emulator that misbehaves', async (t) => {
  const emulator = await emulate(t, { knobs: [{ latencyMs: 5 }, { status: 503, next: 20 }] });
  // Each client has its own secret, because clients with the same secret share one request.
  const secrets = await Promise.all(Array.from({ length: 50 }, () => emulator.createSecret()));
  const clients = secrets.map(({ secret }) =>
    createFromSecret(secret, emulator.apiKey, { endpoint: emulator.endpoint }),
  );
  t.after(() => clients.forEach((client) => client.dispose()));
  const tokens = await Promise.all(clients.map((client) => client.getToken({ timeoutMs: 20_000 })));
  assert.equal(new Set(tokens.map(({ accessToken }) => accessToken)).size, 50);
  assert.equal(emulator.requests.filter(({ status }) => status == 503).length, 20);
});

test('Host may be a name of this machine, an address or an allowed name; others get 421, which a page can read', async (t) => {
  const emulator = await emulate(t, { allowHosts: ['api.test'], adminToken: 'x'.repeat(32) });
  const statusFor = async (host, target = '/healthz') =>
    (await exchange(emulator, `GET ${target} HTTP/1.1\r\nConnection: close\r\nOrigin: ${ORIGIN}\r\n${host}\r\n`)).match(
      /^HTTP\/1.1 (\d+)/,
    )[1];
  for (const name of [
    'localhost',
    'LocalHost:8080',
    'localhost.',
    'shop.localhost:1',
    '127.0.0.1:80',
    '127.1.2.3',
    '192.168.1.9',
    '[::1]',
    '[::1]:80',
    'api.test',
    'API.test:8080',
  ])
    assert.equal(await statusFor(`Host: ${name}\r\n`), '200', name);
  for (const name of [
    'evil.example',
    'evil.example:80',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'xlocalhost',
    'sub.api.test',
    '2130706433',
    '127.1',
    '',
  ])
    assert.equal(await statusFor(`Host: ${name}\r\n`), '421', name);
  assert.equal(await statusFor('Host: localhost\r\nHost: localhost\r\n'), '400');
  assert.equal(await statusFor(''), '400');
  assert.equal(await statusFor('Host: localhost\r\n', 'http://evil.example/healthz'), '421', 'the target counts');
  assert.equal(await statusFor('Host: evil.example\r\n', 'http://localhost/healthz'), '200');
  for (const path of ['/admin/', '/admin/api-keys', '/v1/auth'])
    assert.equal(await statusFor('Host: evil.example\r\n', path), '421');
  const refused = await exchange(
    emulator,
    `GET /healthz HTTP/1.1\r\nConnection: close\r\nHost: evil.example\r\nOrigin: ${ORIGIN}\r\n\r\n`,
  );
  assert.match(refused, new RegExp(`Access-Control-Allow-Origin: ${ORIGIN}\r\n`));
  assert.match(refused, /"reason":"host_not_allowed"/);
  assert.equal(emulator.requests.at(-1).reason, 'host_not_allowed');
});
