// docs/api.md has every name that the types and the code have, and no other one; and the defaults are those of the code.
// tests/package/types.test.js holds the types and the code together.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import * as page from 'inbenta-auth';
import * as external from 'inbenta-auth/external';
import * as emulator from 'inbenta-auth/emulator';
import * as server from 'inbenta-auth/server';
import { root } from '../support/packed.js';

const read = (file) => readFile(join(root, file), 'utf8');
const reference = await read('docs/api.md');

/** The rows of the first table of a chapter: cells. */
function table(title, text = reference) {
  const [, chapter] =
    new RegExp(`^#{1,3} ${title}\\n([^]*?)(?=^#{1,3} |$(?![^]))`, 'm').exec(text) ??
    assert.fail(`there is no chapter "${title}"`);
  const [rows] = /^\|[^]*?(?=\n\n|$(?![^]))/m.exec(chapter);
  return rows
    .split('\n')
    .slice(2)
    .filter(Boolean)
    .map((row) =>
      row
        .slice(1, -1)
        .split(' | ')
        .map((cell) => cell.trim()),
    );
}

/** The names in the first column. */
const names = (title) =>
  table(title)
    .map(([cell]) => /^`([\w./-]+)`$/.exec(cell)?.[1] ?? assert.fail(`${title}: ${cell}`))
    .sort();

/** The members of an interface or a class, as its declaration has them. */
function membersOf(text, name) {
  const [, body] =
    new RegExp(`^export (?:declare )?(?:interface|class) ${name}\\b[^{]*\\{\\n([^]*?)^\\}`, 'm').exec(text) ??
    assert.fail(`there is no ${name}`);
  return [
    ...new Set([...body.matchAll(/^ {2}(?:readonly |static |private )*(\w+)[?(:<]/gm)].map(([, member]) => member)),
  ]
    .filter((member) => member != 'constructor')
    .sort();
}

const TYPES = {
  'inbenta-auth': await read('js/types/inbenta-auth.d.cts'),
  server: await read('js/types/server.d.cts'),
  emulator: await read('js/types/emulator.d.cts'),
};

const CHAPTERS = {
  'inbenta-auth': [
    'Grant',
    'ClientOptions',
    'DomainKeyOptions',
    'AccessTokenOptions',
    'AuthClient',
    'GetTokenOptions',
    'AccessToken',
    'Quota',
    'RequestEnd',
    'AuthError',
  ],
  server: ['SecretOptions', 'HandlerOptions'],
  emulator: ['EmulatorOptions', 'Limit', 'Knobs', 'Emulator', 'RequestEntry'],
};

test('every interface has its chapter, with its members', (t) => {
  let count = 0;
  for (const [entry, chapters] of Object.entries(CHAPTERS)) {
    const declared = [...TYPES[entry].matchAll(/^export (?:declare )?(?:interface|class) (\w+)/gm)].map(
      ([, name]) => name,
    );
    assert.deepEqual(
      [...chapters, ...(entry == 'inbenta-auth' ? ['AuthClientEventMap'] : [])].sort(),
      declared.sort(),
      entry,
    );
    for (const chapter of chapters) {
      assert.deepEqual(names(chapter), membersOf(TYPES[entry], chapter), chapter);
      count += names(chapter).length;
    }
  }
  const entries = [...TYPES['inbenta-auth'].matchAll(/readonly type: '(\w+)'/g)].map(([, type]) => type);
  assert.deepEqual(names('LogEntry'), entries.sort());
  assert.deepEqual(names('Events'), membersOf(TYPES['inbenta-auth'], 'AuthClientEventMap'));
  t.diagnostic(`${count} options, members and fields, ${names('Events').length} events`);
});

test('docs/emulator.md has the options and knobs of the types, and the flags of the command', async (t) => {
  const guide = await read('docs/emulator.md');
  const rows = (title) => table(title, guide).map(([name, flags]) => [name.replaceAll('`', ''), flags]);
  const namesOf = (title) =>
    rows(title)
      .map(([name]) => name)
      .filter(Boolean)
      .sort();
  assert.deepEqual(namesOf('Options'), membersOf(TYPES.emulator, 'EmulatorOptions'));
  assert.deepEqual(namesOf('Knobs'), membersOf(TYPES.emulator, 'Knobs'));
  const cli = await read('js/cli.js');
  const [, options] = /^const OPTIONS = \{\n([^]*?)^\};/m.exec(cli);
  const flags = [...options.matchAll(/^ {2}'?([\w-]+)'?: /gm)].map(([, name]) => `--${name}`).sort();
  const described = (text) => [...new Set(text.match(/--[a-z][\w-]+/g))].sort();
  assert.deepEqual(described([...rows('Options'), ...rows('Knobs')].map(([, cell]) => cell).join()), flags);
  const [, usage] = /^const USAGE = `([^`]*)`/m.exec(cli);
  assert.deepEqual(described(usage), flags);
  t.diagnostic(`${flags.length} flags`);
});

test('the options and exit statuses of npx inbenta-auth check', async (t) => {
  const code = await read('js/check.js');
  const [, options] = /^const OPTIONS = \{\n([^]*?)^\};/m.exec(code);
  const inCode = [...options.matchAll(/^ {2}'?([\w-]+)'?: /gm)].map(([, name]) => `--${name}`).sort();
  assert.deepEqual(names('The command check'), inCode);
  const [, chapter] = /^## The command check\n([^]*?)^## /m.exec(reference);
  const statuses = [...chapter.matchAll(/^\| (\d) \|/gm)].map(([, status]) => status);
  const [, usage] = /^Exit status: ([^]*?)\. Each run/m.exec(code);
  assert.deepEqual(
    statuses,
    [...usage.matchAll(/(?:^|;\s)(\d) /g)].map(([, status]) => status),
  );
  t.diagnostic(`${inCode.length} options, ${statuses.length} exit statuses`);
});

test('the codes of errors', async (t) => {
  const [, hints] = /^const HINTS = \{\n([^]*?)^\};/m.exec(await read('js/client/errors.js'));
  const ofServer = (await read('js/server/index.js')).matchAll(/new AuthError\('(\w+)'/g);
  const used = [...hints.matchAll(/^ {2}(\w+): /gm), ...ofServer].map(([, code]) => code);
  const codes = [...new Set(used)].sort();
  assert.deepEqual(names('Error codes'), codes);
  t.diagnostic(`${codes.length} codes`);
});

test('the entries and what they export', async () => {
  const { exports } = JSON.parse(await read('package.json'));
  const rows = Object.fromEntries(
    table('Reference').map(([entry, , exported]) => [entry.replaceAll('`', ''), exported]),
  );
  assert.deepEqual(
    Object.keys(rows).sort(),
    Object.keys(exports)
      .filter((name) => name != './package.json')
      .map((name) => name.replace('.', 'inbenta-auth'))
      .sort(),
  );
  for (const [entry, module] of Object.entries({
    'inbenta-auth': page,
    'inbenta-auth/external': external,
    'inbenta-auth/server': server,
    'inbenta-auth/emulator': emulator,
  })) {
    const exported = Object.keys(module).filter((name) => name != 'default' && name != 'module.exports');
    assert.deepEqual(rows[entry].replaceAll('`', '').split(', ').sort(), exported.sort(), entry);
  }
});

test('the defaults of options', async () => {
  const [, defaults] = /^const DEFAULTS = \{\n([^]*?)^\};/m.exec(await read('js/client/config.js'));
  const inCode = Object.fromEntries(
    [...defaults.matchAll(/^ {2}(\w+): (.+),$/gm)].map(([, name, value]) => [name, value.replaceAll("'", '')]),
  );
  const written = Object.fromEntries(
    ['ClientOptions', 'DomainKeyOptions', 'AccessTokenOptions', 'SecretOptions']
      .flatMap((title) => table(title))
      .map(([name, , value]) => [name.replaceAll('`', ''), value.replaceAll('`', '')]),
  );
  for (const [name, value] of Object.entries(inCode)) if (value) assert.equal(written[name], value, name);
  const byType = await read('js/client/config.js');
  for (const name of Object.keys(written))
    if (!(name in inCode) && !['wasm', 'domainKeyName'].includes(name))
      assert.ok(['none', 'false'].includes(written[name]), `${name} has no default in the code`);
  assert.match(byType, /allowInsecure: 'boolean'/);
  assert.ok((await read('src/core/client.c')).includes(`? "${written.domainKeyName}" :`), 'the default is the core’s');
});

test('the attributes of the script tag', async () => {
  const [, list] = /^const OPTIONS = \[([^\]]*)\];/m.exec(await read('js/client/script-tag.js'));
  const attributes = [...list.matchAll(/'(\w+)'/g)].map(
    ([, name]) => `data-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
  );
  const [, chapter] = /^### The script tag\n([^]*?)^## /m.exec(reference);
  assert.deepEqual(
    [...new Set([...chapter.matchAll(/`(data-[\w-]+)`/g)].map(([, name]) => name))].sort(),
    ['data-domain-key', 'data-api-key', ...attributes].sort(),
  );
});
