// inbenta-token in a difficult environment: proxies, commands that hang, full disks, symbolic links.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { lstat, mkdir, readdir, readFile, readlink, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { execute, folderFor, grant, json, listen, root, serveApi } from '../../support/plain-api.js';

const COMMAND = join(root, 'build/native/src/native/command/inbenta-token');
const KEYS = { INBENTA_API_KEY: 'the-api-key', INBENTA_SECRET: 'the-very-secret' };

function startWatch(t, words, { env, stdio } = {}) {
  const child = spawn(COMMAND, ['watch', ...words], { env: { PATH: process.env.PATH, ...KEYS, ...env }, stdio });
  const watched = { pid: child.pid, stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'])
    child[name]?.setEncoding('utf8').on('data', (part) => (watched[name] += part));
  const ended = new Promise((resolve) => child.on('close', (status, signal) => resolve(status ?? signal)));
  t.after(() => child.kill('SIGKILL'));
  return Object.assign(watched, { ended, stop: () => (child.kill('SIGTERM'), ended) });
}

async function until(what, condition) {
  for (let tries = 0; tries < 800; tries++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`never: ${what}`);
}

const read = (file) => readFile(file, 'utf8').catch(() => '');
/** An API whose tokens live so long that `watch` refreshes them after ten seconds, its shortest interval. */
const shortLived = (t) => serveApi(t, (response, request, n) => json(response, 200, grant(n, 12)));

test('the secret for an endpoint on this machine never goes to a proxy', async (t) => {
  const { endpoint, requests } = await serveApi(t);
  let proxied = 0;
  const proxy = createServer((request, response) => (proxied++, response.writeHead(502).end()));
  proxy.on('connect', (request, socket) => (proxied++, socket.destroy()));
  const port = await listen(t, proxy);
  const url = `http://127.0.0.1:${port}`;
  for (const [words, env] of [
    [[], { http_proxy: url, HTTP_PROXY: url, ALL_PROXY: url, https_proxy: url }],
    [['--proxy', url], {}],
  ]) {
    const { status, stderr } = await execute(COMMAND, ['get', '--endpoint', endpoint, ...words], {
      env: { ...KEYS, ...env },
    });
    assert.equal(status, 0, stderr);
  }
  assert.deepEqual([requests.length, proxied], [2, 0]);
});

test('a started command gets no secret in its environment, also if a file has the secret', async (t) => {
  const { endpoint } = await serveApi(t);
  const folder = await folderFor(t);
  const [secret, env] = [join(folder, 'secret'), join(folder, 'env')];
  await writeFile(secret, 'from-the-file', { mode: 0o600 });
  const watched = startWatch(t, [
    '--endpoint',
    endpoint,
    '--secret-file',
    secret,
    '--exec',
    `env > '${env}'; echo done >> '${env}'`,
  ]);
  await until('the environment', async () => (await read(env)).includes('done\n'));
  assert.equal(await watched.stop(), 0);
  assert.doesNotMatch(await read(env), /the-very-secret|from-the-file|token-\d/);
  assert.match(await read(env), /^INBENTA_API_KEY=/m);
});

test('while a command hangs, tokens are refreshed, and the next command gets the newest token', async (t) => {
  const { endpoint, requests } = await shortLived(t);
  const folder = await folderFor(t);
  const [file, log, go] = ['token', 'log', 'go'].map((name) => join(folder, name));
  const script = `cat >> '${log}'; while [ ! -e '${go}' ]; do sleep 0.1; done`;
  const watched = startWatch(t, ['--endpoint', endpoint, '--output', file, '--exec', script]);
  await until('another token beside the command', () => requests.length >= 2);
  await until('the second in the file', async () => /token-[2-9]/.test(await read(file)));
  assert.equal(await read(log), 'token-1\n');
  await writeFile(go, '');
  await until('the newest in the command', async () => /^token-1\ntoken-[2-9]\n/.test(await read(log)));
  assert.equal(await watched.stop(), 0);
  assert.equal(watched.stderr, '');
});

test('a command that still runs when watch is stopped is ended, with its children', async (t) => {
  const { endpoint } = await serveApi(t);
  const pids = join(await folderFor(t), 'pids');
  for (const ignores of ['', "trap '' TERM; "]) {
    await writeFile(pids, '');
    const script = `${ignores}sleep 50 & echo $! $$ >> '${pids}'; wait; sleep 50`;
    const watched = startWatch(t, ['--endpoint', endpoint, '--exec', script]);
    await until('the command', async () => (await read(pids)).endsWith('\n'));
    assert.equal(await watched.stop(), 0);
    for (const pid of (await read(pids)).trim().split(' '))
      await until('its end', async () => /^$|\) Z /.test(await read(`/proc/${pid}/stat`)));
  }
});

test('watch renews tokens that live shorter than ten seconds as well, every ten seconds', async (t) => {
  const { endpoint, requests } = await serveApi(t, (response, request, n) => json(response, 200, grant(n, 4)));
  const start = performance.now();
  const watched = startWatch(t, ['--endpoint', endpoint]);
  await until('three tokens', () => /^token-1\ntoken-2\ntoken-3\n$/.test(watched.stdout));
  assert.ok(performance.now() - start > 19_000, 'not more often');
  assert.equal(requests.length, 3);
  assert.equal(await watched.stop(), 0);
});

test('on SIGHUP watch drops its token and gets a new one with the secret, at most every ten seconds', async (t) => {
  const { endpoint, requests } = await serveApi(t);
  const file = join(await folderFor(t), 'token');
  const watched = startWatch(t, ['--endpoint', endpoint, '--output', file]);
  const hangUp = () => process.kill(watched.pid, 'SIGHUP');
  await until('the first token', async () => (await read(file)) == 'token-1\n');
  const start = performance.now();
  hangUp();
  await until('the second token', async () => (await read(file)) == 'token-2\n');
  assert.ok(performance.now() - start < 5000, 'at once');
  for (let i = 0; i < 20; i++) hangUp();
  await until('the third token', async () => (await read(file)) == 'token-3\n');
  assert.ok(performance.now() - start > 9900, 'not more often');
  assert.deepEqual(
    requests.map(({ url }) => url),
    Array(3).fill('/v1/auth'), // a refresh would send the revoked token
  );
  assert.equal(await watched.stop(), 0);
  assert.match(watched.stderr, /^(inbenta-token: SIGHUP: the token is dropped and replaced by a new one\n)+$/);
});

test('if SIGHUP finds the secret revoked, watch ends with the reason', async (t) => {
  const { endpoint } = await serveApi(t, (response, request, n) =>
    n == 1 ? json(response, 200, grant(n)) : json(response, 403, { error: { code: 403, reason: 'key_revoked' } }),
  );
  const watched = startWatch(t, ['--endpoint', endpoint]);
  await until('the token', () => watched.stdout == 'token-1\n');
  process.kill(watched.pid, 'SIGHUP');
  assert.equal(await watched.ended, 3);
  assert.match(watched.stderr, /key_revoked/);
});

test('watch ends when its terminal is closed, unless nohup started it', async (t) => {
  const { endpoint } = await serveApi(t);
  const folder = await folderFor(t);
  for (const nohup of ['', 'nohup ']) {
    const [file, pidFile] = ['token', 'pid'].map((name) => join(folder, nohup.trim() + name));
    const command = `exec ${nohup}${COMMAND} watch --endpoint ${endpoint} --output ${file} --exec 'echo $PPID > ${pidFile}'`;
    const terminal = spawn('script', ['-qec', command, '/dev/null'], {
      cwd: folder, // nohup writes its output there
      env: { PATH: process.env.PATH, ...KEYS },
    });
    await until('the token', async () => (await read(pidFile)) != '');
    const pid = Number(await read(pidFile));
    const runs = () => stat(`/proc/${pid}`).then(Boolean, () => false);
    terminal.kill('SIGKILL');
    if (nohup) {
      await until('another token', async () => (await read(file)) == 'token-3\n'); // the same signal, no end
      process.kill(pid);
    }
    await until('the end', async () => !(await runs()));
  }
});

test('watch ends immediately, even while a command hangs', async (t) => {
  const { endpoint } = await serveApi(t);
  const folder = await folderFor(t);
  const watched = startWatch(t, [
    '--endpoint',
    endpoint,
    '--exec',
    `echo started > '${join(folder, 'log')}'; exec sleep 20 >&- 2>&-`,
  ]);
  await until('it runs', async () => (await read(join(folder, 'log'))) != '');
  const start = performance.now();
  assert.equal(await watched.stop(), 0);
  assert.ok(performance.now() - start < 5000);
});

test('when watch ends, what the command runs has a second to clean up', async (t) => {
  const { endpoint } = await serveApi(t);
  const log = join(await folderFor(t), 'log');
  const command = `sh -c "trap 'sleep 0.3; echo cleaned >> ${log}; exit' TERM; echo started >> ${log}; while :; do sleep 0.1; done"; true`;
  const watched = startWatch(t, ['--endpoint', endpoint, '--exec', command]);
  await until('it runs', async () => (await read(log)) == 'started\n');
  assert.equal(await watched.stop(), 0);
  assert.equal(await read(log), 'started\ncleaned\n');
});

test('a command that cannot be started is reported once and started later, with the same token', async (t) => {
  const files = (count) => promisify(execFile)('prlimit', ['--pid', `${watched.pid}`, `--nofile=${count}`]);
  const { endpoint } = await serveApi(t, async (response, request, n) => {
    await files('5:'); // those that are open stay open, but no other one can be opened
    json(response, 200, grant(n));
  });
  const log = join(await folderFor(t), 'log');
  const watched = startWatch(t, ['--endpoint', endpoint, '--exec', `cat >> '${log}'`]);
  await until('the report', () => /cannot run cat .*: Too many open files; retrying/.test(watched.stderr));
  await files('256:');
  await until('the token', async () => (await read(log)) == 'token-1\n');
  assert.equal(await watched.stop(), 0);
  assert.equal(watched.stderr.match(/cannot run/g).length, 1);
});

test('a secret in place of a value is not repeated in the message', async (t) => {
  const { endpoint } = await serveApi(t);
  for (const secret of ['0123456789abcdef'.repeat(2), 'q83vEjRWeJ/83vEjRWeJq83vE/RWeJq83vEjRWeJq80='])
    for (const words of [
      ['get', '--secret-file', secret],
      ['get', '--personal-secret-file', secret],
      ['get', '--format', secret],
      ['get', '--timeout', secret],
      ['get', '--ca-file', secret],
      ['get', '--proxy', secret],
      ['apis', secret],
      ['watch', '--output', `none/${secret}`],
    ]) {
      const { status, stderr } = await execute(COMMAND, [...words, '--endpoint', endpoint], { env: KEYS });
      if (!words.includes('--ca-file') && !words.includes('--proxy')) assert.notEqual(status, 0, words.join(' '));
      assert.ok(!stderr.includes(secret), stderr);
    }
});

test('a secret in another encoding is refused, not cut at its first NUL byte', async (t) => {
  const secret = join(await folderFor(t), 'secret');
  await writeFile(secret, 'the-very-secret\n', { encoding: 'utf16le', mode: 0o600 });
  const { status, stderr } = await execute(COMMAND, ['get', '--secret-file', secret], { env: KEYS });
  assert.equal(status, 2);
  assert.match(stderr, /secret: it has a NUL byte, but must be a text in UTF-8 or ASCII/);
});

test('a full disk is reported once, the write is retried, and the old file stays until then', async (t) => {
  const { endpoint } = await serveApi(t);
  const folder = await folderFor(t);
  const file = join(folder, 'token');
  await writeFile(file, 'before\n');
  // A limit of the process replaces the full disk: no file may contain a byte.
  const child = spawn('prlimit', ['--fsize=0:unlimited', COMMAND, 'watch', '--endpoint', endpoint, '--output', file], {
    env: { PATH: process.env.PATH, ...KEYS },
  });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (part) => (output += part));
  await until('the report', () => /cannot write .*token: File too large; retrying every 5 seconds/.test(output));
  assert.equal(await read(file), 'before\n');
  await promisify(execFile)('prlimit', ['--pid', `${child.pid}`, '--fsize=unlimited']);
  await until('the token', async () => (await read(file)) == 'token-1\n');
  const ended = new Promise((resolve) => child.on('close', resolve));
  child.kill('SIGTERM');
  assert.equal(await ended, 0);
  assert.equal(output.match(/cannot write/g).length, 1);
  assert.match(output, /the token is written now/);
});

test('a folder that goes away after a token was written in it is reported once, and written to when it is back', async (t) => {
  const { endpoint } = await shortLived(t);
  const folder = join(await folderFor(t), 'folder');
  await mkdir(folder);
  const file = join(folder, 'token');
  const watched = startWatch(t, ['--endpoint', endpoint, '--output', file]);
  await until('the token', async () => /^token-\d\n$/.test(await read(file)));
  await rename(folder, `${folder}.away`);
  await until('the report', () => /cannot write .*token: No such file or directory; retrying/.test(watched.stderr));
  await rename(`${folder}.away`, folder);
  await until('the note', () => /the token is written now/.test(watched.stderr));
  assert.equal(await watched.stop(), 0);
  assert.equal(watched.stderr.match(/cannot write/g).length, 1);
});

test('a symbolic link as --output is followed and stays; a broken link is refused', async (t) => {
  const { endpoint } = await serveApi(t);
  const folder = await folderFor(t);
  await mkdir(join(folder, 'deep'));
  const [link, target] = [join(folder, 'link'), join(folder, 'deep/token')];
  await writeFile(target, 'before\n');
  await symlink('deep/token', link);
  const watched = startWatch(t, ['--endpoint', endpoint, '--output', link]);
  await until('the token behind the link', async () => /^token-\d\n$/.test(await read(target)));
  assert.equal(await watched.stop(), 0);
  assert.ok((await lstat(link)).isSymbolicLink());
  assert.equal(await readlink(link), 'deep/token');

  const nowhere = join(folder, 'nowhere');
  await symlink('none/token', nowhere);
  const refused = startWatch(t, ['--endpoint', endpoint, '--output', nowhere]);
  assert.equal(await refused.ended, 1);
  assert.match(refused.stderr, /cannot write .*nowhere: No such file/);
  assert.ok((await lstat(nowhere)).isSymbolicLink());
});

test('a pipe as --output that nobody reads is reported once, and a reader gets the newest token later', async (t) => {
  const { endpoint } = await shortLived(t);
  const pipe = join(await folderFor(t), 'pipe');
  await promisify(execFile)('mkfifo', [pipe]);

  // Nobody has it open: opening it must not wait, not even for SIGTERM.
  const alone = startWatch(t, ['--endpoint', endpoint, '--output', pipe]);
  await until('the report', () => /pipe: nobody reads from it; retrying every 5 seconds/.test(alone.stderr));
  const start = performance.now();
  assert.equal(await alone.stop(), 0);
  assert.ok(performance.now() - start < 5000);

  // It is open, but full.
  const reader = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
  t.after(() => closeSync(reader));
  const tryTo = (step) => {
    try {
      return step();
    } catch (error) {
      assert.equal(error.code, 'EAGAIN');
    }
  };
  while (tryTo(() => writeSync(reader, 'x'.repeat(4096))));
  const watched = startWatch(t, ['--endpoint', endpoint, '--output', pipe]);
  await until('the report', () => /pipe: nobody reads from it; retrying/.test(watched.stderr));
  const rest = Buffer.alloc(65_536);
  const text = () => rest.toString('latin1', 0, tryTo(() => readSync(reader, rest)) ?? 0);
  while (text() != '');
  let got = '';
  await until('the token', () => /^token-\d+\n$/.test((got += text())));
  await until('the second report', () => /pipe: the token is written now/.test(watched.stderr));
  assert.equal(await watched.stop(), 0);
  assert.equal(watched.stderr.match(/cannot write/g).length, 1);
});

test('what cannot be written to ends watch with the reason, and leaves nothing beside it', async (t) => {
  const { endpoint } = await serveApi(t);
  const folder = await folderFor(t);
  for (const [output, reason] of [
    [folder, /Is a directory/],
    [join(folder, 'none/token'), /No such file or directory/],
    ['', /No such file or directory/],
    ['/dev/fd/2', /No such device or address/], // a socket
  ]) {
    const watched = startWatch(t, ['--endpoint', endpoint, '--output', output]);
    assert.equal(await watched.ended, 1);
    assert.match(watched.stderr, reason);
  }
  assert.deepEqual(await readdir(folder), []);
});

test('if standard output is closed, the token goes nowhere, and certainly not to the API', async (t) => {
  const { endpoint, requests } = await serveApi(t);
  for (const words of ['get', 'watch', 'apis']) {
    const shell = `exec ${COMMAND} ${words} --endpoint ${endpoint} >&- <&-`;
    const { status, stderr } = await execute('sh', ['-c', shell], { env: KEYS });
    assert.equal(status, 1, words);
    assert.match(stderr, /cannot write to standard output: [A-Z]/);
  }
  assert.equal(requests.length, 3);
});

test('/dev/stdout works as --output', async (t) => {
  const { endpoint } = await serveApi(t);
  const device = await lstat('/dev/stdout');
  const watched = startWatch(t, ['--endpoint', endpoint, '--output', '/dev/stdout'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  await until('the token', () => /token-\d\n/.test(watched.stdout) || watched.stderr != '');
  assert.match(watched.stdout, /^token-\d\n$/);
  assert.equal(await watched.stop(), 0);
  assert.equal((await lstat('/dev/stdout')).ino, device.ino);

  // A shell's redirection to a file works too.
  const file = join(await folderFor(t), 'out');
  const shell = spawn('sh', ['-c', `exec ${COMMAND} watch --endpoint ${endpoint} --output /dev/stdout > '${file}'`], {
    env: { PATH: process.env.PATH, ...KEYS },
  });
  t.after(() => shell.kill('SIGKILL'));
  await writeFile(file, '');
  const { ino } = await lstat(file);
  await until('the token in the file', async () => /token-\d\n/.test(await read(file)));
  assert.equal((await lstat(file)).ino, ino);
});
