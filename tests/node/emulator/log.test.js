// The log contains no credential, token or body, wherever a client puts one.

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import { auth, emulate, ORIGIN, refresh, tokenOf } from '../../support/emulator.js';

test('the log has its fields and no credential', async (t) => {
  const lines = [];
  const adminToken = 'a-very-secret-admin-token-of-a-test';
  const emulator = await emulate(t, { adminToken, log: (entry) => lines.push(JSON.stringify(entry)) });
  const { endpoint, url, apiKey, domainKey, secret } = emulator;
  const { accessToken } = await tokenOf(emulator);
  const credentials = [apiKey, domainKey, secret, accessToken, adminToken];
  const admin = { Authorization: `Bearer ${adminToken}`, 'Content-Type': 'application/json' };
  const send = (address, options) => fetch(address, options).then((answer) => answer.arrayBuffer());

  await auth(emulator, { body: JSON.stringify({ secret }) });
  await auth(emulator, { body: JSON.stringify({ secret: domainKey }) });
  await refresh(emulator, accessToken);
  await refresh(emulator, `${accessToken}x`);
  await send(`${url}/admin/secrets`, { headers: admin });
  await send(`${url}/admin/secrets`, { headers: { ...admin, Authorization: `Bearer ${adminToken}x` } });
  await send(`${url}/admin/secrets`, { method: 'POST', headers: admin, body: JSON.stringify({ apiKey }) });
  for (const word of credentials) {
    await send(`${endpoint}/auth?token=${word}`);
    await send(`${endpoint}/${word}`);
    await send(`${url}/admin/${word}`, { headers: admin });
    await auth(emulator, {
      headers: { Origin: `https://${word}.example\tx`, 'User-Agent': word, Referer: `http://localhost/${word}` },
    });
    await auth(emulator, { body: word });
  }
  emulator.set({ status: 500, body: { accessToken } });
  await auth(emulator);
  await emulator.createSecret();

  const known = emulator.requests.map((entry) => JSON.stringify(entry));
  assert.deepEqual(lines, known);
  assert.equal(lines.length, 8 + 5 * credentials.length + 1);
  const all = lines.join('\n');
  for (const word of credentials) assert.ok(!all.includes(word));
  assert.deepEqual(Object.keys(emulator.requests[0]), [
    'time',
    'method',
    'path',
    'status',
    'origin',
    'keyId',
    'reason',
    'ms',
  ]);
  const { time, ms, ...first } = emulator.requests[0];
  assert.deepEqual(first, {
    method: 'POST',
    path: '/v1/auth',
    status: 200,
    origin: ORIGIN,
    keyId: emulator.domainKeyId,
    reason: null,
  });
  assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000 && ms >= 0);
  assert.ok(emulator.requests.some(({ path, status }) => path == '(unknown path)' && status == 404));
  assert.ok(emulator.requests.some(({ origin }) => origin == '(not an origin)'));
});

test('the log has no terminal control characters', async (t) => {
  const emulator = await emulate(t);
  const socket = connect(new URL(emulator.url).port, '127.0.0.1');
  socket.write(
    'GET /v1/\x1b[31m HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nOrigin: https://\xff\x9b31m\r\n\r\n',
    'latin1',
  );
  socket.resume();
  await once(socket, 'close');
  assert.doesNotMatch(JSON.stringify(emulator.requests), /[^ -~]|\\u/);
});
