// Clients that hold connections open, are slow, or send no valid HTTP. Other clients are still served, and the server's
// memory stays bounded.

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Authd } from '../../support/authd.js';

const CONNECTIONS = 10_000; // the server accepts 10,400 at a time, each with at most 16 KB of memory
const RSS_MAX_MB = 320;
const SERVED_WITHIN_MS = 5000;

function open(port) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket.on('error', () => {})));
    socket.once('error', reject);
  });
}

async function rssMb(pid) {
  return Number((await readFile(`/proc/${pid}/status`, 'utf8')).match(/VmRSS:\s+(\d+)/)[1]) / 1024;
}

test('abuse', { timeout: 60_000 }, async (t) => {
  const authd = await Authd.create();
  t.after(() => authd.remove());
  const endpoint = await authd.serve({
    words: ['--trusted-proxy', '127.0.0.1'],
  }); /* a trusted proxy has no limit of connections */
  const apiKey = await authd.createApiKey();
  const { domainKey } = await authd.createDomainKey(apiKey, ['shop.example']);
  const port = new URL(endpoint).port;
  const sockets = [];
  t.after(() => sockets.forEach((socket) => socket.destroy()));

  async function serves() {
    const start = performance.now();
    const answer = await fetch(`${endpoint}/auth`, {
      method: 'POST',
      headers: {
        'x-inbenta-key': apiKey,
        Origin: 'https://shop.example',
        'Content-Type': 'application/json',
        Connection: 'close',
      },
      body: JSON.stringify({ domainKey }),
      signal: AbortSignal.timeout(SERVED_WITHIN_MS),
    });
    assert.equal(answer.status, 200);
    return performance.now() - start;
  }

  await t.test('invalid HTTP is refused', async () => {
    const head = 'POST /v1/auth HTTP/1.1\r\nHost: a\r\n';
    const bad = [
      '\0\xff\r\n\r\n',
      'GET\r\n\r\n',
      `GET /${'a'.repeat(100_000)} HTTP/1.1\r\n\r\n`,
      `${head}X: ${'b'.repeat(100_000)}\r\n\r\n`,
      `${head}Content-Length: -1\r\n\r\n`,
      `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
      `${head}Content-Length: 999999999999999999999\r\n\r\n`,
    ];
    for (const text of bad) {
      const socket = await open(port);
      sockets.push(socket);
      socket.write(text, 'latin1');
      await serves();
    }
  });

  await t.test(`${CONNECTIONS} connections, half a header or half a body in each`, async (t) => {
    const slow = [
      'POST /v1/auth HTTP/1.1\r\nHost: a\r\nX-Slow: ',
      'POST /v1/auth HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{',
    ];
    for (let i = 0; i < CONNECTIONS; i += 100)
      for (const socket of await Promise.all(Array.from({ length: 100 }, () => open(port)))) {
        socket.write(slow[sockets.length % slow.length]);
        sockets.push(socket);
      }
    const duration = await serves();
    const held = sockets.slice(-CONNECTIONS).filter((socket) => !socket.closed && socket.readable).length;
    const rss = await rssMb(authd.pid);
    t.diagnostic(`${held} connections held, RSS ${rss.toFixed(0)} MB, a request served in ${duration.toFixed(0)} ms`);
    assert.ok(held >= CONNECTIONS * 0.99, `only ${held} connections were held`);
    assert.ok(rss < RSS_MAX_MB, `${rss} MB`);
  });

  await t.test('the connections leave nothing behind', async (t) => {
    const openFiles = async () => (await readdir(`/proc/${authd.pid}/fd`)).length;
    const before = await openFiles();
    for (const socket of sockets) socket.destroy();
    const deadline = performance.now() + SERVED_WITHIN_MS;
    while ((await openFiles()) > 40 && performance.now() < deadline) await setTimeout(50);
    const [after, rss] = [await openFiles(), await rssMb(authd.pid)];
    t.diagnostic(`${before} open files became ${after}, RSS ${rss.toFixed(0)} MB`);
    assert.ok(before > CONNECTIONS && after <= 40, `${after} files are open`);
    await serves();
  });
});
