// inbenta-authd conforms, with SQLite and with PostgreSQL.

import { randomBytes } from 'node:crypto';
import { Authd } from '../support/authd.js';
import { Postgres } from '../support/postgres.js';
import { conforms, conformsInApis, PRODUCTS } from './suite.js';

const adminToken = randomBytes(24).toString('base64url');

/** Starts two servers on one store. Tokens of the second server live for one second. */
async function start(t, db) {
  const authd = await Authd.create(db);
  t.after(() => authd.remove());
  const short = await Authd.create(authd.db);
  t.after(() => short.remove());
  return {
    endpoint: await authd.serve({ apis: { chatbot: 'https://api.example/prod/chatbot' }, adminToken }),
    shortEndpoint: await short.serve({ lifetimeS: 1 }),
    adminToken,
    createApiKey: () => authd.createApiKey(),
    createSecret: (apiKey) => authd.command('secret', 'create', '--api-key', apiKey),
    rotateSecret: (id, overlapS) => authd.command('secret', 'rotate', id, '--overlap', `${overlapS}`),
    rotateSigningKey: (publishS) => authd.command('signing-key', 'rotate', '--publish', `${publishS}`),
    createDomainKey: (apiKey, domains) => authd.createDomainKey(apiKey, domains),
    setDomains: (id, domains) =>
      authd.command('domain-key', 'set-domains', id, ...domains.flatMap((domain) => ['--domain', domain])),
    revoke: (kind, id) => authd.command(kind, 'revoke', id),
  };
}

conforms('inbenta-authd on SQLite', (t) => start(t));

conforms('inbenta-authd on PostgreSQL', async (t) => {
  const postgres = await Postgres.create();
  process.env.PGPASSFILE = postgres.passwordFile;
  t.after(() => postgres.remove());
  return start(t, postgres.url);
});

conformsInApis('inbenta-authd', async (t, how) => {
  const authd = await Authd.create();
  t.after(() => authd.remove());
  const endpoint = await authd.serve({ apis: PRODUCTS, words: how ? ['--apis', how] : [] });
  const apiKey = await authd.createApiKey();
  const { secret } = await authd.command('secret', 'create', '--api-key', apiKey);
  return { endpoint, apiKey, secret };
});
