// inbenta-token watch, built with sanitizers, with everything failing in turn: the API, the disk, and the command that it
// runs. It has to live through all of it, and after each failure the file gets a new token.
// node tests/soak/watch.js [seconds]

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { grant, json } from '../support/plain-api.js';

const COMMAND = fileURLToPath(new URL('../../build/sanitize/src/native/command/inbenta-token', import.meta.url));
const SECONDS = Number(process.argv[2] ?? 60);
const RECOVERS_MS = 150_000; // the longest wait of the client, and what a loaded machine adds
const LIFETIME_S = 12; // it is renewed after ten seconds

let granted = 0;
let failed = 0;
const answerGrant = (response) => json(response, 200, grant(++granted, LIFETIME_S));
const FAILURES = {
  'status 500': (response) => response.writeHead(500).end(),
  'too many requests': (response) => response.writeHead(429, { 'Retry-After': '1' }).end('{}'),
  'no answer': () => {},
  'a connection that is reset': (response) => response.socket.resetAndDestroy(),
  'half an answer': (response) => (
    response.writeHead(200, { 'Content-Length': 100 }),
    response.write('{"acc'),
    setTimeout(() => response.destroy(), 20)
  ),
  'no JSON': (response) => response.end('<html>'),
  'a large answer': (response) => response.end('x'.repeat(200_000)),
};

let fail;
const server = createServer((request, response) => {
  request.resume();
  if (!fail) return answerGrant(response);
  failed++;
  fail(response);
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const folder = await mkdtemp(join(tmpdir(), 'inbenta-watch-'));
const file = join(folder, 'token');
const script = `read -r token; [ ! -e '${folder}/hang' ] || sleep 3; [ ! -e '${folder}/fail' ] || exit 3`;
const child = spawn(
  COMMAND,
  [
    'watch',
    '--endpoint',
    `http://127.0.0.1:${server.address().port}/v1`,
    '--timeout',
    '2',
    '--output',
    file,
    '--exec',
    script,
  ],
  { env: { PATH: process.env.PATH, INBENTA_API_KEY: 'the-api-key', INBENTA_SECRET: 'the-very-secret' } },
);
let output = '';
child.stderr.setEncoding('utf8').on('data', (text) => (output += text));
const ended = new Promise((resolve) => child.on('close', (status, signal) => resolve(status ?? signal)));
const limit = (size) => promisify(execFile)('prlimit', ['--pid', `${child.pid}`, `--fsize=${size}:unlimited`]);

async function until(what, condition) {
  const start = Date.now();
  while (!(await condition())) {
    assert.equal(child.exitCode ?? child.signalCode, null, `it ended during ${what}: ${output.slice(-500)}`);
    assert.ok(Date.now() < start + RECOVERS_MS, `${what}: ${output.slice(-500)}`);
    await sleep(50);
  }
}

const inFile = async () => Number((await readFile(file, 'utf8').catch(() => '')).slice(6));

async function recovers(what) {
  const before = granted;
  await until(`a new token after ${what}`, async () => (await inFile()) > before);
}

const end = Date.now() + SECONDS * 1000;
let rounds = 0;
await recovers('the start');
do {
  for (const [what, answer] of Object.entries(FAILURES)) {
    failed = 0;
    fail = answer;
    await until(`a request during ${what}`, () => failed > 0);
    fail = undefined;
    await recovers(what);
  }
  const before = granted;
  await limit(0);
  await until('a token during a full disk', () => granted > before);
  await until('the report of the full disk', () => output.includes('retrying every 5 seconds'));
  await limit('unlimited');
  await recovers('a full disk');
  for (const name of ['hang', 'fail']) {
    await promisify(execFile)('touch', [join(folder, name)]);
    await recovers(`a command that does: ${name}`);
    await rm(join(folder, name));
  }
  rounds++;
} while (Date.now() < end);
child.kill('SIGTERM');
assert.equal(await ended, 0, output.slice(-2000));
assert.doesNotMatch(output, /Sanitizer|runtime error|the-very-secret|token-\d/);
server.close();
server.closeAllConnections();
await rm(folder, { recursive: true });
console.log(`${rounds} rounds of ${Object.keys(FAILURES).length + 3} failures, ${granted} tokens`);
