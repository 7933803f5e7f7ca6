// A page and the emulator in both personalities. Both grant the same tokens. For each refusal, the page gets an error
// code: from the server's `reason`, or without it, as in production (docs/wire.md, "What the client makes of them").

import { startEmulator } from 'inbenta-auth/emulator';
import { expect, getToken, makeClient, test as base } from './fixture.js';

const test = base.extend({
  personality: ['authd', { option: true }],
  emulator: async ({ site, personality }, use) => {
    const emulator = await startEmulator({
      domains: [site.origin],
      apis: { chatbot: 'https://api.example/prod/chatbot' },
      personality,
      quota: { requests: 50, periodS: 3600 },
    });
    await use(emulator);
    await emulator.close();
  },
});

/** Each case: its name, a function that returns the client's settings, and the codes with authd and with gateway. */
const REFUSALS = [
  [
    'another API key',
    (emulator) => ({ ...emulator, apiKey: 'another' }),
    'credentials_rejected',
    'credentials_rejected',
  ],
  [
    'another domain key',
    (emulator) => ({ ...emulator, domainKey: 'another' }),
    'credentials_rejected',
    'credentials_rejected',
  ],
  ['a wrong URL', (emulator) => ({ ...emulator, endpoint: `${emulator.url}/v2` }), 'bad_response', 'endpoint_refused'],
  ['a firewall', (emulator) => (emulator.set({ firewall: true }), emulator), 'endpoint_refused', 'endpoint_refused'],
  [
    'an origin that is not on the list',
    async (emulator) => (await emulator.setDomains(emulator.domainKeyId, ['shop.example']), emulator),
    'origin_not_allowed',
    'credentials_rejected',
  ],
  [
    'a revoked key',
    async (emulator) => (await emulator.revoke('domain-key', emulator.domainKeyId), emulator),
    'key_revoked',
    'credentials_rejected',
  ],
];

const clientOf = ({ apiKey, domainKey, endpoint }) => ({ apiKey, domainKey, endpoint });

for (const [at, personality] of ['authd', 'gateway'].entries())
  test.describe(personality, () => {
    test.use({ personality });

    test('tokens are granted and refreshed', async ({ page, site, emulator }) => {
      await page.goto(site.origin);
      await makeClient(page, clientOf(emulator));
      const first = await getToken(page);
      expect(first.apis).toEqual({ chatbot: 'https://api.example/prod/chatbot' });
      const next = await getToken(page, { forceRefresh: true });
      expect(next.accessToken).not.toBe(first.accessToken);
      expect(
        emulator.requests.filter(({ method }) => method == 'POST').map(({ path, status }) => `${path} ${status}`),
      ).toEqual(['/v1/auth 200', '/v1/refreshToken 200']);
    });

    for (const [what, arrange, ...codes] of REFUSALS)
      test(`${what}: ${codes[at]}`, async ({ page, site, emulator }) => {
        await page.goto(site.origin);
        await makeClient(page, clientOf(await arrange(emulator)));
        expect((await getToken(page, { timeoutMs: 4000 })).code).toBe(codes[at]);
        expect(emulator.requests.filter(({ method }) => method == 'POST')).toHaveLength(1);
      });

    test('a used-up quota is rate_limited, with the time to wait', async ({ page, site, emulator }) => {
      await page.goto(site.origin);
      for (let i = 0; i < 50; i++)
        await fetch(`${emulator.endpoint}/auth`, { method: 'POST', headers: { 'x-inbenta-key': emulator.apiKey } });
      await makeClient(page, clientOf(emulator));
      const error = await getToken(page, { timeoutMs: 4000 });
      expect(error.code).toBe('rate_limited');
      const { headers } = await fetch(`${emulator.endpoint}/auth`, {
        method: 'POST',
        headers: { 'x-inbenta-key': emulator.apiKey },
      });
      expect(headers.has('Retry-After')).toBe(personality == 'authd');
      expect(Math.abs(error.retryAfterMs - (Number(headers.get('x-quota-reset')) * 1000 - Date.now()))).toBeLessThan(
        5000,
      );
    });
  });
