// What a test in TypeScript writes. It only has to compile, also where no types of a browser or of Node are known.

import {
  startEmulator,
  type Emulator,
  type EmulatorOptions,
  type Knobs,
  type RequestEntry,
} from 'inbenta-auth/emulator';

export async function emulate(): Promise<string> {
  const knobs: Knobs = { status: 503, path: '/auth', next: 2, body: { error: {} }, latencyMs: undefined };
  const seen: RequestEntry[] = [];
  const options: EmulatorOptions = {
    domains: ['http://localhost:3000'],
    throttle: { requests: 10, periodS: 1 },
    knobs: [{ lifetimeS: 60 }, knobs],
    log: (entry) => seen.push(entry),
  };
  const emulator: Emulator = await startEmulator(options);
  emulator.set({ latencyMs: 100, status: null, log: null });
  const { id, secret }: { id: string; secret: string } = await emulator.createSecret(await emulator.createApiKey());
  const { domainKey } = await emulator.createDomainKey(emulator.apiKey, ['a.example']);
  await emulator.revoke('secret', id);
  await emulator.reset();
  await emulator.close();
  const first: string | null = emulator.domainKey ?? emulator.secret;
  const problems: string[] = emulator.requests.map(({ ms, keyId, problem }) => `${ms.toFixed()} ${keyId} ${problem}`);
  return [emulator.endpoint, secret, domainKey, first, emulator.knobs.length, ...problems].join();
}

// @ts-expect-error there is no such kind
export const wrongKind = async (emulator: Emulator) => emulator.revoke('api-key', 'x');
// @ts-expect-error there is no such knob
startEmulator({ knobs: { delay: 1 } });

export async function credentials(): Promise<string[]> {
  const { domainKey, secret } = await startEmulator({ domains: ['http://localhost:3000'] });
  const { secret: ofNoDomain }: { secret: string } = await startEmulator();
  return [domainKey, secret, ofNoDomain];
}
