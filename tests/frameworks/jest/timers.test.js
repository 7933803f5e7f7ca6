/** @jest-environment node */

// With fake timers as the recipe has them, a token is obtained, expires when time is advanced, and is obtained again.
const { createFromSecret } = require('inbenta-auth/server');
const { startEmulator } = require('inbenta-auth/emulator');

test('fake timers', async () => {
  const emulator = await startEmulator();
  jest.useFakeTimers({ advanceTimers: true });
  const { secret, apiKey, endpoint } = emulator;
  const client = createFromSecret(secret, apiKey, { endpoint, autoRefresh: false });
  const first = await client.getToken();
  jest.advanceTimersByTime(1_300_000);
  expect(client.token).toBe(null);
  expect((await client.getToken()).accessToken).not.toBe(first.accessToken);
  client.dispose();
  jest.useRealTimers();
  await emulator.close();
});
