// The package can be imported without a window, and the import has no side effects.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import test from 'node:test';
import { promisify } from 'node:util';

const run = (code) =>
  promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], {
    cwd: new URL('../../..', import.meta.url),
  });

test('import leaves no trace and keeps no process alive', async () => {
  const { stdout, stderr } = await run(`
    const before = Reflect.ownKeys(globalThis).length;
    const { createFromDomainKey } = await import('inbenta-auth');
    createFromDomainKey('d', 'k');
    console.log(Reflect.ownKeys(globalThis).length - before);`);
  assert.equal(stdout, '0\n');
  assert.equal(stderr, '');
});
