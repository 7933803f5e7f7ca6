// The recipe for bundlers, served for development and built, with each bundler's own command and no configuration; and
// pages without a bundler. Each is opened in Chromium and gets its token from the packed emulator.

import assert from 'node:assert/strict';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { transform } from 'esbuild';
import { installTools, launch, makeApp, pack, recipe, Results, root, run } from '../support/environments.js';

const folder = join(root, 'build/environments');
const mainTools = join(root, 'node_modules');
const tools = join(folder, 'node_modules');

let tarball, browser, files;
const results = new Results();

before(async () => {
  await installTools(await readFile(join(root, 'tests/package/environments/package.json'), 'utf8'), folder);
  tarball = await pack(folder);
  files = await recipe('Bundlers');
  browser = await launch();
});

after(async () => {
  await browser?.close();
  console.log(`\n${results}\n`);
});

/** Makes an application of the recipe, for `body`. */
async function withApp(name, body, { type } = {}) {
  const app = await makeApp(tarball, join(folder, 'apps', name), { type });
  try {
    await app.write(files);
    await body(app);
  } finally {
    await app.stop();
  }
}

/** A bundler's development server: its command by the port. */
const dev = (name, command) => results.test(name, 'dev', () => withApp(`${name} dev`, (app) => app.serve(browser, command(app.port))));

/** A bundler's build. `copied`: it makes the script only, and index.html is for its user to copy. */
const build = (name, command, { copied = true, type } = {}) =>
  results.test(name, 'build', () =>
    withApp(
      `${name} build`,
      async (app) => {
        await run(command[0], command.slice(1), { cwd: app.folder });
        if (copied) await copyFile(join(app.folder, 'index.html'), join(app.folder, 'dist/index.html'));
        await app.serveFolder(browser, 'dist');
      },
      { type },
    ),
  );

const node = process.execPath;

for (const [name, program] of [['Vite 7', join(mainTools, 'vite/bin/vite.js')], ['Vite 8', join(tools, 'vite-8/bin/vite.js')]]) {
  dev(name, (port) => [node, program, '--port', port, '--strictPort']);
  build(name, [node, program, 'build'], { copied: false });
}

const webpack = join(tools, 'webpack-cli/bin/cli.js');
dev('webpack 5', (port) => [node, webpack, 'serve', '--mode', 'development', '--entry', './main.js', '--static', '.', '--port', port]);
build('webpack 5', [node, webpack, '--mode', 'production', '--entry', './main.js']);

const esbuild = join(mainTools, 'esbuild/bin/esbuild');
dev('esbuild', (port) => [esbuild, 'main.js', '--bundle', '--format=esm', '--servedir=.', '--outdir=.', `--serve=${port}`]);
build('esbuild', [esbuild, 'main.js', '--bundle', '--minify', '--format=esm', '--outdir=dist']);
build('esbuild, iife', [esbuild, 'main.js', '--bundle', '--minify', '--format=iife', '--outdir=dist']);

// It has no server for development.
build('Rollup 4', [node, join(tools, 'rollup/dist/bin/rollup'), 'main.js', '-p', 'node-resolve', '--format', 'es', '--dir', 'dist'], { type: 'module' });

const parcel = join(tools, 'parcel/lib/bin.js');
dev('Parcel 2', (port) => [node, parcel, 'index.html', '--port', port]);
build('Parcel 2', [node, parcel, 'build', 'index.html'], { copied: false });

for (const [name, page, script] of [['script tag', 'script-tag.html', 'inbenta-auth.min.js'], ['script type=module', 'module.html', 'inbenta-auth.js']])
  results.test(name, 'run', () =>
    withApp(name, async (app) => {
      await app.write({ 'site/index.html': (await recipe('Without a bundler'))[page] });
      await copyFile(join(app.folder, 'node_modules/inbenta-auth/dist', script), join(app.folder, 'site', script));
      await app.serveFolder(browser, 'site', { inline: true });
    }),
  );

for (const file of ['inbenta-auth.js', 'inbenta-auth.min.js', 'external.js'])
  test(`the oldest browsers can read ${file}`, async () => {
    const oldest = (await readFile(join(root, 'docs/frameworks.md'), 'utf8')).match(/Chrome and Edge (\d+), Firefox (\d+), Safari (\d+)/);
    const [chrome, firefox, safari] = oldest.slice(1);
    const code = await readFile(join(root, 'dist', file), 'utf8');
    const [old, latest] = await Promise.all(
      [[`chrome${chrome}`, `edge${chrome}`, `firefox${firefox}`, `safari${safari}`], 'esnext'].map(async (target) => (await transform(code, { target })).code),
    );
    assert.equal(old, latest); // nothing had to be rewritten for them
  });
