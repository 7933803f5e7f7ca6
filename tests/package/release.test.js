// What `./run release` hands out, as somebody who gets it would use it.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { root, run } from '../support/packed.js';

const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
let folder, out, files;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inbenta-auth-release-'));
  out = join(folder, 'out');
  await run(process.execPath, [join(root, 'tests/release/run.js'), '--out', out], folder);
  files = await readdir(out);
});

after(() => rm(folder, { recursive: true, force: true }));

const read = (file) => readFile(join(out, file), 'utf8');

test('the files, and their sums', async () => {
  const [archive, ...others] = files.filter((name) => name.startsWith('inbenta-auth-c-'));
  assert.match(archive, new RegExp(`^inbenta-auth-c-${version.replaceAll('.', '\\.')}-linux-\\w+\\.tar\\.gz$`));
  assert.deepEqual(others, []);
  assert.deepEqual(files.filter((name) => name != archive).sort(), [
    'RELEASE_NOTES.md',
    'SHA256SUMS',
    `inbenta-auth-${version}.tgz`,
    'script-tag',
  ]);
  await run('sha256sum', ['--check', '--strict', 'SHA256SUMS'], out);
  assert.equal((await read('SHA256SUMS')).trim().split('\n').length, 8);
});

test('the npm package installs and works', async () => {
  const project = join(folder, 'project');
  await mkdir(project);
  await writeFile(join(project, 'package.json'), '{"private": true}');
  await run(
    'npm',
    ['install', '--offline', '--no-audit', '--no-fund', join(out, `inbenta-auth-${version}.tgz`)],
    project,
  );
  const { stdout } = await run('npx', ['--offline', 'inbenta-auth', '--version'], project);
  assert.equal(stdout, `inbenta-auth ${version}\n`);
});

test('the script-tag file, with its digest and notices', async () => {
  assert.deepEqual((await readdir(join(out, 'script-tag'))).sort(), [
    'LICENSE',
    'THIRD_PARTY_NOTICES.md',
    'inbenta-auth.min.js',
    'inbenta-auth.min.js.map',
    'integrity.json',
  ]);
  const script = await read('script-tag/inbenta-auth.min.js');
  assert.ok(script.startsWith(`/*! inbenta-auth ${version} | MIT `));
  const digest = `sha384-${createHash('sha384').update(script).digest('base64')}`;
  assert.deepEqual(JSON.parse(await read('script-tag/integrity.json')), { 'inbenta-auth.min.js': digest });
  assert.ok((await read('RELEASE_NOTES.md')).includes(`integrity="${digest}"`));
});

/** Without links, which the notes have as text. */
const plain = (text) => text.replaceAll(/[[\]()]|docs\/[\w-]+\.md(#[\w-]+)?|\s/g, '');

test('the notes are those of this version', async () => {
  const notes = await read('RELEASE_NOTES.md');
  assert.ok(notes.startsWith(`# inbenta-auth ${version}\n`));
  const changelog = await readFile(join(root, 'CHANGELOG.md'), 'utf8');
  const [, section] = changelog.split(/^## .*$/m);
  assert.ok(section.trim().length > 200 && plain(notes).includes(plain(section)));
});

test('the documents that the notes name are in the npm package, and links lead to the web only', async () => {
  const notes = await read('RELEASE_NOTES.md');
  for (const [, target] of notes.matchAll(/\]\(([^)]+)\)/g)) assert.match(target, /^https:/);
  const named = [...notes.matchAll(/docs\/[\w-]+\.md/g)].map(([name]) => name);
  assert.ok(named.length >= 8);
  const { stdout } = await run('tar', ['-tzf', join(out, `inbenta-auth-${version}.tgz`)]);
  for (const name of named) assert.ok(stdout.includes(`package/${name}\n`), name);
});

test('the C archive: a program links against it, and its command runs', async () => {
  const archive = files.find((name) => name.startsWith('inbenta-auth-c-'));
  await run('tar', ['-xzf', join(out, archive), '--strip-components=1', '--one-top-level=c'], folder);
  const prefix = join(folder, 'c');
  assert.equal((await run(join(prefix, 'bin/inbenta-token'), ['--version'])).stdout, `inbenta-token ${version}\n`);
  assert.match((await run(join(prefix, 'bin/inbenta-authd'), ['--help'])).stdout, /^inbenta-authd/);
  for (const file of [
    'include/inbenta_auth.h',
    'share/doc/inbenta-auth/LICENSE',
    'share/doc/inbenta-auth/THIRD_PARTY_NOTICES.md',
  ])
    await readFile(join(prefix, file));
  const source = join(root, 'tests/node/native/consumer');
  await run('cmake', ['-S', source, '-B', join(folder, 'consumer'), `-DCMAKE_PREFIX_PATH=${prefix}`]);
  await run('cmake', ['--build', join(folder, 'consumer')]);
});
