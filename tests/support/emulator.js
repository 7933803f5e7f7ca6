// An emulator for the tests: started, asked, and installed as a program.

import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEmulator } from 'inbenta-auth/emulator';

/** The package's program. */
export const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

export const ORIGIN = 'http://localhost:3000';

/** Starts an emulator with a domain key for ORIGIN. It is closed at the end of the test. */
export async function emulate(t, options) {
  const emulator = await startEmulator({ domains: [ORIGIN], ...options });
  t.after(() => emulator.close());
  return emulator;
}

/** POST /auth, as a page at ORIGIN sends it. `more` has members of RequestInit. */
export function auth({ endpoint, apiKey, domainKey }, { headers, ...more } = {}) {
  return fetch(`${endpoint}/auth`, {
    method: 'POST',
    headers: { 'x-inbenta-key': apiKey, Origin: ORIGIN, 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify({ domainKey }),
    signal: AbortSignal.timeout(20_000),
    ...more,
  });
}

export async function tokenOf(emulator) {
  return (await auth(emulator)).json();
}

export function refresh({ endpoint, apiKey }, accessToken) {
  return fetch(`${endpoint}/refreshToken`, {
    method: 'POST',
    headers: { 'x-inbenta-key': apiKey, Authorization: `Bearer ${accessToken}`, Origin: ORIGIN },
  });
}

/** The reason of a refusal. */
export const reasonOf = async (answer) => (await answer.json()).error?.reason;

/** Makes a folder in which the package's program is installed. */
export async function folderWithPackage(t) {
  const folder = await mkdtemp(join(tmpdir(), 'inbenta-auth-emulator-'));
  t.after(() => rm(folder, { recursive: true }));
  const bin = join(folder, 'node_modules/.bin');
  await mkdir(bin, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{}');
  await chmod(CLI, 0o755); // as npm installs it
  await symlink(CLI, join(bin, 'inbenta-auth'));
  return folder;
}
