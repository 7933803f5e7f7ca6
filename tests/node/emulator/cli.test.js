// The command `inbenta-auth emulator`.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { auth, ORIGIN, reasonOf } from '../../support/emulator.js';

const CLI = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));

/** Runs the command until it ends. */
const run = (...words) =>
  new Promise((resolve) =>
    execFile(process.execPath, [CLI, ...words], { timeout: 20_000 }, (error, stdout, stderr) =>
      resolve({ status: error?.code ?? 0, stdout, stderr }),
    ),
  );

/** Starts the command. Resolves when it has printed its keys. */
const start = (t, ...words) => startWith(t, '--domain', ORIGIN, ...words);

async function startWith(t, ...words) {
  const child = spawn(process.execPath, [CLI, 'emulator', '--port', '0', ...words]);
  t.after(() => child.kill('SIGKILL'));
  const started = { child, stdout: '', stderr: '', exited: once(child, 'exit') };
  for (const stream of ['stdout', 'stderr'])
    child[stream].setEncoding('utf8').on('data', (text) => (started[stream] += text));
  while (!/secret.*\n/.test(started.stdout)) await once(child.stdout, 'data');
  return started;
}

test('--help lists the options', async () => {
  for (const words of [['--help'], ['-h'], ['emulator', '--help'], ['emulator', '--port', 'x', '-h']]) {
    const { status, stdout, stderr } = await run(...words);
    assert.deepEqual([status, stderr], [0, '']);
    for (const option of [
      '--domain',
      '--port',
      '--host',
      '--file',
      '--latency',
      '--status',
      '--cut-off',
      '--clock-offset',
      '--retry-after',
      '--next',
    ])
      assert.ok(stdout.includes(option), option);
    assert.ok(stdout.split('\n').every((line) => line.length <= 110));
  }
});

test('wrong arguments are reported with status 2', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'inbenta-auth-emulator-'));
  t.after(() => rm(folder, { recursive: true }));
  const short = join(folder, 'short');
  await writeFile(short, 'short\n');
  const wrong = [
    [[], /the command is missing; run npx inbenta-auth emulator/],
    [['serve'], /unknown command; the commands are emulator and check/],
    [['emulator', 'now'], /emulator: one argument belongs to no option/],
    [['emulator', '--lifetme', '5'], /: Unknown option '--lifetme' \(see/],
    [['emulator', '--port'], /: --port: the value is missing \(see/],
    [['emulator', '--port', 'x'], /--port: give a whole number from 0 to 65535/],
    [['emulator', '--port', '65536'], /--port: /],
    [['emulator', '--lifetime', '1.5'], /--lifetime: give a whole number of seconds/],
    [['emulator', '--latency', 'slow'], /--latency: give a number of milliseconds/],
    [['emulator', '--clock-offset', '-30'], /--clock-offset: .* begins with "-", write --clock-offset=VALUE/],
    [['emulator', '--apis', 'none'], /--apis: choose one of missing, empty/],
    [['emulator', '--refusal-cache', '5'], /--refusal-cache: it needs the personality/],
    [['emulator', '--status', '1000'], /--status: .*from 200 to 599/],
    [['emulator', '--status', '503', '--next', '0'], /--next: /],
    [['emulator', '--status', '503', '--path', '/token'], /--path: choose one of \/auth/],
    [['emulator', '--next', '2'], /--path, --next: .*only limit other knobs/],
    [['emulator', '--retry-after', 'soon'], /--retry-after: /],
    [['emulator', '--throttle', '100'], /--throttle 100: write N\/S/],
    [['emulator', '--quota', '0/1'], /--quota: /],
    [['emulator', '--api', 'chatbot'], /--api chatbot: write NAME=URL/],
    [['emulator', '--api', 'a=https://a.example', '--api', 'a=https://b.example'], /already given/],
    [['emulator', '--api', 'a=http://a.example'], /--api a: the URL must be https/],
    [['emulator', '--domain', 'http://a.example/path'], /--domain: Domain http:\/\/a\.example\/path/],
    [['emulator', '--log', 'xml'], /--log xml: write text or json/],
    [['emulator', '--admin-token-file', short], /--admin-token-file: a token has at least 32 characters/],
  ];
  await Promise.all(
    wrong.map(async ([words, message]) => {
      const { status, stdout, stderr } = await run(...words);
      assert.deepEqual([status, stdout], [2, ''], words.join(' '));
      assert.match(stderr, message);
      assert.match(stderr, /^inbenta-auth: .*--help\)\n$/); // the mistake only, not the warning of a start
    }),
  );
});

test('failures are reported with status 1', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'inbenta-auth-emulator-'));
  t.after(() => rm(folder, { recursive: true }));
  const other = createServer().listen(0, '127.0.0.1');
  t.after(() => other.close());
  await once(other, 'listening');
  const foreign = join(folder, 'package.json');
  await writeFile(foreign, '{}');
  for (const [words, message] of [
    [['--port', `${other.address().port}`], /port \d+ is in use; choose another one with --port/],
    [['--port', '0', '--file', foreign], /package\.json: not a file of the emulator/],
    [['--port', '0', '--admin-token-file', join(folder, 'nothing')], /cannot be read \(ENOENT\)/],
    [['--port', '0', '--host', '256.0.0.1'], /--host 256\.0\.0\.1: this name has no address; give an IP address/],
    [['--port', '0', '--host', '203.0.113.1'], /--host 203\.0\.113\.1: this machine has no such address/],
    [['--port', '0', '--file', folder], /cannot be read: it is a folder \(EISDIR\)/],
    [['--port', '0', '--file', join(folder, 'none/keys.json')], /could not be written: its folder does not exist/],
  ]) {
    const { status, stderr } = await run('emulator', ...words);
    assert.equal(status, 1);
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /^\s+at /m);
  }
});

test('the command prints its endpoint and keys, warns and logs; SIGTERM ends it with status 0', async (t) => {
  const started = await start(t);
  const [, endpoint, apiKey, domainKey, secret] = started.stdout.match(
    /^endpoint {4}(\S+)\nAPI key {5}(\S+)\ndomain key {2}(\S+)\n {2}for {7}http:\/\/localhost:3000\nsecret {6}(\S+)\n$/,
  );
  assert.match(started.stderr, /WARNING: .*for tests only/);
  assert.doesNotMatch(started.stderr, /other machines/);
  const answer = await auth({ endpoint, apiKey, domainKey });
  const { accessToken } = await answer.json();
  assert.equal((await auth({ endpoint, apiKey }, { body: JSON.stringify({ secret }) })).status, 200);
  started.child.kill('SIGTERM');
  assert.deepEqual(await started.exited, [0, null]);
  assert.match(started.stderr, /Z POST \/v1\/auth 200 origin=http:\/\/localhost:3000 key=dk_\S+ reason=- [\d.]+ ms\n/);
  for (const credential of [apiKey, domainKey, secret, accessToken]) assert.ok(!started.stderr.includes(credential));
});

test('knobs can be set, and the log can be JSON', async (t) => {
  const started = await start(
    t,
    '--json',
    '--log',
    'json',
    '--lifetime',
    '60',
    '--status',
    '429',
    '--retry-after',
    '3',
    '--body',
    '{"error":{}}',
    '--path',
    '/auth',
    '--next',
    '1',
    '--clock-offset=-7200',
    '--api',
    'chatbot=https://chatbot.example',
    '--throttle',
    '5/100',
  );
  const host = JSON.parse(started.stdout);
  assert.deepEqual(Object.keys(host), ['endpoint', 'apiKey', 'domainKey', 'secret']);
  const refused = await auth(host);
  assert.deepEqual(
    [refused.status, refused.headers.get('Retry-After'), await refused.text()],
    [429, '3', '{"error":{}}'],
  );
  const answer = await auth(host);
  const { expires_in, apis } = await answer.json();
  assert.deepEqual(
    [expires_in, apis, answer.headers.get('x-throttle-usage')],
    [60, { chatbot: 'https://chatbot.example' }, '20'],
  );
  assert.ok(Math.abs(Date.parse(answer.headers.get('Date')) - Date.now() + 7_200_000) < 5000);
  started.child.kill('SIGINT');
  await started.exited;
  const entries = started.stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    entries.map(({ status, reason }) => [status, reason]),
    [
      [429, 'injected'],
      [200, null],
    ],
  );
});

test('--cut-off and --latency work', async (t) => {
  const { stdout } = await start(t, '--json', '--quiet', '--cut-off', '--latency', '200');
  const startMs = performance.now();
  await assert.rejects((async () => (await auth(JSON.parse(stdout))).text())());
  assert.ok(performance.now() - startMs >= 199);
});

test('management needs the token of --admin-token-file', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'inbenta-auth-emulator-'));
  t.after(() => rm(folder, { recursive: true }));
  const tokenFile = join(folder, 'token');
  const token = 't'.repeat(32);
  await writeFile(tokenFile, `${token}\n`);
  const { stdout, stderr } = await start(t, '--json', '--admin-token-file', tokenFile);
  const { admin } = JSON.parse(stdout);
  assert.equal((await fetch(admin)).status, 200);
  assert.equal(await reasonOf(await fetch(new URL('secrets', admin))), 'token_missing');
  assert.equal((await fetch(new URL('secrets', admin), { headers: { Authorization: `Bearer ${token}` } })).status, 200);
  assert.ok(!stderr.includes(token));
});

test('the command says what the domain key allows, also one from the file, and how to make one', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'inbenta-auth-emulator-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'keys.json');
  const none = await startWith(t, '--file', file);
  assert.match(none.stdout, /^domain key {2}none; --domain http:\/\/localhost:3000 makes one/m);
  none.child.kill('SIGTERM');
  await none.exited;
  const first = await startWith(t, '--file', file, '--domain', 'www.example.com', '--domain', '*.example.com');
  assert.match(first.stdout, /^ {2}for {7}https:\/\/www\.example\.com, https:\/\/\*\.example\.com$/m);
  assert.doesNotMatch(first.stderr, /port 443/);
  first.child.kill('SIGTERM');
  await first.exited;
  const second = await startWith(t, '--file', file);
  assert.equal(second.stdout.replace(/:\d+/, ''), first.stdout.replace(/:\d+/, '')); // all but the port
});

test('a local domain without a scheme prints a warning', async (t) => {
  const { stderr } = await startWith(t, '--domain', 'localhost', '--domain', 'a.localhost', '--domain', '[::1]');
  for (const domain of ['localhost', 'a.localhost', '[::1]'])
    assert.ok(stderr.includes(`WARNING: the domain ${domain} is https://${domain}, port 443.`), stderr);
  assert.doesNotMatch((await start(t)).stderr, /port 443/);
});

test('listening for other machines prints a warning', async (t) => {
  const { stderr } = await start(t, '--host', '0.0.0.0');
  assert.match(stderr, /WARNING: the emulator listens on 0\.0\.0\.0\. Other machines can connect to it/);
});
