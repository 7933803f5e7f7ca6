// The threads of inbenta-authd under ThreadSanitizer, which stops a program at the first data race.

import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

for (const name of ['log_writer', 'last_used_writer', 'connections'])
  test(`${name} under ThreadSanitizer`, { timeout: 120_000 }, () =>
    promisify(execFile)(
      fileURLToPath(new URL(`../../../build/threads/tests/c/authd/test_authd_${name}`, import.meta.url)),
      { env: { ...process.env, TSAN_OPTIONS: 'halt_on_error=1' } },
    ),
  );
