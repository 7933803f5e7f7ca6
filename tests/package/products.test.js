// Each product builds with the libraries that it needs, and without all others.

import assert from 'node:assert/strict';
import { access, copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { folderFor, root, run } from '../support/plain-api.js';

/** Configures with these options; `make()` builds, `install()` resolves to the prefix. */
async function configure(t, options, more = {}) {
  const folder = await folderFor(t);
  const env = { ...process.env, ...more };
  const [build, prefix] = [join(folder, 'build'), join(folder, 'installed')];
  await run(
    'cmake',
    ['-S', root, '-B', build, '-DBUILD_TESTING=OFF', `-DCJSON_SOURCE_DIR=${join(root, 'build/cjson')}`, ...options],
    { env },
  );
  return {
    make: () => run('cmake', ['--build', build], { env, maxBuffer: 1 << 24 }),
    install: async () => (await run('cmake', ['--install', build, '--prefix', prefix], { env }), prefix),
  };
}

/** pkg-config finds libcurl, and nothing else. */
async function curlAlone(t) {
  const folder = join(await folderFor(t), 'pkgconfig');
  await mkdir(folder);
  const { stdout } = await run('pkg-config', ['--variable=pcfiledir', 'libcurl']);
  await copyFile(join(stdout.trim(), 'libcurl.pc'), join(folder, 'libcurl.pc'));
  return { PKG_CONFIG_LIBDIR: folder, PKG_CONFIG_PATH: '' };
}

const absent = (prefix, files) =>
  Promise.all(files.map((file) => assert.rejects(access(join(prefix, file)), { code: 'ENOENT' }, file)));

test('the client builds with libcurl alone', async (t) => {
  const { make, install } = await configure(t, ['-DINBENTA_AUTH_SERVER=OFF'], await curlAlone(t));
  await make();
  const prefix = await install();
  assert.match((await run(join(prefix, 'bin/inbenta-token'), ['--version'])).stdout, /^inbenta-token \d/);
  await absent(prefix, ['bin/inbenta-authd', 'share/man/man1/inbenta-authd.1']);
});

test('the server does not build with libcurl alone: they are hidden', async (t) => {
  await assert.rejects(configure(t, ['-DINBENTA_AUTH_CLIENT=OFF'], await curlAlone(t)), ({ stdout }) =>
    /'libcjson'[^\n]*not found|No package 'libcjson'/.test(stdout),
  );
});

test('the server builds without libcurl', async (t) => {
  const { make, install } = await configure(t, ['-DINBENTA_AUTH_CLIENT=OFF', '-DCMAKE_DISABLE_FIND_PACKAGE_CURL=ON']);
  await make();
  const prefix = await install();
  assert.match((await run(join(prefix, 'bin/inbenta-authd'), ['--help'])).stdout, /^inbenta-authd/);
  await absent(prefix, ['bin/inbenta-token', 'include/inbenta_auth.h']);
});

test('without a source of cJSON, the error says what to do', async (t) => {
  const folder = await folderFor(t);
  const reported =
    (text) =>
    ({ stderr }) =>
      stderr.includes(text);
  await assert.rejects(
    configure(t, ['-DINBENTA_AUTH_SERVER=OFF', `-DCJSON_SOURCE_DIR=${folder}`]),
    reported(`${folder} has no cJSON.c`),
  );
  // Where there is no apt.
  const fetch = run('/bin/sh', [join(root, 'cmake/fetch-cjson.sh'), join(folder, 'cjson')], {
    env: { PATH: join(folder, 'nothing') },
  });
  await assert.rejects(fetch, ({ stderr }) => /apt-get is missing[^]*-DCJSON_SOURCE_DIR=/.test(stderr));
});
