// Mistakes in calls that would otherwise do nothing, or something else than is meant. options.test.js has those in the
// options of a client.

import assert from 'node:assert/strict';
import test from 'node:test';
import { inspect } from 'node:util';
import { runInNewContext } from 'node:vm';
import { createFromAccessToken, createFromDomainKey, tokenFrom } from '../../../dist/inbenta-auth.js';
import { failsWith, grant } from './fake-api.js';
import { ENDPOINT, makeWorld, reply } from './world.js';

const CHATBOT = 'https://api.example/prod/chatbot';

/** Asserts that the hint of an invalid_config matches. */
function says(error, hint) {
  failsWith('invalid_config')(error);
  assert.match(error.hint, hint);
}

/** A world with two products on one host. `asked` are the URLs of requests to them. */
function shop(t) {
  const asked = [];
  const world = makeWorld(t);
  world.answer = ({ url }) => {
    if (url.startsWith(`${ENDPOINT}/`))
      return reply(200, { ...grant(1), apis: { chatbot: CHATBOT, slashes: `${CHATBOT}//` } });
    asked.push(url);
    return reply(200, {});
  };
  return { world, asked, client: world.client() };
}

test('getToken refuses options that do not exist and wrong types, with a fresh token as well', async (t) => {
  const { world, client } = shop(t);
  const cases = [
    [{ force: true }, /"force".*: minValidityMs, forceRefresh, signal, timeoutMs\./],
    [{ ForceRefresh: true }, /"ForceRefresh"/],
    [{ toString: 1 }, /"toString"/],
    [{ forceRefresh: 'false' }, /^forceRefresh must be of type boolean/],
    [{ forceRefresh: 1 }, /^forceRefresh must be of type boolean/],
    [{ minValidityMs: '30000' }, /^minValidityMs must be of type number/],
    [{ minValidityMs: NaN }, /^minValidityMs must be of type number/],
    [{ timeoutMs: null }, /^timeoutMs must be of type number/],
    [{ timeoutMs: -1 }, /^timeoutMs must be 0 or more milliseconds\.$/],
    [{ signal: 'stop' }, /^signal must be of type object/],
    [{ forceRefresh: null }, /^forceRefresh must be of type boolean/],
    [{ signal: new AbortController() }, /^signal must be an AbortSignal/],
    [new AbortController().signal, /options must be an object/],
    [30_000, /options must be an object/],
    [true, /options must be an object/],
  ];
  for (const [options, hint] of cases) says(await world.failure(client.getToken(options)), hint);
  assert.equal(world.requests.length, 0);
  await world.until(client.getToken());
  for (const [options, hint] of cases) says(await world.failure(client.getToken(options)), hint);
  const nothing = { minValidityMs: undefined, forceRefresh: undefined, signal: undefined, timeoutMs: undefined };
  for (const options of [
    undefined,
    null,
    {},
    nothing,
    { signal: null }, // as in fetch
    Object.create(null),
    { minValidityMs: Infinity, timeoutMs: Infinity },
  ])
    assert.equal((await world.until(client.getToken(options))).accessToken, 'token-1');
});

test('a path that leaves the base URL of the product is refused, and no request is sent', async (t) => {
  const { world, asked, client } = shop(t);
  for (const product of ['chatbot', 'slashes'])
    for (const path of [
      '/../knowledge/v1/x',
      '../knowledge',
      '/..',
      '/../..',
      '/v1/../../knowledge',
      '/%2e%2e/knowledge',
      '..\t/knowledge',
      '/.\n./knowledge',
      '//evil.example/x',
      '/\\evil.example/x',
      '/\n/evil.example/x',
      '///',
      '/../chatbot',
      '/../chatbots/v1',
    ]) {
      const error = await world.failure(client.fetch(product, path));
      says(error, /^fetch takes paths below these URLs.*: https:\/\/api\.example\/prod\/chatbot, /);
      assert.doesNotMatch(inspect(error, { depth: 9 }), /evil|token-1/, JSON.stringify(path));
    }
  assert.deepEqual(asked, []);
  for (const [path, url] of [
    ['/v1/../v2/x', '/v2/x'],
    ['/v1/x//y', '/v1/x//y'],
    ['/v1/x?to=//evil.example/../y', '/v1/x?to=//evil.example/../y'],
    ['?x', '/?x'],
    ['/', '/'],
    ['..x', '/..x'],
    ['https://evil.example/', '/https://evil.example/'],
  ]) {
    await world.until(client.fetch('slashes', path));
    assert.equal(asked.at(-1), CHATBOT + url, path);
  }
});

test('fetch refuses arguments that would be ignored', async (t) => {
  const { world, asked, client } = shop(t);
  for (const args of [
    [`${CHATBOT}/v1`, '/conversation'],
    [new URL(CHATBOT), '/v1'],
    ['chatbot', new URL(`${CHATBOT}/v1`)],
    ['chatbot', '/v1', new Request(CHATBOT)],
    ['chatbot', '/v1', ['POST']],
    ['chatbot', '/v1', new Headers()],
    ['/v1/conversation'],
  ])
    says(await world.failure(client.fetch(...args)), /^fetch takes a product and a path, or a URL/);
  assert.equal(world.requests.length, 0);
  await world.until(client.fetch(CHATBOT, '', { method: 'POST' }));
  await world.until(client.fetch('chatbot', '/v1', { signal: null, next: {}, priority: 'low' }));
  assert.deepEqual(asked, [CHATBOT, `${CHATBOT}/v1`]);
});

test('a body that would be sent as "[object Object]" is refused; streams and forms are not', async (t) => {
  const { world, asked, client } = shop(t);
  const post = (body) => client.fetch('chatbot', '/v1', { method: 'POST', body, duplex: 'half' });
  for (const body of [{}, { message: 'hello' }, Object.create(null), [{ message: 'hello' }], runInNewContext('({})')])
    says(await world.failure(post(body)), /JSON\.stringify/);
  assert.deepEqual(asked, []);
  const isAsync = { async *[Symbol.asyncIterator]() {} };
  const ofHappyDom = new (class FormData {})(); // without Symbol.toStringTag
  for (const body of [
    '{}',
    '',
    null,
    undefined,
    new FormData(),
    new URLSearchParams('a=b'),
    new Blob(['x']),
    isAsync,
    ofHappyDom,
  ])
    await world.until(post(body));
  assert.equal(asked.length, 9);
});

test('what a page adds to Object.prototype is no option of a call or of a request', async (t) => {
  const { world, asked, client } = shop(t);
  const added = { forceRefresh: true, redirect: 'follow', signal: 7, mode: 'evil', integrity: 'evil' };
  t.after(() => Object.keys(added).forEach((name) => delete Object.prototype[name]));
  Object.assign(Object.prototype, added);
  for (let i = 0; i < 2; i++) await world.until(client.getToken());
  // Node's Request reads these three from the prototype; browsers do not.
  for (const name of ['signal', 'mode', 'integrity']) delete Object.prototype[name];
  await world.until(client.fetch('chatbot', '/v1'));
  assert.deepEqual(asked, [`${CHATBOT}/v1`]);
  assert.equal(world.requests.length, 2, 'one token');
  for (const { redirect } of world.requests) assert.equal(redirect, 'manual');
});

test('invalidate refuses what is no token, such as the whole AccessToken; without one, nothing happens', async (t) => {
  const { world, client } = shop(t);
  const token = await world.until(client.getToken());
  for (const [wrong, hint] of [
    [token, /^accessToken must be a string/],
    ['Bearer token-1', /^accessToken must be a string without spaces/],
  ])
    assert.throws(
      () => client.invalidate(wrong),
      (error) => (says(error, hint), true),
    );
  for (const nothing of [undefined, null]) client.invalidate(nothing);
  assert.equal(client.token, token);
  client.invalidate(token.accessToken);
  assert.equal(client.token, null);
});

test('tokenFrom refuses what is no URL', () => {
  for (const url of [undefined, null, 7, {}, ['/token'], () => {}])
    assert.throws(
      () => tokenFrom(url),
      (error) => (says(error, /^tokenFrom takes a URL/), true),
    );
  for (const url of ['/token', '', new URL('https://shop.example/token')]) tokenFrom(url);
});

test('a key that is missing is called missing, not badly written', () => {
  const throws = (run, hint) => assert.throws(run, (error) => (says(error, hint), true));
  for (const nothing of [undefined, null, '']) {
    throws(() => createFromDomainKey(nothing, 'k'), /^domainKey is missing\.$/);
    throws(() => createFromDomainKey('d', nothing), /^apiKey is missing\.$/);
    throws(() => createFromAccessToken(nothing, 'k'), /^accessToken is missing\.$/);
  }
  throws(() => createFromAccessToken({ token: 't' }, 'k'), /^accessToken is missing\.$/);
  throws(() => createFromAccessToken(Promise.resolve('t'), 'k'), /^Use await: this is a Promise\.$/);
  for (const wrong of ['DOMAIN KEY', '"d"', "'d'", 'd\n', 7, { domainKey: 'd' }])
    throws(() => createFromDomainKey(wrong, 'k'), /^domainKey must be a string without spaces, not in quotes\.$/);
});

test('Node prints an AuthError by its name, not by that of a renamed class', async () => {
  const { createFromSecret } = await import('inbenta-auth/server');
  assert.throws(
    () => createFromSecret('', 'k'),
    (error) => (assert.match(inspect(error), /^AuthError: secret is missing\. \(invalid_config\)/), true),
  );
});
