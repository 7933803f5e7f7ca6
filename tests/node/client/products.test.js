// client.fetch in simulated time: where requests go, which refusals speak of the token, how often it is renewed, and what
// becomes of each answer's body.

import assert from 'node:assert/strict';
import test from 'node:test';
import { inspect } from 'node:util';
import { runInNewContext } from 'node:vm';
import { createFromAccessToken } from '../../../dist/inbenta-auth.js';
import { failsWith, grant } from './fake-api.js';
import { ENDPOINT, makeWorld, reply } from './world.js';

const GATEWAY = { Message: 'User is not authorized to access this resource with an explicit deny' };
const CHATBOT = 'https://chatbot.example/prod';

/** A world whose API grants, and whose product answers with `product(request, n)`, by default 200. */
function shop(
  t,
  { product = () => reply(200, {}), auth = (request, n) => reply(200, grant(n)), apis = { chatbot: CHATBOT } } = {},
) {
  let granted = 0;
  const asked = [];
  const world = makeWorld(t);
  world.answer = (request) => {
    if (!request.url.startsWith(ENDPOINT)) return product(request, asked.push(request));
    const answer = auth(request, ++granted);
    if (answer?.status != 200) return answer;
    return reply(200, { ...grant(granted), apis });
  };
  return { world, asked, auths: () => world.requests.filter(({ url }) => url.startsWith(ENDPOINT)).length };
}

/** An answer whose body tells whether it was released. */
function tracked(status, { text = '', headers = {} } = {}) {
  const body = { isReleased: false };
  const stream = new ReadableStream({
    start(controller) {
      if (text) controller.enqueue(new TextEncoder().encode(text));
    },
    cancel() {
      body.isReleased = true;
    },
  });
  return Object.assign(new Response(stream, { status, headers }), { tracked: body });
}

test('a path is appended to the base URL with one slash, and a URL is taken as it is', async (t) => {
  for (const base of [CHATBOT, `${CHATBOT}/`, `${CHATBOT}//`]) {
    const { world, asked } = shop(t, { apis: { chatbot: base, other: 'https://other.example' } });
    const client = world.client();
    const url = async (...args) => {
      await world.until(client.fetch(...args));
      return asked.at(-1).url;
    };
    assert.equal(await url('chatbot'), `${CHATBOT}/`);
    assert.equal(await url('chatbot', ''), `${CHATBOT}/`);
    assert.equal(await url('chatbot', 'v1/talk'), `${CHATBOT}/v1/talk`);
    assert.equal(await url('chatbot', '/v1/talk?x=/'), `${CHATBOT}/v1/talk?x=/`);
    assert.equal(await url('https://other.example/x'), 'https://other.example/x');
    assert.equal(await url(new URL('https://chatbot.example/y')), 'https://chatbot.example/y');
    assert.equal(
      await url(
        Object.assign(Object.create(null), {
          href: 'https://chatbot.example/z',
          toString: () => 'https://chatbot.example/z',
          [Symbol.toStringTag]: 'URL',
        }),
      ),
      'https://chatbot.example/z',
    );
    assert.equal(await client.apiUrl('chatbot'), base);
    await world.end();
  }
});

test('only hosts of the products get the token; entries that are no URL are no host', async (t) => {
  // The second one has the form of a URL, and browsers do not take its host.
  const { world, asked } = shop(t, { apis: { broken: 'no url', odd: 'https://xn--a', chatbot: CHATBOT } });
  const client = world.client();
  const given = { accessToken: 'mine', expires_in: 1200, apis: { broken: 'no url', chatbot: CHATBOT } };
  const own = world.client({}, (domainKey, apiKey, options) => createFromAccessToken(given, apiKey, options));
  failsWith('invalid_config')(await world.failure(own.fetch('broken', '/x')));
  failsWith('invalid_config')(await world.failure(client.fetch('https://[broken')));
  for (const target of [
    'https://evil.example/',
    'http://chatbot.example/',
    'https://chatbot.example:444/',
    'HTTPS://x/',
  ])
    failsWith('invalid_config')(await world.failure(client.fetch(target)));
  failsWith('invalid_config')(await world.failure(client.fetch('broken')));
  failsWith('invalid_config')(await world.failure(client.fetch('odd')));
  failsWith('invalid_config')(await world.failure(client.fetch('xhttps:', '//chatbot.example/')));
  failsWith('invalid_config')(await world.failure(client.fetch('toString')));
  failsWith('invalid_config')(await world.failure(client.apiUrl('toString')));
  assert.equal(asked.length, 0);
  assert.equal((await world.until(client.fetch('https://chatbot.example/'))).status, 200);
});

test('a key or a token among the arguments is in no error; the error names what there is', async (t) => {
  const { world, asked } = shop(t);
  const client = world.client();
  for (const [args, hint] of [
    [['SECRET', '/v1/x'], /It has: chatbot\./],
    [['https://user:SECRET@chatbot.example/x'], /without user and password: https:\/\/chatbot\.example\/prod\./],
    [['https://SECRET@chatbot.example/x'], /without user/],
    [['https://SECRET@evil.example/x'], /these hosts only/],
    [['https://[SECRET'], /these hosts only/],
    [['chatbot', '/x', { headers: { Cookie: 'SECRET\n!' } }], /headers/],
    [['chatbot', '/x', { headers: { 'SECRET !': '' } }], /headers/],
  ]) {
    const error = await world.failure(client.fetch(...args));
    failsWith('invalid_config')(error);
    assert.match(error.hint, hint);
    assert.doesNotMatch(inspect(error, { depth: 9 }), /secret/i); // with its cause
  }
  assert.equal(asked.length, 0);
});

test('a product by plain http is left out of a grant; the API is asked for its products', async (t) => {
  const given = { accessToken: 'mine', expires_in: 1200, apis: { chatbot: 'http://chatbot.example' } };
  const { world, asked } = shop(t);
  const create = (domainKey, apiKey, options) => createFromAccessToken(given, apiKey, options);
  assert.equal((await world.until(world.client({ autoRefresh: false }, create).fetch('chatbot'))).status, 200);
  assert.deepEqual(
    asked.map(({ url }) => url),
    [`${CHATBOT}/`],
  );
});

test('the headers are the caller’s, the key, the token and what the options add', async (t) => {
  const { world, asked } = shop(t);
  const plain = world.client();
  await world.until(
    plain.fetch('chatbot', '/x', { headers: { 'X-Mine': '1', Authorization: 'mine', 'x-inbenta-key': 'mine' } }),
  );
  assert.deepEqual(asked[0].headers, {
    'x-mine': '1',
    authorization: 'Bearer token-1',
    'x-inbenta-key': 'the-api-key',
  });
  const full = world.client({ environment: 'development', source: '', userType: 0 });
  await world.until(full.fetch('chatbot', { headers: new Headers({ 'x-mine': '2' }) }));
  assert.equal(asked[1].url, `${CHATBOT}/`);
  assert.deepEqual(asked[1].headers, {
    'x-mine': '2',
    authorization: 'Bearer token-1',
    'x-inbenta-key': 'the-api-key',
    'x-inbenta-env': 'development',
    'x-inbenta-source': '',
    'x-inbenta-user-type': '0',
  });
});

test('arguments that are none are refused before anything is sent', async (t) => {
  const { world } = shop(t);
  const client = world.client();
  for (const args of [
    [],
    [null],
    [7],
    [{}],
    [Symbol('x')],
    ['chatbot', '/x', 'POST'],
    ['chatbot', '/x', null],
    ['chatbot', '/x', () => {}],
    ['chatbot', null],
    ['chatbot', 7],
    ['chatbot', () => {}],
  ])
    failsWith('invalid_config')(await world.failure(client.fetch(...args)));
  assert.equal(world.requests.length, 0);
  const cause = await world.failure(client.fetch('chatbot', '/x', { method: 'two words' }));
  failsWith('invalid_config')(cause);
  assert.ok(cause.cause instanceof TypeError);
});

test('what is written to the log is the host and the status', async (t) => {
  const { world } = shop(t, { product: () => reply(404, {}) });
  const log = [];
  const client = world.client({ log: (entry) => log.push(entry) });
  await world.until(client.fetch('chatbot', '/secret?x=1'));
  assert.deepEqual(log.at(-1), { type: 'fetch', host: 'chatbot.example', status: 404 });
});

test('a refused token is renewed once; the refused answer is released, the last one is not', async (t) => {
  const answers = [tracked(401), tracked(401, { text: 'still' })];
  const { world, asked, auths } = shop(t, { product: (request, n) => answers[n - 1] });
  const client = world.client();
  await world.until(client.getToken());
  await world.pass(1000);
  const response = await world.until(client.fetch('chatbot', '/x', { method: 'POST', body: 'hello' }));
  assert.equal(response, answers[1]);
  assert.deepEqual(
    answers.map((answer) => answer.tracked.isReleased),
    [true, false],
  );
  assert.deepEqual(
    asked.map(({ headers }) => headers.authorization),
    ['Bearer token-1', 'Bearer token-2'],
  );
  assert.equal(auths(), 2);
});

test('a token is renewed at most once a minute, unless it is another one', async (t) => {
  const { world, asked, auths } = shop(t, { product: () => reply(401, {}) });
  const client = world.client({ autoRefresh: false });
  await world.until(client.getToken());
  await world.pass(1000);
  await world.until(client.fetch('chatbot'));
  assert.equal(auths(), 2);
  const renewed = world.ms;
  await world.until(client.fetch('chatbot'));
  assert.deepEqual([auths(), asked.length], [2, 3]);
  await world.pass(59_999 - (world.ms - renewed));
  await world.until(client.fetch('chatbot'));
  assert.deepEqual([auths(), asked.length], [2, 4]);
  await world.pass(1);
  await world.until(client.fetch('chatbot'));
  assert.deepEqual([auths(), asked.length], [3, 6]);
});

test('if the token was replaced while the request was under way, the new one is used without a renewal', async (t) => {
  let refuse;
  const { world, asked, auths } = shop(t, {
    product: (request, n) => (n == 1 ? void (refuse = () => request.answer(reply(401, {}))) : reply(200, {})),
  });
  const client = world.client();
  await world.until(client.getToken());
  await world.pass(1000);
  const call = client.fetch('chatbot');
  await world.pass(0);
  await world.until(client.getToken({ forceRefresh: true }));
  refuse();
  assert.equal((await world.until(call)).status, 200);
  assert.equal(asked[1].headers.authorization, 'Bearer token-2');
  assert.equal(auths(), 2);
});

test('401 always speaks of the token, 403 only with the gateway’s object, no other status', async (t) => {
  const padded = (length) => `{"Message":"${'x'.repeat(length - 14)}"}`;
  const cases = [
    [401, 'anything', true],
    [403, JSON.stringify(GATEWAY), true],
    [403, padded(4096), true],
    [403, padded(4097), false],
    [403, '{"Message":7}', false],
    [403, '{"message":"Forbidden"}', false],
    [403, '["Message"]', false],
    [403, 'null', false],
    [403, '', false],
    [403, '"Message"', false],
    [400, JSON.stringify(GATEWAY), false],
    [404, JSON.stringify(GATEWAY), false],
    [500, JSON.stringify(GATEWAY), false],
    [200, JSON.stringify(GATEWAY), false],
  ];
  for (const [status, text, isRefused] of cases) {
    const { world, asked } = shop(t, {
      product: (request, n) => (n == 1 ? new Response(text, { status }) : reply(200, 'again')),
    });
    const client = world.client();
    const response = await world.until(client.fetch('chatbot'));
    assert.equal(asked.length, isRefused ? 2 : 1, `${status} ${text.slice(0, 30)}`);
    assert.equal(await response.text(), isRefused ? '"again"' : text, 'the body can still be read');
    await world.end();
  }
});

test('a 403 whose body never ends is given up after a second', async (t) => {
  const { world, asked } = shop(t, { product: () => tracked(403, { text: '{"Mess' }) });
  const client = world.client();
  await world.until(client.getToken());
  const start = world.ms;
  const response = await world.until(client.fetch('chatbot'));
  assert.deepEqual([response.status, world.ms - start, asked.length], [403, 1000, 1]);
});

test('a renewal that fails for a time leaves the product’s answer; one that is refused is the error', async (t) => {
  for (const [status, body, code] of [
    [503, {}, undefined],
    [403, { error: { reason: 'key_revoked' } }, 'key_revoked'],
  ]) {
    const answer = tracked(401, { text: 'no' });
    const { world } = shop(t, {
      product: () => answer,
      auth: (request, n) => (n == 1 ? reply(200, {}) : reply(status, body)),
    });
    const client = world.client({ timeoutMs: 3000 });
    await world.until(client.getToken());
    await world.pass(1000);
    const call = client.fetch('chatbot');
    if (code) failsWith(code)(await world.failure(call));
    else {
      assert.equal(await world.until(call), answer);
      assert.equal(answer.tracked.isReleased, false);
    }
    await world.end();
  }
});

test('a redirect is refused and its answer released; a caller that passes redirect gets it', async (t) => {
  const opaque = () => {
    const answer = tracked(200);
    Object.defineProperty(answer, 'type', { value: 'opaqueredirect' });
    Object.defineProperty(answer, 'status', { value: 0 });
    return answer;
  };
  for (const make of [301, 302, 303, 307, 308].map((status) => () => tracked(status)).concat(opaque)) {
    const answers = [];
    const { world, asked } = shop(t, { product: () => (answers.push(make()), answers.at(-1)) });
    const client = world.client();
    failsWith('redirect_refused', { status: make().status })(await world.failure(client.fetch('chatbot', '/x')));
    assert.equal(answers[0].tracked.isReleased, true);
    assert.equal(asked[0].redirect, 'manual');
    for (const redirect of ['manual', 'follow']) {
      assert.equal(await world.until(client.fetch('chatbot', '/x', { redirect })), answers.at(-1));
      assert.equal(asked.at(-1).redirect, redirect);
    }
    await world.end();
  }
  const { world } = shop(t, { product: () => new Response(null, { status: 304 }) });
  assert.equal((await world.until(world.client().fetch('chatbot'))).status, 304);
});

test('a stream is sent once, also after 401; every other body again', async (t) => {
  const once = {
    web: () => new ReadableStream(),
    'another realm': () => runInNewContext('({ getReader() {} })'),
    node: () => runInNewContext('({ async *[Symbol.asyncIterator]() {} })'),
  };
  const again = {
    text: () => 'x',
    form: () => new URLSearchParams('a=b'),
    bytes: () => new Uint8Array(3),
    none: () => undefined,
  };
  for (const [names, times] of [
    [once, 1],
    [again, 2],
  ])
    for (const name in names) {
      const { world, asked } = shop(t, { product: () => reply(401, {}) });
      world.replace(
        globalThis,
        'Request',
        class {
          constructor(url, init) {
            Object.assign(this, init, { url: url.href });
          }
        },
      );
      const client = world.client();
      await world.until(client.fetch('chatbot', '/x', { method: 'POST', body: names[name](), duplex: 'half' }));
      assert.equal(asked.length, times, name);
      await world.end();
    }
});

test('a connection that fails is network with its cause; an aborted call is aborted with its reason', async (t) => {
  const cause = new TypeError('fetch failed');
  const { world } = shop(t, { product: () => cause });
  const client = world.client();
  const failed = await world.failure(client.fetch('chatbot'));
  failsWith('network', { cause, retryable: true, status: 0 })(failed);
  assert.match(failed.hint, /https:\/\/chatbot\.example /);
  await world.end();
  const silent = shop(t, { product: () => undefined });
  const controller = new AbortController();
  const other = silent.world.client();
  await silent.world.until(other.getToken());
  const call = silent.world.rejection(other.fetch('chatbot', '/x', { signal: controller.signal }));
  await silent.world.pass(10);
  const reason = new Error('left');
  controller.abort(reason);
  failsWith('aborted', { cause: reason })(await silent.world.until(call));
  failsWith('aborted')(await silent.world.failure(other.fetch('chatbot', '/x', { signal: AbortSignal.abort() })));
});

test('a call that is aborted while it waits for a token ends at once', async (t) => {
  const { world } = shop(t, { auth: () => undefined });
  const client = world.client();
  const controller = new AbortController();
  const call = world.rejection(client.fetch('chatbot', '/x', { signal: controller.signal }));
  await world.pass(100);
  controller.abort();
  await world.pass(0);
  assert.equal((await call).ms, 100);
});

test('a product that the token does not name is looked for in GET /apis, and its failure is the error', async (t) => {
  const { world } = shop(t);
  let fails = false;
  world.answer = (request) => {
    const { url } = request;
    if (url.endsWith('/apis'))
      return fails ? reply(503, {}) : reply(200, { apis: { search: 'https://search.example' } });
    if (url.startsWith(ENDPOINT)) return reply(200, { accessToken: 'T', expires_in: 1200 });
    return reply(200, {});
  };
  const client = world.client();
  assert.equal(await world.until(client.apiUrl('search')), 'https://search.example');
  failsWith('invalid_config')(await world.failure(client.apiUrl('chatbot')));
  assert.equal((await world.until(client.fetch('search', '/x'))).status, 200);
  client.dispose();
  await world.pass(5000);
  fails = true;
  failsWith('server_error', { status: 503 })(await world.failure(world.client({ timeoutMs: 3000 }).apiUrl('search')));
});

test('a product may be called like a URL, and a URL may be of this machine', async (t) => {
  const local = 'http://127.0.0.1:8080/prod';
  const { world, asked } = shop(t, { apis: { 'a-https:': CHATBOT, local } });
  const client = world.client();
  await world.until(client.fetch('a-https:', '/x'));
  await world.until(client.fetch(`${local}/y`));
  assert.deepEqual(
    asked.map(({ url }) => url),
    [`${CHATBOT}/x`, `${local}/y`],
  );
});

test('a refusal without a body is renewed as well; the second answer is the last one, whatever happens meanwhile', async (t) => {
  let refuse;
  const refusal = () => new Response(null, { status: 401 });
  const { world, asked } = shop(t, {
    product: (request, n) => (n == 1 ? refusal() : void (refuse = () => request.answer(refusal()))),
  });
  const client = world.client();
  await world.until(client.getToken());
  await world.pass(1000);
  const call = client.fetch('chatbot');
  await world.pass(1000);
  assert.equal((await world.until(client.getToken({ forceRefresh: true }))).accessToken, 'token-3');
  refuse();
  assert.equal((await world.until(call)).status, 401);
  assert.equal(asked.length, 2);
});

test('a client that is disposed of while a product answers returns the answer, also a refusal', async (t) => {
  const { world, asked } = shop(t, { product: () => undefined });
  const client = world.client();
  await world.until(client.getToken());
  const call = client.fetch('chatbot');
  await world.pass(0);
  client.dispose();
  asked[0].answer(reply(401, {}));
  assert.equal((await world.until(call)).status, 401);
  failsWith('disposed')(await world.failure(client.fetch('chatbot')));
});

test('a call that is aborted while the products are looked for ends at once', async (t) => {
  const { world } = shop(t);
  world.answer = ({ url }) => (url.endsWith('/apis') ? undefined : reply(200, { accessToken: 'T', expires_in: 1200 }));
  const client = world.client();
  await world.until(client.getToken());
  const controller = new AbortController();
  const call = world.rejection(client.fetch('search', '/x', { signal: controller.signal }));
  await world.pass(1500);
  controller.abort();
  await world.pass(0);
  failsWith('aborted', { ms: 1500 })(await call);
});

test('for a URL, too, the products of a token that came without any are looked for, once', async (t) => {
  const { world } = shop(t);
  world.answer = ({ url }) => reply(200, url.endsWith('/apis') ? { apis: { search: 'https://search.example' } } : {});
  const client = world.client({ autoRefresh: false }, (domainKey, apiKey, options) =>
    createFromAccessToken({ accessToken: 'mine', expires_in: 1200 }, apiKey, options),
  );
  for (let i = 0; i < 2; i++) assert.equal((await world.until(client.fetch('https://search.example/x'))).status, 200);
  failsWith('invalid_config')(await world.failure(client.fetch('https://evil.example/x')));
  assert.deepEqual(
    world.requests.map(({ url }) => url),
    [`${ENDPOINT}/apis`, 'https://search.example/x', 'https://search.example/x'],
  );
});

test('a token that was replaced or dropped meanwhile is renewed whatever was renewed before', async (t) => {
  let refuse;
  const { world, asked } = shop(t, {
    product: (request, n) => (n > 1 && n % 2 ? reply(200, {}) : void (refuse = () => request.answer(reply(401, {})))),
  });
  const client = world.client({ autoRefresh: false });
  await world.until(client.getToken());
  await world.pass(1000);
  const first = client.fetch('chatbot'); // request 1
  await world.pass(0);
  refuse();
  await world.pass(1000);
  refuse(); // request 2
  assert.equal((await world.until(first)).status, 401);
  assert.equal((await world.until(client.fetch('chatbot'))).status, 200); // request 3
  for (const change of [
    () => client.getToken({ forceRefresh: true }),
    () => client.invalidate(client.token.accessToken),
  ]) {
    const call = client.fetch('chatbot');
    await world.pass(1000);
    await world.until(Promise.resolve(change()));
    refuse();
    assert.equal((await world.until(call)).status, 200);
  }
  assert.equal(asked.length, 7);
});
