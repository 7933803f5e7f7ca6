// https with certificate files. A client that trusts the certificate is served. Unusable files are reported when the
// server starts.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, copyFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { Authd } from '../../support/authd.js';
import { certificate, execute, folderFor, root } from '../../support/plain-api.js';

const COMMAND = join(root, 'build/native/src/native/command/inbenta-token');

test('a page and a server get tokens over https', async (t) => {
  const own = await certificate(t, 'localhost');
  const authd = await Authd.create();
  t.after(() => authd.remove());
  const endpoint = (await authd.serve({ tls: own })).replace('127.0.0.1', 'localhost');
  assert.match(endpoint, /^https:/);
  const apiKey = await authd.createApiKey();
  const { domainKey } = await authd.createDomainKey(apiKey, ['shop.example']);
  const headers = { 'x-inbenta-key': apiKey, Origin: 'https://shop.example', 'Content-Type': 'application/json' };

  const status = await new Promise((resolve, reject) => {
    const sent = request(`${endpoint}/auth`, { method: 'POST', headers, ca: own.cert }, (answer) =>
      resolve(answer.resume().statusCode),
    );
    sent.on('error', reject).end(JSON.stringify({ domainKey }));
  });
  assert.equal(status, 200);

  const { secret } = await authd.command('secret', 'create', '--api-key', apiKey);
  const env = { INBENTA_API_KEY: apiKey, INBENTA_SECRET: secret };
  const words = ['get', '--endpoint', endpoint, '--format', 'json', '--ca-file', own.file];
  const result = await execute(COMMAND, words, { env });
  assert.equal(result.status, 0, result.stderr);
  assert.ok(JSON.parse(result.stdout).accessToken);
});

/** The negotiated TLS version, or the error. */
const handshake = (port, versions) =>
  new Promise((resolve) => {
    // At this security level OpenSSL offers old versions. The server must refuse them.
    const socket = connect(
      { port, host: '127.0.0.1', rejectUnauthorized: false, ciphers: 'DEFAULT@SECLEVEL=0', ...versions },
      () => {
        resolve(socket.getProtocol());
        socket.destroy();
      },
    );
    socket.on('error', ({ code }) => resolve(code));
  });

test('TLS 1.3 and 1.2 are accepted, older versions are refused', async (t) => {
  const authd = await Authd.create();
  t.after(() => authd.remove());
  const { port } = new URL(await authd.serve({ tls: await certificate(t, 'localhost') }));
  assert.equal(await handshake(port), 'TLSv1.3');
  assert.equal(await handshake(port, { maxVersion: 'TLSv1.2' }), 'TLSv1.2');
  assert.match(await handshake(port, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' }), /^E/);
  // Without forward secrecy, a leaked private key would decrypt recorded traffic.
  assert.match(await handshake(port, { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256:AES256-SHA' }), /^E/);
  assert.equal(
    await handshake(port, {
      maxVersion: 'TLSv1.2',
      ciphers: 'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256',
    }),
    'TLSv1.2',
  );
});

/** The name in the server's certificate. */
const shown = (port) =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().subject.CN);
      socket.destroy();
    });
    socket.on('error', reject);
  });

async function until(condition) {
  for (let tries = 0; tries < 250 && !(await condition()); tries++) await sleep(20);
  assert.ok(await condition());
}

test('after SIGHUP a renewed certificate is used, and no connection is cut off', async (t) => {
  const [old, renewed, others] = await Promise.all(
    ['old.example', 'new.example', 'other.example'].map((name) => certificate(t, name)),
  );
  const authd = await Authd.create();
  t.after(() => authd.remove());
  const { port } = new URL(await authd.serve({ tls: old }));
  assert.equal(await shown(port), 'old.example');
  const connected = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  t.after(() => connected.destroy());
  await once(connected, 'secureConnect');

  await copyFile(renewed.file, old.file);
  process.kill(authd.pid, 'SIGHUP'); // too early: the key file is still the old one
  await until(() => authd.log.some((line) => line.includes('the old certificate is still used')));
  assert.ok(authd.log.some((line) => line.includes(`${old.keyFile}: is not the key of the certificate`)));
  assert.equal(await shown(port), 'old.example');

  await copyFile(renewed.keyFile, old.keyFile);
  process.kill(authd.pid, 'SIGHUP');
  await until(async () => (await shown(port)) == 'new.example');
  connected.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.match(`${(await once(connected, 'data'))[0]}`, /^HTTP\/1\.1 200 /);

  // A second renewal, so that one certificate lies between the first and the last.
  await Promise.all([copyFile(others.file, old.file), copyFile(others.keyFile, old.keyFile)]);
  process.kill(authd.pid, 'SIGHUP');
  await until(async () => (await shown(port)) == 'other.example');
  assert.equal(await authd.stop(), 0);
});

test('unusable files are reported by name at the start', async (t) => {
  const [own, others, folder] = [
    await certificate(t, 'localhost'),
    await certificate(t, 'localhost'),
    await folderFor(t),
  ];
  const [empty, open] = [join(folder, 'empty.pem'), join(folder, 'open.pem')];
  await writeFile(empty, 'nothing\n', { mode: 0o600 });
  await copyFile(own.keyFile, open);
  await chmod(open, 0o644);
  const program = join(root, 'build/native/src/authd/inbenta-authd');
  const start = (...words) =>
    execute(program, ['serve', '--db', join(folder, 'keys.db'), '--listen', '127.0.0.1:0', ...words]);
  for (const [cert, key, message] of [
    [join(folder, 'none.pem'), own.keyFile, /--tls-cert \S+none\.pem: No such file/],
    [own.file, join(folder, 'none.pem'), /--tls-key \S+none\.pem: No such file/],
    [empty, own.keyFile, /--tls-cert \S+empty\.pem: has no certificate/],
    [own.file, empty, /--tls-key \S+empty\.pem: has no private key/],
    [own.file, others.keyFile, /--tls-key \S+: is not the key of the certificate/],
    [own.file, open, /--tls-key \S+open\.pem: other accounts can use it; run: chmod 600 .*open\.pem/],
  ]) {
    const { status, stdout, stderr } = await start('--tls-cert', cert, '--tls-key', key);
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /BEGIN|PRIVATE KEY-/);
  }
  const half = await start('--tls-cert', own.file);
  assert.equal(half.status, 2);
  assert.match(half.stderr, /give both/);
});
