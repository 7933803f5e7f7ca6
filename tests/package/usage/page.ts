// What a TypeScript page writes. It only has to compile; types.test.js does that, strictly.

import {
  AuthClient,
  AuthError,
  createFromAccessToken,
  createFromDomainKey,
  tokenFrom,
  type AccessToken,
  type AuthClientEventMap,
  type AuthErrorCode,
  type ClientOptions,
  type Grant,
} from 'inbenta-auth';
import * as external from 'inbenta-auth/external';

// Optional properties take undefined, also under exactOptionalPropertyTypes.
const options: ClientOptions = {
  endpoint: undefined,
  timeoutMs: 5000,
  log: (entry) => {
    console.log(entry.type);
    if (entry.type == 'request' || entry.type == 'fetch') console.log(entry.status.toFixed());
    if (entry.type == 'error') console.log(entry.code, entry.hint);
  },
  userType: 1,
};
const client: AuthClient = createFromDomainKey('domain key', 'API key', {
  ...options,
  persist: 'session',
  domainKeyName: 'domain_key',
});

client.addEventListener('token', ({ detail }) => {
  const token: AccessToken = detail;
  const at: Date = new Date(token.expiresAt);
  console.log(at.getTime(), Object.keys(token.apis));
});
client.addEventListener('error', (event) => {
  const code: AuthErrorCode = event.detail.code;
  const words: string = event.detail.serverMessage || event.detail.hint;
  console.warn(code, words, event.type, event.timeStamp);
});
client.addEventListener('quota', ({ detail: { quotaUsage } }) => console.log(quotaUsage?.toFixed()), {
  once: true,
  signal: new AbortController().signal,
});
const expired = (event: AuthClientEventMap['expired']): undefined => event.detail;
client.addEventListener('expired', expired);
client.removeEventListener('expired', expired);
client.addEventListener('request', ({ detail: { url, status } }) => console.log(url.length, status.toFixed()));
client.addEventListener('token', { handleEvent: ({ detail }) => console.log(detail.accessToken.length) });

// @ts-expect-error there is no such event
client.addEventListener('tokens', () => {});
// @ts-expect-error an expired token has no detail
client.addEventListener('expired', ({ detail }) => detail.code);

export async function use(signal: AbortSignal | undefined): Promise<string> {
  try {
    const { accessToken, expiresAt, apis } = await client.getToken({ minValidityMs: 1000, signal });
    const response: Response = await client.fetch('chatbot', '/v1/conversation', { method: 'POST' });
    await client.fetch(new URL('https://api.example/v1/conversation'), {
      headers: { 'x-inbenta-session': 'Bearer s' },
    });
    const base: string = await client.apiUrl('chatbot');
    const product: string | undefined = apis.chatbot;
    return `${accessToken.length} ${expiresAt.toFixed()} ${product} ${response.status} ${base}`;
  } catch (error) {
    if (error instanceof AuthError && error.retryable)
      return `${error.code} ${error.retryAfterMs + error.attempts + error.status}`;
    throw error;
  } finally {
    client.invalidate(client.token?.accessToken ?? '');
    client.forget();
    client.dispose();
  }
}

const grant: Grant = { accessToken: 'token', expires_in: 1200, expiration: undefined, apis: null };
export const handedOver = createFromAccessToken(grant, 'API key', {
  reauthorize: tokenFrom('/token', { headers: { 'X-CSRF': '1' } }),
});
createFromAccessToken('token', 'API key', {
  reauthorize: async ({ signal }) => (await fetch('/token', { signal })).json(),
});
createFromAccessToken('token', 'API key', { reauthorize: async () => 'token' });

export const other: AuthClient = external.createFromDomainKey('domain key', 'API key', {
  wasm: new URL('https://shop.example/inbenta-auth.wasm'),
});

export function isLate(error: unknown): boolean {
  return error instanceof external.AuthError && error.code == 'timeout';
}

const error = new Error() as unknown;
// @ts-expect-error there is no such code
if (error instanceof AuthError && error.code == 'time_out') console.log();
// @ts-expect-error the keys are strings
createFromDomainKey(1, 'API key');
// @ts-expect-error there is no such option
createFromDomainKey('domain key', 'API key', { minValidity: 1 });
// @ts-expect-error of the other flow
createFromDomainKey('domain key', 'API key', { reauthorize: async () => 'token' });
// @ts-expect-error times are numbers
createFromAccessToken({ accessToken: 'token', expires_in: '1200' }, 'API key');
// @ts-expect-error a client is made by a function
new AuthClient();
