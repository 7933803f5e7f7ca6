// The server's origin rules against the WHATWG URL parser, with a million generated pairs of list entry and origin that
// are almost equal. If the server allows an origin, the parser's result must allow it too.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../../build/native/tests/c/programs/origin_check', import.meta.url));
const PAIRS = 1_000_000;
const SEED = 20261124;

/** mulberry32: the same pseudo-random numbers in each run. */
let state = SEED;
function random(below) {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % below;
}
const pick = (list) => list[random(list.length)];

const HOSTS = [
  'example.com',
  'www.example.com',
  'a.b.example.com',
  'evilexample.com',
  'example.com.evil.com',
  'com',
  'localhost',
  'shop.localhost',
  '127.0.0.1',
  '127.1',
  '0x7f.0.0.1',
  '0177.0.0.1',
  '2130706433',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::ffff:127.0.0.1]',
  '[2001:db8::1]',
  'xn--bcher-kva.example',
  'bücher.example',
  'BÜCHER.example',
  'straße.example',
  'xn--strae-oqa.example',
  'xn--a.example',
  'ex_ample.com',
  '-example.com',
  'ﬁ.example',
  'example。com',
  'exa\u00admple.com',
  '例え.jp',
  '1.2.3',
  'a.0',
  'example.0x1',
];
const NOISE = [...'.:@/\\?#%*-_[]xX0179aAé。 %2e%00\t'];

/** Makes a small change: a typing mistake, or an attack. */
function mutate(text) {
  const at = random(text.length + 1);
  switch (random(7)) {
    case 0:
      return text.slice(0, at) + pick(NOISE) + text.slice(at);
    case 1:
      return text.slice(0, at) + text.slice(at + 1);
    case 2:
      return text.slice(0, at) + pick(NOISE) + text.slice(at + 1);
    case 3:
      return text.toUpperCase();
    case 4:
      return `${text}.`;
    case 5:
      return `${pick(['a', 'www', 'evil', ''])}.${text}`;
    default:
      return `${text}${pick(['.evil.com', '@evil.com', '/', '#', '%2eevil.com', ':443', ':80'])}`;
  }
}
const maybe = (change, text, often) => (random(often) ? text : change(text));

function makeEntry(host) {
  const name = maybe(mutate, host, 4);
  switch (random(4)) {
    case 0:
      return `*.${name}`;
    case 1:
      return `${pick(['https', 'http', 'HTTPS', 'ws'])}://${name}${pick(['', ':443', ':80', ':8080', ':08080', ':65536', ':0'])}`;
    default:
      return name;
  }
}

function makeOrigin(host) {
  const name = maybe((text) => `${pick(['a', 'b.a', 'www'])}.${text}`, maybe(mutate, host, 3), 3);
  return maybe(
    mutate,
    `${pick(['https', 'https', 'https', 'http', 'HTTPS', 'ftp', 'null'])}://${name}${pick(['', '', '', ':443', ':80', ':8080', ':08080', ':', ':65616'])}`,
    8,
  );
}

/** Parses a URL that has only scheme, host and port; null for anything else. */
function plain(text) {
  try {
    const url = new URL(text);
    return /^https?:$/.test(url.protocol) && url.href == `${url.origin}/` ? url : null;
  } catch {
    return null;
  }
}

/** The rules of docs/wire.md "Allowed origins", on what the parser makes of both. */
function admits(entry, origin) {
  const url = plain(origin);
  if (!url) return false;
  if (entry.startsWith('*.')) {
    const parent = plain(`https://${entry.slice(2)}`);
    return (
      !!parent &&
      url.protocol == 'https:' &&
      url.port == parent.port &&
      url.hostname.endsWith(`.${parent.hostname}`) &&
      url.hostname.length > parent.hostname.length + 1
    );
  }
  return plain(/^https?:\/\//i.test(entry) ? entry : `https://${entry}`)?.origin == url.origin;
}

test(
  `a million list entries and origins: the server allows no origin that the URL parser would not`,
  { timeout: 300_000 },
  async (t) => {
    const program = spawn(PROGRAM, { stdio: ['pipe', 'pipe', 'inherit'] });
    let verdicts = '';
    program.stdout.setEncoding('latin1').on('data', (part) => (verdicts += part));
    const ended = new Promise((resolve) => program.on('close', resolve));
    const pairs = [];
    for (let i = 0; i < PAIRS; i++) {
      const host = pick(HOSTS);
      pairs.push([makeEntry(host), makeOrigin(random(8) ? host : pick(HOSTS))]);
      if (pairs.length % 10_000 == 0) {
        const lines = pairs
          .slice(-10_000)
          .map((pair) => `${pair.join('\x1f')}\n`)
          .join('');
        if (!program.stdin.write(lines)) await new Promise((resolve) => program.stdin.once('drain', resolve));
      }
    }
    program.stdin.end();
    assert.equal(await ended, 0);
    assert.equal(verdicts.length, PAIRS);
    const counts = { admitted: 0, refused: 0, 'bad entry': 0, 'refused, though the parser would admit': 0 };
    const wrong = [];
    pairs.forEach(([entry, origin], index) => {
      const verdict = verdicts[index];
      counts[{ 1: 'admitted', 0: 'refused', x: 'bad entry' }[verdict]]++;
      const reference = verdict != 'x' && admits(entry, origin);
      if (verdict == '1' && !reference) wrong.push({ entry, origin });
      if (verdict == '0' && reference) counts['refused, though the parser would admit']++;
    });
    t.diagnostic(JSON.stringify(counts));
    assert.deepEqual(wrong.slice(0, 20), [], `${wrong.length} admitted wrongly`);
    assert.ok(
      counts.admitted > PAIRS / 50 && counts.refused > PAIRS / 10 && counts['bad entry'] > PAIRS / 50,
      'the generated pairs say something',
    );
  },
);
