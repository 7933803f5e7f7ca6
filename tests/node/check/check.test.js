// The command `inbenta-auth check`, against answers that production may send, and against the emulator.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { startEmulator } from 'inbenta-auth/emulator';

const CLI = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));
const ORIGIN = 'https://www.shop.example';
const API_KEY = 'api-key-0123456789';
const DOMAIN_KEY = 'domain-key-0123456789';

/** The keys and the origin, as arguments. */
const KEYS = ['--api-key', API_KEY, '--domain-key', DOMAIN_KEY, '--origin', ORIGIN];

/** Runs the command until it ends. */
const run = (words, env = {}) =>
  new Promise((resolve) =>
    execFile(
      process.execPath,
      [CLI, 'check', ...words],
      { timeout: 20_000, env: { PATH: process.env.PATH, ...env } },
      (error, stdout, stderr) => resolve({ status: error?.code ?? 0, stdout, stderr }),
    ),
  );

/** Starts an API. `answer(body, n)` returns [status, body, headers?]. `check()` runs the command against it. */
async function fakeApi(t, answer) {
  const requests = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    requests.push({ method: request.method, url: request.url, headers: request.headers, body });
    const [status, given, headers = { 'Access-Control-Allow-Origin': ORIGIN }] = answer(
      JSON.parse(body),
      requests.length,
    );
    response
      .writeHead(status, { 'Content-Type': 'application/json', ...headers })
      .end(typeof given == 'string' ? given : JSON.stringify(given));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => (server.closeAllConnections(), server.close()));
  const endpoint = `http://127.0.0.1:${server.address().port}/v1`;
  const given = [...KEYS, '--endpoint', endpoint];
  return {
    requests,
    endpoint,
    async check(...more) {
      const text = await run([...given, ...more]);
      const { status, stdout } = await run([...given, '--json', ...more]);
      for (const secret of [API_KEY, DOMAIN_KEY, 'the-token'])
        assert.ok(!(text.stdout + text.stderr + stdout).includes(secret), 'no credential is printed');
      assert.equal(text.status, status);
      return { status, text: text.stdout, json: JSON.parse(stdout) };
    },
  };
}

const TOKEN = {
  accessToken: 'the-token',
  expiration: 1_900_000_000,
  expires_in: 1200,
  apis: { chatbot: 'https://api.example/prod/chatbot' },
};

test('one request like a browser’s gets a token', async (t) => {
  const { requests, check } = await fakeApi(t, () => [200, TOKEN]);
  const { status, text, json } = await check();
  assert.equal(status, 0);
  assert.match(
    text,
    /answered 200: a token for 1200 s; products: chatbot\nA page on https:\/\/www\.shop\.example gets a token/,
  );
  assert.deepEqual(json, {
    verdict: 'token',
    status: 200,
    serverMessage: '',
    domainKeyName: 'domainKey',
    requests: 1,
    lifetimeS: 1200,
    products: ['chatbot'],
    advice: [`A page on ${ORIGIN} gets a token with these keys.`],
  });
  assert.equal(requests.length, 2, 'one for each run');
  const [{ method, url, headers, body }] = requests;
  assert.deepEqual([method, url, body], ['POST', '/v1/auth', JSON.stringify({ domainKey: DOMAIN_KEY })]);
  assert.equal(headers.origin, ORIGIN);
  assert.equal(headers['x-inbenta-key'], API_KEY);
  assert.match(headers['content-type'], /^application\/json/);
});

test('after a bad request, the other name of the domain key is tried', async (t) => {
  const { requests, check } = await fakeApi(t, ({ domain_key: key }) =>
    key == DOMAIN_KEY
      ? [200, { ...TOKEN, apis: [] }]
      : [400, { error: { code: 400, message: 'domain_key is required' } }],
  );
  const { status, text, json } = await check();
  assert.deepEqual([status, json.verdict, json.domainKeyName, json.requests], [0, 'token', 'domain_key', 2]);
  assert.deepEqual(json.products, []);
  assert.match(text, /products: none\n[^]*lists no products\. client\.fetch then asks \/apis for them\./);
  assert.match(text, /Pass domainKeyName: 'domain_key'/);
  assert.equal(requests.length, 4);
});

test('if both names are refused, the first refusal is printed', async (t) => {
  const { check } = await fakeApi(t, (body, n) => [400, { error: { code: 400, message: `refusal ${n % 2}` } }]);
  const { status, json } = await check();
  assert.deepEqual(
    [status, json.verdict, json.requests, json.serverMessage, json.domainKeyName],
    [1, 'credentials_rejected', 2, 'refusal 1', 'domainKey'],
  );
  assert.match(json.advice[1], /Both names of the domain key were tried: domainKey and domain_key/);
});

test('with --domain-key-name, no other name is tried', async (t) => {
  const { requests, check } = await fakeApi(t, () => [400, { error: { code: 400, message: 'no' } }]);
  const { json } = await check('--domain-key-name', 'dk');
  assert.deepEqual(
    [json.requests, json.domainKeyName, requests[0].body],
    [1, 'dk', JSON.stringify({ dk: DOMAIN_KEY })],
  );
  assert.doesNotMatch(json.advice.join(), /Both names/);
});

for (const [what, answer, verdict, exit, advice] of [
  [
    'the gateway does not know the API key',
    [403, { Message: 'User is not authorized to access this resource with an explicit deny' }],
    'credentials_rejected',
    1,
    /API key.*Administration/,
  ],
  ['the gateway, unauthorized', [401, { message: 'Unauthorized' }], 'credentials_rejected', 1, /API key/],
  ['a wrong URL', [403, { message: 'Missing Authentication Token' }], 'endpoint_refused', 1, /ends in \/v1/],
  ['a firewall', [403, '<html><h1>403 ERROR</h1></html>'], 'endpoint_refused', 1, /firewall/],
  [
    'a refused domain with the API’s message',
    [403, { error: { code: 403, message: 'Domain is not allowed' } }],
    'credentials_rejected',
    1,
    /list has https:\/\/www\.shop\.example/,
  ],
  [
    'a revoked key with the API’s message',
    [401, { error: { code: 401, message: 'Domain key has been revoked' } }],
    'credentials_rejected',
    1,
    /not revoked/,
  ],
  ['a used-up quota', [429, { message: 'Limit Exceeded' }], 'rate_limited', 3, /later/],
  ['an API that fails', [503, ''], 'server_error', 3, /later/],
  ['no such path', [404, 'Not found'], 'bad_response', 1, /must end in \/v1/],
  ['a redirect', [302, '', { Location: 'https://elsewhere.example/' }], 'bad_response', 1, /redirects/],
  [
    'a page instead of an answer',
    [200, '<html>', { 'Access-Control-Allow-Origin': '*' }],
    'bad_response',
    1,
    /not one of the Auth API/,
  ],
  ['an answer that no page can read', [200, TOKEN, {}], 'no_cors', 1, /Access-Control-Allow-Origin is missing/],
  [
    'a refusal that no page can read',
    [403, { Message: 'explicit deny' }, { 'Access-Control-Allow-Origin': 'https://other.example' }],
    'credentials_rejected',
    1,
    /cannot read this refusal.*"network"/,
  ],
  [
    'a token that no header can have',
    [200, { ...TOKEN, accessToken: 'two words' }],
    'bad_response',
    1,
    /not one of the Auth API/,
  ],
  ['a token without a lifetime', [200, { ...TOKEN, expires_in: 0 }], 'bad_response', 1, /not one of the Auth API/],
  [
    'an answer of another type',
    [200, TOKEN, { 'Content-Type': 'text/html' }],
    'bad_response',
    1,
    /not one of the Auth API/,
  ],
  ['an endless answer', [200, 'x'.repeat(70_000)], 'body_too_large', 1, /end in \/v1/],
])
  test(`${what}: ${verdict}`, async (t) => {
    const { check, requests } = await fakeApi(t, () => answer);
    const { status, json, text } = await check();
    assert.deepEqual([status, json.verdict, json.status, json.requests], [exit, verdict, answer[0], 1]);
    assert.match(json.advice.join(' '), advice);
    const expected = answer[1].message ?? answer[1].Message ?? answer[1].error?.message ?? '';
    assert.equal(json.serverMessage, expected);
    if (expected) assert.ok(text.includes(`The API says: ${expected}`));
    assert.equal(requests.length, 2);
  });

test('products that a page would not get are not listed, and GET /apis is not asked', async (t) => {
  const { check, requests } = await fakeApi(t, (body, n) => [
    200,
    n % 2
      ? { ...TOKEN, apis: { chatbot: 'https://api.example/prod/chatbot', old: 'http://api.example/x', none: null } }
      : { ...TOKEN, apis: undefined },
  ]);
  const { status, text, json } = await check();
  assert.equal(status, 0);
  assert.match(text, /products: chatbot\n/);
  assert.deepEqual(json.products, []);
  assert.equal(requests.length, 2);
});

test('an answer that ends in the middle, or never', async (t) => {
  const server = createServer((request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' }).write('{"accessToken":');
    if (request.url.startsWith('/cut')) setTimeout(() => response.destroy(), 50);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => (server.closeAllConnections(), server.close()));
  const given = ['--api-key', API_KEY, '--domain-key', DOMAIN_KEY, '--origin', ORIGIN];
  for (const [path, timeout, problem] of [
    ['cut', '15', /the connection ended in the middle of the response/],
    ['never', '1', /no response within 1 s/],
  ]) {
    const endpoint = `http://127.0.0.1:${server.address().port}/${path}`;
    const { status, stdout } = await run([...given, '--endpoint', endpoint, '--timeout', timeout]);
    assert.equal(status, 3, stdout);
    assert.match(stdout, problem);
  }
});

test('keys, unprintable characters and long text in the API’s message are left out', async (t) => {
  const { check } = await fakeApi(t, () => [
    403,
    { error: { code: 403, message: `Key ${DOMAIN_KEY} of ${API_KEY}\u001b[31m is wrong${'!'.repeat(500)}` } },
  ]);
  const { json } = await check();
  assert.match(json.serverMessage, /^Key \*{3} of \*{3} \[31m is wrong!+$/);
  assert.equal(json.serverMessage.length, 200);
});

test('an unreachable and a silent API are reported', async (t) => {
  const gone = await run([...KEYS, '--endpoint', 'http://127.0.0.1:1/v1']);
  assert.equal(gone.status, 3);
  assert.match(gone.stdout, /There is no response from http:\/\/127\.0\.0\.1:1\/v1: \w/);
  const server = createServer(() => {});
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => (server.closeAllConnections(), server.close()));
  const silent = await run([...KEYS, '--endpoint', `http://127.0.0.1:${server.address().port}/v1`, '--timeout', '0.2']);
  assert.equal(silent.status, 3);
  assert.match(silent.stdout, /no response within 0\.2 s/);
});

test('with the emulator: an allowed origin, an origin not on the list, a revoked key; keys from the environment', async (t) => {
  const emulator = await startEmulator({ domains: [ORIGIN] });
  t.after(() => emulator.close());
  const env = { INBENTA_API_KEY: emulator.apiKey, INBENTA_DOMAIN_KEY: emulator.domainKey };
  const check = async (origin) => {
    const { status, stdout } = await run(['--origin', origin, '--endpoint', emulator.endpoint, '--json'], env);
    return [status, JSON.parse(stdout).verdict];
  };
  assert.deepEqual(await check(ORIGIN), [0, 'token']);
  assert.deepEqual(await check('https://elsewhere.example'), [1, 'origin_not_allowed']);
  await emulator.revoke('domain-key', emulator.domainKeyId);
  assert.deepEqual(await check(ORIGIN), [1, 'key_revoked']);
});

test('with the emulator’s personality gateway: a wrong API key, a wrong URL', async (t) => {
  const emulator = await startEmulator({ domains: [ORIGIN], personality: 'gateway' });
  t.after(() => emulator.close());
  const check = async (apiKey, endpoint) => {
    const { status, stdout } = await run(['--origin', ORIGIN, '--endpoint', endpoint, '--json'], {
      INBENTA_API_KEY: apiKey,
      INBENTA_DOMAIN_KEY: emulator.domainKey,
    });
    return [status, JSON.parse(stdout).verdict];
  };
  assert.deepEqual(await check(emulator.apiKey, emulator.endpoint), [0, 'token']);
  assert.deepEqual(await check('another-api-key-0123', emulator.endpoint), [1, 'credentials_rejected']);
  assert.deepEqual(await check(emulator.apiKey, `${emulator.url}/v2`), [1, 'endpoint_refused']);
});

test('wrong arguments are reported with status 2, and no request is sent', async (t) => {
  const { requests, endpoint } = await fakeApi(t, () => [200, TOKEN]);
  const keys = ['--api-key', API_KEY, '--domain-key', DOMAIN_KEY];
  for (const [words, message] of [
    [['--origin', ORIGIN], /the API key is missing; give --api-key or set INBENTA_API_KEY/],
    [['--origin', ORIGIN, '--api-key', API_KEY], /the domain key is missing/],
    [[...keys], /--origin is missing/],
    [[...keys, '--origin', 'www.shop.example'], /--origin www\.shop\.example: write an origin/],
    [[...keys, '--origin', `${ORIGIN}/page`], /write https:\/\/www\.shop\.example/],
    [[...keys, '--origin', ORIGIN, '--endpoint', 'https://api.inbenta.io/'], /\/v1/],
    [[...keys, '--origin', ORIGIN, '--endpoint', 'http://api.example/v1'], /--endpoint: Use https/],
    [[...keys, '--origin', ORIGIN, '--endpoint', endpoint, '--timeout', 'soon'], /--timeout soon/],
    [[...keys, '--origin', ORIGIN, '--endpoint', endpoint, '--nonsense'], /--nonsense/],
    [[...keys, '--origin', ORIGIN, '--endpoint', endpoint, DOMAIN_KEY], /no name.*--domain-key/],
    [['--api-key', 'a b', '--domain-key', DOMAIN_KEY, '--origin', ORIGIN], /: --api-key must be/],
    [['--api-key', `"${API_KEY}"`, '--domain-key', DOMAIN_KEY, '--origin', ORIGIN], /--api-key must .*quotes/],
    [['--api-key', API_KEY, '--domain-key', `${DOMAIN_KEY}\n`, '--origin', ORIGIN], /--domain-key must/],
    [['--api-key', API_KEY, '--domain-key', `Bearer ${DOMAIN_KEY}`, '--origin', ORIGIN], /--domain-key must .*spaces/],
    [[...keys, '--origin', ORIGIN, '--domain-key-name', 'two words'], /--domain-key-name must/],
    [['--origin', ORIGIN, '--api-key'], /--api-key: the value is missing/],
    [['--origin', '-x'], /write --origin=VALUE/],
    [[...keys, '--origin', ORIGIN, '--endpoint', `https://user:${DOMAIN_KEY}@api.example/v1`], /without user/],
    [[...keys, '--origin', 'null'], /--origin null: write an origin/],
    [[...keys, '--origin', 'file:///page.html'], /write an origin/],
  ]) {
    const { status, stdout, stderr } = await run(words);
    assert.deepEqual([status, stdout], [2, ''], words.join(' '));
    assert.match(stderr, message);
    assert.match(stderr, /see npx inbenta-auth check --help/);
    assert.ok(!stderr.includes(DOMAIN_KEY));
  }
  const env = { INBENTA_API_KEY: `'${API_KEY}'`, INBENTA_DOMAIN_KEY: DOMAIN_KEY };
  const quoted = await run(['--origin', ORIGIN], env);
  assert.deepEqual([quoted.status, quoted.stdout], [2, '']);
  assert.match(quoted.stderr, /: INBENTA_API_KEY must be .* not in quotes/);
  assert.equal(requests.length, 0);
});

test('--help lists the exit statuses', async () => {
  const { status, stdout } = await run(['--help']);
  assert.equal(status, 0);
  for (const word of [
    '--origin',
    '--domain-key',
    '--api-key',
    '--endpoint',
    '--json',
    'INBENTA_API_KEY',
    'Exit status: 0',
    '--timeout',
  ])
    assert.ok(stdout.includes(word), word);
  assert.ok(stdout.split('\n').every((line) => line.length <= 120));
});
