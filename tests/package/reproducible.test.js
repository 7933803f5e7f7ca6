// Two clean clones in different folders build the same bytes, by the doors that people use without ./run: `npm pack`
// and `npm run build`.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { folderFor, root, run } from '../support/plain-api.js';

/** Clones the last commit into `folder` and runs npm there. What comes from registries and archives is given. */
async function buildClone(folder, ...words) {
  await run('git', ['clone', '-q', root, folder]);
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  await mkdir(join(folder, 'build'));
  await cp(join(root, 'build/cjson'), join(folder, 'build/cjson'), { recursive: true });
  await run('npm', words, { cwd: folder, maxBuffer: 1 << 24 });
}

/** {file: digest} of dist/. */
async function digests(folder) {
  const found = {};
  for (const entry of await readdir(join(folder, 'dist'), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath ?? entry.path, entry.name);
    found[file.slice(folder.length + 1)] = createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
  }
  return found;
}

test('two clean clones in different folders have the same bytes in dist/', async (t) => {
  const folder = await folderFor(t);
  const [here, there] = [join(folder, 'here'), join(folder, 'some where/else')];
  await buildClone(here, 'pack');
  await mkdir(join(folder, 'some where'));
  await buildClone(there, 'run', 'build');
  const [one, other] = [await digests(here), await digests(there)];
  assert.ok(Object.keys(one).includes('dist/inbenta-auth.wasm'), Object.keys(one).join());
  assert.deepEqual(one, other);
  assert.ok(
    (await readdir(here)).some((name) => name.endsWith('.tgz')),
    'npm pack made the package',
  );
  assert.equal(
    (await run('git', ['status', '--porcelain'], { cwd: there })).stdout,
    '',
    'a build leaves the clone as it was',
  );
});
