// Backends in other languages read the file that `inbenta-token watch --output` keeps fresh. The code and the command
// are those of docs/server-side.md.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { createFromAccessToken, tokenFrom } from 'inbenta-auth';
import { folderFor, grant, json, root, run, serveApi } from '../../support/plain-api.js';
import { snippetsIn } from '../../support/snippets.js';

const COMMAND = join(root, 'build/native/src/native/command/inbenta-token');
const snippets = snippetsIn(await readFile(join(root, 'docs/server-side.md'), 'utf8'));
const snippet = (language) => snippets.find((found) => found.language == language).code;

/** In each language, a program that reads in a loop until it has seen three tokens and prints them, and one that reads once. */
const READERS = {
  python: {
    command: 'python3',
    program: (file) => `${snippet('python')}
seen = []
while len(seen) < 3:
    token = read_token(${JSON.stringify(file)})
    if token["accessToken"] not in seen:
        seen.append(token["accessToken"])
print(" ".join(seen), token["apis"]["chatbot"])
`,
    readOnce: (file) => `${snippet('python')}\nread_token(${JSON.stringify(file)})\n`,
  },
  php: {
    command: 'php',
    program: (file) => `${snippet('php')}
$seen = [];
while (count($seen) < 3) {
    $token = read_token(${JSON.stringify(file)});
    if (!in_array($token['accessToken'], $seen)) $seen[] = $token['accessToken'];
}
echo implode(' ', $seen), ' ', $token['apis']['chatbot'], "\\n";
`,
    readOnce: (file) => `${snippet('php')}\nread_token(${JSON.stringify(file)});\n`,
  },
};

/** Runs the documented command with another file and waits for the first token. */
async function watch(t, endpoint, file) {
  const [program, ...words] = snippet('sh').trim().split(' ');
  assert.equal(program, 'inbenta-token');
  const secretFile = `${file}.secret`;
  await writeFile(secretFile, 'the-secret\n', { mode: 0o600 });
  const given = words.map((word) => ({ secret: secretFile, '/run/shop/token.json': file })[word] ?? word);
  const child = spawn(COMMAND, given, {
    env: { INBENTA_API_KEY: 'the-api-key', INBENTA_ENDPOINT: endpoint },
    stdio: 'ignore',
  });
  t.after(() => child.kill('SIGKILL'));
  for (let tries = 0; tries < 200; tries++) {
    if (await readFile(file).catch(() => undefined)) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  assert.fail('there is no file');
}

for (const [language, { command, program, readOnce }] of Object.entries(READERS)) {
  test(`${language} reads the tokens, and never a part of one`, async (t) => {
    const { endpoint } = await serveApi(t, (response, request, n) => json(response, 200, grant(n, 15))); // the background asks at most every 10 s
    const folder = await folderFor(t);
    const [file, script] = [join(folder, 'token.json'), join(folder, 'program')];
    await watch(t, endpoint, file);
    await writeFile(script, program(file));
    const { stdout, stderr } = await run(command, [script], { timeout: 60_000 });
    assert.match(stdout, /^token-(\d+) token-\d+ token-\d+ https:\/\/api\.example\/prod\/chatbot\n$/);
    assert.equal(stderr, '');
  });

  test(`${language} does not use an expired token`, async (t) => {
    const folder = await folderFor(t);
    const [file, script] = [join(folder, 'token.json'), join(folder, 'program')];
    await writeFile(file, JSON.stringify({ accessToken: 'old', expiresAt: Date.now() - 1, expiration: 1, apis: {} }));
    await writeFile(script, readOnce(file));
    await assert.rejects(run(command, [script]), ({ stdout, stderr }) =>
      /Is inbenta-token watch running\?/.test(stdout + stderr),
    );
  });

  test(`${language} names a file that is not there`, async (t) => {
    const folder = await folderFor(t);
    const [file, script] = [join(folder, 'token.json'), join(folder, 'program')];
    await writeFile(script, readOnce(file));
    await assert.rejects(run(command, [script]), ({ stdout, stderr }) => (stdout + stderr).includes(file));
  });
}

/** Serves a folder with PHP's own server. @returns {Promise<string>} its origin */
async function servePhp(t, folder) {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  const child = spawn('php', ['-d', `session.save_path=${folder}`, '-S', `127.0.0.1:${port}`, '-t', folder], {
    stdio: 'ignore',
  });
  t.after(() => child.kill('SIGKILL'));
  const origin = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 200; tries++) {
    if (await fetch(origin).catch(() => undefined)) return origin;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  assert.fail('PHP does not serve');
}

test('/token in PHP gives the token to pages of its origin that have a session, and tokenFrom takes it', async (t) => {
  const folder = await folderFor(t);
  const file = join(folder, 'token.json');
  const [reader, token, ...others] = snippets.filter(({ language }) => language == 'php').map(({ code }) => code);
  assert.equal(others.length, 0);
  await writeFile(join(folder, 'read_token.php'), reader.replace('/run/shop/token.json', file));
  await writeFile(join(folder, 'token.php'), token);
  await writeFile(join(folder, 'login.php'), "<?php session_start(); $_SESSION['user'] = 'somebody';");
  const origin = await servePhp(t, folder);
  const [session] = (await fetch(`${origin}/login.php`)).headers.getSetCookie();
  const Cookie = session.split(';')[0];
  const ask = async (headers, method = 'POST') => {
    const answer = await fetch(`${origin}/token.php`, { method, headers });
    assert.equal(answer.headers.get('Cache-Control'), 'no-store');
    return answer;
  };

  const missing = await ask({ Cookie });
  assert.deepEqual([missing.status, missing.headers.get('Retry-After')], [503, '10']);
  const written = { accessToken: 'the-token', expiration: 1, apis: { chatbot: 'https://api.example/prod/chatbot' } };
  const write = (expiresAt) => writeFile(file, JSON.stringify({ ...written, expiresAt }));
  await write(Date.now() - 1);
  assert.equal((await ask({ Cookie })).status, 503, 'expired');
  await write(Date.now() + 600_000);

  for (const [status, headers, method] of [
    [200, { Cookie, 'Sec-Fetch-Site': 'same-origin' }],
    [200, { Cookie, Origin: origin }],
    [405, { Cookie, 'Sec-Fetch-Site': 'same-origin' }, 'GET'],
    [403, { 'Sec-Fetch-Site': 'same-origin' }],
    [403, { Cookie: 'PHPSESSID=another', 'Sec-Fetch-Site': 'same-origin' }],
    [403, { Cookie, 'Sec-Fetch-Site': 'cross-site', Origin: origin }],
    [403, { Cookie, 'Sec-Fetch-Site': 'same-site' }],
    [403, { Cookie, Origin: 'https://other.example' }],
    [403, { Cookie, Origin: 'null' }],
  ]) {
    const answer = await ask(headers, method);
    assert.equal(answer.status, status, JSON.stringify(headers));
    if (status != 200) assert.doesNotMatch(await answer.text(), /the-token/);
  }

  const reauthorize = tokenFrom(`${origin}/token.php`, { headers: { Cookie } });
  const first = await reauthorize({ signal: new AbortController().signal });
  const client = createFromAccessToken(first, 'the-api-key', { endpoint: `${origin}/v1`, reauthorize });
  const { accessToken, expiresAt, apis } = client.token;
  client.dispose();
  assert.deepEqual([accessToken, { ...apis }], ['the-token', written.apis]);
  assert.ok(Math.abs(expiresAt - Date.now() - 600_000) < 5000, `${expiresAt}`);
});

test('the file has the documented members', async (t) => {
  const { endpoint } = await serveApi(t);
  const file = join(await folderFor(t), 'token.json');
  await watch(t, endpoint, file);
  const text = await readFile(file, 'utf8');
  assert.equal(text.indexOf('\n'), text.length - 1, 'one line');
  const documented = [...(await readFile(join(root, 'docs/server-side.md'), 'utf8')).matchAll(/^\| `(\w+)` \|/gm)].map(
    ([, name]) => name,
  );
  assert.deepEqual(Object.keys(JSON.parse(text)).sort(), documented.sort());
});
