// The behaviour of an Auth API over HTTP, for every implementation of it. The personality `gateway` grants and refuses
// the same requests, but its refusals have the form of production. AS_GATEWAY lists all differences.

import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { request } from 'node:http';
import { test } from 'node:test';
import { createFromSecret } from 'inbenta-auth/server';

/**
 * docs/wire.md, "Refusals": our server's status and reason, and production's answer in the same case. Other refusals
 * have the same status and {"error": {"code", "message"}} without the reason.
 */
const AS_GATEWAY = {
  '401 token_missing': [401, { message: 'Unauthorized' }],
  '404 not_found': [403, { message: 'Missing Authentication Token' }],
  '405 bad_request': [403, { message: 'Missing Authentication Token' }],
};

const ORIGIN = 'https://shop.example';

/**
 * Defines the tests for an implementation of the Auth API.
 * @param {string} name
 * @param {(t: import('node:test').TestContext) => Promise<Host>} start
 *
 * @typedef {object} Host a running Auth API and its keys
 * @property {'gateway'} [personality] the form of its refusals; undefined: that of inbenta-authd
 * @property {string} [userPersonalSecret] the personal secret that it accepts; undefined: none
 * @property {string} endpoint "http://127.0.0.1:PORT/v1"; tokens live for 1200 s
 * @property {string} shortEndpoint the same keys, but tokens live for 1 s
 * @property {string} adminToken for management over HTTP
 * @property {() => Promise<string>} createApiKey
 * @property {(apiKey: string) => Promise<{id: string, secret: string}>} createSecret
 * @property {(id: string, overlapS: number) => Promise<{id: string, secret: string}>} rotateSecret
 * @property {(publishS: number) => Promise<unknown>} rotateSigningKey
 * @property {(apiKey: string, domains: string[]) => Promise<{id: string, domainKey: string}>} createDomainKey
 * @property {(id: string, domains: string[]) => Promise<unknown>} setDomains
 * @property {(kind: 'secret' | 'domain-key', id: string) => Promise<unknown>} revoke
 */
export function conforms(name, start) {
  test(name, { timeout: 120_000 }, async (t) => {
    const host = await start(t);
    const apiKey = await host.createApiKey();
    const { domainKey, id } = await host.createDomainKey(apiKey, [
      'shop.example',
      '*.shop.example',
      'http://localhost:8080',
    ]);
    const { secret } = await host.createSecret(apiKey);

    const call = (method, path, headers = {}, body = undefined, endpoint = host.endpoint) =>
      fetch(endpoint + path, {
        method,
        body,
        headers: { 'x-inbenta-key': apiKey, ...headers },
        signal: AbortSignal.timeout(20_000),
      });
    const auth = (body, headers = {}, endpoint = undefined) =>
      call(
        'POST',
        '/auth',
        { 'Content-Type': 'application/json', Origin: ORIGIN, ...headers },
        typeof body == 'string' ? body : JSON.stringify(body),
        endpoint,
      );
    const bearer = (token) => ({ Authorization: `Bearer ${token}`, Origin: ORIGIN });
    const granted = async (body, headers) => {
      const answer = await auth(body, headers);
      assert.equal(answer.status, 200);
      return answer.json();
    };
    /** Checks a refusal: it has the personality's form and contains no credential. */
    const refused = async (answer, status, reason) => {
      const text = await answer.text();
      const body = JSON.parse(text);
      for (const credential of [apiKey, domainKey, secret]) assert.ok(!text.includes(credential));
      const asGateway = host.personality == 'gateway' && !new URL(answer.url).pathname.startsWith('/admin');
      const row = asGateway ? AS_GATEWAY[`${status} ${reason}`] : undefined;
      assert.equal(answer.status, row?.[0] ?? status, text);
      if (row) return void assert.deepEqual(body, row[1]);
      assert.deepEqual(body, { error: { code: status, message: body.error.message, ...(!asGateway && { reason }) } });
      assert.match(body.error.message, /^\S.*\S$/);
      return body.error;
    };
    /** A refusal by the gateway (docs/wire.md "Refusals"). */
    const denied = async (answer) => {
      assert.equal(answer.status, 403);
      assert.deepEqual(await answer.json(), {
        Message: 'User is not authorized to access this resource with an explicit deny',
      });
    };

    await t.test('a domain key grants tokens to the origins on its list', async () => {
      const now = Date.now() / 1000;
      const grant = await granted({ domainKey });
      assert.deepEqual(Object.keys(grant).sort(), ['accessToken', 'apis', 'expiration', 'expires_in']);
      assert.equal(grant.expires_in, 1200);
      assert.ok(Math.abs(grant.expiration - now - 1200) < 30);
      assert.equal(typeof grant.apis, 'object');
      for (const Origin of ['https://www.shop.example', 'http://localhost:8080'])
        await granted({ domainKey }, { Origin });
    });

    await t.test('every other origin is refused, and the page can read the reason', async () => {
      const others = [
        'https://evil.example',
        'https://shop.example.evil.example',
        'https://evilshop.example',
        'http://shop.example',
        'https://shop.example:8443',
        'https://shop.example.',
        'http://localhost:8081',
        'https://user@shop.example',
        'null',
      ];
      for (const Origin of others) {
        const answer = await auth({ domainKey }, { Origin });
        assert.equal(answer.headers.get('Access-Control-Allow-Origin'), Origin);
        const { message } = await refused(answer, 403, 'origin_not_allowed');
        assert.ok(message.includes(Origin), message);
      }
      const headers = { 'x-inbenta-key': apiKey, 'Content-Type': 'application/json' };
      await refused(
        await fetch(`${host.endpoint}/auth`, { method: 'POST', headers, body: JSON.stringify({ domainKey }) }),
        403,
        'origin_not_allowed',
      );
    });

    await t.test('a secret grants tokens, with or without an origin', async () => {
      await granted({ secret });
      await granted({ secret }, { Origin: 'https://anywhere.example' });
    });

    await t.test('tokens are unique, can be refreshed, and come with the products', async () => {
      const [one, two] = [await granted({ domainKey }), await granted({ domainKey })];
      assert.notEqual(one.accessToken, two.accessToken);
      const refresh = await call('POST', '/refreshToken', bearer(one.accessToken));
      assert.equal(refresh.status, 200);
      const next = await refresh.json();
      assert.deepEqual(Object.keys(next).sort(), ['accessToken', 'expiration', 'expires_in']);
      assert.notEqual(next.accessToken, one.accessToken);
      const apis = await call('GET', '/apis', bearer(next.accessToken));
      assert.deepEqual(await apis.json(), { apis: one.apis });
    });

    await t.test('an expired token cannot be refreshed', async () => {
      const { accessToken, expires_in } = await (await auth({ domainKey }, {}, host.shortEndpoint)).json();
      assert.equal(expires_in, 1);
      await new Promise((resolve) => setTimeout(resolve, 2100));
      await denied(await call('POST', '/refreshToken', bearer(accessToken)));
    });

    await t.test('a modified token and a token of another API key are refused', async () => {
      const { accessToken } = await granted({ domainKey });
      const [head, body, signature] = accessToken.split('.');
      const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
      const flipped = signature[0] == 'A' ? `B${signature.slice(1)}` : `A${signature.slice(1)}`;
      for (const token of [`${head}.${body}.${flipped}`, `${none}.${body}.`, `${head}.${body}`, 'x', `${accessToken}x`])
        await denied(await call('POST', '/refreshToken', bearer(token)));
      const other = await host.createApiKey();
      await denied(await call('POST', '/refreshToken', { ...bearer(accessToken), 'x-inbenta-key': other }));
      await refused(await call('POST', '/refreshToken', { Origin: ORIGIN }), 401, 'token_missing');
    });

    await t.test('the JWK set verifies the tokens', async () => {
      const { accessToken } = await granted({ domainKey });
      const [head, body, signature] = accessToken.split('.');
      const { keys } = await (await fetch(new URL('/.well-known/jwks.json', host.endpoint))).json();
      const { kid } = JSON.parse(Buffer.from(head, 'base64url'));
      const jwk = keys.find((key) => key.kid === kid);
      assert.equal(jwk.d, undefined);
      assert.ok(
        verify(
          null,
          Buffer.from(`${head}.${body}`),
          createPublicKey({ key: jwk, format: 'jwk' }),
          Buffer.from(signature, 'base64url'),
        ),
      );
    });

    await t.test('unknown keys are refused', async () => {
      await denied(await auth({ domainKey }, { 'x-inbenta-key': 'nobody' }));
      for (const body of [
        { domainKey: 'nothing' },
        { secret: 'nothing' },
        { secret: domainKey },
        { domainKey: secret },
      ])
        await refused(await auth(body), 400, 'credentials_rejected');
      const other = await host.createApiKey();
      await refused(await auth({ domainKey }, { 'x-inbenta-key': other }), 400, 'credentials_rejected');
    });

    await t.test('malformed requests are refused', async () => {
      for (const body of [
        '',
        '{',
        '[]',
        'null',
        '{}',
        '{"domainKey":1}',
        '{"domainKey":""}',
        '{"domainKey":"a","secret":"b"}',
        `{"domainKey":"${domainKey}"}x`,
        `{"domainKey":"${domainKey}\\u0000"}`,
        `{"domainKey":"${domainKey}\0"}`,
      ])
        await refused(await auth(body), 400, 'bad_request');
      await refused(await auth({ domainKey }, { 'Content-Type': 'text/plain' }), 415, 'bad_request');
      await refused(await auth({ domainKey: 'x'.repeat(20_000) }), 413, 'bad_request');
      const wrong = await call('GET', '/auth', { Origin: ORIGIN });
      if (host.personality != 'gateway') assert.match(wrong.headers.get('Allow'), /POST/);
      await refused(wrong, 405, 'bad_request');
      await refused(await call('POST', '/nothing', { Origin: ORIGIN }), 404, 'not_found');
    });

    await t.test('a form body and both names of the domain key are accepted', async () => {
      const form = (members) =>
        auth(`${new URLSearchParams(members)}`, { 'Content-Type': 'application/x-www-form-urlencoded' });
      for (const body of [{ secret }, { domainKey }, { domain_key: domainKey }]) {
        await granted(body);
        const answer = await form(body);
        assert.equal(answer.status, 200);
        assert.equal((await answer.json()).expires_in, 1200);
      }
      for (const body of [
        {},
        { secret: '' },
        { domainKey, domain_key: domainKey },
        { secret, domain_key: domainKey },
      ]) {
        await refused(await auth(body), 400, 'bad_request');
        await refused(await form(body), 400, 'bad_request');
      }
      await refused(await form({ secret: 'nothing' }), 400, 'credentials_rejected');
    });

    await t.test('a personal secret is accepted only beside a secret, and only the configured one', async () => {
      for (const user_personal_secret of ['wrong', '', 1])
        await refused(await auth({ secret, user_personal_secret }), 422, 'credentials_rejected');
      for (const user_personal_secret of ['wrong', host.userPersonalSecret ?? 'x'])
        await refused(await auth({ domainKey, user_personal_secret }), 422, 'credentials_rejected');
      await refused(await auth({ secret: 'nothing', user_personal_secret: 'wrong' }), 400, 'credentials_rejected');
      if (host.userPersonalSecret) await granted({ secret, user_personal_secret: host.userPersonalSecret });
    });

    await t.test('HEAD answers as GET, without a body', async () => {
      const { accessToken } = await granted({ domainKey });
      const health = new URL('/healthz', host.endpoint),
        keys = new URL('/.well-known/jwks.json', host.endpoint);
      for (const [url, headers] of [
        [health, {}],
        [keys, {}],
        [`${host.endpoint}/apis`, { 'x-inbenta-key': apiKey, ...bearer(accessToken) }],
      ]) {
        const [get, head] = await Promise.all(['GET', 'HEAD'].map((method) => fetch(url, { method, headers })));
        assert.deepEqual([get.status, head.status, await head.text()], [200, 200, '']);
        for (const name of ['Content-Type', 'Content-Length', 'Cache-Control'])
          assert.equal(head.headers.get(name), get.headers.get(name));
        assert.equal(head.headers.get('Content-Length'), `${(await get.text()).length}`);
      }
    });

    await t.test('a whole URL as target and any spelling of Bearer are accepted', async () => {
      const { accessToken } = await granted({ domainKey });
      const send = (target, headers) =>
        new Promise((resolve, reject) => {
          const { hostname, port } = new URL(host.endpoint);
          const sent = request(
            {
              hostname,
              port,
              path: target,
              method: 'POST',
              headers: { 'x-inbenta-key': apiKey, Origin: ORIGIN, 'Content-Length': 0, ...headers },
            },
            (answer) => resolve(answer.resume().statusCode),
          );
          sent.on('error', reject).end();
        });
      for (const scheme of ['Bearer', 'bearer', 'BEARER', 'Bearer  ', 'bEARER     '])
        assert.equal(
          await send(`${host.endpoint}/refreshToken?a=b`, { Authorization: `${scheme} ${accessToken}` }),
          200,
        );
      assert.equal(
        await send(host.endpoint.replace('http:', 'HTTP:') + '/refreshToken', { Authorization: 'Bearer x' }),
        403,
      );
      await refused(
        await call('POST', '/refreshToken', { Authorization: 'Bearer', Origin: ORIGIN }),
        401,
        'token_missing',
      );
    });

    await t.test('CORS: a preflight passes for every origin and lists the headers that a page may use', async () => {
      const headers = {
        Origin: 'https://evil.example',
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'x-inbenta-key, authorization, content-type',
      };
      const answer = await fetch(`${host.endpoint}/auth`, { method: 'OPTIONS', headers });
      assert.equal(answer.status, 204);
      const list = (header) => (answer.headers.get(header) ?? '').toLowerCase().split(/,\s*/);
      assert.equal(answer.headers.get('Access-Control-Allow-Origin'), 'https://evil.example');
      assert.ok(list('Vary').includes('origin'));
      for (const method of ['get', 'post']) assert.ok(list('Access-Control-Allow-Methods').includes(method));
      for (const header of ['x-inbenta-key', 'authorization', 'content-type'])
        assert.ok(list('Access-Control-Allow-Headers').includes(header));
      assert.ok(Number(answer.headers.get('Access-Control-Max-Age')) > 0);
      const grant = await auth({ domainKey });
      const exposed = grant.headers.get('Access-Control-Expose-Headers').toLowerCase().split(/,\s*/);
      for (const header of [
        'retry-after',
        'date',
        'x-quota-usage',
        'x-quota-reset',
        'x-throttle-usage',
        'x-throttle-reset',
      ])
        assert.ok(exposed.includes(header), header);
      for (const one of [answer, grant]) assert.equal(one.headers.get('Access-Control-Allow-Credentials'), null);
      assert.equal(grant.headers.get('Cache-Control'), 'no-store');
      assert.equal(grant.headers.get('Set-Cookie'), null);
    });

    await t.test('changed domains apply immediately', async () => {
      await host.setDomains(id, ['bücher.example']);
      await refused(await auth({ domainKey }), 403, 'origin_not_allowed');
      await granted({ domainKey }, { Origin: 'https://xn--bcher-kva.example' });
      await host.setDomains(id, ['shop.example']);
      await granted({ domainKey });
    });

    await t.test('a revoked key and the refresh of its tokens are refused immediately', async () => {
      const keys = {
        'domain-key': await host.createDomainKey(apiKey, ['shop.example']),
        secret: await host.createSecret(apiKey),
      };
      for (const [kind, { id: revoked, domainKey: key, secret: word }] of Object.entries(keys)) {
        const body = key ? { domainKey: key } : { secret: word };
        const { accessToken } = await granted(body);
        await host.revoke(kind, revoked);
        await refused(await auth(body), 403, 'key_revoked');
        await refused(await call('POST', '/refreshToken', bearer(accessToken)), 403, 'key_revoked');
        await refused(await call('GET', '/apis', bearer(accessToken)), 403, 'key_revoked');
      }
      await granted({ domainKey }); // the others are not touched
    });

    await t.test('management over HTTP needs the admin token, and refuses pages of another site', async () => {
      const manage = (path, { method = 'GET', ...headers } = {}) =>
        fetch(new URL(`/admin/${path}`, host.endpoint), { method, headers });
      const signedIn = { Authorization: `Bearer ${host.adminToken}` };
      for (const path of ['api-keys', 'secrets', 'domain-keys']) {
        await refused(await manage(path), 401, 'token_missing');
        await refused(await manage(path, { Authorization: `Bearer ${host.adminToken}x` }), 401, 'token_invalid');
        const elsewhere = await manage(path, { ...signedIn, 'Sec-Fetch-Site': 'cross-site', Origin: ORIGIN });
        assert.equal(elsewhere.headers.get('Access-Control-Allow-Origin'), null);
        await refused(elsewhere, 403, 'cross_site');
        assert.equal((await manage(path, signedIn)).status, 200);
      }
      await refused(await manage('secrets', { ...signedIn, method: 'DELETE' }), 405, 'bad_request');
      await refused(await manage('nothing', signedIn), 404, 'not_found');
      const page = await manage('');
      assert.match(page.headers.get('Content-Security-Policy'), /default-src 'none'/);
      assert.match(await page.text(), /^<!doctype html>/i);
    });

    await t.test('management over HTTP makes, lists, changes and revokes keys', async () => {
      const headers = { Authorization: `Bearer ${host.adminToken}`, 'Content-Type': 'application/json' };
      const list = async (path) => (await fetch(new URL(`/admin/${path}`, host.endpoint), { headers })).json();
      const post = (path, body) =>
        fetch(new URL(`/admin/${path}`, host.endpoint), { method: 'POST', headers, body: JSON.stringify(body) });
      const done = async (path, body, status) => {
        const answer = await post(path, body);
        assert.equal(answer.status, status);
        return answer.json();
      };
      const key = await done('api-keys', { name: 'made over HTTP, ü' }, 201);
      assert.ok((await list('api-keys')).some(({ id: one, name }) => one == key.id && name == 'made over HTTP, ü'));
      const made = await done('domain-keys', { apiKey: key.apiKey, domains: ['*.bücher.example'] }, 201);
      assert.deepEqual(made.domains, ['*.xn--bcher-kva.example']);
      const pageHeaders = { 'x-inbenta-key': key.apiKey, Origin: 'https://www.xn--bcher-kva.example' };
      assert.equal((await auth({ domainKey: made.domainKey }, pageHeaders)).status, 200);
      await done('domain-keys/set-domains', { id: made.id, domains: ['shop.example'] }, 200);
      await refused(await auth({ domainKey: made.domainKey }, pageHeaders), 403, 'origin_not_allowed');
      const word = await done('secrets', { apiKey: key.apiKey }, 201);
      assert.equal((await auth({ secret: word.secret }, pageHeaders)).status, 200);
      assert.ok(!JSON.stringify(await list('secrets')).includes(word.secret));
      for (const [path, { id: revoked }] of [
        ['secrets', word],
        ['domain-keys', made],
      ]) {
        await done(`${path}/revoke`, { id: revoked }, 200);
        assert.equal((await list(path)).find(({ id: one }) => one == revoked).revoked, true);
        await refused(await post(`${path}/revoke`, { id: key.id }), 404, 'not_found');
      }
      await refused(await auth({ secret: word.secret }, pageHeaders), 403, 'key_revoked');
      await refused(await auth({ domainKey: made.domainKey }, { ...pageHeaders, Origin: ORIGIN }), 403, 'key_revoked');
      for (const domain of [
        'https://a.example/path',
        '*',
        'a b',
        'ü/b.example',
        'xn--a',
        'ü%2e.example',
        'ü?.example',
        'http://ü@b.example',
        '',
      ])
        await refused(await post('domain-keys', { apiKey: key.apiKey, domains: [domain] }), 400, 'bad_request');
      await refused(await post('domain-keys', { apiKey, domains: [] }), 400, 'bad_request');
      await refused(await post('api-keys', { name: '' }), 400, 'bad_request');
      await refused(await post('secrets', { apiKey: 'nobody' }), 404, 'not_found');
    });

    await t.test('a rotated secret stays valid for the overlap, and no longer', async () => {
      const old = await host.createSecret(apiKey);
      const { accessToken } = await granted({ secret: old.secret });
      const { secret: fresh, id: freshId } = await host.rotateSecret(old.id, 3);
      assert.notEqual(fresh, old.secret);
      for (const word of [old.secret, fresh]) await granted({ secret: word });
      await new Promise((resolve) => setTimeout(resolve, 4100));
      await refused(await auth({ secret: old.secret }), 403, 'key_revoked');
      await refused(await call('POST', '/refreshToken', bearer(accessToken)), 403, 'key_revoked');
      await granted({ secret: fresh });
      const { secret: last } = await host.rotateSecret(freshId, 0);
      await refused(await auth({ secret: fresh }), 403, 'key_revoked');
      await granted({ secret: last });
    });

    await t.test('a new signing key is published, then signs; tokens of the old key stay valid', async () => {
      const kidOf = ({ accessToken }) => JSON.parse(Buffer.from(accessToken.split('.')[0], 'base64url')).kid;
      const published = async (endpoint = host.endpoint) =>
        (await (await fetch(new URL('/.well-known/jwks.json', endpoint))).json()).keys.map(({ kid }) => kid);
      const old = await granted({ domainKey });
      assert.deepEqual(await published(), [kidOf(old)]);
      const rotated = Date.now();
      await host.rotateSigningKey(4);
      await new Promise((resolve) => setTimeout(resolve, 1100));
      for (const endpoint of [host.endpoint, host.shortEndpoint]) {
        const kids = await published(endpoint);
        assert.deepEqual([kids.length, kids[0]], [2, kidOf(old)]);
      }
      const between = await granted({ domainKey });
      if (Date.now() < rotated + 3000) assert.equal(kidOf(between), kidOf(old));
      await new Promise((resolve) => setTimeout(resolve, rotated + 5100 - Date.now()));
      const next = await granted({ domainKey });
      assert.equal(kidOf(next), (await published())[1]);
      for (const { accessToken } of [old, between, next])
        assert.equal((await call('POST', '/refreshToken', bearer(accessToken))).status, 200);
      // A token whose header names the other key matches neither signature.
      const [body, signature] = old.accessToken.split('.').slice(1);
      await denied(
        await call('POST', '/refreshToken', bearer([next.accessToken.split('.')[0], body, signature].join('.'))),
      );
    });

    await t.test('/healthz answers 200', async () => {
      assert.equal((await fetch(new URL('/healthz', host.endpoint))).status, 200);
    });
  });
}

/** One product as production names it, and one whose base URL has a version. */
export const PRODUCTS = { chatbot: 'https://api.example/prod/chatbot', search: 'https://api.example/prod/search/v1' };

/**
 * Defines the tests for an implementation that sends the products as production may do.
 * @param {string} name
 * @param {(t: import('node:test').TestContext, how?: 'missing' | 'empty') => Promise<{endpoint: string, apiKey: string, secret: string}>} start
 *   with PRODUCTS
 */
export function conformsInApis(name, start) {
  for (const [how, granted, listed] of [
    [undefined, PRODUCTS, PRODUCTS],
    ['missing', undefined, PRODUCTS],
    ['empty', [], []],
  ])
    test(`${name}, apis ${how ?? 'as they are given'}`, async (t) => {
      const { endpoint, apiKey, secret } = await start(t, how);
      const headers = { 'x-inbenta-key': apiKey, 'Content-Type': 'application/json' };
      const grant = await fetch(`${endpoint}/auth`, { method: 'POST', headers, body: JSON.stringify({ secret }) });
      const { accessToken, apis } = await grant.json();
      assert.deepEqual(apis, granted);
      const own = { ...headers, Authorization: `Bearer ${accessToken}` };
      assert.deepEqual(await (await fetch(`${endpoint}/apis`, { headers: own })).json(), { apis: listed });
      const refresh = await (await fetch(`${endpoint}/refreshToken`, { method: 'POST', headers: own })).json();
      assert.ok(!('apis' in refresh));
      const client = createFromSecret(secret, apiKey, { endpoint });
      t.after(() => client.dispose());
      const chatbot = client.apiUrl('chatbot');
      if (how == 'empty') await assert.rejects(chatbot, { code: 'invalid_config', hint: /It has: none/ });
      else assert.equal(await chatbot, PRODUCTS.chatbot);
    });
}
