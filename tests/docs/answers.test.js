// The table of docs/answers.md is what the clients give for each answer of tests/vectors/auth-answers.json.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { cases } from '../support/answers.js';
import { answersTable, DOCUMENT, tableIn } from '../support/answers-table.js';

test('the table has the code and the hint that each client gives', async (t) => {
  const written = tableIn(await readFile(DOCUMENT, 'utf8'));
  assert.deepEqual(
    written.split('\n'),
    (await answersTable()).split('\n'),
    'node tests/support/answers-table.js writes the table anew',
  );
  t.diagnostic(`${cases.length} answers, each in a page, in Node.js and in C where its flow exists`);
});

test('each answer has a standing of docs/wire.md', () => {
  for (const { name, standing } of cases)
    for (const word of standing.split(', its text '))
      assert.ok(['documented', 'seen in code', 'inferred', 'assumed'].includes(word), name);
});
