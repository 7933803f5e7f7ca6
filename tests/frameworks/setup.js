// What the tests of frameworks share: their tools, the packed package, a browser, and the table of results.

import { readFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { before } from 'node:test';
import { installTools, makeApp, renewApp, Results } from '../support/environments.js';
import { pack, root } from '../support/packed.js';

const folder = join(root, 'build/frameworks');

/** By release, the Node.js that is tried; Bun. */
const RUNTIMES = { 20: '20.20.2', 22: '22.23.3', 24: '24.21.0', bun: '1.4.5' };

const modules = join(folder, 'runtimes/node_modules');

/** The program of Node.js 20, 22 or 24. */
export const nodeOf = (release) => join(modules, `node-${release}/bin/node`);

export const bun = join(modules, `@oven/bun-linux-${process.arch == 'arm64' ? 'aarch64' : process.arch}/bin/bun`);

/** Node.js for frameworks: some no longer run on 20. */
export const node = nodeOf(24);
export const env = { PATH: `${dirname(node)}${delimiter}${process.env.PATH}` };

export const results = new Results();

let tarball;

before(async () => {
  const dependencies = { bun: RUNTIMES.bun };
  for (const release of [20, 22, 24])
    dependencies[`node-${release}`] = `npm:node-linux-${process.arch}@${RUNTIMES[release]}`;
  await installTools(JSON.stringify({ private: true, dependencies }), join(folder, 'runtimes'));
  tarball = await pack(folder);
});

/**
 * An application of tests/frameworks/`name`, with its tools and the packed package, and the emulator for its origin.
 * @returns {Promise<import('../support/environments.js').App>}
 */
export async function application(name) {
  const starter = join(root, 'tests/frameworks', name);
  await installTools(await readFile(join(starter, 'package.json'), 'utf8'), join(folder, name));
  return renewApp(tarball, join(folder, name), starter);
}

/** One that needs no tools. */
export const bareApplication = (name) => makeApp(tarball, join(folder, name), { type: 'module' });
