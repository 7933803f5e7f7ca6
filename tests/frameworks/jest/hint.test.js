// The hint for a refused domain key fits what this environment sends.
const { createFromDomainKey } = require('inbenta-auth');
const { startEmulator } = require('inbenta-auth/emulator');
const { expect, test } = require('@jest/globals');

test('where an Origin is sent, the hint names it; where none is sent, it says so', async () => {
  const emulator = await startEmulator({ domains: ['https://www.example.com'] });
  const { endpoint, apiKey, domainKey } = emulator;
  const client = createFromDomainKey(domainKey, apiKey, { endpoint });
  const { hint } = await client.getToken().catch((error) => error);
  const { origin } = emulator.requests.find(({ path }) => path == '/v1/auth');
  expect(hint).toContain(origin ?? 'No Origin is sent here');
  client.dispose();
  await emulator.close();
});
