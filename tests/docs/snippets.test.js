// Every snippet of README.md and docs/*.md runs. Here are README's for Node.js and its commands, and the C of
// docs/server-side.md; ELSEWHERE says which test runs the others, and why a few commands are run nowhere as they stand.
// tests/package/types.test.js type-checks all JavaScript.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { createFromDomainKey } from 'inbenta-auth';
import { startEmulator } from 'inbenta-auth/emulator';
import { installPacked, pack, root, run } from '../support/packed.js';
import { allSnippets } from '../support/snippets.js';

const read = (file) => readFile(join(root, file), 'utf8');

/** Snippets that another test takes from the document and runs: document → language → the test. */
const ELSEWHERE = {
  'README.md': {
    html: 'tests/browser/readme.test.js',
    http: 'tests/browser/readme.test.js',
    js: 'tests/browser/readme.test.js',
  },
  'docs/authd.md': { sh: 'tests/node/authd/runbook.test.js', nginx: 'tests/support/nginx.conf.js' },
  'docs/beside-inbenta-sdks.md': { js: 'tests/browser/beside-inbenta-sdks.test.js' },
  'docs/emulator.md': { js: 'tests/node/emulator/document.test.js', sh: 'tests/node/emulator/document.test.js' },
  'docs/frameworks.md': Object.fromEntries(
    ['js', 'jsx', 'ts', 'html', 'vue', 'svelte'].map((language) => [language, 'tests/support/environments.js']),
  ),
  'docs/server-side.md': {
    js: 'tests/browser/readme.test.js',
    sh: 'tests/node/native/readers.test.js',
    python: 'tests/node/native/readers.test.js',
    php: 'tests/node/native/readers.test.js',
  },
};

/** Commands that are not run as they stand, and why. */
const NOT_RUN = {
  'PGPASSFILE=/etc/inbenta-authd.pgpass inbenta-authd serve --db postgres://authd@db.internal/authd --listen 10.0.0.1:8080 --trusted-proxy 10.0.0.5':
    'its machines do not exist; tests/node/authd/cluster.test.js runs it with two instances on this machine',
};

const snippets = await allSnippets();
const commandsOf = (code) =>
  code
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('#'));
const inReadme = (language, text) =>
  snippets
    .filter((one) => one.file == 'README.md' && one.language == language && one.code.includes(text))
    .map(({ code }) => code);

let emulator, project, remove;

before(async () => {
  emulator = await startEmulator({ domains: ['https://www.example.com'], personality: 'gateway' });
  ({ project, remove } = await installPacked());
});

after(async () => {
  await emulator?.close();
  await remove?.();
});

/** Runs a line of a shell in a folder. */
function shell(line, cwd) {
  return run('sh', ['-c', line], cwd).catch((error) => assert.fail(`${line}\n${error.stdout}${error.stderr}`));
}

test('each snippet is run by a test that takes it from the document', async (t) => {
  const counts = {};
  for (const { file, line, language, code } of snippets) {
    counts[language || 'plain'] = (counts[language || 'plain'] ?? 0) + 1;
    const elsewhere = ELSEWHERE[file]?.[language];
    if (elsewhere)
      assert.ok(
        (await read(elsewhere)).match(new RegExp(`${file.split('/').at(-1)}|snippet`)),
        `${elsewhere} does not read ${file}`,
      );
    else
      assert.ok(
        HERE[file]?.includes(language),
        `nobody runs the ${language} snippet of ${file}, line ${line}:\n${code}`,
      );
  }
  t.diagnostic(
    `${snippets.length} snippets: ${Object.entries(counts)
      .map(([language, count]) => `${count} ${language}`)
      .join(', ')}`,
  );
  const commands = snippets.filter(({ language }) => language == 'sh').flatMap(({ code }) => commandsOf(code));
  for (const line of Object.keys(NOT_RUN)) assert.ok(commands.includes(line), `no document has "${line}" any more`);
  t.diagnostic(`${commands.length} commands; ${Object.keys(NOT_RUN).length} of them are not run as they stand`);
});

test('each key has one placeholder, which the client refuses if it is left in', () => {
  const placeholders = snippets.flatMap(({ file, line, code }) =>
    [...code.matchAll(/['"](?!INBENTA_)([A-Z][A-Z_ -]*KEY)['"]/g)].map(([, word]) => ({
      word,
      where: `${file}:${line}`,
    })),
  );
  assert.ok(placeholders.length > 20);
  for (const { word, where } of placeholders) assert.ok(['DOMAIN KEY', 'API KEY'].includes(word), `${where}: ${word}`);
  for (const key of ['DOMAIN KEY', 'API KEY'])
    assert.throws(() => createFromDomainKey(key, key), { code: 'invalid_config' });
});

/** What the tests below run. */
const HERE = {
  'README.md': ['sh', 'js'],
  'docs/api.md': ['js'],
  'docs/server-side.md': ['c', 'ini'],
  'docs/authd.md': ['ini'],
};

test('docs/api.md: a chatbot that cannot be reached, then fails itself, then answers; and a request with JSON', async () => {
  const [json, open, ...others] = snippets.filter(({ file }) => file == 'docs/api.md').map(({ code }) => code);
  assert.equal(others.length, 0);
  const program = `
    import { createServer } from 'node:http';
    import { text } from 'node:stream/consumers';
    import { startEmulator } from 'inbenta-auth/emulator';
    import { createFromSecret } from 'inbenta-auth/server';
    let opened = 0;
    const product = createServer(async (request, response) => {
      if (request.url == '/v1/conversation') return response.writeHead(opened++ ? 200 : 503).end();
      const { 'content-type': type, 'x-inbenta-session': session } = request.headers;
      response.end(JSON.stringify({ type, session, body: await text(request) }));
    }).listen(0);
    const emulator = await startEmulator({ apis: { chatbot: \`http://localhost:\${product.address().port}\` } });
    const { secret, apiKey, endpoint } = emulator;
    const client = createFromSecret(secret, apiKey, { endpoint, timeoutMs: 500 });
    emulator.set({ status: 503, path: '/auth' });
    let wake;
    const show = (line) => (console.log(line), wake?.());
    ${open}
    await openChatbot();
    await emulator.reset();
    await new Promise((resolve) => (wake = resolve)); // it tries again by itself
    await openChatbot();
    const sessionToken = 'the-session';
    ${json}
    client.dispose();
    await emulator.close();
    product.close();
    product.closeAllConnections();`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], project);
  assert.deepEqual(stdout.trim().split('\n').slice(0, 3), [
    'The chatbot cannot be reached now.',
    'The chatbot answered 503.',
    'The chatbot is ready.',
  ]);
  for (const part of ['application/json', 'Bearer the-session', '{"message":"Hello"}'])
    assert.ok(stdout.includes(part), stdout);
});

test('the emulator in a test', async () => {
  const [code, ...others] = inReadme('js', 'startEmulator');
  assert.equal(others.length, 0);
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], project);
  assert.equal(stdout, '[]\n');
});

test('npm install of the tarball that ./run release makes', async () => {
  const [block] = inReadme('sh', 'npm install');
  const [install, ...others] = commandsOf(block);
  assert.equal(others.length, 0);
  const folder = await mkdtemp(join(tmpdir(), 'inbenta-auth-readme-'));
  try {
    await mkdir(join(folder, 'build/release'), { recursive: true });
    await pack(join(folder, 'build/release'));
    await writeFile(join(folder, 'package.json'), '{"private": true}');
    await shell(
      `npm_config_offline=true npm_config_audit=false npm_config_fund=false; export npm_config_offline npm_config_audit npm_config_fund; ${install.replace('/PATH/TO/inbenta-auth', folder)}`,
      folder,
    );
    const { stdout } = await run(
      process.execPath,
      ['-p', "typeof require('inbenta-auth').createFromDomainKey"],
      folder,
    );
    assert.equal(stdout, 'function\n');
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('npx inbenta-auth check', async () => {
  const [block] = inReadme('sh', 'npx inbenta-auth check');
  const [line, ...others] = commandsOf(block);
  assert.equal(others.length, 0);
  const filled = (domainKey) =>
    `${line.replace('DOMAIN KEY', domainKey).replace('API KEY', emulator.apiKey)} --endpoint ${emulator.endpoint}`;
  const { stdout } = await shell(filled(emulator.domainKey), project);
  assert.match(stdout, /A page on https:\/\/www\.example\.com gets a token/);
  await assert.rejects(run('sh', ['-c', filled('another-domain-key')], project), ({ code }) => code == 1);
});

for (const [file, program, command] of [
  ['docs/server-side.md', 'native/command/inbenta-token', 'inbenta-token watch'],
  ['docs/authd.md', 'authd/inbenta-authd', 'inbenta-authd serve --listen 0.0.0.0'],
])
  test(`the systemd unit of ${file} runs the command of that page`, async (t) => {
    const [{ code }, ...others] = snippets.filter((one) => one.file == file && one.language == 'ini');
    assert.equal(others.length, 0);
    const [, line] = /^ExecStart=\/usr\/local\/bin\/(.+)$/m.exec(code);
    const commands = snippets
      .filter((one) => one.file == file && one.language == 'sh')
      .flatMap((one) => commandsOf(one.code));
    const [documented] = commands.filter((one) => one.startsWith(command)); // another test runs it
    assert.equal(line.replace('/etc/shop/secret', 'secret'), documented);
    const folder = await mkdtemp(join(tmpdir(), 'inbenta-auth-unit-'));
    try {
      const unit = join(folder, 'shop.service');
      await writeFile(unit, code.replace(/(?<=^ExecStart=)\S+/m, join(root, 'build/native/src', program)));
      const { stderr } = await run('systemd-analyze', ['verify', unit], folder).catch((error) =>
        error.code == 'ENOENT' ? { stderr: '' } : assert.fail(error.stderr),
      );
      assert.doesNotMatch(stderr, /shop\.service/);
      t.diagnostic(line);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

test('the C of docs/server-side.md compiles, links and gets a token', async () => {
  const [{ code }, ...others] = snippets.filter(
    ({ file, language }) => file == 'docs/server-side.md' && language == 'c',
  );
  assert.equal(others.length, 0);
  const folder = await mkdtemp(join(tmpdir(), 'inbenta-auth-c-'));
  try {
    const apis = await startEmulator({ apis: { chatbot: 'https://api.example/prod/chatbot' } });
    const filled = code
      .replace('"API KEY"', JSON.stringify(apis.apiKey))
      .replace('.secret = secret', `.secret = secret, .endpoint = ${JSON.stringify(apis.endpoint)}`);
    await writeFile(
      join(folder, 'main.c'),
      `${filled}\n#include <stdlib.h>\nint main(void) { return print_token(getenv("SECRET")); }\n`,
    );
    await shell(`cmake --install ${join(root, 'build/native')} --prefix ${folder}/usr`, root);
    await shell(
      `PKG_CONFIG_PATH=$(dirname $(find usr -name inbenta-auth.pc)) && export PKG_CONFIG_PATH && cc -std=c11 -Wall -Werror main.c -o main $(pkg-config --define-prefix --cflags --libs inbenta-auth) -Wl,-rpath,$(pkg-config --define-prefix --variable=libdir inbenta-auth)`,
      folder,
    );
    const { stdout } = await shell(`SECRET=${apis.secret} ./main`, folder);
    assert.equal(stdout, 'chatbot: https://api.example/prod/chatbot\n');
    await apis.close();
  } finally {
    await rm(folder, { recursive: true });
  }
});
