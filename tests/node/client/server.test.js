// The API Secret flow on a server in Node, and the handler that gives tokens to pages.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:http';
import http2 from 'node:http2';
import { connect } from 'node:net';
import test from 'node:test';
import { AuthError, createFromSecret, nodeTokenHandler, tokenHandler } from 'inbenta-auth/server';
import { AuthError as PageError, createFromAccessToken, tokenFrom } from '../../../dist/inbenta-auth.js';
import { fakeApi, grant, json, wasm } from './fake-api.js';

const dist = (file) => readFile(new URL(`../../../dist/${file}`, import.meta.url), 'latin1');
const hasCode = (code) => (error) => error instanceof AuthError && error.code == code;

async function secretClient(t, answer) {
  const api = await fakeApi(t, answer);
  const client = createFromSecret('the-secret', 'the-api-key', { endpoint: api.endpoint, timeoutMs: 2000 });
  t.after(() => client.dispose());
  return { ...api, client };
}

test('a secret gets a token', async (t) => {
  const { client, requests } = await secretClient(t);
  assert.equal((await client.getToken()).accessToken, 'token-1');
  assert.deepEqual(
    requests.map(({ url, body }) => [url, JSON.parse(body)]),
    [['/v1/auth', { secret: 'the-secret' }]],
  );
});

test('a secret is refused in a browser and in a worker', async (t) => {
  for (const name of ['document', 'importScripts']) {
    globalThis[name] = {};
    t.after(() => delete globalThis[name]);
    assert.throws(
      () => createFromSecret('the-secret', 'k'),
      ({ code, hint }) => code == 'secret_in_browser' && /^Use createFromDomainKey/.test(hint),
    );
    delete globalThis[name];
  }
  assert.throws(() => createFromSecret('', 'k'), hasCode('invalid_config'));
  for (const options of [{ persist: 'session' }, { domainKeyName: 'domain_key' }, { reauthorize() {} }])
    assert.throws(() => createFromSecret('s', 'k', options), hasCode('invalid_config'));
});

test('the browser builds do not contain the secret flow', async () => {
  assert.ok(!(await dist('inbenta-auth.wasm')).includes('secret'));
  for (const file of ['inbenta-auth.js', 'inbenta-auth.min.js', 'external.js', 'inbenta-auth.cjs', 'old.cjs']) {
    // Removes the names of a code and of an option, which all bundles contain, and what the script tag says of data-secret.
    const text = (await dist(file)).replace(
      /secret_in_browser|userPersonalSecret|\/secret\/i|replace that secret/g,
      '',
    );
    assert.ok(!/secret/i.test(text), file);
  }
});

const post = (headers = {}) => new Request('http://shop.example/token', { method: 'POST', headers });

test('the handler gives a token only if authorize allows it', async (t) => {
  const { client } = await secretClient(t);
  const handle = tokenHandler(client, { authorize: (request) => request.headers.get('cookie') == 'session=1' });
  const granted = await handle(post({ cookie: 'session=1', 'Sec-Fetch-Site': 'same-origin' }));
  assert.equal(granted.status, 200);
  assert.equal(granted.headers.get('Cache-Control'), 'no-store');
  const body = await granted.json();
  assert.deepEqual(Object.keys(body), ['accessToken', 'expiration', 'expires_in', 'apis']);
  assert.equal(body.accessToken, 'token-1');
  assert.ok(body.expires_in > 1190 && body.expires_in <= 1200);
  assert.equal((await handle(post())).status, 403);
  assert.equal((await handle(post({ cookie: 'session=1', 'Sec-Fetch-Site': 'cross-site' }))).status, 403);
  assert.equal((await handle(new Request('http://shop.example/token'))).status, 405);
  assert.throws(() => tokenHandler(client, {}), hasCode('invalid_config'));
});

test('the handler does not send details of a failure to the page', async (t) => {
  const refused = await secretClient(t, (response) =>
    json(response, 403, { error: { code: 403, message: 'the-secret is wrong' } }),
  );
  const quiet = { authorize: () => true, log() {} };
  const answer = await tokenHandler(refused.client, quiet)(post());
  assert.equal(answer.status, 500);
  assert.ok(!/secret|403/.test(await answer.text()));
  const down = await secretClient(t, (response) => json(response, 503, {}));
  const later = await tokenHandler(down.client, quiet)(post());
  assert.equal(later.status, 503);
  assert.match(later.headers.get('Retry-After'), /^\d+$/);
});

test('authorize allows with true only; any other value is a mistake, and the log names it', async (t) => {
  const { client, requests } = await secretClient(t);
  const ask = async (authorize) => {
    const lines = [];
    const answer = await tokenHandler(client, { authorize, log: (...line) => lines.push(line.map(String).join(' ')) })(
      post(),
    );
    return [answer.status, lines.join()];
  };
  for (const no of [false, null, undefined, Promise.resolve(false)]) assert.deepEqual(await ask(() => no), [403, '']);
  for (const mistake of [1, 'yes', {}, [], () => true, Promise.resolve('true')]) {
    const [status, line] = await ask(() => mistake);
    assert.equal(status, 500);
    assert.match(line, /authorize must return true or false, not an? (number|string|object|function).*gets a token\.$/);
  }
  const [status, line] = await ask(() => {
    throw new Error('the session store is down');
  });
  assert.equal(status, 500);
  assert.match(line, /authorize failed.*the session store is down/);
  assert.equal(requests.length, 0);
  assert.deepEqual(await ask(async () => true), [200, '']);
});

for (const make of [tokenHandler, nodeTokenHandler])
  test(`${make.name} refuses wrong arguments where it is made`, async (t) => {
    const { client } = await secretClient(t);
    const authorize = () => true;
    for (const [args, words] of [
      [[client], /authorize must be a function/],
      [[client, {}], /authorize must be a function/],
      [[client, null], /The options must be an object/],
      [[client, [authorize]], /The options must be an object/],
      [[client, { authorize: true }], /authorize must be of type function/],
      [[client, Object.create({ authorize })], /authorize must be a function/],
      [[client, { authorize, log: null }], /log must be of type function/],
      [[client, { authorize, log: { error() {}, info() {} } }], /log must be of type function/],
      [[client, { authorize, logger() {} }], /There is no option "logger"\. There are: authorize, log\./],
      [[null, { authorize }], /must be a client of createFromSecret/],
      [[{}, { authorize }], /must be a client of createFromSecret/],
      [[{ authorize }], /must be a client of createFromSecret/],
    ])
      assert.throws(
        () => make(...args),
        (error) => hasCode('invalid_config')(error) && words.test(error.message),
        String(words),
      );
    make(client, { authorize, log: undefined });
  });

/** Serves with Node's http and sends one POST. Resolves to the status. */
async function postTo(t, handler) {
  const server = createServer(handler);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => (server.close(), server.closeAllConnections()));
  const signal = AbortSignal.timeout(5000);
  return (await fetch(`http://127.0.0.1:${server.address().port}/token`, { method: 'POST', signal })).status;
}

test('a log that throws or rejects ends neither the request nor the process', async (t) => {
  const { client } = await secretClient(t, (response) => json(response, 403, {}));
  const down = await secretClient(t, (response) => json(response, 503, {}));
  const broken = new Error('the log is full');
  const logs = [
    () => {
      throw broken;
    },
    async () => {
      throw broken;
    },
  ];
  for (const log of logs) {
    assert.equal((await tokenHandler(client, { authorize: () => true, log })(post())).status, 500);
    assert.equal((await tokenHandler(down.client, { authorize: () => true, log })(post())).status, 503);
    assert.equal(await postTo(t, nodeTokenHandler(client, { authorize: () => true, log })), 500);
    const unreadable = (incoming, response) =>
      nodeTokenHandler(client, { authorize: () => true, log })(
        { method: 'POST', url: '/', headers: { 'a b': 'x' } },
        response,
      );
    assert.equal(await postTo(t, unreadable), 500);
  }
});

test('tokenHandler that somebody passed to node:http answers 500, and the log says what to use', async (t) => {
  const { client, requests } = await secretClient(t);
  const lines = [];
  const handler = tokenHandler(client, { authorize: () => true, log: (...line) => lines.push(line) });
  assert.equal(await postTo(t, handler), 500);
  assert.equal((await handler(undefined)).status, 500);
  assert.equal(requests.length, 0);
  assert.equal(lines.length, 2);
  for (const line of lines) {
    assert.equal(line.length, 1, 'without "undefined" at its end');
    assert.match(line[0], /^inbenta-auth: .*For node:http and Express, use nodeTokenHandler\.$/);
  }
});

test('tokenHandler that gets the argument of a framework: the log shows how to pass the Request', async (t) => {
  const { client } = await secretClient(t);
  const lines = [];
  const handler = tokenHandler(client, { authorize: () => true, log: (...line) => lines.push(line) });
  for (const [framework, argument, advice] of [
    ['SvelteKit', { request: post(), params: {} }, '({ request }) => handler(request)'],
    ['Hono', { req: { raw: post() } }, '(c) => handler(c.req.raw)'],
  ]) {
    assert.equal((await handler(argument)).status, 500);
    assert.ok(lines.at(-1)[0].includes(framework) && lines.at(-1)[0].includes(advice), lines.at(-1)[0]);
  }
});

test("nodeTokenHandler that does not get Node's response: the framework gets an error that shows how", async (t) => {
  const { client, requests } = await secretClient(t);
  const lines = [];
  const handler = nodeTokenHandler(client, { authorize: () => true, log: (...line) => lines.push(line) });
  const request = { method: 'POST', url: '/token', headers: {} };
  for (const [response, advice] of [
    [{ raw: {}, send() {} }, 'handler(request.raw, reply.raw)'], // Fastify
    [async () => {}, 'handler(ctx.req, ctx.res)'], // Koa passes its `next`
    [undefined, 'fromNodeMiddleware(handler)'], // h3
  ])
    await assert.rejects(
      handler(request, response),
      (error) => hasCode('invalid_config')(error) && error.message.includes(advice),
    );
  assert.equal(requests.length, 0);
  assert.equal(lines.length, 3);
});

test('a handler that is late, because somebody else has answered, does not end the process', async (t) => {
  const { client } = await secretClient(t);
  const options = { authorize: () => true, log: () => {} };
  for (const make of [nodeTokenHandler, tokenHandler]) {
    let result;
    const handler = make(client, options);
    assert.equal(
      await postTo(t, (incoming, response) => (response.end(), (result = handler(incoming, response)))),
      200,
    );
    await result;
  }
});

test('without Fetch Metadata, the handler compares Origin with Host', async (t) => {
  const { client } = await secretClient(t);
  const handle = tokenHandler(client, { authorize: () => true });
  const cases = [
    [{ Origin: 'http://shop.example' }, 200],
    [{ Origin: 'https://shop.example', Host: 'shop.example:443' }, 200],
    [{ Origin: 'https://shop.example:8443', Host: 'shop.example:8443' }, 200],
    [{ Origin: 'https://evil.example' }, 403],
    [{ Origin: 'https://shop.example.evil.example' }, 403],
    [{ Origin: 'https://shop.example:8443' }, 403],
    [{ Origin: 'null' }, 403],
    [{ Origin: 'not a URL' }, 403],
    [{ Origin: 'https://evil.example', 'Sec-Fetch-Site': 'same-origin' }, 200],
    [{ 'Sec-Fetch-Site': 'same-site' }, 403],
    [{}, 200],
  ];
  for (const [headers, status] of cases)
    assert.equal((await handle(post(headers))).status, status, JSON.stringify(headers));
});

test('the handler for Node accepts every method, path and header', async (t) => {
  const { client } = await secretClient(t);
  const seen = [];
  const handler = nodeTokenHandler(client, { authorize: (request) => (seen.push(request.url), true) });
  const server = createServer(handler);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => (server.close(), server.closeAllConnections()));
  const { port } = server.address();
  const send = (line, headers = '') =>
    new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () =>
        socket.write(`${line} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n${headers}\r\n`),
      );
      let text = '';
      socket
        .on('data', (part) => (text += part))
        .on('error', reject)
        .on('close', () => resolve(Number(text.split(' ')[1])));
    });
  for (const method of ['GET', 'HEAD', 'PUT', 'TRACE', 'OPTIONS', 'DELETE'])
    assert.equal(await send(`${method} /token`), 405, method);
  for (const path of ['/token', '//', '//[', '*', '/%', 'http://shop.example/token', '/token?x=http://y'])
    assert.equal(await send(`POST ${path}`, 'Content-Length: 0\r\n'), 200, path);
  assert.equal(await send('POST /token', 'Content-Length: 0\r\nX-Latin: caf\u00e9\r\n'), 200);
  assert.ok(seen.every((url) => URL.canParse(url)));
  const errors = [];
  await nodeTokenHandler(client, { authorize: () => true })(
    { method: 'POST', url: '/', headers: { 'two words': 'x' } },
    {},
    (error) => errors.push(error),
  );
  assert.equal(errors.length, 1, 'Express hears of it');
});

test('with HTTP/2, pseudo-headers are not passed as headers, and :authority is the host', async (t) => {
  const { client } = await secretClient(t);
  const server = http2.createServer(nodeTokenHandler(client, { authorize: (request) => !request.headers.has('path') }));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const session = http2.connect(`http://127.0.0.1:${server.address().port}`);
  t.after(() => (session.close(), server.close()));
  const ask = async (headers) => {
    const stream = session.request({ ':method': 'POST', ':path': '/token', ...headers });
    stream.end();
    const [answer] = await once(stream, 'response');
    stream.resume();
    return answer[':status'];
  };
  assert.equal(await ask({ ':authority': 'shop.example', origin: 'http://shop.example' }), 200);
  assert.equal(await ask({ ':authority': 'shop.example', origin: 'http://evil.example' }), 403);
  assert.equal(await ask({ ':method': 'GET' }), 405);
});

test('the handler logs its failures, with the hint for a secret', async (t) => {
  const refused = await secretClient(t, (response) =>
    json(response, 400, { error: { code: 400, message: 'Secret token not valid' } }),
  );
  const lines = [];
  await tokenHandler(refused.client, { authorize: () => true, log: (...line) => lines.push(line) })(post());
  assert.equal(lines[0][1].code, 'credentials_rejected');
  assert.match(lines[0][1].hint, /secret/);
  assert.doesNotMatch(lines[0][1].hint, /domain key/);
});

test('a page reauthorizes at its server', async (t) => {
  const { client, requests, endpoint } = await secretClient(t, (response, request, n) =>
    request.url.endsWith('/refreshToken') ? json(response, 401, {}) : json(response, 200, grant(n)),
  );
  const server = createServer(nodeTokenHandler(client, { authorize: (request, incoming) => incoming.url == '/token' }));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => (server.close(), server.closeAllConnections()));
  const url = (path) => `http://127.0.0.1:${server.address().port}${path}`;
  assert.equal((await fetch(url('/other'), { method: 'POST' })).status, 403);
  const page = (path) =>
    createFromAccessToken({ accessToken: 'from-the-page-itself', expiration: Date.now() / 1000 - 1 }, 'the-api-key', {
      endpoint,
      wasm,
      reauthorize: tokenFrom(url(path)),
    });
  const good = page('/token');
  const refused = page('/other');
  t.after(() => (good.dispose(), refused.dispose()));
  assert.equal((await good.getToken()).accessToken, 'token-1');
  assert.deepEqual(
    requests.map(({ url }) => url),
    ['/v1/auth'],
  );
  await assert.rejects(
    refused.getToken(),
    (error) => hasCode('credentials_rejected')(error) && /authorize/.test(error.hint),
  );
});

test('all entries share one class of errors', () => {
  const error = (run) => {
    try {
      run();
    } catch (error) {
      return error;
    }
  };
  const ofServer = error(() => createFromSecret('', 'k'));
  const ofPage = error(() => createFromAccessToken('', 'k'));
  assert.notEqual(AuthError, PageError);
  for (const each of [AuthError, PageError]) for (const made of [ofServer, ofPage]) assert.ok(made instanceof each);
  for (const other of [new Error('x'), null, undefined, 'x', {}, { code: 'network' }])
    assert.ok(!(other instanceof AuthError));
  class Special extends AuthError {}
  assert.ok(
    new Special('network') instanceof AuthError &&
      new Special('network') instanceof Special &&
      !(ofServer instanceof Special),
  );
});
