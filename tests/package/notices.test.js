// The notices name everything that is compiled in, with complete texts, and lie where people look for them.

import assert from 'node:assert/strict';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { folderFor, root, run } from '../support/plain-api.js';

const read = (file) => readFile(join(root, file), 'utf8');

/** Which section of the notices is for a library that the linker takes. */
const SECTIONS = {
  cjson_slim: 'cJSON',
  cjson_whole: 'cJSON',
  c: 'musl',
  c_optz: 'musl',
  standalonewasm: 'musl',
  stubs: 'Emscripten',
  fetch: 'Emscripten',
  noexit: 'Emscripten',
  compiler_rt: 'compiler-rt',
  dlmalloc: 'dlmalloc',
};
const OURS = ['authapi', 'iauth_base'];

/** The libraries that the linker takes something from, as it says itself. */
async function librariesOf(target, scratch) {
  const folder = join(root, 'build/wasm');
  const commands = (await run('ninja', ['-C', folder, '-t', 'commands', target])).stdout.trim().split('\n');
  const link = commands
    .at(-1)
    .split(' && ')
    .find((command) => command.includes(` -o ${target}`));
  const traced = link.replace(` -o ${target}`, ` -o ${join(scratch, 'traced.wasm')} -Wl,--trace`);
  const env = { ...process.env, NODE_PATH: '/usr/share/nodejs' };
  const { stdout, stderr } = await run('sh', ['-c', traced], { cwd: folder, env, maxBuffer: 1 << 24 });
  return new Set([...`${stdout}\n${stderr}`.matchAll(/lib([\w-]+)\.a\(/g)].map(([, name]) => name));
}

for (const target of [
  'src/emulator/emulator-raw.wasm',
  'src/wasm/inbenta-auth-raw.wasm',
  'src/wasm/inbenta-auth-server-raw.wasm',
])
  test(`${target}: every library that is linked has its section`, async (t) => {
    const notices = await read('dist/THIRD_PARTY_NOTICES.md');
    const libraries = await librariesOf(target, await folderFor(t));
    assert.equal(
      [...libraries].some((name) => name.startsWith('cjson')),
      target.includes('emulator'), // a page reads JSON itself
      [...libraries].join(),
    );
    for (const library of libraries) {
      if (OURS.includes(library)) continue;
      // Emscripten has variants of one library, such as libc-optz and libstandalonewasm-memgrow.
      const section = SECTIONS[library] ?? SECTIONS[library.split('-')[0]];
      assert.ok(section, `which notices are for lib${library}.a?`);
      assert.match(notices, new RegExp(`^## ${section}`, 'm'));
    }
  });

test('the texts are complete, and no placeholder is left', async () => {
  const notices = await read('dist/THIRD_PARTY_NOTICES.md');
  assert.doesNotMatch(notices, /@\w+@/);
  const cache = await read('build/wasm/CMakeCache.txt');
  const emscripten = /^EMSCRIPTEN_ROOT:\w+=(.*)$/m.exec(cache)[1];
  const given = /^CJSON_SOURCE_DIR:\w+=(.*)$/m.exec(cache)[1];
  for (const file of [
    join(given || join(root, 'build/cjson'), 'LICENSE'),
    join(emscripten, 'system/lib/libc/musl/COPYRIGHT'),
    join(root, 'node_modules/esbuild/LICENSE.md'),
  ])
    assert.ok(notices.includes((await readFile(file, 'utf8')).trim()), `${file} is in the notices`);
  assert.match(notices, /Apache License\s+Version 2\.0, January 2004[^]*LLVM Exceptions/);
  assert.equal(notices.match(/THE SOFTWARE IS PROVIDED "AS IS"/g).length, 4, 'cJSON, Emscripten, musl, esbuild');
});

test('they are in the package, and the script-tag file points to them', async () => {
  const { stdout } = await run('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'], { cwd: root });
  const files = JSON.parse(stdout)[0].files.map(({ path }) => path);
  for (const file of ['LICENSE', 'dist/THIRD_PARTY_NOTICES.md']) assert.ok(files.includes(file), file);
  assert.match(await read('dist/inbenta-auth.min.js'), /^\/\*! inbenta-auth .* THIRD_PARTY_NOTICES\.md \*\/\n/);
});

test('cmake --install puts them into share/doc', async (t) => {
  const prefix = await folderFor(t);
  await run('cmake', ['--install', join(root, 'build/native'), '--prefix', prefix]);
  for (const file of [
    'bin/inbenta-token',
    'bin/inbenta-authd',
    'share/man/man1/inbenta-token.1',
    'share/man/man1/inbenta-authd.1',
    'share/doc/inbenta-auth/LICENSE',
  ])
    await access(join(prefix, file));
  const notices = await readFile(join(prefix, 'share/doc/inbenta-auth/THIRD_PARTY_NOTICES.md'), 'utf8');
  assert.match(notices, /^## cJSON \d/m);
  assert.doesNotMatch(notices, /@\w+@|^## musl/m);
});
