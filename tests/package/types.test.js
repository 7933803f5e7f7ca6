// The types: what people write in TypeScript compiles, strictly, with the compilers and resolutions that are in use; so
// does all code in README.md and docs/*.md; and the types say what the code does.

import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import * as page from 'inbenta-auth';
import * as emulator from 'inbenta-auth/emulator';
import * as server from 'inbenta-auth/server';
import { installPacked, root, run } from '../support/packed.js';
import { allSnippets, scriptsIn, snippetsIn } from '../support/snippets.js';

const COMPILERS = { 5: 'typescript5', 7: 'typescript' };
const RESOLUTIONS = {
  bundler: ['--module', 'esnext', '--moduleResolution', 'bundler'],
  node16: ['--module', 'node16', '--moduleResolution', 'node16'],
  node10: ['--module', 'commonjs', '--moduleResolution', 'node10'],
};
const STRICT = [
  '--noEmit',
  '--strict',
  '--exactOptionalPropertyTypes',
  '--noUncheckedIndexedAccess',
  '--noPropertyAccessFromIndexSignature',
  'false',
  '--target',
  'es2022',
];

/** Every compiler with every resolution that it has: TypeScript 7 dropped node10. */
const WAYS = [5, 7]
  .flatMap((version) => Object.keys(RESOLUTIONS).map((resolution) => ({ version, resolution })))
  .filter(({ version, resolution }) => version == 5 || resolution != 'node10');

let project, remove;

before(async () => {
  ({ project, remove } = await installPacked());
  for (const file of ['page', 'using', 'server', 'emulator'])
    await copyFile(join(root, `tests/package/usage/${file}.ts`), join(project, `${file}.ts`));
  await mkdir(join(project, 'node_modules/@types'), { recursive: true });
  for (const name of ['@types/node', 'undici-types'])
    await symlink(join(root, 'node_modules', name), join(project, 'node_modules', name));
});

after(() => remove?.());

/** Compiles files of the project. Rejects with what the compiler says. */
async function compile(files, { version = 5, resolution = 'bundler', lib, types = '' }) {
  const tsc = join(root, 'node_modules', COMPILERS[version], 'bin/tsc');
  const environment = types ? ['--types', types] : ['--typeRoots', join(project, 'no-types')];
  try {
    await run(
      process.execPath,
      [tsc, ...STRICT, ...RESOLUTIONS[resolution], '--lib', lib, ...environment, ...files],
      project,
    );
  } catch (error) {
    throw new Error(error.stdout || error.stderr);
  }
}

for (const { version, resolution } of WAYS) {
  const way = `TypeScript ${version}, ${resolution}`;
  test(`${way}: a page`, () => compile(['page.ts'], { version, resolution, lib: 'es2022,dom' }));
  test(`${way}: a page with \`using\``, () =>
    compile(['using.ts'], { version, resolution, lib: 'es2022,esnext.disposable,dom' }));
  for (const types of ['', 'node']) {
    const where = types ? 'with @types/node' : 'without any types of the environment';
    test(`${way}: a server and a test ${where}`, () =>
      compile(['server.ts', 'emulator.ts'], { version, resolution, lib: 'es2022', types }));
  }
}

test('a mistake does not compile', async () => {
  await writeFile(
    join(project, 'mistake.ts'),
    `import { createFromDomainKey } from 'inbenta-auth';\nconst client: number = createFromDomainKey('d', 'k');`,
  );
  await assert.rejects(compile(['mistake.ts'], { lib: 'es2022,dom' }), /mistake\.ts\(2,7\)/);
});

/** What the pages of the documents have besides: the global of the script tag. */
const SCRIPT_TAG = `declare const InbentaAuthSDK: typeof import('inbenta-auth') & { client: import('inbenta-auth').AuthClient };`;

/** Its recipes need their frameworks. environments.test.js and tests/frameworks build them and run them. */
const RECIPES = 'docs/frameworks.md';

/** The documents' code as modules: {name: text}. */
async function modulesOfDocuments() {
  const modules = {};
  for (const { file, line, language, code, given } of await allSnippets()) {
    if (file == RECIPES) continue;
    const codes =
      { js: [code], ts: [code], javascript: [code], typescript: [code], mjs: [code], html: scriptsIn(code) }[
        language
      ] ?? [];
    for (const [i, text] of codes.entries())
      if (text.trim())
        modules[`${file.replace(/\W/g, '-')}-${line}${i ? `-${i}` : ''}.ts`] =
          `${given.replace(/\s+/g, ' ')} ${language == 'html' ? SCRIPT_TAG : ''} export {};\n${text}`;
  }
  return modules;
}

test('the code in README.md and docs/*.md', async () => {
  const modules = await modulesOfDocuments();
  assert.ok(Object.keys(modules).length > 3, 'there is some');
  for (const [name, text] of Object.entries(modules)) await writeFile(join(project, name), text);
  const files = Object.keys(modules);
  for (const version of [5, 7]) await compile(files, { version, lib: 'es2022,dom,dom.iterable', types: 'node' });
});

/** As much of React as the recipe takes. */
const REACT = `declare module 'react' {
  export function useState<State>(first: State): [State, (next: State) => void];
  export function useEffect(effect: () => () => void, dependencies: unknown[]): void;
}`;

test('the hook of React, with the types that its recipe names', async () => {
  const document = await readFile(join(root, RECIPES), 'utf8');
  const { code } = snippetsIn(document).find((one) => one.code.startsWith('// src/use-token.js\nimport { useEffect'));
  const types = /also import `([^`]+)`/.exec(document)[1];
  const state = /`(useState<[^`]+)`/.exec(document)[1];
  const typed = code
    .replace('useState({})', state)
    .replace('{ createFromDomainKey }', `{ ${types}, createFromDomainKey }`);
  const use = `const { token, error, client } = useToken();
    export const shown: string[] = [token?.accessToken ?? '', error?.message ?? '', typeof client?.getToken];`;
  await writeFile(join(project, 'react.d.ts'), REACT);
  await writeFile(join(project, 'hook.ts'), `${typed}${use}`);
  for (const version of [5, 7]) await compile(['react.d.ts', 'hook.ts'], { version, lib: 'es2022,dom' });
  await writeFile(join(project, 'hook.ts'), `${code}${use}`);
  await assert.rejects(compile(['react.d.ts', 'hook.ts'], { lib: 'es2022,dom' }), /hook\.ts/);
});

test('snippets: fences, indents, languages, and what is given', () => {
  const text =
    'a\n\n<!-- given: const a = 1; -->\n```js\nb(a);\n```\n\n1. x\n   ```sh\n   ls\n   ```\n```\nplain\n```\n';
  const found = snippetsIn(text, 'x.md');
  assert.deepEqual(
    found.map(({ line, language, code, given }) => [line, language, code, given]),
    [
      [5, 'js', 'b(a);\n', 'const a = 1;'],
      [10, 'sh', 'ls\n', ''],
      [13, '', 'plain\n', ''],
    ],
  );
  assert.deepEqual(scriptsIn('<script src="a.js"></script><script type="module">b()</script>'), ['b()']);
});

/* -----------------------------------------------------------------------------------------------------
 * The types are written by hand. Here is what holds them and the code together. */

const declarations = (entry) => readFile(join(root, `js/types/${entry}.d.cts`), 'utf8');

/** The members of an interface or a class, as its declaration has them. */
function membersOf(text, name) {
  const [, body] = new RegExp(`^export (?:declare )?(?:interface|class) ${name}\\b[^{]*\\{\\n([^]*?)^\\}`, 'm').exec(
    text,
  );
  return [
    ...new Set([...body.matchAll(/^ {2}(?:readonly |static |private )*(\w+)[?(:<]/gm)].map(([, member]) => member)),
  ]
    .filter((member) => member != 'constructor')
    .sort();
}

/** The names that the code lists when it refuses one that is unknown. */
function namesKnown(attempt, list) {
  try {
    attempt();
  } catch (error) {
    return list.exec(error.message)[1].split(', ').sort();
  }
  throw new Error('an unknown name was taken');
}

const KNOWN = /There are: ([\w, ]+)\./;

test('every entry exports what its types declare', async () => {
  for (const [name, entry] of Object.entries({ 'inbenta-auth': page, server, emulator })) {
    const text = await declarations(name);
    const declared = [...text.matchAll(/^export declare (?:function|class|const) (\w+)/gm)].map(([, value]) => value);
    const passedOn = /^export \{ ([\w, ]+) \} from/m.exec(text)?.[1].split(', ') ?? [];
    const exported = Object.keys(entry).filter((key) => key != 'default' && key != 'module.exports');
    assert.deepEqual([...new Set([...declared, ...passedOn])].sort(), exported.sort(), name);
  }
});

test('the options of each flow', async () => {
  const text = await declarations('inbenta-auth');
  const common = membersOf(text, 'ClientOptions');
  const flows = [
    [membersOf(text, 'DomainKeyOptions'), () => page.createFromDomainKey('d', 'k', { unknown: 1 })],
    [membersOf(text, 'AccessTokenOptions'), () => page.createFromAccessToken('t', 'k', { unknown: 1 })],
    [membersOf(await declarations('server'), 'SecretOptions'), () => server.createFromSecret('s', 'k', { unknown: 1 })],
  ];
  for (const [own, attempt] of flows) assert.deepEqual([...common, ...own].sort(), namesKnown(attempt, KNOWN));
  const handler = membersOf(await declarations('server'), 'HandlerOptions');
  const client = server.createFromSecret('s', 'k');
  for (const make of [server.tokenHandler, server.nodeTokenHandler])
    assert.deepEqual(
      handler,
      namesKnown(() => make(client, { unknown: 1 }), KNOWN),
    );
});

test('the options and the knobs of the emulator', async () => {
  const text = await declarations('emulator');
  const refused = async (options) =>
    emulator.startEmulator(options).then(
      () => assert.fail('taken'),
      (error) => /there are ([\w, ]+)$/.exec(error.message)[1].split(', ').sort(),
    );
  assert.deepEqual(membersOf(text, 'EmulatorOptions'), await refused({ unknown: 1 }));
  assert.deepEqual(membersOf(text, 'Knobs'), await refused({ knobs: { unknown: 1 } }));
});

test('the members of clients and errors', async () => {
  const text = await declarations('inbenta-auth');
  const listening = ['addEventListener', 'removeEventListener'];
  const own = Object.getOwnPropertyNames(page.AuthClient.prototype).filter((name) => name != 'constructor');
  assert.deepEqual(membersOf(text, 'AuthClient'), [...own, ...listening].sort());
  const error = new page.AuthError('timeout', { cause: 1 });
  assert.deepEqual(
    membersOf(text, 'AuthError'),
    Object.getOwnPropertyNames(error)
      .filter((name) => name != 'stack' && name != 'message')
      .sort(),
  );
});

test('the codes of errors', async () => {
  const [, union] = /^export type AuthErrorCode =\n([^;]*);/m.exec(await declarations('inbenta-auth'));
  const declared = [...union.matchAll(/'(\w+)'/g)].map(([, code]) => code).sort();
  const [, hints] = /^const HINTS = \{\n([^]*?)^\};/m.exec(await readFile(join(root, 'js/client/errors.js'), 'utf8'));
  const ofPages = [...hints.matchAll(/^ {2}(\w+): /gm)].map(([, code]) => code);
  assert.deepEqual(declared, [...ofPages, 'secret_in_browser'].sort());
});
