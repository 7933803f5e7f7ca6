// Some texts are parsed by C natively and by js/client/text.js in a page, and so are the bodies of answers, by
// js/client/answer.js. Both must agree: on the tables in tests/vectors/, and on a million generated texts.
//
// COMPARE_SEED=<seed> COMPARE_COUNT=<number> node --test tests/node/client/compare.test.js

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { text as textOf } from 'node:stream/consumers';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import * as boundary from '../../../js/client/boundary.js';
import { parseBody } from '../../../js/client/answer.js';
import { PARSERS } from '../../../js/client/text.js';
import { stringsForC } from '../../../js/client/token.js';

const { dates, numbers, codes, baseUrls } = JSON.parse(
  await readFile(new URL('../../vectors/texts.json', import.meta.url), 'utf8'),
);
const { TEXT_DATE, TEXT_NUMBER, TEXT_BASE_URL, TEXT_ENDPOINT, TEXT_ANY_ENDPOINT } = boundary;

/** What a program of tests/c/programs answers to each line. */
async function run(name, lines) {
  const program = fileURLToPath(new URL(`../../../build/native/tests/c/programs/${name}`, import.meta.url));
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(lines.map((line) => `${line}\n`).join(''));
  const answers = (await textOf(child.stdout)).replace(/\n$/, '').split('\n');
  assert.equal(answers.length, lines.length);
  return answers;
}

const numberOf = (text) => (text == 'inf' ? Infinity : text == '-inf' ? -Infinity : Number(text));

/** The results of native C, for a list of [kind, text]. */
const readNatively = async (inputs) =>
  (
    await run(
      'read_text',
      inputs.map(([kind, text]) => `${kind}${text}`),
    )
  ).map(numberOf);

const readHere = (readers, inputs) => inputs.map(([kind, text]) => readers[kind](text));

/** Whether two numbers agree. With more digits than a double holds, the last digits may differ. */
function agree(kind, text, c, js) {
  if (c === js || (Number.isNaN(c) && Number.isNaN(js))) return true;
  const exact = kind != TEXT_NUMBER || /^-?\d{1,15}$/.test(text);
  return !exact && (Math.abs(c / js - 1) < 1e-14 || Math.abs(js) < 1e-300 || Math.abs(js) > 1e300);
}

/** The differences, as readable lines. */
async function disagreements(inputs, readers = PARSERS) {
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
    ...baseUrls.map(({ text, baseUrl }) => [TEXT_BASE_URL, text, error(baseUrl)]),
    ...baseUrls.map(({ text, endpoint }) => [TEXT_ENDPOINT, text, error(endpoint)]),
    // With allowInsecure, http may go to every host.
    ...baseUrls
      .filter(({ text }) => /^https?:/i.test(text) && !/inbenta/.test(text))
      .map(({ text, endpoint }) => [TEXT_ANY_ENDPOINT, text, error(insecureToo(endpoint))]),
  ];
  const c = await readNatively(rows);
  const js = readHere(PARSERS, rows);
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
const SEEDS = [dates, numbers, baseUrls, baseUrls, baseUrls].map((rows) => rows.map(({ text }) => text));
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
      const kind = random(PARSERS.length);
      return [kind, anyText(random, kind)];
    });
    different = different.concat(await disagreements(inputs));
    taken += readHere(PARSERS, inputs).filter((value, i) =>
      inputs[i][0] < TEXT_BASE_URL ? !Number.isNaN(value) : value != boundary.INVALID_CONFIG,
    ).length;
  }
  console.log(`${count} texts compared, ${taken} of them valid, seed ${seed}`);
  assert.deepEqual(different.slice(0, 10), []);
  assert.ok(taken > count / 5);
});

test('the comparison finds a deliberate difference', async () => {
  const random = randomFrom(1);
  const inputs = Array.from({ length: 100_000 }, () => [TEXT_NUMBER, anyText(random, TEXT_NUMBER)]);
  const lax = [...PARSERS];
  lax[TEXT_NUMBER] = (text) => (/^0\d$/.test(text) ? Number(text) : PARSERS[TEXT_NUMBER](text)); // "07" is not a JSON number
  assert.deepEqual(await disagreements(inputs), []);
  const found = await disagreements(inputs, lax);
  assert.ok(found.length > 0 && found.every((line) => /"0\d"/.test(line)), found[0]);
});

/* -------------------------------------------------------------------------------------------------
 * Bodies. */

const { bodies } = JSON.parse(await readFile(new URL('../../vectors/bodies.json', import.meta.url), 'utf8'));
const LIMIT = 65536; // IAUTH_BODY_MAX

/** What a body says. The order of the products does not count. */
const said = ([sentence, token, ...apis], form, expiresIn, expiration, reason) => ({
  form,
  sentence,
  token,
  apis: apis.flatMap((name, i) => (i % 2 ? [] : [[name, apis[i + 1]]])).sort(),
  numbers: [expiresIn, expiration, reason],
});

/** By native C. */
async function readBodiesNatively(inputs) {
  const lines = await run(
    'read_body',
    inputs.map((body) => body.toString('hex')),
  );
  return lines.map((line) => {
    const [form, expiresIn, expiration, reason, ...digits] = line.split(' ');
    const [sentence, token, apis] = digits.map((text) => Buffer.from(text, 'hex').toString());
    return said(
      [sentence, token, ...apis.split('\0').slice(0, -1)],
      Number(form),
      numberOf(expiresIn),
      numberOf(expiration),
      Number(reason),
    );
  });
}

/** By JavaScript, with the strings as C gets them. */
function readBodyHere(body, read = parseBody) {
  const [strings, ...numbers] = read(body.length > LIMIT ? undefined : new TextDecoder().decode(body));
  return said(Buffer.from(stringsForC(strings)).toString().split('\0').slice(0, -1), ...numbers);
}

/** Whether two readers agree. With more digits than a double holds, the last digits may differ. */
function isSame(one, other) {
  const close = (a, b) => a === b || Math.abs(a / b - 1) < 1e-14 || (Math.abs(a) < 1e-300 && Math.abs(b) < 1e-300);
  return (
    isDeepStrictEqual({ ...one, numbers: 0 }, { ...other, numbers: 0 }) &&
    one.numbers.every((number, i) => close(number, other.numbers[i]))
  );
}

async function differentBodies(inputs, read) {
  const c = await readBodiesNatively(inputs);
  return inputs.flatMap((body, i) => {
    const js = readBodyHere(body, read);
    return isSame(c[i], js) ? [] : [`${body}: C ${JSON.stringify(c[i])}, JavaScript ${JSON.stringify(js)}`];
  });
}

const bytesOf = ({ text, hex }) => Buffer.from(hex ?? text, hex ? 'hex' : 'utf8');

test('C and JavaScript agree with the table of bodies', async () => {
  const rows = [
    ...bodies,
    ...codes.map(({ text, error }) => ({
      text: JSON.stringify({ error: { reason: text } }),
      form: ['OBJECT', 'ERROR'],
      reason: error,
    })),
    { text: `{"x":${'['.repeat(30_000)}${']'.repeat(30_000)}}` },
    { text: '{}'.padEnd(LIMIT), form: ['OBJECT'] },
    { text: '{}'.padEnd(LIMIT + 1), form: ['TOO_LARGE'] },
  ];
  const c = await readBodiesNatively(rows.map(bytesOf));
  rows.forEach((row, i) => {
    const { form = [], sentence = '', token = '', apis = [], expires_in = 0, expiration = 0, reason } = row;
    const expected = {
      form: form.reduce((bits, name) => bits | boundary[`FORM_${name}`], 0),
      sentence,
      token,
      apis: Array.isArray(apis) ? apis : Object.entries(apis).sort(),
      numbers: [Number(expires_in), expiration, reason ? boundary[reason] : 0],
    };
    for (const [who, got] of Object.entries({ C: c[i], JavaScript: readBodyHere(bytesOf(row)) }))
      assert.ok(isSame(got, expected), `${who}: ${row.text ?? row.hex} is ${JSON.stringify(got)}`);
  });
});

const JSON_PIECES = [
  ...['{', '}', '[', ']', ',', ':', '"', '\\', ' ', '\n', '\t', '\0', '\u0001', '\u007f', '\ufeff'],
  ...['accessToken', 'expires_in', 'expiration', 'apis', 'error', 'reason', 'Message', 'message', '__proto__'],
  ...['"apis":{', '"error":{', '"a":"https://a.example"', '"message":"', '{"a":', '[[[[[[', ']]]]]]', ',"x":[[[[[[[['],
  ...['0', '1', '-', '.', 'e', '+', '1e400', '9007199254740993', '0000000000000000', 'true', 'null', 'nul', 'NaN'],
  ...['\\u0000', '\\ud800', '\\udc00', '\\uD83D\\uDE00', '\\u00', '\\n', '\\/', '\\"', '\\\\', 'é', '€', '😀'],
];

/** Generates a body: one of the table, changed; or JSON of any shape, with names that matter, changed or not. */
function anyBody(random) {
  const pick = (list) => list[random(list.length)];
  const name = () =>
    pick(['accessToken', 'expires_in', 'expiration', 'apis', 'error', 'reason', 'Message', 'message', 'a', '7', '']);
  const value = (depth) => {
    switch (random(depth > 4 ? 5 : 8)) {
      case 0:
        return pick(['true', 'false', 'null', '[]', '{}']);
      case 1:
        return pick([
          '0',
          '-0',
          '7',
          '1200',
          '0.5',
          '1e3',
          '1E-7',
          '-1.5e+300',
          '1e999',
          `${random(2 ** 31)}${random(2 ** 31)}${random(99)}`,
        ]);
      case 2:
        return `"${pick(['1200', '7e2', '0x1', 'key_revoked', 'token_expired', 'https://a.example', ''])}"`;
      case 3:
      case 4:
        return `"${Array.from({ length: random(4) }, () =>
          pick(['t', 'é', '\\u00e9', '\\u0000', '\\ud800', '\\udfff', '\\ud83d\\ude00', '\\\\', '\\n', ' ', '[']),
        ).join('')}"`;
      case 5:
        return `[${Array.from({ length: random(3) }, () => value(depth + 1))}]`;
      default:
        return `{${Array.from({ length: random(5) }, () => `"${name()}"${pick([':', ' : '])}${value(depth + 1)}`)}}`;
    }
  };
  let body = random(3)
    ? Buffer.from(`{"accessToken":${value(9)},"${name()}":${value(0)},"${name()}":${value(0)}}`)
    : bytesOf(pick(bodies));
  for (let edits = random(2) * random(4); edits > 0; edits--) {
    const at = random(body.length + 1);
    const piece = random(8) ? Buffer.from(pick([pick(JSON_PIECES), ''])) : Buffer.of(random(256));
    body = Buffer.concat([body.subarray(0, at), piece, body.subarray(at + random(3))]);
  }
  return body;
}

test('C and JavaScript agree on generated bodies', async () => {
  const seed = Number(process.env.COMPARE_SEED ?? Date.now());
  const count = Number(process.env.COMPARE_COUNT ?? 1_000_000) / 10;
  const random = randomFrom(seed);
  let different = [];
  let taken = 0;
  for (let done = 0; done < count; done += 50_000) {
    const inputs = Array.from({ length: Math.min(50_000, count - done) }, () => anyBody(random));
    different = different.concat(await differentBodies(inputs));
    taken += inputs.filter((body) => readBodyHere(body).form).length;
  }
  console.log(`${count} bodies compared, ${taken} of them objects, seed ${seed}`);
  assert.deepEqual(different.slice(0, 10), []);
  assert.ok(taken > count / 3 && taken < (count * 9) / 10, String(taken));
});

test('the comparison of bodies finds a deliberate difference', async () => {
  const random = randomFrom(1);
  const inputs = Array.from({ length: 20_000 }, () => anyBody(random));
  const lax = (text) => parseBody(text?.replace(/,\}$/, '}')); // a comma too many
  assert.deepEqual((await differentBodies(inputs)).slice(0, 3), []);
  assert.ok((await differentBodies(inputs, lax)).length > 0);
});
