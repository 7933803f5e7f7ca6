// A fake Auth API on loopback, for answers that the real one never sends. Each test starts its own.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { inspect } from 'node:util';
import { AuthError, createFromDomainKey } from '../../../dist/inbenta-auth.js';

export const wasm = await readFile(new URL('../../../dist/inbenta-auth.wasm', import.meta.url));

/** A validator for assert.throws and assert.rejects: an AuthError with this code and these fields. */
export const failsWith =
  (code, more = {}) =>
  (error) => {
    assert.ok(error instanceof AuthError, inspect(error));
    assert.equal(error.code, code, error.message);
    for (const name in more) assert.deepEqual(error[name], more[name], name);
    return true;
  };

/** The API's answer with token number `n`. */
export const grant = (n, expiresIn = 1200) => ({
  accessToken: `token-${n}`,
  expiration: Math.floor(Date.now() / 1000) + expiresIn,
  expires_in: expiresIn,
  apis: { chatbot: 'https://chatbot.example' },
});

/** Answers with JSON. */
export function json(response, status, body, headers = {}) {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/**
 * Starts a fake API for the test `t`, and a client. `answer(response, request, n)` answers request number n, from 1.
 * Without `answer`, every request is granted.
 */
export async function fakeApi(t, answer = (response, request, n) => json(response, 200, grant(n)), options = {}) {
  const requests = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => (body += part));
    request.on('end', () => {
      requests.push({
        method: request.method,
        url: request.url,
        headers: request.headers,
        body,
        at: performance.now(),
      });
      answer(response, request, requests.length);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${server.address().port}/v1`;
  const client = createFromDomainKey('the-domain-key', 'the-api-key', { endpoint, wasm, ...options });
  t.after(async () => {
    client.dispose();
    await new Promise((resolve) => (server.close(resolve), server.closeAllConnections()));
  });
  return { client, requests, endpoint, server };
}
