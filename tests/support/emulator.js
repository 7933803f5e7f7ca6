// Requests to an emulator, for the tests.

import { startEmulator } from 'inbenta-auth/emulator';

export const ORIGIN = 'http://localhost:3000';

/** Starts an emulator with a domain key for ORIGIN. It is closed at the end of the test. */
export async function emulate(t, options) {
  const emulator = await startEmulator({ domains: [ORIGIN], ...options });
  t.after(() => emulator.close());
  return emulator;
}

/** POST /auth, as a page at ORIGIN sends it. `more` has members of RequestInit. */
export function auth({ endpoint, apiKey, domainKey }, { headers, ...more } = {}) {
  return fetch(`${endpoint}/auth`, {
    method: 'POST',
    headers: { 'x-inbenta-key': apiKey, Origin: ORIGIN, 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify({ domainKey }),
    signal: AbortSignal.timeout(20_000),
    ...more,
  });
}

export async function tokenOf(emulator) {
  return (await auth(emulator)).json();
}

export function refresh({ endpoint, apiKey }, accessToken) {
  return fetch(`${endpoint}/refreshToken`, {
    method: 'POST',
    headers: { 'x-inbenta-key': apiKey, Authorization: `Bearer ${accessToken}`, Origin: ORIGIN },
  });
}

/** The reason of a refusal. */
export const reasonOf = async (answer) => (await answer.json()).error?.reason;
