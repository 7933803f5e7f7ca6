// The recipe for bundlers, served for development and built, with each bundler's own command and no configuration; and
// pages without a bundler. Each is opened in Chromium and gets its token from the packed emulator.

import assert from 'node:assert/strict';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { transform } from 'esbuild';
import { commands, installTools, launch, makeApp, recipe, Results, run } from '../support/environments.js';
import { pack, root } from '../support/packed.js';

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
async function withApp(name, body) {
  const app = await makeApp(tarball, join(folder, 'apps', name.replace(/\W+/g, '-')));
  try {
    await app.write(files);
    await body(app);
  } finally {
    await app.stop();
  }
}

const node = process.execPath;

/** What the commands of the recipe are here, and how a server is told its port. `html`: it also builds index.html. */
const PROGRAMS = {
  vite: {
    program: (name) => [node, join(...(name == 'Vite 7' ? [mainTools, 'vite'] : [tools, 'vite-8']), 'bin/vite.js')],
    port: (port) => ['--port', port, '--strictPort'],
    html: true,
  },
  webpack: { program: () => [node, join(tools, 'webpack-cli/bin/cli.js')], port: (port) => ['--port', port] },
  esbuild: { program: () => [join(mainTools, 'esbuild/bin/esbuild')], port: (port) => [`--serve=${port}`] },
  rollup: { program: () => [node, join(tools, 'rollup/dist/bin/rollup')] },
  parcel: { program: () => [node, join(tools, 'parcel/lib/bin.js')], port: (port) => ['--port', port], html: true },
};

for (const { bundler: name, development, build } of await commands('Bundlers')) {
  const [command, ...buildArgs] = build.split(' ');
  const [, ...developmentArgs] = development.split(' ');
  const { program, port, html } = PROGRAMS[command];
  if (development)
    results.test(name, 'dev', () =>
      withApp(`${name} dev`, (app) => app.serve(browser, [...program(name), ...developmentArgs, ...port(app.port)])),
    );
  results.test(name, 'build', () =>
    withApp(`${name} build`, async (app) => {
      const [file, ...args] = program(name);
      await run(file, [...args, ...buildArgs], { cwd: app.folder });
      if (!html) await copyFile(join(app.folder, 'index.html'), join(app.folder, 'dist/index.html'));
      await app.serveFolder(browser, 'dist');
    }),
  );
}

for (const [name, page, script] of [
  ['script tag', 'script-tag.html', 'inbenta-auth.min.js'],
  ['script type=module', 'module.html', 'inbenta-auth.js'],
])
  results.test(name, 'run', () =>
    withApp(name, async (app) => {
      await app.write({ 'site/index.html': (await recipe('Without a bundler'))[page] });
      await copyFile(join(app.folder, 'node_modules/inbenta-auth/dist', script), join(app.folder, 'site', script));
      await app.serveFolder(browser, 'site', { inline: true });
    }),
  );

for (const file of ['inbenta-auth.js', 'inbenta-auth.min.js', 'external.js'])
  test(`the oldest browsers can read ${file}`, async () => {
    const document = await readFile(join(root, 'docs/frameworks.md'), 'utf8');
    const [, chrome, firefox, safari] = /Chrome and Edge (\d+), Firefox (\d+), Safari (\d+)/.exec(document);
    const oldest = [`chrome${chrome}`, `edge${chrome}`, `firefox${firefox}`, `safari${safari}`];
    const code = await readFile(join(root, 'dist', file), 'utf8');
    const [old, latest] = await Promise.all([oldest, 'esnext'].map((target) => transform(code, { target })));
    assert.equal(old.code, latest.code); // nothing had to be rewritten for them
  });
