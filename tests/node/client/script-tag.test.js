// The script-tag file: the global it makes, and the client of the tag's attributes.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { runInThisContext } from 'node:vm';

const code = await readFile(new URL('../../../dist/inbenta-auth.min.js', import.meta.url), 'utf8');

/**
 * Loads the file as the page's tag does, with these attributes. `more` are other globals; `plain` are attributes
 * without data-.
 * @returns {{sdk: any, said: any[][]}} the global, and what was said on the console
 */
function load(t, dataset, more = {}, plain = []) {
  const tag = dataset && { dataset, hasAttribute: (name) => plain.includes(name) };
  class Document {
    get currentScript() {
      return tag;
    }
  }
  const document = new Document();
  // Markup can shadow a property of the document.
  Object.defineProperty(document, 'currentScript', { value: { dataset: { domainKey: 'evil', apiKey: 'evil' } } });
  const said = [];
  const mock = t.mock.method(console, 'error', (...words) => said.push(words));
  Object.assign(globalThis, { Document, document }, more);
  try {
    runInThisContext(code);
    return { sdk: globalThis.InbentaAuthSDK, said };
  } finally {
    mock.mock.restore();
    for (const name of ['Document', 'document', 'InbentaAuthSDK', ...Object.keys(more)]) delete globalThis[name];
  }
}

test('with both keys there is a client; the global has everything of the package', (t) => {
  const { sdk, said } = load(t, { domainKey: 'd', apiKey: 'k' });
  assert.deepEqual(Object.keys(sdk).sort(), [
    'AuthClient',
    'AuthError',
    'client',
    'createFromAccessToken',
    'createFromDomainKey',
    'tokenFrom',
  ]);
  assert.ok(sdk.client instanceof sdk.AuthClient);
  assert.deepEqual(said, []);
  sdk.client.dispose();
});

test('a secret on the tag is called what it is', (t) => {
  const { sdk, said } = load(t, { domainKey: 'd', apiKey: 'k', secret: 'the-secret', apiSecret: 's' });
  assert.match(said[0][0], /data-api-secret is ignored/);
  assert.match(said[0][0], /data-secret is ignored: everybody can read it here, so replace that secret/);
  assert.doesNotMatch(said[0][0], /the-secret/);
  sdk.client.dispose();
});

test('members that a page adds to Object.prototype are no attributes', (t) => {
  const added = { source: 'evil', environment() {}, persist: 'evil' };
  t.after(() => Object.keys(added).forEach((name) => delete Object.prototype[name]));
  Object.assign(Object.prototype, added);
  const { sdk, said } = load(t, { domainKey: 'd', apiKey: 'k' });
  assert.ok(sdk.client instanceof sdk.AuthClient);
  assert.deepEqual(said, []);
  sdk.client.dispose();
});

test('without attributes, without a tag and without a document there is none, and nothing is said', (t) => {
  for (const result of [
    load(t, {}),
    load(t, { environment: 'x' }),
    load(t, undefined),
    load(t, {}, { Document: undefined }),
    load(t, {}, { Document: class {} }),
    load(t, {}, { Document: { prototype: Object.defineProperty({}, 'currentScript', { value: 7 }) } }),
  ]) {
    assert.equal(result.sdk.client, undefined);
    assert.deepEqual(result.said, []);
  }
});

test('a mistake is said on the console, and the global is there', (t) => {
  for (const dataset of [
    { domainKey: 'd' },
    { apiKey: 'k' },
    { domainKey: 'two words', apiKey: 'k' },
    { domainKey: 'd', apiKey: 'k', endpoint: 'http://evil.example' },
    { domainKey: 'd', apiKey: 'k', persist: 'local' },
  ]) {
    const { sdk, said } = load(t, dataset);
    assert.equal(sdk.client, undefined);
    assert.equal(typeof sdk.createFromDomainKey, 'function');
    assert.equal(said.length, 1, JSON.stringify(dataset));
    assert.match(said[0][0], /InbentaAuthSDK: .*data-/);
    const isComplete = dataset.domainKey && dataset.apiKey;
    assert.equal(/The tag needs/.test(said[0][0]), !isComplete, said[0][0]);
    assert.ok(said[0][1] instanceof sdk.AuthError);
  }
});

test('keys in attributes without data- are named on the console', (t) => {
  const { sdk, said } = load(t, {}, {}, ['domain-key', 'api-key']);
  assert.equal(sdk.client, undefined);
  assert.deepEqual(said, [
    ['InbentaAuthSDK: domain-key is ignored: write data-domain-key. api-key is ignored: write data-api-key.'],
  ]);
});

test('each option of the tag is passed on', (t) => {
  const wrong = { endpoint: 'no url', connectionEntryPoint: 'no url', domainKeyName: 'two words', persist: 'local' };
  for (const name in wrong) {
    const { said } = load(t, { domainKey: 'd', apiKey: 'k', [name]: wrong[name] });
    assert.equal(said.length, 1, name);
  }
});

test('a name that is nearly right, or an option that cannot be on the tag, is said in one line; the client is made', (t) => {
  for (const [name, line] of [
    ['endPoint', 'data-end-point is ignored: write data-endpoint.'],
    ['endpont', 'data-endpont is ignored: write data-endpoint.'],
    ['endpiont', 'data-endpiont is ignored: write data-endpoint.'],
    ['domainkeyname', 'data-domainkeyname is ignored: write data-domain-key-name.'],
    ['sources', 'data-sources is ignored: write data-source.'],
    ['ersist', 'data-ersist is ignored: write data-persist.'],
    ['user_type', 'data-user_type is ignored: write data-user-type.'],
    ['timeoutMs', 'data-timeout-ms is ignored: only createFromDomainKey takes timeoutMs.'],
    ['autorefresh', 'data-autorefresh is ignored: only createFromDomainKey takes autoRefresh.'],
    ['log', 'data-log is ignored: only createFromDomainKey takes log.'],
  ]) {
    const { sdk, said } = load(t, { domainKey: 'd', apiKey: 'k', [name]: 'x' });
    assert.deepEqual(said, [[`InbentaAuthSDK: ${line}`]]);
    sdk.client.dispose();
  }
});

test('keys under names that are nearly right: one line names them all', (t) => {
  const both = load(t, { domainkey: 'd', apikey: 'k' });
  assert.deepEqual(both.said, [
    ['InbentaAuthSDK: data-domainkey is ignored: write data-domain-key. data-apikey is ignored: write data-api-key.'],
  ]);
  assert.equal(both.sdk.client, undefined);
  const { sdk, said } = load(t, { domainkey: 'd', apiKey: 'k' });
  assert.equal(said.length, 1);
  assert.match(
    said[0][0],
    /^InbentaAuthSDK: data-domainkey is ignored: write data-domain-key\. There is no client: data-domain-key is missing\. The tag needs data-domain-key and data-api-key\.$/,
  );
  assert.match(said[0][1].hint, /^domainKey is missing/);
  assert.equal(sdk.client, undefined);
});

test('attributes of other libraries are left alone', (t) => {
  const others = ['cfasync', 'turboTrack', 'domain', 'key', 'src', 'type', 'category', 'course', 'resource', 'other'];
  for (const name of [...others, 'constructor', 'toString', 'persistent', 'x']) {
    const { sdk, said } = load(t, { domainKey: 'd', apiKey: 'k', [name]: 'x' });
    assert.deepEqual(said, [], name);
    sdk.client.dispose();
  }
});

test('what the tag says of environment, source and user type is in the requests', async (t) => {
  const grant = { accessToken: 'T', expires_in: 1200, apis: { chatbot: 'https://chatbot.example' } };
  let sent;
  t.mock.method(globalThis, 'fetch', async (request) => {
    if (request instanceof Request) sent = Object.fromEntries(request.headers);
    return new Response(JSON.stringify(grant), { headers: { 'content-type': 'application/json' } });
  });
  const { sdk } = load(t, { domainKey: 'd', apiKey: 'k', environment: 'e', source: 's', userType: '3' });
  t.after(() => sdk.client.dispose());
  await sdk.client.fetch('chatbot', '/x');
  assert.deepEqual(
    [sent['x-inbenta-env'], sent['x-inbenta-source'], sent['x-inbenta-user-type'], sent['x-inbenta-key']],
    ['e', 's', '3', 'k'],
  );
});

test('a tag without attributes keeps the client of an earlier one; an element of this id is none', (t) => {
  const client = { getToken() {} };
  assert.equal(load(t, {}, { InbentaAuthSDK: { client } }).sdk.client, client);
  assert.equal(load(t, {}, { InbentaAuthSDK: { client: { id: 'x' } } }).sdk.client, undefined);
  assert.equal(load(t, {}, { InbentaAuthSDK: { nodeName: 'DIV' } }).sdk.client, undefined);
  const { sdk } = load(t, { domainKey: 'd', apiKey: 'k' }, { InbentaAuthSDK: { client } });
  assert.notEqual(sdk.client, client);
  sdk.client.dispose();
});
