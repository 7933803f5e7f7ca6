// With fake timers as the recipe has them, a token is obtained, expires when time is advanced, and is obtained again.
import { createFromSecret } from 'inbenta-auth/server';
import { startEmulator } from 'inbenta-auth/emulator';
import { expect, test, vi } from 'vitest';

test('fake timers', async () => {
  const emulator = await startEmulator();
  vi.useFakeTimers({ shouldAdvanceTime: true });
  const { secret, apiKey, endpoint } = emulator;
  const client = createFromSecret(secret, apiKey, { endpoint, autoRefresh: false });
  const first = await client.getToken();
  vi.advanceTimersByTime(1_300_000);
  expect(client.token).toBe(null);
  expect((await client.getToken()).accessToken).not.toBe(first.accessToken);
  client.dispose();
  vi.useRealTimers();
  await emulator.close();
});
