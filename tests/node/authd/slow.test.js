// Slow clients. The connections of one address and the time for a whole request are limited, and other clients are
// still served.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Authd } from '../../support/authd.js';

const OF_ONE = 256; // the limit of connections of one address
const THREADS = 4; // each of the server's threads may accept one connection over the limit at the same moment
const REQUESTS = 200;
const P99_MAX_MS = 500; // generous, because the machine is busy
const DEADLINE_MS = 30_000;
const HALF = 'POST /v1/auth HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{';

/** Starts a client that sends half a request from this loopback address. */
async function slow(port, localAddress) {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(HALF);
  return socket;
}

/** Starts this many slow clients. `address` returns the address of client number i. */
async function slowOnes(port, count, address) {
  const made = [];
  for (let i = 0; i < count; i += 50)
    made.push(...(await Promise.all(Array.from({ length: 50 }, (_, k) => slow(port, address(i + k))))));
  return made;
}

/** The time of one request from an address, on a new connection. */
function serve(port, localAddress) {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path: '/.well-known/jwks.json', localAddress, agent: new Agent() },
      (answer) => {
        answer
          .resume()
          .on('end', () =>
            answer.statusCode == 200 ? resolve(performance.now() - start) : reject(new Error(`${answer.statusCode}`)),
          );
      },
    );
    sent.on('error', reject).end();
  });
}

async function p99(port, localAddress) {
  const times = [];
  for (let i = 0; i < REQUESTS; i++) times.push(await serve(port, localAddress));
  return times.sort((a, b) => a - b)[Math.floor(REQUESTS * 0.99)];
}

const open = (sockets) => sockets.filter((socket) => !socket.closed && socket.readable).length;

test('slow clients', { timeout: 120_000 }, async (t) => {
  const authd = await Authd.create();
  t.after(() => authd.remove());
  const { port } = new URL(await authd.serve({ words: ['--quiet', '--trusted-proxy', '127.0.7.0/24'] }));
  const sockets = [];
  let held;
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  const start = performance.now();

  await t.test('400 clients of one address get 256 connections, and other addresses are served', async (t) => {
    sockets.push(...(await slowOnes(port, 400, () => '127.0.0.2')));
    await sleep(500);
    held = open(sockets);
    assert.ok(held >= OF_ONE && held < OF_ONE + THREADS, `${held} connections`);
    await assert.rejects(serve(port, '127.0.0.2'));
    const duration = await p99(port, '127.0.0.3');
    t.diagnostic(`p99 of ${REQUESTS} requests beside them: ${duration.toFixed(1)} ms`);
    assert.ok(duration < P99_MAX_MS, `${duration} ms`);
  });

  await t.test('with 1,000 slow clients of many addresses, other clients are served', async (t) => {
    sockets.push(...(await slowOnes(port, 1000, (i) => `127.0.${1 + Math.floor(i / 250)}.${1 + (i % 250)}`)));
    assert.equal(open(sockets), held + 1000);
    const duration = await p99(port, '127.0.0.3');
    t.diagnostic(`p99 of ${REQUESTS} requests beside them: ${duration.toFixed(1)} ms`);
    assert.ok(duration < P99_MAX_MS, `${duration} ms`);
  });

  await t.test('a trusted proxy has no limit', async () => {
    const proxied = await slowOnes(port, 400, () => '127.0.7.1');
    await sleep(300);
    assert.equal(open(proxied), 400);
    proxied.forEach((socket) => socket.destroy());
  });

  await t.test('a request that never ends is cut off', async () => {
    // Bytes arrive all the time, so an idle timeout does not end the request.
    const drips = setInterval(() => sockets.forEach((socket) => socket.writable && socket.write(' ')), 5000);
    t.after(() => clearInterval(drips));
    await sleep(Math.max(0, DEADLINE_MS - (performance.now() - start)));
    while (open(sockets) > 0 && performance.now() - start < DEADLINE_MS + 30_000) await sleep(200);
    clearInterval(drips);
    assert.equal(open(sockets), 0);
    await serve(port, '127.0.0.2');
  });
});

test('when most places are taken, newcomers are served, and the slow ones that waited longest are closed', async (t) => {
  const authd = await Authd.create();
  t.after(() => authd.remove());
  await authd.createApiKey();
  // 64 files are for the server itself, so it has 1,000 places.
  const words = ['--nofile=1064:1064', authd.program, 'serve', '--db', authd.db, '--listen', '127.0.0.1:0', '--quiet'];
  const server = spawn('prlimit', [...words, '--trusted-proxy', '127.0.7.0/24']);
  t.after(() => server.kill('SIGKILL'));
  const [line] = await once(server.stdout, 'data');
  const { port } = new URL(/listening on (\S+)/.exec(line)[1]);
  const proxied = await slowOnes(port, 50, () => '127.0.7.1');
  const sockets = await slowOnes(port, 1500, (i) => `127.0.0.${2 + (i % 10)}`);
  t.after(() => [...proxied, ...sockets].forEach((socket) => socket.destroy()));
  const first = await serve(port, '127.0.0.99');
  assert.ok(first < 5000, `${first} ms: it waited until the slow ones were late`);
  const duration = await p99(port, '127.0.0.99');
  t.diagnostic(`p99 of ${REQUESTS} requests beside them: ${duration.toFixed(1)} ms`);
  assert.ok(duration < P99_MAX_MS, `${duration} ms`);
  assert.equal(open(proxied), 50, 'a proxy keeps its connections');
  const left = open(sockets);
  assert.ok(left > 400 && left <= 500, `${left} slow ones are left`);
  assert.ok(open(sockets.slice(-500)) > open(sockets.slice(0, 500)), 'the oldest were closed');
});
