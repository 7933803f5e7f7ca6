// inbenta-authd under valgrind: no access to memory that is not its own, no use of a value that was not set, and no
// memory lost, from the start through grants, refusals, management, SIGHUP and rotation to the stop.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { certificate, folderFor } from '../../support/plain-api.js';

const NATIVE = fileURLToPath(new URL('../../../build/native/src/authd/inbenta-authd', import.meta.url));
const ADMIN_TOKEN = '0123456789abcdef'.repeat(2);
const ORIGIN = 'https://shop.example';

/** Writes a program that runs inbenta-authd under valgrind. Each run leaves a file in `logs`. */
async function underValgrind(folder) {
  const [program, logs] = [join(folder, 'inbenta-authd'), join(folder, 'log')];
  const options = `-q --leak-check=full --errors-for-leak-kinds=definite,indirect --error-exitcode=99`;
  await writeFile(program, `#!/bin/sh\nexec valgrind ${options} --log-file='${logs}.%p' '${NATIVE}' "$@"\n`);
  await chmod(program, 0o700);
  return program;
}

async function findings(folder) {
  const names = (await readdir(folder)).filter((name) => name.startsWith('log.'));
  assert.ok(names.length > 0);
  return (await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))).join('');
}

async function request(url, { body, method = body === undefined ? 'GET' : 'POST', ...headers } = {}) {
  const answer = await fetch(url, { method, headers: { 'Content-Type': 'application/json', ...headers }, body });
  const text = await answer.text();
  return { ...(answer.headers.get('content-type')?.includes('json') && JSON.parse(text)), status: answer.status };
}

/** Sends bytes, and waits until the server has closed the connection. */
async function send(port, text) {
  const socket = connect(port, '127.0.0.1', () => socket.write(text));
  socket.on('error', () => {}).resume();
  await once(socket, 'close');
}

async function until(condition) {
  for (let tries = 0; tries < 500 && !condition(); tries++) await sleep(20);
  assert.ok(condition());
}

test('inbenta-authd under valgrind', { timeout: 120_000 }, async (t) => {
  const folder = await folderFor(t);
  process.env.AUTHD_PROGRAM = await underValgrind(folder);
  const { Authd } = await import('../../support/authd.js');
  const authd = await Authd.create();
  t.after(() => authd.remove());
  const apiKey = await authd.createApiKey();
  const { domainKey } = await authd.createDomainKey(apiKey, ['shop.example', '*.bücher.example']);
  const audit = join(folder, 'audit');
  const endpoint = await authd.serve({
    adminToken: ADMIN_TOKEN,
    apis: { chatbot: 'https://chatbot.example' },
    words: ['--audit', audit, '--throttle', '100/1', '--quota', '1000/60', '--log', 'json'],
  });
  const { port } = new URL(endpoint);
  const key = { 'x-inbenta-key': apiKey };
  const auth = (member, headers = key) => request(`${endpoint}/auth`, { body: JSON.stringify(member), ...headers });
  const admin = (path, member, token = ADMIN_TOKEN) =>
    request(new URL(`/admin/${path}`, endpoint), {
      body: member && JSON.stringify(member),
      Authorization: `Bearer ${token}`,
    });

  const { secret, id } = await admin('secrets', { apiKey });
  const granted = await auth({ secret });
  assert.equal(granted.status, 200);
  assert.equal((await auth({ domainKey }, { ...key, Origin: ORIGIN })).status, 200);
  const bearer = { ...key, Authorization: `Bearer ${granted.accessToken}` };
  assert.equal((await request(`${endpoint}/refreshToken`, { method: 'POST', ...bearer })).status, 200);
  assert.equal((await request(`${endpoint}/apis`, bearer)).apis.chatbot, 'https://chatbot.example');
  for (const path of ['/healthz', '/.well-known/jwks.json', '/admin/', '/admin/admin.js'])
    assert.equal((await request(new URL(path, endpoint))).status, 200);

  assert.equal((await auth({ secret: 'wrong' })).status, 400);
  assert.equal((await auth({ secret }, {})).status, 403);
  assert.equal((await auth({ domainKey }, { ...key, Origin: 'https://other.example' })).status, 403);
  assert.equal((await auth({ secret, user_personal_secret: 'x' })).status, 422);
  assert.equal((await request(`${endpoint}/auth`, { body: '{"secret":', ...key })).status, 400);
  assert.equal((await request(`${endpoint}/auth`, { body: 'x'.repeat(20_000), ...key })).status, 413);
  assert.equal((await request(`${endpoint}/apis`, { ...key, Authorization: 'Bearer a.b.c' })).status, 403);
  await send(port, 'POST /v1/auth HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}');
  await send(port, 'GET\r\n\r\n');

  for (const [path, member] of [
    ['api-keys', { name: 'other' }],
    ['domain-keys', { apiKey, domains: ['*.example.com'] }],
    ['secrets/rotate', { id, overlap: 5 }],
    ['signing-keys/rotate', { now: true }],
  ])
    assert.equal((await admin(path, member)).status, 201, path);
  assert.equal((await admin('domain-keys', { apiKey, domains: ['*.com'] })).status, 400);
  assert.equal((await admin('secrets/revoke', { id })).status, 200);
  assert.equal((await admin('api-keys')).status, 200);
  assert.equal((await admin('secrets')).status, 200);
  assert.equal((await auth({ secret })).status, 403);
  for (let i = 0; i < 6; i++) await admin('api-keys', undefined, 'f'.repeat(32));

  await rename(audit, `${audit}.1`);
  const lines = authd.log.length;
  process.kill(authd.pid, 'SIGHUP');
  await until(() => authd.log.slice(lines).some((line) => line.includes('--admin-token-file')));
  assert.equal(await authd.stop(), 0, await findings(folder));

  // The same program by https, with a certificate that is renewed.
  const { file, keyFile } = await certificate(t, 'localhost');
  const tls = await authd.serve({ tls: { file, keyFile }, adminToken: ADMIN_TOKEN });
  const status = () =>
    new Promise((resolve, reject) => {
      httpsRequest(new URL('/healthz', tls), { rejectUnauthorized: false, agent: false }, (answer) =>
        resolve(answer.resume().statusCode),
      )
        .on('error', reject)
        .end();
    });
  assert.equal(await status(), 200);
  const renewed = await certificate(t, 'localhost');
  await writeFile(file, await readFile(renewed.file));
  await writeFile(keyFile, await readFile(renewed.keyFile));
  process.kill(authd.pid, 'SIGHUP');
  await until(() => authd.log.some((line) => /--tls-cert .*: reloaded/.test(line)));
  assert.equal(await status(), 200);
  assert.equal(await authd.stop(), 0, await findings(folder));
  assert.equal(await findings(folder), '');
});
