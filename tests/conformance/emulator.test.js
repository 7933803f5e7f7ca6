// The emulator conforms, with keys in memory and with keys in a JSON file. With a file, it restarts after each change.

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmulator } from 'inbenta-auth/emulator';
import { conforms, conformsInApis, PRODUCTS } from './suite.js';

const OPTIONS = {
  apis: { chatbot: 'https://api.example/prod/chatbot' },
  adminToken: randomBytes(24).toString('base64url'),
  userPersonalSecret: 'a personal one',
};

/** @param {(name: string, words: unknown[]) => Promise<unknown>} change calls a method of the emulator */
function hostOf(running, change, personality = undefined) {
  return {
    personality,
    get endpoint() {
      return running().endpoint;
    },
    /** The same server. Reading this property shortens the lifetime of the next token. */
    get shortEndpoint() {
      running().set({ lifetimeS: 1, next: 1 });
      return running().endpoint;
    },
    adminToken: OPTIONS.adminToken,
    userPersonalSecret: OPTIONS.userPersonalSecret,
    createApiKey: () => change('createApiKey'),
    createSecret: (apiKey) => change('createSecret', apiKey),
    rotateSecret: (id, overlapS) => change('rotateSecret', id, overlapS),
    rotateSigningKey: (publishS) => change('rotateSigningKey', publishS),
    createDomainKey: (apiKey, domains) => change('createDomainKey', apiKey, domains),
    setDomains: (id, domains) => change('setDomains', id, domains),
    revoke: (kind, id) => change('revoke', kind, id),
  };
}

conforms('the emulator, in memory', async (t) => {
  const emulator = await startEmulator(OPTIONS);
  t.after(() => emulator.close());
  return hostOf(
    () => emulator,
    (name, ...words) => emulator[name](...words),
  );
});

conforms('the emulator as gateway', async (t) => {
  const emulator = await startEmulator({ ...OPTIONS, personality: 'gateway' });
  t.after(() => emulator.close());
  return hostOf(
    () => emulator,
    (name, ...words) => emulator[name](...words),
    'gateway',
  );
});

conforms('the emulator, started anew from its file after each change', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'inbenta-auth-emulator-'));
  const options = { ...OPTIONS, file: join(folder, 'keys.json') };
  let emulator = await startEmulator(options);
  t.after(async () => {
    await emulator.close();
    await rm(folder, { recursive: true });
  });
  return hostOf(
    () => emulator,
    async (name, ...words) => {
      const result = await emulator[name](...words);
      await emulator.close();
      emulator = await startEmulator(options);
      return result;
    },
  );
});

for (const personality of ['authd', 'gateway'])
  conformsInApis(`the emulator as ${personality}`, async (t, how) => {
    const emulator = await startEmulator({ apis: PRODUCTS, personality, knobs: how ? { apis: how } : [] });
    t.after(() => emulator.close());
    return emulator;
  });
