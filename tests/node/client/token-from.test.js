// tokenFrom: what it sends to the page's server, and what it makes of each answer.

import assert from 'node:assert/strict';
import test from 'node:test';
import { tokenFrom } from '../../../dist/inbenta-auth.js';
import { failsWith } from './fake-api.js';

const { signal } = new AbortController();

/** Calls tokenFrom with `answer` in place of the network. `sent` has the arguments of fetch. */
async function ask(t, answer, url = '/token', init = undefined, context = { signal }) {
  const sent = [];
  const mock = t.mock.method(globalThis, 'fetch', async (...args) => (sent.push(args), answer()));
  try {
    return { sent, grant: await tokenFrom(url, init)(context) };
  } finally {
    mock.mock.restore();
  }
}

const json = (status, body, headers) => () => new Response(JSON.stringify(body), { status, headers });
const GRANT = { accessToken: 'T', expires_in: 1200 };

test('it sends a POST with the cookies of this site, past the cache; the caller’s init counts for more', async (t) => {
  const { sent, grant } = await ask(t, json(200, GRANT));
  assert.deepEqual(grant, GRANT);
  const [[url, { body, ...options }]] = sent;
  assert.equal(url, '/token');
  assert.deepEqual({ ...options }, { method: 'POST', credentials: 'same-origin', cache: 'no-store', signal });
  assert.deepEqual([await body.text(), body.type], ['{}', 'application/json'], 'frameworks refuse a POST of a form');
  const init = {
    method: 'PUT',
    credentials: 'include',
    cache: 'reload',
    headers: { 'X-Mine': '1' },
    signal: undefined,
  };
  const own = await ask(t, json(201, GRANT), new URL('https://shop.example/token'), init);
  assert.deepEqual({ ...own.sent[0][1] }, { ...init, body: undefined, signal });
  assert.equal(own.grant.accessToken, 'T');
});

for (const [status, code, retryable] of [
  [400, 'bad_response', false],
  [401, 'credentials_rejected', false],
  [403, 'credentials_rejected', false],
  [404, 'bad_response', false],
  [429, 'rate_limited', true],
  [500, 'bad_response', false],
  [502, 'server_error', true],
  [503, 'server_error', true],
  [504, 'server_error', true],
])
  test(`${status} is ${code}`, async (t) => {
    await assert.rejects(ask(t, json(status, GRANT)), failsWith(code, { status, retryable, retryAfterMs: 0 }));
  });

test('an answer that is no JSON is bad_response', async (t) => {
  const page = () => new Response('<p>', { status: 200 });
  await assert.rejects(ask(t, page), (error) => {
    failsWith('bad_response', { status: 200, retryable: false })(error);
    assert.match(error.message, /\/token sent status 200 without JSON\./);
    return true;
  });
});

test('Retry-After is read in seconds; a date is not', async (t) => {
  const after = (value) => ask(t, json(429, {}, { 'Retry-After': value }));
  await assert.rejects(after('7'), failsWith('rate_limited', { retryAfterMs: 7000 }));
  await assert.rejects(after(new Date().toUTCString()), failsWith('rate_limited', { retryAfterMs: 0 }));
});

test('the hints speak of the page’s own server', async (t) => {
  for (const [status, words] of [
    [403, /^\/token refused this visitor/],
    [404, /^\/token sent status 404\. Check that URL, and your server's log\.$/],
    [503, /^\/token sent status 503\. Check that URL, and your server's log\.$/],
  ])
    await assert.rejects(ask(t, json(status, {})), ({ hint }) => words.test(hint));
  await assert.rejects(
    ask(t, () => new Response('<p>')),
    ({ hint }) => /sent status 200 without JSON/.test(hint),
  );
});

test('a connection that fails is network and names the URL; past the time it is timeout', async (t) => {
  const cause = new TypeError('fetch failed');
  const broken = () => {
    throw cause;
  };
  await assert.rejects(ask(t, broken, new URL('https://shop.example/token')), (error) => {
    failsWith('network', { cause, retryable: true, status: 0 })(error);
    assert.match(error.hint, /https:\/\/shop\.example\/token/);
    return true;
  });
  await assert.rejects(
    ask(t, broken, '/token', undefined, { signal: AbortSignal.abort() }),
    failsWith('timeout', { cause, retryable: true }),
  );
});
