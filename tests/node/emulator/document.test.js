// Runs each example of docs/emulator.md unchanged. It must print the text of its comments. The tables must be complete.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startEmulator } from 'inbenta-auth/emulator';
import { CLI, folderWithPackage } from '../../support/emulator.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const text = await readFile(join(root, 'docs/emulator.md'), 'utf8');
const examples = (language) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, 'gm'))].map(([, code]) => code);

/**
 * The expected lines: the comments behind console.log. In a loop, one comment has several lines with commas between.
 */
const expectedOutput = (code) => [...code.matchAll(/console\.log\(.*\); \/\/ (.+)$/gm)].map(([, output]) => output);

/** A port that nobody listens on now. */
async function freePort() {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

test('every example in JavaScript prints the text of its comments', async () => {
  const all = examples('js');
  assert.ok(all.length >= 7);
  const port = await freePort(); // instead of the example's 4000, which may be in use
  await Promise.all(
    all.map(async (code) => {
      const filled = code.replaceAll('4000', `${port}`);
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', filled], {
        cwd: root,
        timeout: 60_000,
      });
      const output = expectedOutput(code).flatMap((line) =>
        line.includes(', ') && code.includes('for (') ? line.split(', ') : [line],
      );
      assert.ok(output.length > 0);
      assert.deepEqual(stdout.trimEnd().split('\n'), output);
    }),
  );
});

test('every command starts and ends on SIGTERM', async (t) => {
  const folder = await folderWithPackage(t);
  const all = examples('sh').flatMap((block) => block.trim().split('\n'));
  assert.ok(all.length >= 4);
  for (const line of all) {
    const words = line.split(' ');
    assert.equal(words.shift(), 'npx');
    if (!words.includes('--port')) words.push('--port', '0'); // 8080 may be in use
    if (!words.includes('--exit-with-parent')) words.push('--exit-with-parent');
    const child = spawn('npx', words, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
    t.after(() => child.kill('SIGKILL'));
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (piece) => (printed += piece));
    const exited = once(child, 'exit');
    while (!/secret.*\n/.test(printed))
      await Promise.race([once(child.stdout, 'data'), exited.then(() => assert.fail(line))]);
    const endpoint = /http:\/\/127\.0\.0\.1:\d+/.exec(printed)[0];
    assert.equal((await fetch(`${endpoint}/healthz`)).status, 200);
    child.kill('SIGTERM');
    await exited;
  }
});

test('the tables list every option, knob and flag', async () => {
  const namesFrom = (options) =>
    startEmulator(options).then(
      () => assert.fail('taken'),
      (error) => /there are (.+)$/.exec(error.message)[1].split(', '),
    );
  const rows = (title) =>
    text
      .split(`\n## ${title}\n`)[1]
      .split('\n## ')[0]
      .split('\n')
      .filter((line) => line.startsWith('| '));
  const column = (title, at) => rows(title).map((row) => row.split(' | ')[at].replace(/^\| /, ''));
  const first = (title) => column(title, 0).flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  assert.deepEqual(
    first('Options')
      .filter((name) => name != 'startEmulator')
      .sort(),
    (await namesFrom({ none: 1 })).sort(),
  );
  assert.deepEqual(
    first('Knobs')
      .filter((name) => name != 'set')
      .sort(),
    (await namesFrom({ knobs: { none: 1 } })).sort(),
  );
  const { stdout } = await promisify(execFile)(process.execPath, [CLI, 'emulator', '--help']);
  const flags = (from) =>
    [...new Set([...from.matchAll(/(?<=^ {2}|, |\| )`?(--[\w-]+)/gm)].map(([, flag]) => flag))].sort();
  const documented = flags([...column('Options', 1), ...column('Knobs', 1)].map((cell) => `  ${cell}`).join('\n'));
  assert.deepEqual(documented, flags(stdout));
});
