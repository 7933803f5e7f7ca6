// The command inbenta-token, and with it the library: its output and its errors.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { createServer as createHttp } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { certificate, execute, folderFor, grant, json, listen, root, run, serveApi } from '../../support/plain-api.js';

const COMMAND = join(root, 'build/native/src/native/command/inbenta-token');
const SECRET = 'the-very-secret';
const KEYS = { INBENTA_API_KEY: 'the-api-key', INBENTA_SECRET: SECRET };

/** Runs the command with the keys in its environment. */
const auth = (words, more = {}) => execute(COMMAND, words, { ...more, env: { ...KEYS, ...more.env } });

/** The command `get` fails with this exit code and error, names the endpoint, and prints no key and no token. */
async function fails(words, status, code, more = /./) {
  const answer = await auth(['get', ...words]);
  assert.deepEqual([answer.status, answer.stdout], [status, ''], answer.stderr);
  const form = /^inbenta-token: (\S+) \((?:HTTP \d+ from )?(\S+)\)\. [A-Zl].+\.\n$/;
  const [, told, endpoint] = form.exec(answer.stderr) ?? [];
  assert.match(told, code instanceof RegExp ? code : new RegExp(`^${code}$`), answer.stderr);
  assert.equal(endpoint, words[words.indexOf('--endpoint') + 1], answer.stderr);
  assert.match(answer.stderr, more);
  assert.doesNotMatch(answer.stderr, /secret-|very|token-\d/);
}

test('a secret gets a token: the request and the three output formats', async (t) => {
  const { endpoint, requests } = await serveApi(t);
  const text = await auth(['get', '--endpoint', endpoint]);
  assert.deepEqual(text, { status: 0, stdout: 'token-1\n', stderr: '' });
  const [{ method, url, headers, body }] = requests;
  assert.deepEqual([method, url, body], ['POST', '/v1/auth', JSON.stringify({ secret: SECRET })]);
  assert.equal(headers['x-inbenta-key'], 'the-api-key');
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(headers.origin, undefined);
  assert.equal(
    (await auth(['get', '--format', 'header', '--endpoint', endpoint])).stdout,
    'Authorization: Bearer token-2\n',
  );
  const token = JSON.parse((await auth(['get', '--format=json', `--endpoint=${endpoint}`])).stdout);
  assert.ok(Math.abs(token.expiresAt - Date.now() - 1_200_000) < 20_000);
  assert.deepEqual([token.accessToken, token.apis], ['token-3', grant(3).apis]);
});

test('a personal secret goes along, from a file or the environment', async (t) => {
  const { endpoint, requests } = await serveApi(t);
  const file = join(await folderFor(t), 'personal');
  await writeFile(file, 'of-the-user\n', { mode: 0o600 });
  await auth(['get', '--endpoint', endpoint, '--personal-secret-file', file]);
  await auth(['get', '--endpoint', endpoint], { env: { INBENTA_USER_PERSONAL_SECRET: 'from-environment' } });
  assert.deepEqual(
    requests.map(({ body }) => JSON.parse(body)),
    [
      { secret: SECRET, user_personal_secret: 'of-the-user' },
      { secret: SECRET, user_personal_secret: 'from-environment' },
    ],
  );
});

test('the secret comes from a file, standard input or the environment', async (t) => {
  const { endpoint, requests } = await serveApi(t);
  const file = join(await folderFor(t), 'secret');
  await writeFile(file, 'from-file\r\n', { mode: 0o600 });
  const env = { INBENTA_ENDPOINT: endpoint };
  await auth(['get', '--secret-file', file], { env });
  await execute('bash', ['-c', `${COMMAND} get --secret-file <(sleep 0.3; echo from-a-program)`], {
    env: { ...KEYS, ...env },
  });
  await auth(['get', '--secret-file', '-', '--api-key', 'other'], { env, input: 'from-input' });
  await auth(['get'], { env });
  assert.deepEqual(
    requests.map(({ body }) => JSON.parse(body).secret),
    ['from-file', 'from-a-program', 'from-input', SECRET],
  );
  assert.equal(requests[2].headers['x-inbenta-key'], 'other');
});

test('apis prints all products, one product, and an error for an unknown one', async (t) => {
  const { endpoint } = await serveApi(t);
  const env = { INBENTA_ENDPOINT: endpoint };
  assert.equal(
    (await auth(['apis'], { env })).stdout,
    'chatbot https://api.example/prod/chatbot\nsearch https://api.example/prod/search\n',
  );
  assert.deepEqual(JSON.parse((await auth(['apis', '--format', 'json'], { env })).stdout), grant(1).apis);
  assert.equal((await auth(['apis', 'chatbot'], { env })).stdout, 'https://api.example/prod/chatbot\n');
  const none = await auth(['apis', 'shop'], { env });
  assert.equal(none.status, 1);
  assert.match(none.stderr, /shop: the API key is not valid for this product/);
});

test('an empty variable counts as none', async (t) => {
  const { endpoint } = await serveApi(t);
  const env = { INBENTA_ENDPOINT: '', INBENTA_USER_PERSONAL_SECRET: '' };
  assert.equal((await auth(['get', '--endpoint', endpoint], { env })).stdout, 'token-1\n');
  // The default endpoint: the proxy that is named here does not exist, so nothing leaves this machine.
  const { stderr } = await auth(['get', '--proxy', 'http://127.0.0.1:1'], { env });
  assert.match(stderr, /^inbenta-token: proxy \(https:\/\/api\.inbenta\.io\/v1\)\. /);
});

test('products that are missing in the grant are requested', async (t) => {
  const { endpoint } = await serveApi(t, (response, { url }, n) =>
    json(
      response,
      200,
      url == '/v1/apis' ? { apis: { chatbot: 'https://late.example' } } : { ...grant(n), apis: undefined },
    ),
  );
  assert.equal((await auth(['apis', '--endpoint', endpoint])).stdout, 'chatbot https://late.example\n');
});

test('if there are no products, apis says so', async (t) => {
  const { endpoint } = await serveApi(t, (response, { url }, n) =>
    json(response, 200, url == '/v1/apis' ? { apis: {} } : { ...grant(n), apis: {} }),
  );
  const stderr = 'inbenta-token: the API names no products for this API key\n';
  assert.deepEqual(await auth(['apis', '--endpoint', endpoint]), { status: 0, stdout: '', stderr });
});

test('wrong usage is reported with the right usage', async (t) => {
  const folder = await folderFor(t);
  const empty = join(folder, 'empty');
  await writeFile(empty, '\n', { mode: 0o600 });
  const two = join(folder, 'two');
  await writeFile(two, `${SECRET}\r\n# shop\n`, { mode: 0o600 });
  const open = join(folder, 'open');
  await writeFile(open, SECRET, { mode: 0o644 });
  const pipe = join(folder, 'pipe');
  await run('mkfifo', [pipe]);
  const cases = [
    [[], /inbenta-token get/],
    [['token'], /the commands are get, watch and apis/],
    [['get', 'x'], /get: one argument belongs to no option; write a value with spaces in quotes/],
    [['get', '--password', 'x'], /unknown option --password /],
    [['get', '--p', 'x'], /unknown option --p /], // it may be --proxy, or --personal-secret-file
    [['get', '--api_key', 'x'], /unknown option --api_key /],
    [['get', '-e', 'x'], /options begin with --, for example --endpoint/],
    [['get', '--timeout'], /--timeout: the value is missing/],
    [['get', '--allow-insecure=yes'], /--allow-insecure takes no value/],
    [['get', '--format', 'xml'], /text, json or header/],
    [['get', '--timeout', '0'], /1 to 3600/],
    [['get', '--output', 'x'], /only watch takes --output and --exec/],
    [['get', '--secret-file', join(folder, 'none')], /No such file/],
    [['get', '--secret-file', empty], /--secret-file \S+empty: it is empty/],
    [
      ['get', '--secret-file', two],
      /--secret-file \S+two contains a space or a line break; a key has none \(invalid_config/,
    ],
    [['get', '--personal-secret-file', two], /--personal-secret-file \S+two contains a space or a line break/],
    [['get', '--secret-file', pipe], /--secret-file .*pipe: not a regular file/],
    [['get', '--secret-file', open], /other accounts can use it; run: chmod 600 /],
    [['get', '--endpoint', 'http://api.example'], /--endpoint must begin with https:.* \(insecure_endpoint/],
    [
      ['get', '--endpoint', 'localhost'],
      /--endpoint must be a base URL .*https:\/\/api.inbenta.io\/v1 \(invalid_config/,
    ],
    [['get', '--endpoint', 'https://api.inbenta.io'], /--endpoint must be .* ends with its version/],
    [['get', '--ca-file', join(folder, 'none')], /--ca-file \S+none cannot be read \(invalid_config/],
    [['get', '--api-key', `"${SECRET}"`], /--api-key is in quotes; write it without them \(invalid_config/],
    [['get', '--api-key', `\ufeff${SECRET}`], /--api-key contains a character that no key has/],
    [['get', '--api-key', ''], /the API key is missing; give --api-key KEY/],
  ];
  const inEnvironment = [
    [{ INBENTA_API_KEY: `${SECRET} ` }, /INBENTA_API_KEY contains a space/],
    [{ INBENTA_SECRET: `'${SECRET}'` }, /INBENTA_SECRET is in quotes/],
    [{ INBENTA_USER_PERSONAL_SECRET: `${SECRET}\r` }, /INBENTA_USER_PERSONAL_SECRET contains a space or a line break/],
    [{ INBENTA_ENDPOINT: `https://user:${SECRET}@api.example/v1` }, /INBENTA_ENDPOINT must be a base URL without user/],
    [{ INBENTA_API_KEY: '' }, /the API key is missing/],
  ].map(([env, message]) => [['get'], message, env]);
  for (const [words, message, env] of [...cases, ...inEnvironment]) {
    const { status, stdout, stderr } = await auth(words, { env });
    assert.deepEqual([status, stdout], [2, ''], words.join(' '));
    assert.match(stderr, message);
    assert.ok(!stderr.includes(SECRET), stderr);
  }
  assert.match((await execute(COMMAND, ['get'], {})).stderr, /--api-key KEY/);
  assert.match((await execute(COMMAND, ['get', '--api-key', 'k'], {})).stderr, /--secret-file FILE/);
  for (const help of ['--help', '-h']) assert.equal((await auth([help])).status, 0);
});

test('an unexpected argument is not repeated, because it may be the secret', async () => {
  for (const words of [
    [SECRET],
    ['get', SECRET],
    ['get', `-${SECRET}`],
    ['get', '-s', SECRET],
    ['get', `--${SECRET}7`],
    ['get', `--password=${SECRET}`],
    ['get', '--secret', SECRET],
    ['get', `--secret=${SECRET}`],
    ['get', `--personal-secret=${SECRET}`],
    ['get', `--allow-insecure=${SECRET}`],
    ['watch', SECRET],
    ['apis', 'chatbot', SECRET],
  ]) {
    const { status, stdout, stderr } = await auth(words);
    assert.deepEqual([status, stdout], [2, ''], words.join(' '));
    assert.match(stderr, /^inbenta-token: .+\n$/);
    assert.ok(!stderr.includes(SECRET), stderr);
  }
});

test('each refusal of the API has its exit code', async (t) => {
  let answer;
  const { endpoint } = await serveApi(t, (response) => answer(response));
  const expect = (make, status, code, more) => (
    (answer = make),
    fails(['--endpoint', endpoint, '--timeout', '1'], status, code, more)
  );
  await expect(
    (response) => json(response, 401, { error: { code: 401, message: `not ${SECRET}` } }),
    3,
    'credentials_rejected',
    /\. The server says: not \*\*\* – Check that/,
  );
  await expect(
    (response) => json(response, 403, { error: { code: 403, message: 'x', reason: 'key_revoked' } }),
    3,
    'key_revoked',
  );
  await expect((response) => json(response, 429, {}, { 'Retry-After': '30' }), 5, 'rate_limited');
  await expect((response) => json(response, 503, {}), 5, 'server_error');
  await expect((response) => response.end('<html>'), 6, 'bad_response', /Does the endpoint end in \/v1\?/);
  await expect((response) => response.writeHead(302, { Location: 'http://localhost:1/' }).end(), 6, 'bad_response');
  await expect((response) => json(response, 200, { accessToken: 'x'.repeat(70_000) }), 6, 'body_too_large');
  await expect(
    (response) => (
      response.writeHead(200, { 'Content-Length': 100 }),
      response.write('{'),
      setTimeout(() => response.destroy(), 50)
    ),
    4,
    'network',
  );
});

test('an unreachable API has its own error for the name, the port and a timeout', async (t) => {
  const silent = await serveApi(t, () => {});
  const gone = createHttp();
  const port = await listen(t, gone);
  await new Promise((resolve) => gone.close(resolve));
  // A label of more than 63 characters is invalid, so the resolver sends no query.
  await fails(['--endpoint', `https://${'x'.repeat(64)}.invalid/v1`, '--timeout', '1'], 4, 'dns', /libcurl says: /);
  await fails(
    ['--endpoint', `http://127.0.0.1:${port}/v1`, '--timeout', '1'],
    4,
    'network',
    /libcurl says: .*127\.0\.0\.1.* – The endpoint cannot be reached/,
  );
  await fails(['--endpoint', silent.endpoint, '--timeout', '1'], 4, 'timeout', /did not answer in time/);
});

test('TLS: an untrusted certificate, a certificate for another name, and a server without TLS are refused', async (t) => {
  const own = await certificate(t, 'localhost');
  const others = await certificate(t, 'shop.example');
  const secure = await serveApi(t, undefined, own);
  const wrong = await serveApi(t, undefined, others);
  const plain = await serveApi(t);
  const started = Date.now();
  await fails(['--endpoint', secure.endpoint], 4, 'certificate', /libcurl says: .*certificate.* – Check/);
  // A file that is no PEM file, and what libcurl says about it.
  await fails(['--endpoint', secure.endpoint, '--ca-file', own.keyFile], 4, 'certificate', /libcurl says: .+ – Check/);
  await fails(['--endpoint', wrong.endpoint, '--ca-file', others.file], 4, 'certificate', /libcurl says: .*localhost/);
  await fails(['--endpoint', plain.endpoint.replace('http:', 'https:')], 4, 'tls');
  assert.ok(Date.now() - started < 9_000, 'told at once, not tried until the deadline');
  assert.deepEqual([secure.requests.length, wrong.requests.length], [0, 0], 'no secret was sent');
  assert.equal((await auth(['get', '--endpoint', secure.endpoint, '--ca-file', own.file])).stdout, 'token-1\n');
});

test('a proxy may accept, refuse or be unreachable', async (t) => {
  const own = await certificate(t, 'localhost');
  const { endpoint, port } = await serveApi(t, undefined, own);
  let count = 0;
  const proxy = createHttp().on('connect', (request, socket) => {
    count++;
    if (!request.headers['proxy-authorization'])
      return socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
    const through = connect(
      port,
      '127.0.0.1',
      () => (socket.write('HTTP/1.1 200 OK\r\n\r\n'), socket.pipe(through).pipe(socket)),
    );
    for (const end of [socket, through]) end.on('error', () => (socket.destroy(), through.destroy()));
  });
  const proxyPort = await listen(t, proxy);
  const words = ['--endpoint', endpoint, '--ca-file', own.file];
  assert.equal(
    (await auth(['get', ...words, '--proxy', `http://user:word@127.0.0.1:${proxyPort}`])).stdout,
    'token-1\n',
  );
  await fails([...words, '--proxy', `http://127.0.0.1:${proxyPort}`], 4, 'proxy');
  assert.equal(count, 2);
  await fails([...words, '--proxy', 'http://127.0.0.1:1'], 4, 'proxy', /libcurl says: .*127\.0\.0\.1/);
  // libcurl's own message about these quotes the URL. It names the proxy of the environment in other errors.
  for (const wrong of ['foo://user:very@127.0.0.1:1', 'http://user:very@127.0.0.1:x', 'user:very@ 127.0.0.1']) {
    await fails([...words, '--proxy', wrong], 4, /^(proxy|network)$/, /^((?!libcurl).)*$/m);
    const { status, stderr } = await auth(['get', ...words], { env: { https_proxy: wrong } });
    assert.equal(status, 4);
    assert.doesNotMatch(stderr, /very/);
  }
});

/** Starts `watch`. `ended` and `stop()` resolve to the exit code. */
function startWatch(t, words, env) {
  const child = spawn(COMMAND, ['watch', ...words], { env: { PATH: process.env.PATH, ...KEYS, ...env } });
  const watched = { pid: child.pid, stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'])
    child[name].setEncoding('utf8').on('data', (part) => (watched[name] += part));
  const ended = new Promise((resolve) => child.on('close', (status, signal) => resolve(status ?? signal)));
  t.after(() => child.kill('SIGKILL'));
  return Object.assign(watched, { ended, stop: () => (child.kill('SIGTERM'), ended) });
}

/** The shortest lifetime that `watch` can keep fresh, because background requests are at least 10 s apart. */
const SHORT_S = 12;

async function until(what, condition) {
  for (let tries = 0; tries < 800; tries++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`never: ${what}`);
}

test('watch keeps a file fresh, and the file is never half written', async (t) => {
  const { endpoint, requests } = await serveApi(t, (response, request, n) => json(response, 200, grant(n, SHORT_S)));
  const folder = await folderFor(t);
  const file = join(folder, 'token');
  const watched = startWatch(t, ['--endpoint', endpoint, '--output', file]);
  const seen = new Set();
  await until('three tokens', async () => {
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text !== undefined) seen.add(text);
    return seen.size >= 3;
  });
  assert.deepEqual([...seen].slice(0, 3), ['token-1\n', 'token-2\n', 'token-3\n']);
  assert.deepEqual([requests[0].url, requests[1].url], ['/v1/auth', '/v1/refreshToken']);
  assert.equal(requests[1].headers.authorization, 'Bearer token-1');
  assert.equal(requests[1].headers['content-type'], undefined);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const commandLine = await readFile(`/proc/${watched.pid}/cmdline`, 'utf8');
  assert.doesNotMatch(commandLine, /very-secret|token-\d/);
  assert.equal(await watched.stop(), 0);
  assert.deepEqual(await readdir(folder), ['token'], 'nothing is left beside it');
  assert.deepEqual([watched.stdout, watched.stderr], ['', '']);
});

test('watch runs a command with each token on its input, and reports its failure', async (t) => {
  const { endpoint } = await serveApi(t, (response, request, n) => json(response, 200, grant(n, SHORT_S)));
  const folder = await folderFor(t);
  const script = `cat >> '${folder}/log'; env > '${folder}/env'; exit 3`;
  const watched = startWatch(t, ['--endpoint', endpoint, '--exec', script, '--format', 'header']);
  const log = () => readFile(join(folder, 'log'), 'utf8').catch(() => '');
  await until('two tokens', async () => (await log()).includes('token-2\n'));
  assert.equal(await watched.stop(), 0);
  assert.match(await log(), /^Authorization: Bearer token-1\nAuthorization: Bearer token-2\n/);
  assert.match(watched.stderr, /ended with exit status 3/);
  assert.doesNotMatch(watched.stderr, /token-\d/);
  assert.doesNotMatch(await readFile(join(folder, 'env'), 'utf8'), /very-secret|token-\d/);
});

test('watch survives an outage, and ends when the keys are refused', async (t) => {
  let refused = false;
  const { endpoint, requests } = await serveApi(t, (response, request, n) => {
    if (refused) return json(response, 403, { error: { code: 403, message: 'x', reason: 'key_revoked' } });
    return n == 2 ? json(response, 503, {}) : json(response, 200, grant(n, SHORT_S));
  });
  const watched = startWatch(t, ['--endpoint', endpoint]);
  await until('a token after the outage', () => watched.stdout.includes('token-3\n'));
  refused = true;
  assert.equal(await watched.ended, 3);
  assert.match(watched.stderr, /server_error \(HTTP 503 from /);
  assert.match(watched.stderr, /key_revoked \(HTTP 403 from /);
  assert.ok(requests.length >= 4);
});

test('watch ends if the keys are refused from the start', async (t) => {
  const { endpoint, requests } = await serveApi(t, (response) => json(response, 401, {}));
  const watched = startWatch(t, ['--endpoint', endpoint]);
  assert.equal(await watched.ended, 3);
  assert.equal(watched.stderr.match(/credentials_rejected/g).length, 1, 'said once');
  assert.equal(requests.length, 1);
});

test('the manual and the completions have every option, and the manual is well-formed', async () => {
  const { stdout: help } = await auth(['--help']);
  const options = [...new Set(help.match(/--[a-z][a-z-]+/g))];
  assert.equal(options.length, 13);
  const folder = join(root, 'src/native/command');
  const [manual, bash, zsh] = await Promise.all(
    ['inbenta-token.1', 'completion.bash', 'completion.zsh'].map((name) => readFile(join(folder, name), 'utf8')),
  );
  for (const option of options) {
    assert.ok(manual.includes(`Fl -${option.slice(2)}`), `${option} in the manual`);
    for (const script of [bash, zsh]) assert.ok(script.includes(option), `${option} in the completions`);
  }
  await run('mandoc', ['-T', 'lint', '-W', 'warning', join(folder, 'inbenta-token.1')]);
  const complete = `source '${folder}/completion.bash'; COMP_WORDS=(inbenta-token get --fo); COMP_CWORD=2; _inbenta_token; echo "\${COMPREPLY[*]}"`;
  assert.equal((await run('bash', ['-c', complete])).stdout, '--format\n');
});
