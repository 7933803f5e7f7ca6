// The log as JSON: grants and refusals for programs, without credentials.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Authd } from '../../support/authd.js';
import { execute, root } from '../../support/plain-api.js';

test('each request is one JSON object without credentials', async (t) => {
  const authd = await Authd.create();
  t.after(() => authd.remove());
  const audit = `${authd.db}.audit`;
  const endpoint = await authd.serve({ words: ['--log', 'json', '--audit', audit] });
  const apiKey = await authd.createApiKey();
  const { id, domainKey } = await authd.createDomainKey(apiKey, ['shop.example']);
  const send = async (path, origin, body, headers = {}) => {
    const answer = await fetch(`${endpoint}${path}`, {
      method: 'POST',
      headers: { 'x-inbenta-key': apiKey, 'Content-Type': 'application/json', Origin: origin, ...headers },
      body,
    });
    return answer.json();
  };
  const { accessToken } = await send('/auth', 'https://shop.example', JSON.stringify({ domainKey }));
  await send('/refreshToken', 'https://shop.example', undefined, { Authorization: `Bearer ${accessToken}` });
  await send('/auth', 'https://elsewhere.example/"\\', JSON.stringify({ domainKey }));
  await send('/auth', domainKey, JSON.stringify({ domainKey })); // a credential in the wrong header
  await send(`/${domainKey}?token=${accessToken}`, 'https://shop.example', '{}');
  await authd.stop();

  const lines = authd.log.map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ method, path, status, reason, key }) => [method, path, status, reason, key]),
    [
      ['POST', '/v1/auth', 200, undefined, id],
      ['POST', '/v1/refreshToken', 200, undefined, id],
      ['POST', '/v1/auth', 403, 'origin_not_allowed', id],
      ['POST', '/v1/auth', 403, 'origin_not_allowed', id],
      ['POST', '(unknown path)', 404, lines[4].reason, lines[4].key],
    ],
  );
  assert.deepEqual([lines[0].origin, lines[3].origin], ['https://shop.example', '(not an origin)']);
  for (const { time, duration_ms: took } of lines) {
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.ok(took >= 0 && took < 10_000, `${took} ms`);
  }
  const written = authd.log.join('\n') + (await readFile(audit, 'utf8'));
  for (const credential of [apiKey, domainKey, accessToken]) assert.ok(!written.includes(credential));
});

test('if standard error is closed, the access log does not go into the audit log', async (t) => {
  const authd = await Authd.create();
  t.after(() => authd.remove());
  const apiKey = await authd.createApiKey();
  const audit = `${authd.db}.audit`;
  const server = spawn(
    'sh',
    ['-c', `exec ${authd.program} serve --db ${authd.db} --listen 127.0.0.1:0 --audit ${audit} 2>&- <&-`],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  t.after(() => server.kill('SIGKILL'));
  const [line] = await once(createInterface(server.stdout), 'line');
  const endpoint = line.match(/listening on (\S+)$/)[1];
  for (let i = 0; i < 3; i++)
    await fetch(`${endpoint}/auth`, { method: 'POST', headers: { 'x-inbenta-key': apiKey }, body: '{}' });
  server.kill('SIGTERM');
  assert.deepEqual(await once(server, 'exit'), [0, null]);
  const lines = (await readFile(audit, 'utf8')).trimEnd().split('\n');
  assert.deepEqual(
    lines.map((text) => JSON.parse(text).event),
    ['token grant', 'token grant', 'token grant'],
  );
});

test('an unknown format is refused', async () => {
  const { status, stderr } = await execute(join(root, 'build/native/src/authd/inbenta-authd'), [
    'serve',
    '--log',
    'xml',
  ]);
  assert.equal(status, 2);
  assert.match(stderr, /--log xml: write text or json/);
});

test(
  'if nobody reads standard error, requests are answered, lines are dropped and counted, and the server stops',
  { timeout: 60_000 },
  async (t) => {
    const authd = await Authd.create();
    t.after(() => authd.remove());
    const fifo = `${authd.db}.fifo`;
    assert.equal((await execute('mkfifo', [fifo])).status, 0);
    const reader = await open(fifo, constants.O_RDWR | constants.O_NONBLOCK); // O_RDWR does not wait for a reader
    t.after(() => reader.close());
    const endpoint = await authd.serve({ logFile: fifo });
    const url = `${endpoint}/apis`;
    // Each request with a known API key is logged in one line, with its origin.
    const headers = { Origin: `https://${'a'.repeat(240)}.example`, 'x-inbenta-key': await authd.createApiKey() };
    let slowest = 0;
    const send = async () => {
      for (let i = 0; i < 250; i++) {
        const start = performance.now();
        const answer = await fetch(url, { headers, signal: AbortSignal.timeout(10_000) });
        assert.equal((await answer.json()).error.reason, 'token_missing');
        slowest = Math.max(slowest, performance.now() - start);
      }
    };
    await Promise.all(Array.from({ length: 10 }, send)); // 0.8 MB of lines; the buffers and the pipe hold 0.6 MB
    t.diagnostic(`the slowest answer took ${slowest.toFixed(0)} ms`);
    const { buffer, bytesRead } = await reader.read(Buffer.alloc(1 << 20));
    let text = buffer.toString('latin1', 0, bytesRead);
    for (let tries = 0; tries < 200 && !text.includes('lines were dropped'); tries++, await sleep(10))
      text += await reader.read(Buffer.alloc(1 << 20)).then(
        ({ buffer, bytesRead }) => buffer.toString('latin1', 0, bytesRead),
        () => '',
      );
    assert.match(text, /^\S+ \d+ log lines were dropped: the reader is too slow$/m);
    const answer = await fetch(url, { headers });
    assert.equal(answer.status, 401);
    const start = performance.now();
    assert.equal(await authd.stop(), 0);
    assert.ok(performance.now() - start < 5000);
  },
);
