// The library: many threads at once, under ThreadSanitizer and AddressSanitizer, and an outside consumer of the
// packed archive.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { execute, folderFor, grant, json, root, run, serveApi } from '../../support/plain-api.js';

const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));

/** libcurl is not instrumented, so reports about its own memory are suppressed. */
const TSAN = { TSAN_OPTIONS: 'ignore_noninstrumented_modules=1 exitcode=66' };

for (const build of ['threads', 'sanitize']) {
  const use = async (mode, endpoint) => {
    const { status, stdout, stderr } = await execute(
      join(root, 'build', build, 'tests/c/programs/threads'),
      [mode, endpoint],
      { env: TSAN },
    );
    assert.equal(status, 0, stderr);
    assert.equal(stderr, '');
    return JSON.parse(stdout);
  };

  test(`${build}: 64 threads share one request`, async (t) => {
    const { endpoint, requests } = await serveApi(t, (response, request, n) =>
      setTimeout(json, 200, response, 200, grant(n)),
    );
    assert.deepEqual(await use('ask', endpoint), { tokens: 64, kinds: 1, failed: 0 });
    assert.equal(requests.length, 1);
  });

  test(`${build}: 64 threads share a failure`, async (t) => {
    const { endpoint, requests } = await serveApi(t, (response) => setTimeout(json, 200, response, 401, {}));
    assert.deepEqual(await use('ask', endpoint), { tokens: 0, kinds: 0, failed: 64 });
    assert.equal(requests.length, 1);
  });

  test(`${build}: 64 threads get, force and invalidate tokens`, async (t) => {
    const { endpoint, requests } = await serveApi(t);
    const { tokens, kinds, failed } = await use('mix', endpoint);
    assert.equal(tokens + failed, 64 * 5);
    assert.equal(failed, 0);
    assert.ok(kinds <= requests.length && requests.length < 30, `${requests.length} requests`);
  });

  test(`${build}: the client is freed while 64 threads wait`, async (t) => {
    const { endpoint, requests } = await serveApi(t, () => {});
    assert.deepEqual(await use('dispose', endpoint), { tokens: 0, kinds: 0, failed: 64 });
    assert.equal(requests.length, 1);
  });
}

test('an external program builds with the packed archive, by CMake and pkg-config', async (t) => {
  const { endpoint } = await serveApi(t);
  const folder = await folderFor(t);
  await run('cpack', ['--config', join(root, 'build/native/CPackConfig.cmake'), '-B', folder]);
  await run('tar', ['xzf', join(folder, `inbenta-auth-${version}.tar.gz`), '-C', folder]);
  const installed = join(folder, `inbenta-auth-${version}`);
  const consumer = join(root, 'tests/node/native/consumer');
  const build = join(folder, 'build');
  await run('cmake', ['-S', consumer, '-B', build, '-G', 'Ninja', `-DCMAKE_PREFIX_PATH=${installed}`]);
  await run('cmake', ['--build', build]);
  const { stdout: libraries } = await run('find', [installed, '-name', 'pkgconfig']);
  const env = { ...process.env, PKG_CONFIG_PATH: libraries.trim() };
  const flags = (await run('pkg-config', ['--cflags', '--libs', 'inbenta-auth', 'libcurl'], { env })).stdout
    .trim()
    .split(/\s+/);
  await run('cc', [join(consumer, 'main.c'), '-o', join(build, 'with-pkg-config'), ...flags]);
  for (const program of ['with-shared', 'with-static', 'with-pkg-config']) {
    const { status, stdout, stderr } = await execute(join(build, program), [endpoint], {
      env: { LD_LIBRARY_PATH: join(libraries.trim(), '..') },
    });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^token-\d\nhttps:\/\/api\.example\/prod\/chatbot\naborted\ntoken-\d\n$/, program);
  }
  assert.equal(
    (await execute(join(build, 'with-cpp'), [], { env: { LD_LIBRARY_PATH: join(libraries.trim(), '..') } })).status,
    0,
  );
  const { stdout: symbols } = await run('nm', [
    '-D',
    '--defined-only',
    '--format=posix',
    join(libraries.trim(), '../libinbenta-auth.so'),
  ]);
  const names = symbols
    .trim()
    .split('\n')
    .map((line) => line.split(' ')[0]);
  assert.ok(
    names.includes('inbenta_auth_get') && names.every((name) => name.startsWith('inbenta_auth_')),
    names.join(' '),
  );
});
