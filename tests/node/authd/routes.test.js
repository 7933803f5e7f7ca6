// docs/authd.md, "Management over HTTP": the table has every route of the code, and each of its requests does what it says.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Authd } from '../../support/authd.js';
import { root } from '../../support/plain-api.js';

const ADMIN_TOKEN = '0123456789abcdef'.repeat(2);

/** The rows of the table. */
async function documented() {
  const text = await readFile(join(root, 'docs/authd.md'), 'utf8');
  const [, section] = /^## Management over HTTP\n([^]*?)^## /m.exec(text);
  return [...section.matchAll(/^\| `(GET|POST) (\S+)` \| (?:`(.+?)`)? ?\| (\d+) with (.*) \|$/gm)].map(
    ([, method, path, body, status, response]) => ({ method, path, body, status: Number(status), response }),
  );
}

/** "GET /admin/api-keys" and so on, from the table in the code. */
async function routes() {
  const code = await readFile(join(root, 'src/authapi/management.c'), 'utf8');
  return [...code.matchAll(/^ {4}\{"(\/admin\/[^"]*)", NULL, NULL, (\w+), (\w+), /gm)].flatMap(
    ([, path, get, post]) => [...(get == 'NULL' ? [] : [`GET ${path}`]), ...(post == 'NULL' ? [] : [`POST ${path}`])],
  );
}

test('the table of requests has every route, and each request works', async (t) => {
  const rows = await documented();
  assert.deepEqual(rows.map(({ method, path }) => `${method} ${path}`).sort(), (await routes()).sort());
  const authd = await Authd.create();
  t.after(() => authd.remove());
  const endpoint = await authd.serve({ adminToken: ADMIN_TOKEN });
  const newest = {}; // what was made last under each path
  for (const { method, path, body, status, response } of rows) {
    const of = path.split('/').slice(0, 3).join('/');
    const words = { 'API-KEY': newest['/admin/api-keys']?.apiKey, ID: newest[of]?.id ?? newest[of]?.kid };
    const answer = await fetch(new URL(path, endpoint), {
      method,
      headers: { Authorization: `Bearer ${ADMIN_TOKEN}`, ...(body && { 'Content-Type': 'application/json' }) },
      body: body?.replace(/\b(API-KEY|ID)\b/g, (word) => words[word]),
    });
    const json = await answer.json();
    assert.equal(answer.status, status, `${method} ${path}: ${JSON.stringify(json.error)}`);
    assert.equal(Array.isArray(json), method == 'GET');
    if (status == 201) newest[of] = json;
    for (const [, member] of response.matchAll(/, in `(\w+)`/g)) assert.ok(json[member], member);
    if (/ revoked /.test(response)) assert.equal(json.revoked, true, path);
  }
});
