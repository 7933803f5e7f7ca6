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
  endpoint: [403, { message: 'Missing Authentication Token' }],
};

/** The error of a refusal. */
async function errorOf(t, refusal, flow) {
  const [status, body] = REFUSALS[refusal];
  const { client, endpoint } = await fakeApi(t, (response) => json(response, status, body));
  const made = flow == 'secret' ? createFromSecret('the-secret', 'the-api-key', { endpoint }) : client;
  t.after(() => made.dispose());
  return made.getToken().catch((error) => error);
}

/** The hint of a code in this environment. */
function hintIn({ origin, node }, code, status = 403) {
  const versions = Object.getOwnPropertyDescriptor(process, 'versions');
  if (origin) globalThis.origin = origin;
  Object.defineProperty(process, 'versions', { ...versions, value: { ...process.versions, node } });
  try {
    return new AuthError(code, { status }, { credentialName: 'domain key', endpoint: 'https://api.inbenta.io/v1' })
      .hint;
  } finally {
    Object.defineProperty(process, 'versions', versions);
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

test('in Node, the hint for a domain key names browsers, with or without a DOM', () => {
  for (const code of ['origin_not_allowed', 'credentials_rejected'])
    for (const origin of [undefined, 'http://localhost'])
      assert.match(hintIn({ origin, node: '22.0.0' }, code), /browsers only: Node/);
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

test('the hint for a refusal in front of the API names the endpoint', async (t) => {
  const { code, hint } = await errorOf(t, 'endpoint');
  assert.equal(code, 'endpoint_refused');
  assert.match(hint, /http:\/\/127\.0\.0\.1:\d+\/v1 end in \/v1\?/);
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
