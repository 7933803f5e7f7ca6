// --exit-with-parent: the emulator ends when the program that started it ends in any way.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLI, folderWithPackage } from '../../support/emulator.js';

const WORDS = ['emulator', '--port', '0', '--json', '--quiet'];

const isServing = async ({ endpoint }) => {
  try {
    return (await fetch(new URL('/healthz', endpoint))).ok;
  } catch {
    return false;
  }
};

async function endsWithin(host, ms) {
  const start = performance.now();
  while (performance.now() - start < ms) {
    if (!(await isServing(host))) return true;
    await sleep(50);
  }
  return false;
}

/** Starts a program that starts the emulator. Resolves when the emulator has printed its endpoint. */
async function start(t, program, words, options) {
  const parent = spawn(program, words, { stdio: ['ignore', 'pipe', 'ignore'], detached: true, ...options });
  t.after(() => {
    try {
      process.kill(-parent.pid, 'SIGKILL'); // also what a failed test left behind
    } catch {}
  });
  let text = '';
  parent.stdout.setEncoding('utf8').on('data', (piece) => (text += piece));
  while (!text.includes('\n'))
    await Promise.race([once(parent.stdout, 'data'), once(parent, 'exit').then(() => assert.fail('it did not start'))]);
  return { parent, host: JSON.parse(text) };
}

/** A Node program that starts the emulator and writes its process ID to a file. */
async function startFromNode(t, ...more) {
  const folder = await mkdtemp(join(tmpdir(), 'inbenta-auth-emulator-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'pid');
  const code = `const child = require('node:child_process').spawn(process.execPath, ${JSON.stringify([CLI, ...WORDS, ...more])}, { stdio: 'inherit' });
    require('node:fs').writeFileSync(${JSON.stringify(file)}, String(child.pid));`;
  const started = await start(t, process.execPath, ['-e', code]);
  return { ...started, pid: Number(await readFile(file, 'utf8')) };
}

for (const signal of ['SIGTERM', 'SIGKILL'])
  test(`the emulator ends when its parent ends by ${signal}`, async (t) => {
    const { parent, host } = await startFromNode(t, '--exit-with-parent');
    await sleep(1200);
    assert.ok(await isServing(host), 'not before');
    parent.kill(signal);
    assert.ok(await endsWithin(host, 5000));
  });

test('without the option, the emulator continues', async (t) => {
  const { parent, host, pid } = await startFromNode(t);
  t.after(() => process.kill(pid));
  parent.kill('SIGKILL');
  assert.ok(!(await endsWithin(host, 1500)));
});

const COMMAND = ['inbenta-auth', ...WORDS, '--exit-with-parent'];
const LINE = `npx ${COMMAND.join(' ')}`;

/** Ways to start it through npx: a program with its arguments. The signal goes to this program. */
const THROUGH_NPX = {
  npx: ['npx', COMMAND],
  'a script that runs npx': [
    process.execPath,
    ['-e', `require('node:child_process').spawn('npx', ${JSON.stringify(COMMAND)}, { stdio: 'inherit' })`],
  ],
  'a script that runs npx in a shell': [
    process.execPath,
    ['-e', `require('node:child_process').spawn('${LINE}', { stdio: 'inherit', shell: true })`],
  ],
  'a shell that runs npx and waits': ['sh', ['-c', `${LINE} & wait`]],
};

for (const [name, [program, words]] of Object.entries(THROUGH_NPX))
  for (const signal of ['SIGTERM', 'SIGKILL'])
    test(`the emulator ends when ${name} ends by ${signal}`, { skip: process.platform != 'linux' }, async (t) => {
      const { parent, host } = await start(t, program, words, { cwd: await folderWithPackage(t) });
      await sleep(1200);
      assert.ok(await isServing(host), 'not before');
      parent.kill(signal);
      assert.ok(await endsWithin(host, 5000));
    });
