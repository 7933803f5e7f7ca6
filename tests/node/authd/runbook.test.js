// "When something happens" in docs/authd.md: each block of commands runs on a server with real keys.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Authd } from '../../support/authd.js';
import { folderFor, root } from '../../support/plain-api.js';

/** The blocks of commands, with the first line before each as title. */
async function blocks() {
  const text = await readFile(join(root, 'docs/authd.md'), 'utf8');
  const [, section] = /^## When something happens\n([^]*?)^## /m.exec(text);
  return [...section.matchAll(/([^]*?)```sh\n([^]*?)```/g)].map(([, before, commands]) => ({
    title: before.trim().split('\n')[0],
    commands,
  }));
}

test('each block of "When something happens" works', { timeout: 120_000 }, async (t) => {
  const all = await blocks();
  assert.ok(all.length >= 8, `${all.length} blocks`);
  const seen = new Set();
  for (const { title, commands } of all)
    await t.test(title.slice(0, 70), async (t) => {
      const folder = await folderFor(t);
      const authd = await Authd.create(join(folder, 'inbenta-authd.db'));
      t.after(() => authd.remove());
      const { apiKey } = await authd.command('api-key', 'create', '--name', 'shop');
      const { id: secretId, secret } = await authd.command('secret', 'create', '--api-key', apiKey);
      const { id: domainKeyId } = await authd.createDomainKey(apiKey, ['shop.example']);
      await copyFile(authd.db, join(folder, 'backup.db'));
      await writeFile(join(folder, 'admin-token'), 'f'.repeat(40), { mode: 0o600 });
      const endpoint = await authd.serve({
        words: ['--admin-token-file', join(folder, 'admin-token'), '--audit', join(folder, 'audit.log')],
      });
      const post = (url, headers, body) =>
        fetch(url, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', ...headers },
          body: JSON.stringify(body),
        });
      const grant = () => post(`${endpoint}/auth`, { 'x-inbenta-key': apiKey }, { secret });
      const { accessToken } = await (await grant()).json();
      await post(
        new URL('/admin/api-keys', endpoint),
        { Authorization: `Bearer ${'f'.repeat(40)}` },
        { name: 'by admin' },
      );
      const spare = await authd.command('secret', 'create', '--api-key', apiKey);
      await authd.command('secret', 'revoke', spare.id, '--audit', join(folder, 'audit.log'));
      const [header, claims] = accessToken
        .split('.')
        .slice(0, 2)
        .map((part) => JSON.parse(Buffer.from(part, 'base64url')));
      const words = {
        'SIGNING-KEY': header.kid,
        'DOMAIN-KEY': domainKeyId,
        'API-KEY': apiKey,
        SECRET: secretId,
        SERVER: authd.pid,
        JTI: claims.jti,
      };
      const script = commands.replace(/\b(SIGNING-KEY|DOMAIN-KEY|API-KEY|SECRET|SERVER|JTI)\b/g, (word) => words[word]);
      await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
        cwd: folder,
        env: { ...process.env, PATH: `${dirname(authd.program)}:${process.env.PATH}` },
      });
      if (/secret revoke|api-key revoke/.test(script)) assert.equal((await grant()).status, 403, 'revoked');
      if (/signing-key (revoke|rotate)/.test(script) && !/cp backup/.test(script)) {
        await new Promise((resolve) => setTimeout(resolve, 1100));
        assert.equal(
          (
            await fetch(`${endpoint}/refreshToken`, {
              method: 'POST',
              headers: { 'x-inbenta-key': apiKey, Authorization: `Bearer ${accessToken}` },
            })
          ).status,
          403,
        );
      }
      for (const [name] of script.matchAll(/[a-z-]+ (?:list|create|revoke|rotate)|grep|kill -HUP|cp backup/g))
        seen.add(name);
    });
  for (const name of [
    'signing-key revoke',
    'signing-key rotate',
    'secret revoke',
    'domain-key revoke',
    'api-key revoke',
    'kill -HUP',
    'cp backup',
    'grep',
  ])
    assert.ok(seen.has(name), name);
});
