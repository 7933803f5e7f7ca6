// Makes what is handed out of this version, out of dist/ and build/native:
//
//   inbenta-auth-VERSION.tgz                    the npm package
//   script-tag/                                 the script-tag file, its digest, license and notices
//   inbenta-auth-c-VERSION-SYSTEM.tar.gz        the C library, its header, inbenta-token and inbenta-authd
//   RELEASE_NOTES.md                            what changed, from CHANGELOG.md, and the script tag with its digest
//   SHA256SUMS                                  of all of these
//
// `./run release` builds first and runs it. `--out FOLDER` is another folder than build/release.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = (command, args, cwd = root) => promisify(execFile)(command, args, { cwd, maxBuffer: 1 << 24 });
const read = (file) => readFile(join(root, file), 'utf8');

/** The section of a version, without its heading. */
function changesOf(version, changelog) {
  const [, ...sections] = changelog.split(/^## /m);
  const section = sections.find((text) => text.split(/\s/)[0] == version);
  if (!section) throw new Error(`CHANGELOG.md has no section "## ${version}"`);
  return section.slice(section.indexOf('\n')).trim();
}

/**
 * Text without links to files, which are not beside the notes: "[recipes](docs/frameworks.md#jest)" becomes
 * "recipes (docs/frameworks.md)".
 */
const withoutLinks = (text) =>
  text.replace(/\[([^\]]+)\]\(((?!https:)[^)#]+)[^)]*\)/g, (_, words, file) =>
    words == file ? file : `${words} (${file})`,
  );

async function filesIn(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
}

const { values } = parseArgs({ options: { out: { type: 'string' } } });
const out = resolve(values.out ?? join(root, 'build/release'));
const { version } = JSON.parse(await read('package.json'));
const changes = changesOf(version, await read('CHANGELOG.md'));

await rm(out, { recursive: true, force: true });
await mkdir(join(out, 'script-tag'), { recursive: true });

await run('npm', ['pack', '--ignore-scripts', '--pack-destination', out]);

for (const file of [
  'dist/inbenta-auth.min.js',
  'dist/inbenta-auth.min.js.map',
  'dist/THIRD_PARTY_NOTICES.md',
  'LICENSE',
])
  await copyFile(join(root, file), join(out, 'script-tag', file.replace('dist/', '')));
const digest = JSON.parse(await read('dist/integrity.json'))['inbenta-auth.min.js'];
await writeFile(
  join(out, 'script-tag/integrity.json'),
  `${JSON.stringify({ 'inbenta-auth.min.js': digest }, null, 2)}\n`,
);

const archive = `inbenta-auth-c-${version}-${os.platform()}-${os.machine()}`;
await run('cpack', [
  '-G',
  'TGZ',
  '--config',
  join(root, 'build/native/CPackConfig.cmake'),
  '-B',
  join(out, 'cpack'),
  '-D',
  `CPACK_PACKAGE_FILE_NAME=${archive}`,
  '-D',
  'CPACK_STRIP_FILES=ON',
]);
await copyFile(join(out, `cpack/${archive}.tar.gz`), join(out, `${archive}.tar.gz`));
await rm(join(out, 'cpack'), { recursive: true });

await writeFile(
  join(out, 'RELEASE_NOTES.md'),
  `# inbenta-auth ${version}

The documents that are named here are in \`docs/\` of the npm package, \`inbenta-auth-${version}.tgz\`.

${withoutLinks(changes)}

## The script tag

\`\`\`html
<script src="/inbenta-auth.min.js" integrity="${digest}"
        data-domain-key="DOMAIN KEY" data-api-key="API KEY"></script>
\`\`\`
`,
);

const sums = [];
for (const file of await filesIn(out))
  sums.push(
    `${createHash('sha256')
      .update(await readFile(join(out, file)))
      .digest('hex')}  ${file}\n`,
  );
await writeFile(join(out, 'SHA256SUMS'), sums.join(''));
for (const file of await filesIn(out)) console.log(join(out, file));
