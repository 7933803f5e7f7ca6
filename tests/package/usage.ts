// What a TypeScript page writes; it only has to compile. `./run test` does that, strictly.

import { startEmulator, type Emulator, type Knobs, type RequestEntry } from 'inbenta-auth/emulator';
import { AuthClient, AuthError, createFromAccessToken, createFromDomainKey } from 'inbenta-auth';

const client: AuthClient = createFromDomainKey('domain key', 'API key', { endpoint: 'https://api.inbenta.io/v1', timeoutMs: 5000 });

export async function use(signal: AbortSignal): Promise<string> {
  try {
    const { accessToken, expiresAt, apis } = await client.getToken({ minValidityMs: 1000, signal });
    const answer: Response = await client.fetch('chatbot', '/v1/conversation', { method: 'POST' });
    const base: string = await client.apiUrl('chatbot');
    return `${accessToken.length} ${expiresAt.toFixed()} ${apis.chatbot} ${answer.status} ${base}`;
  } catch (error) {
    if (error instanceof AuthError && error.retryable) return `${error.code} ${error.hint} ${error.retryAfterMs + error.attempts + error.status}`;
    throw error;
  } finally {
    client.invalidate(client.token?.accessToken ?? '');
    client.dispose();
  }
}

export const handedOver = createFromAccessToken({ accessToken: 'token', expiration: 1_800_000_000 }, 'API key', {
  reauthorize: async ({ signal }) => ({ accessToken: await (await fetch('/token', { signal })).text(), expires_in: 1200 }),
});

// @ts-expect-error the keys are strings
createFromDomainKey(1, 'API key');
// @ts-expect-error there is no such option
createFromDomainKey('domain key', 'API key', { minValidity: 1 });

export async function emulate(): Promise<string> {
  const knobs: Knobs = { status: 503, path: '/auth', next: 2, body: { error: {} } };
  const seen: RequestEntry[] = [];
  const emulator: Emulator = await startEmulator({ domains: ['http://localhost:3000'], throttle: { requests: 10, periodS: 1 }, knobs: [{ lifetimeS: 60 }, knobs], log: (entry) => seen.push(entry) });
  emulator.set({ latencyMs: 100, status: null, log: null });
  const { id, secret }: { id: string; secret: string } = await emulator.createSecret(await emulator.createApiKey());
  const { domainKey } = await emulator.createDomainKey(emulator.apiKey, ['a.example']);
  await emulator.revoke('secret', id);
  await emulator.reset();
  await emulator.close();
  const first: string | null = emulator.domainKey ?? emulator.secret;
  return [emulator.endpoint, secret, domainKey, first, emulator.requests[0].keyId, emulator.requests[0].ms.toFixed(), emulator.knobs.length].join();
}

// @ts-expect-error there is no such kind
export const wrongKind = async (emulator: Emulator) => emulator.revoke('api-key', 'x');
// @ts-expect-error there is no such knob
startEmulator({ knobs: { delay: 1 } });
