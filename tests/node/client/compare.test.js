// Some texts are parsed by C natively and by js/client/text.js in a page. Both must agree: on the table
// tests/vectors/texts.json, and on a million generated texts.
//
// COMPARE_SEED=<seed> COMPARE_COUNT=<number> node --test tests/node/client/compare.test.js

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { text as textOf } from 'node:stream/consumers';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import * as boundary from '../../../js/client/boundary.js';
import { READERS } from '../../../js/client/text.js';

const { dates, numbers, codes, baseUrls } = JSON.parse(
  await readFile(new URL('../../vectors/texts.json', import.meta.url), 'utf8'),
);
const { TEXT_DATE, TEXT_NUMBER, TEXT_CODE, TEXT_BASE_URL, TEXT_ENDPOINT, TEXT_ANY_ENDPOINT } = boundary;
const program = fileURLToPath(new URL('../../../build/native/tests/c/programs/read_text', import.meta.url));

/** The results of native C, for a list of [kind, text]. */
async function readNatively(inputs) {
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(inputs.map(([kind, text]) => `${kind}${text}\n`).join(''));
  const lines = (await textOf(child.stdout)).trimEnd().split('\n');
  assert.equal(lines.length, inputs.length);
  return lines.map((line) => (line == 'inf' ? Infinity : line == '-inf' ? -Infinity : Number(line)));
}

const readHere = (readers, inputs) => inputs.map(([kind, text]) => readers[kind](text));

/** Whether two numbers agree. With more digits than a double holds, the last digits may differ. */
function agree(kind, text, c, js) {
  if (c === js || (Number.isNaN(c) && Number.isNaN(js))) return true;
  const exact = kind != TEXT_NUMBER || /^-?\d{1,15}$/.test(text);
  return !exact && (Math.abs(c / js - 1) < 1e-14 || Math.abs(js) < 1e-300 || Math.abs(js) > 1e300);
}

/** The differences, as readable lines. */
async function disagreements(inputs, readers = READERS) {
  const js = readHere(readers, inputs);
  const c = await readNatively(inputs);
  return inputs.flatMap(([kind, text], i) =>
    agree(kind, text, c[i], js[i]) ? [] : [`kind ${kind} ${JSON.stringify(text)}: C ${c[i]}, JavaScript ${js[i]}`],
  );
}

test('C and JavaScript agree with the table', async () => {
  const number = (value) => (value === null ? NaN : Number(value));
  const error = (code) => (code == 'ok' ? 0 : -1 - boundary.CODES.indexOf(code));
  const insecureToo = (code) => (code == 'insecure_endpoint' ? 'ok' : code);
  const ofLength = (length) => 'https://a/'.padEnd(length, 'a');
  const rows = [
    [TEXT_BASE_URL, ofLength(1024), 0],
    [TEXT_BASE_URL, ofLength(1025), boundary.INVALID_CONFIG],
    ...dates.map(({ text, value }) => [TEXT_DATE, text, number(value)]),
    ...numbers.map(({ text, value }) => [TEXT_NUMBER, text, number(value)]),
    ...codes.map(({ text, error: name }) => [TEXT_CODE, text, name ? boundary[name] : 0]),
    ...baseUrls.map(({ text, baseUrl }) => [TEXT_BASE_URL, text, error(baseUrl)]),
    ...baseUrls.map(({ text, endpoint }) => [TEXT_ENDPOINT, text, error(endpoint)]),
    // With allowInsecure, http may go to every host.
    ...baseUrls
      .filter(({ text }) => /^https?:/i.test(text) && !/inbenta/.test(text))
      .map(({ text, endpoint }) => [TEXT_ANY_ENDPOINT, text, error(insecureToo(endpoint))]),
  ];
  const c = await readNatively(rows);
  const js = readHere(READERS, rows);
  rows.forEach(([kind, text, expected], i) => {
    assert.ok(
      agree(kind, text, c[i], expected),
      `C, kind ${kind}: ${JSON.stringify(text)} is ${c[i]}, not ${expected}`,
    );
    assert.ok(
      agree(kind, text, js[i], expected),
      `JavaScript, kind ${kind}: ${JSON.stringify(text)} is ${js[i]}, not ${expected}`,
    );
  });
});

/** A pseudo-random generator like splitmix. Its seed is printed. */
function randomFrom(seed) {
  let state = BigInt(seed);
  return (below) => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffff_ffff_ffff_ffffn;
    return Number((state >> 33n) % BigInt(below));
  };
}

const PIECES = [
  'http',
  'https',
  '://',
  'localhost',
  '127.',
  '0.0.1',
  '.0',
  '[',
  ']',
  '::',
  ':',
  '1',
  '0',
  '255',
  '256',
  'a',
  'F',
  'x',
  '0x',
  '.',
  '..',
  '/',
  '//',
  'v1',
  '%',
  '%2',
  '%20',
  '@',
  '?',
  '#',
  '\\',
  ' ',
  '\t',
  '-',
  '_',
  '~',
  '+',
  'e',
  'E',
  'inbenta.io',
  'xn--',
  'ü',
  'GMT',
  ', ',
  'Sun',
  'Thu',
  'Jan',
  'Feb',
  '29',
  '31',
  '00',
  '1970',
  '9999',
  '65535',
  '65536',
  "!$&'()*+,;=",
  '\u007f',
  '|',
  '^',
  '"',
  '<',
];
const SEEDS = [dates, numbers, codes, baseUrls, baseUrls, baseUrls].map((rows) => rows.map(({ text }) => text));
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** Generates a text of a kind: a changed text of the table, pieces in any order, or a plausible date. */
function anyText(random, kind) {
  const pick = (list) => list[random(list.length)];
  if (kind == TEXT_DATE && random(2)) {
    const text = new Date(random(2 ** 31) * 1000 * (random(8) ? 1 : 100)).toUTCString();
    return random(3)
      ? text
      : text.replace(pick(DAYS), pick(DAYS)).replace(/\d\d/, () => String(random(40)).padStart(2, '0'));
  }
  if (kind == TEXT_NUMBER && random(2)) {
    const digits = () => Array.from({ length: random(12) }, () => random(10)).join('');
    return `${pick(['', '-', ''])}${digits()}${pick(['', '.', `.${digits()}`])}${pick(['', '', `e${pick(['', '-', '+'])}${digits().slice(0, 3)}`])}`;
  }
  let text = random(4) ? pick(SEEDS[kind]) : Array.from({ length: 1 + random(8) }, () => pick(PIECES)).join('');
  for (let edits = random(4); edits > 0; edits--) {
    const at = random(text.length + 1);
    text =
      text.slice(0, at) + pick([pick(PIECES), '', String.fromCharCode(32 + random(96))]) + text.slice(at + random(3));
  }
  return text;
}

test('C and JavaScript agree on a million generated texts', async () => {
  const seed = Number(process.env.COMPARE_SEED ?? Date.now());
  const count = Number(process.env.COMPARE_COUNT ?? 1_000_000);
  const random = randomFrom(seed);
  let different = [];
  let taken = 0; // accepted texts; the comparison needs enough of them
  for (let done = 0; done < count; done += 100_000) {
    const inputs = Array.from({ length: Math.min(100_000, count - done) }, () => {
      const kind = random(READERS.length);
      return [kind, anyText(random, kind)];
    });
    different = different.concat(await disagreements(inputs));
    taken += readHere(READERS, inputs).filter((value, i) =>
      inputs[i][0] < TEXT_CODE
        ? !Number.isNaN(value)
        : inputs[i][0] == TEXT_CODE
          ? value < 0
          : value != boundary.INVALID_CONFIG,
    ).length;
  }
  console.log(`${count} texts compared, ${taken} of them valid, seed ${seed}`);
  assert.deepEqual(different.slice(0, 10), []);
  assert.ok(taken > count / 5);
});

test('the comparison finds a deliberate difference', async () => {
  const random = randomFrom(1);
  const inputs = Array.from({ length: 100_000 }, () => [TEXT_NUMBER, anyText(random, TEXT_NUMBER)]);
  const lax = [...READERS];
  lax[TEXT_NUMBER] = (text) => (/^0\d$/.test(text) ? Number(text) : READERS[TEXT_NUMBER](text)); // "07" is not a JSON number
  assert.deepEqual(await disagreements(inputs), []);
  const found = await disagreements(inputs, lax);
  assert.ok(found.length > 0 && found.every((line) => /"0\d"/.test(line)), found[0]);
});
