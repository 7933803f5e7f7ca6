// The documents lead somewhere: each link between files, each anchor, each file that is named; each external link by its form.
// What a document of the npm package links to is in the package, because npm shows README and node_modules has the rest.
// There is no public address of the repository to link to, so links are paths inside the package, and pictures are left
// out.

import assert from 'node:assert/strict';
import { access, readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import test from 'node:test';
import { root, run } from '../support/packed.js';
import { documents } from '../support/snippets.js';

const read = (file) => readFile(join(root, file), 'utf8');
const ALL = [...(await documents()), 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', 'tests/docs/questions.md'];

/** Text without code. */
const prose = (text) => text.replace(/^([ ]*)```[^]*?^\1```/gm, '');

/** The anchors of a document's headings, as they are made on npm and by code hosts. */
const anchors = (text) =>
  new Set(
    [...prose(text).matchAll(/^#{1,6} (.+)$/gm)].map(([, title]) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replace(/\s/g, '-'),
    ),
  );

const linksIn = (text) =>
  [
    ...prose(text)
      .replace(/`[^`\n]*`/g, '')
      .matchAll(/!?\[[^\]]*\]\(([^)\s]+)\)/g),
  ].map(([, target]) => target);

const exists = (file) =>
  access(join(root, file)).then(
    () => true,
    () => false,
  );

async function packedFiles() {
  const { stdout } = await run('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'], root);
  return new Set(JSON.parse(stdout)[0].files.map(({ path }) => path));
}

test('links, anchors and external addresses', async (t) => {
  const packed = await packedFiles();
  let local = 0,
    anchored = 0,
    external = 0;
  for (const file of ALL)
    for (const target of linksIn(await read(file))) {
      if (/^[a-z]+:/.test(target)) {
        external++;
        assert.equal(new URL(target).protocol, 'https:', `${file}: ${target}`);
        continue;
      }
      local++;
      const [path, anchor] = target.split('#');
      const found = path ? relative(root, resolve(root, dirname(file), path)) : file;
      assert.ok(await exists(found), `${file}: there is no ${found}`);
      if (packed.has(file)) assert.ok(packed.has(found), `${file}: ${found} is not in the npm package`);
      if (anchor === undefined) continue;
      anchored++;
      assert.ok(anchors(await read(found)).has(anchor), `${file}: ${found} has no heading #${anchor}`);
    }
  t.diagnostic(`${local} links between files, ${anchored} of them with an anchor, and ${external} external ones`);
  assert.ok(local > 50 && anchored > 30);
});

test('files that the documents name exist', async (t) => {
  let count = 0;
  for (const file of ALL.filter((name) => name != 'CHANGELOG.md'))
    for (const [, name] of (await read(file)).matchAll(/`((?:src|js|web|tests|docs)\/[\w./-]+)`/g)) {
      count++;
      assert.ok(await exists(name), `${file}: there is no ${name}`);
    }
  t.diagnostic(`${count} names of files and folders`);
});

test('README has at most 150 lines, none over 130 characters but in tables, and no picture', async () => {
  const readme = await read('README.md');
  const lines = readme.trimEnd().split('\n');
  assert.ok(lines.length <= 150, `${lines.length} lines`);
  assert.deepEqual(
    lines.filter((line) => !line.startsWith('|') && [...line].length > 130),
    [],
  );
  assert.doesNotMatch(readme, /!\[/);
});

test('each document says for whom it is, in its first lines', async () => {
  for (const file of ALL.filter((name) => !['README.md', 'CHANGELOG.md', 'tests/docs/questions.md'].includes(name))) {
    const [, first] = /^# .+\n\n(.+)/.exec(await read(file));
    assert.match(first, /^For /, file);
  }
});

test('forty questions, each with its answer', async () => {
  const rows = [...(await read('tests/docs/questions.md')).matchAll(/^\| (\d+) \| ([^|]+) \| ([^|]+) \| (.+) \|$/gm)];
  assert.deepEqual(
    rows.map(([, number]) => Number(number)),
    Array.from({ length: 40 }, (_, i) => i + 1),
  );
  for (const [, number, , , answer] of rows)
    assert.ok(linksIn(answer).every((target) => target.includes('#')) && linksIn(answer).length, `question ${number}`);
  assert.equal(new Set(rows.map(([, , who]) => who)).size, 6);
});

test('what comments cite is in the repository: documents and their headings', async (t) => {
  const { stdout } = await run(
    'git',
    ['ls-files', '-z', 'src', 'js', 'tests', 'web', 'cmake', 'run', 'CMakeLists.txt'],
    root,
  );
  const files = stdout
    .split('\0')
    .filter(
      (name) => /\.(c|h|def|js|cts|ts|html|css|sh|txt|cmake)$|^run$/.test(name) && name != 'tests/docs/links.test.js',
    );
  let count = 0;
  for (const file of files) {
    const text = (await read(file)).replace(/\n\s*(?:\/\/|\*) ?/g, ' '); // a comment may break the line
    assert.doesNotMatch(text, /\b(?:DESIGN|AUTH_API|TOOLCHAIN|PEERS|MODELS)\b/, file);
    for (const [, cited, heading] of text.matchAll(/\b(docs\/[\w-]+\.md)(?:,? \(?"([A-Z][^"]+)")?/g)) {
      count++;
      assert.ok(await exists(cited), `${file}: there is no ${cited}`);
      if (heading)
        assert.ok(
          anchors(await read(cited)).has(
            heading
              .toLowerCase()
              .replace(/[^\p{L}\p{N}\s_-]/gu, '')
              .replace(/\s/g, '-'),
          ),
          `${file}: ${cited} has no "${heading}"`,
        );
    }
  }
  t.diagnostic(`${count} citations`);
  assert.ok(count > 30);
});
