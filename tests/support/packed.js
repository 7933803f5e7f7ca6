// The package as users get it: packed, and installed into a new project.

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export const run = (command, args, cwd) => promisify(execFile)(command, args, { cwd, maxBuffer: 1 << 24 });

/**
 * Packs dist/ into a folder. It does not build.
 * @returns {Promise<string>} the tarball
 */
export async function pack(folder) {
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], root);
  return join(folder, JSON.parse(stdout)[0].filename);
}

/**
 * Packs the package and installs it into a new project.
 * @returns {Promise<{project: string, tarball: string, remove: () => Promise<void>}>}
 */
export async function installPacked() {
  const project = await mkdtemp(join(tmpdir(), 'inbenta-auth-package-'));
  const tarball = await pack(project);
  await writeFile(join(project, 'package.json'), '{"private": true, "type": "module"}');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], project);
  return { project, tarball, remove: () => rm(project, { recursive: true, force: true }) };
}
