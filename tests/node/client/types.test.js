// The types of the public interface, strictly, with and without the types of a browser.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

for (const lib of ['es2022,dom,dom.iterable', 'es2022,dom,dom.iterable,esnext.disposable'])
  test(`a page in TypeScript compiles: ${lib}`, () => {
    const { stdout, status } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2022', '--lib', lib, '--module', 'nodenext', '--types', '', 'tests/node/client/types.ts'], { cwd: root, encoding: 'utf8' });
    assert.equal(stdout, '');
    assert.equal(status, 0);
  });
