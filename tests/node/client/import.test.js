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

for (const file of ['inbenta-auth.cjs', 'old.cjs', 'server.cjs', 'emulator.cjs'])
  test(`${file} is loaded after a page added members to Object.prototype`, async () => {
    const { stdout, stderr } = await run(`
      import { createRequire } from 'node:module';
      const require = createRequire(process.cwd() + '/');
      Object.assign(Object.prototype, { endpoint: 'https://evil.example', log() {} });
      const names = Object.keys(require('./dist/${file}'));
      console.log(names.length > 0 && !names.includes('endpoint'));`);
    assert.equal(stdout, 'true\n');
    assert.equal(stderr, '');
  });
