// The hint of an error has the server's message first, then the advice for this flow, host and origin.

import assert from 'node:assert/strict';
import test from 'node:test';
import { AuthError } from '../../../js/client/errors.js';
import { createFromSecret } from 'inbenta-auth/server';
import { createFromAccessToken } from '../../../dist/inbenta-auth.js';
import { fakeApi, json } from './fake-api.js';

const REFUSALS = {
  key: [400, { error: { code: 400, message: 'Key not valid' } }],
  revoked: [403, { error: { code: 403, message: 'no', reason: 'key_revoked' } }],
};

/** The error of a refusal. */
async function errorOf(t, refusal, flow) {
  const [status, body] = REFUSALS[refusal];
  const { client, endpoint } = await fakeApi(t, (response) => json(response, status, body));
  const made = flow == 'secret' ? createFromSecret('the-secret', 'the-api-key', { endpoint }) : client;
  t.after(() => made.dispose());
  return made.getToken().catch((error) => error);
}

const CHROME = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36';

/** The hint of a code in this environment. `userAgent`: null where there is no navigator, as in Node 20. */
function hintIn({ origin, userAgent = CHROME }, code, status = 403) {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  if (origin) globalThis.origin = origin;
  Object.defineProperty(globalThis, 'navigator', { configurable: true, value: userAgent && { userAgent } });
  try {
    return new AuthError(code, { status }, { credentialName: 'domain key', endpoint: 'https://api.inbenta.io/v1' })
      .hint;
  } finally {
    delete globalThis.navigator;
    if (before) Object.defineProperty(globalThis, 'navigator', before);
    delete globalThis.origin;
  }
}

test('in a page, the hint names the origin, the keys and the list', () => {
  const page = { origin: 'https://shop.example' };
  assert.equal(hintIn(page, 'origin_not_allowed'), "Add https://shop.example to the domain key's list of domains.");
  for (const part of ['API key', 'domain key', 'https://shop.example', 'revoked', '5 minutes'])
    assert.ok(hintIn(page, 'credentials_rejected').includes(part), part);
  assert.match(hintIn(page, 'credentials_rejected', 400), /domainKeyName: 'domain_key'/);
  assert.doesNotMatch(hintIn(page, 'credentials_rejected', 403), /domain_key/);
  assert.match(hintIn(page, 'key_revoked'), /new domain key/);
  assert.match(hintIn(page, 'network'), /^https:\/\/api\.inbenta\.io\/v1 cannot be reached.*connect-src.*CORS/);
});

test('in a sandboxed frame and in a file, the hint names the missing origin', () => {
  for (const code of ['origin_not_allowed', 'credentials_rejected'])
    assert.match(hintIn({ origin: 'null' }, code), /no origin.*file.*sandbox/);
});

// What each environment says of itself. tests/frameworks/ has the hint in the real ones.
test('where no Origin is sent, the hint for a domain key says so: on servers, in workers and in jsdom', () => {
  const dom = 'Mozilla/5.0 (linux) AppleWebKit/537.36 (KHTML, like Gecko)';
  for (const userAgent of [null, 'Node.js/22', 'Deno/2.9.6', 'Bun/1.4.5', 'Cloudflare-Workers', `${dom} jsdom/31.0.1`])
    for (const code of ['origin_not_allowed', 'credentials_rejected'])
      for (const origin of [undefined, 'http://localhost'])
        assert.match(hintIn({ origin, userAgent }, code), /^No Origin is sent here.*happy-dom/);
  const happy = { origin: 'http://localhost:3000', userAgent: `${dom} HappyDOM/21.0.4` };
  assert.match(hintIn(happy, 'origin_not_allowed'), /^Add http:\/\/localhost:3000 to/);
});

test('the server’s message comes first', async (t) => {
  const { message, serverMessage } = await errorOf(t, 'key');
  assert.equal(serverMessage, 'Key not valid');
  assert.ok(message.startsWith('The server says: Key not valid – '), message);
});

test('the hint for a secret does not mention a domain key', async (t) => {
  const { hint } = await errorOf(t, 'key', 'secret');
  assert.match(hint, /API key and the secret/);
  assert.doesNotMatch(hint, /domain|Origin/);
  assert.match((await errorOf(t, 'revoked', 'secret')).hint, /new secret/);
});

test('the hint for an answer of something else than the API names the endpoint, and asks for /v1', async (t) => {
  const answers = {
    'the gateway': [403, { 'Content-Type': 'application/json' }, '{"message":"Missing Authentication Token"}'],
    'a page': [200, { 'Content-Type': 'text/html' }, '<!doctype html><p>Hello'],
    nothing: [204, {}, ''],
    'a redirect': [302, { Location: '/login' }, ''],
    'no such page': [404, {}, 'Not Found'],
    'a long answer': [200, { 'Content-Type': 'application/json' }, `{"more":"${'x'.repeat(70_000)}"}`],
  };
  const codes = [];
  for (const [what, [status, headers, body]] of Object.entries(answers)) {
    const { client, endpoint } = await fakeApi(t, (response) => response.writeHead(status, headers).end(body));
    const { code, hint } = await client.getToken().catch((error) => error);
    codes.push(code);
    assert.ok(
      hint.startsWith(`Does ${endpoint} end in /v1? It did not answer as the Auth API does`),
      `${what}: ${hint}`,
    );
  }
  assert.deepEqual(codes, ['endpoint_refused', ...Array(4).fill('bad_response'), 'body_too_large']);
});

test('offline, the hint says so', () => {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  const hintAt = (onLine) => {
    Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { onLine } });
    return new AuthError('network', {}, { endpoint: 'https://api.inbenta.io/v1' }).hint;
  };
  try {
    assert.match(hintAt(false), /browser is offline/);
    for (const onLine of [true, undefined]) assert.match(hintAt(onLine), /cannot be reached/);
  } finally {
    delete globalThis.navigator;
    if (before) Object.defineProperty(globalThis, 'navigator', before);
  }
});

test('the hint for an unreachable product names it, and connect-src of the CSP', async (t) => {
  const { endpoint } = await fakeApi(t);
  const client = createFromAccessToken(
    { accessToken: 't', expires_in: 1200, apis: { chatbot: 'http://127.0.0.1:1/product' } },
    'k',
    { endpoint },
  );
  t.after(() => client.dispose());
  globalThis.origin = 'https://shop.example';
  t.after(() => delete globalThis.origin);
  const { hint } = await client.fetch('chatbot', '/v1/x').catch((error) => error);
  assert.match(hint, /^http:\/\/127\.0\.0\.1:1 cannot be reached.*connect-src/);
});
