// The table of docs/answers.md: what the clients make of each answer of tests/vectors/auth-answers.json. Each answer goes
// over HTTP to the client for pages, to the one for Node.js, and to the C library.
//
// node tests/support/answers-table.js    writes the table into the document

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createFromDomainKey } from '../../dist/inbenta-auth.js';
import { createFromSecret } from 'inbenta-auth/server';
import { bodyOf, cases, serveAnswer } from './answers.js';
import { execute, root } from './plain-api.js';

export const DOCUMENT = join(root, 'docs/answers.md');
const ASK = join(root, 'build/native/tests/c/programs/ask');

/** The endpoint and the origin that the hints name. */
const ENDPOINT = 'https://api.inbenta.io/v1';
const ORIGIN = 'https://www.example.com';

const TIMEOUT_MS = 2000;

/** @typedef {{code: string, status?: number, hint?: string, serverMessage?: string, apis?: string[]}} Result */

/** The result with a client of JavaScript. @returns {Promise<Result>} */
async function askWith(client, on) {
  try {
    let token = await client.getToken({ timeoutMs: TIMEOUT_MS });
    if (on == 'refreshToken') {
      await sleep(1100); // two requests are a second apart
      token = await client.getToken({ forceRefresh: true });
    }
    return { code: 'token', apis: Object.keys(token.apis) };
  } catch ({ code, status, hint, serverMessage }) {
    return { code, status, hint, serverMessage };
  } finally {
    client.dispose();
  }
}

/** Makes this process look like a page: a browser's name, and an origin. Returns how to undo it. */
function actAsPage() {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { userAgent: 'Mozilla/5.0' } });
  globalThis.origin = ORIGIN;
  return () => {
    delete globalThis.navigator;
    if (before) Object.defineProperty(globalThis, 'navigator', before);
    delete globalThis.origin;
  };
}

/** Each place where a client runs: its flow, and how it is asked. */
const PLACES = {
  page: {
    flow: 'domain',
    async ask({ on }, endpoint) {
      const undo = actAsPage();
      try {
        return await askWith(createFromDomainKey('the-domain-key', 'the-api-key', { endpoint }), on);
      } finally {
        undo();
      }
    },
  },
  'Node.js': {
    flow: 'secret',
    ask: ({ on }, endpoint) => askWith(createFromSecret('the-secret', 'the-api-key', { endpoint }), on),
  },
  C: {
    flow: 'secret',
    async ask({ on }, endpoint) {
      const mode = on == 'refreshToken' ? 'refresh' : 'once';
      const { stdout } = await execute(ASK, [mode, endpoint, `${TIMEOUT_MS}`]);
      const [code, status, more, hint, serverMessage] = stdout.trimEnd().split('\t');
      if (code == 'token') return { code, apis: more ? more.split(' ').map((api) => api.split('=')[0]) : [] };
      return { code, status: Number(status), hint, serverMessage: serverMessage || undefined };
    },
  },
};

/** The results of a case, by place. @returns {Promise<Record<string, Result>>} */
async function resultsOf(answer) {
  const results = {};
  for (const [place, { flow, ask }] of Object.entries(PLACES)) {
    if (answer.flow != 'both' && answer.flow != flow) continue;
    const api = await serveAnswer(answer);
    const result = (results[place] = await ask(answer, api.endpoint));
    api.close();
    result.hint = result.hint?.replaceAll(api.endpoint, ENDPOINT);
  }
  return results;
}

/** The answer, as the table shows it. */
function shapeOf(answer) {
  const { name, on, status, headers = {}, type } = answer;
  const lines = Object.entries(headers).map(([header, value]) => `\`${header}: ${value}\``);
  if (type) lines.push(type);
  const body = bodyOf(answer) ? `\`${bodyOf(answer)}\`` : 'no body';
  return `${name}: ${on ? `\`/${on}\` ` : ''}${status}, ${[body, ...lines].join(', ')}`;
}

/** A row. The places have the same code and the same message; a hint that differs names its place. */
async function rowOf(answer) {
  const results = await resultsOf(answer);
  const [{ code, apis, serverMessage }] = Object.values(results);
  for (const [place, result] of Object.entries(results))
    assert.deepEqual(
      [result.code, result.apis, result.serverMessage],
      [code, apis, serverMessage],
      `${answer.name}: ${place}`,
    );
  const places = new Map(); // by hint
  for (const [place, { hint }] of Object.entries(results))
    if (hint) places.set(hint, [...(places.get(hint) ?? []), place]);
  const hints = [...places].map(([hint, where]) => `${where.join(', ')}: ${hint}`);
  const told =
    code == 'token' ? `a token; ${apis.length ? `products: ${apis.join(', ')}` : 'no products'}` : `\`${code}\``;
  const cells = [shapeOf(answer), answer.standing, told, hints.join('<br>')];
  return `| ${cells.join(' | ')} |`;
}

/** The table in Markdown. */
export async function answersTable() {
  const rows = ['| answer | standing | code | hint |', '|---|---|---|---|'];
  for (const answer of cases) rows.push(await rowOf(answer));
  return rows.join('\n');
}

/** The table that is in the document. */
export const tableIn = (document) => /^\| answer \|[^]*?(?=\n\n|\n*$(?![^]))/m.exec(document)[0];

if (process.argv[1] == fileURLToPath(import.meta.url)) {
  const document = await readFile(DOCUMENT, 'utf8');
  await writeFile(DOCUMENT, document.replace(tableIn(document), (await answersTable()).replaceAll('$', '$$$$')));
}
