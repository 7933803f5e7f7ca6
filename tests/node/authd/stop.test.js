// On SIGTERM the server accepts no new connection, answers the requests in flight, and no client can delay the end.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Authd } from '../../support/authd.js';

const GRACE_MS = 2000;
const LOADED_MACHINE_MS = 10_000;

/** Sends a request without its last byte. */
async function begin(port, headers, body) {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const head = Object.entries({ Host: 'a', 'Content-Length': body.length, ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  socket.write(`POST /v1/auth HTTP/1.1\r\n${head.join('')}\r\n${body.slice(0, -1)}`);
  return { socket, finish: () => socket.write(body.slice(-1)) };
}

test('SIGTERM', { timeout: 60_000 }, async (t) => {
  const authd = await Authd.create();
  t.after(() => authd.remove());
  const port = new URL(await authd.serve()).port;
  const apiKey = await authd.createApiKey();
  const { domainKey } = await authd.createDomainKey(apiKey, ['shop.example']);
  const headers = { 'x-inbenta-key': apiKey, Origin: 'https://shop.example', 'Content-Type': 'application/json' };
  const started = await begin(port, headers, JSON.stringify({ domainKey }));
  const stuck = await begin(port, headers, '{}');
  t.after(() => stuck.socket.destroy());
  stuck.socket.on('error', () => {});
  await sleep(300);

  const start = performance.now();
  const stopped = authd.stop();
  await sleep(300);
  const [refused] = await once(connect(port, '127.0.0.1'), 'error');
  assert.equal(refused.code, 'ECONNREFUSED');
  started.finish();
  const [answer] = await once(started.socket, 'data');
  assert.match(`${answer}`, /^HTTP\/1\.1 200 /);
  started.socket.destroy();
  assert.equal(await stopped, 0);
  assert.ok(performance.now() - start < GRACE_MS + LOADED_MACHINE_MS);
});
