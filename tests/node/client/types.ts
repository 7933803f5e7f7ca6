// What a TypeScript page writes with the client's types. tests/node/client/types.test.js compiles it, strictly.

import { AuthClient, AuthError, createFromAccessToken, createFromDomainKey, tokenFrom } from '../../../dist/client/index.js';
import type { AccessToken, AuthErrorCode, ClientOptions, Grant, LogEntry, Quota } from '../../../dist/client/index.js';
import { createFromSecret, nodeTokenHandler, tokenHandler } from '../../../dist/server/index.js';

const options: ClientOptions = { endpoint: undefined, timeoutMs: 5000, userType: 3, log: (entry: LogEntry) => void entry.type.length };
const client: AuthClient = createFromDomainKey('domain key', 'API key', { ...options, persist: 'session', domainKeyName: undefined });

client.addEventListener('token', ({ detail }) => void detail.accessToken.length);
client.addEventListener('error', ({ detail }) => void (detail.code.length + (detail.serverMessage?.length ?? 0)));
client.addEventListener('quota', ({ detail }) => void ((detail satisfies Quota).quotaUsage ?? 0).toFixed());
client.addEventListener('expired', ({ type }) => void type, { once: true });
client.removeEventListener('expired', null);
// @ts-expect-error there is no such event
client.addEventListener('refresh', () => {});
// @ts-expect-error there is no such option
createFromDomainKey('domain key', 'API key', { minValidity: 1 });
// @ts-expect-error of another flow
createFromAccessToken('token', 'API key', { persist: 'session' });
// @ts-expect-error it keeps for the session only
createFromDomainKey('domain key', 'API key', { persist: 'local' });

export const grant: Grant = { accessToken: 'token', expires_in: 1200, apis: null };
export const handedOver = createFromAccessToken(grant, 'API key', { reauthorize: tokenFrom('/token') });
export const own = createFromAccessToken('token', 'API key', { reauthorize: async ({ signal }) => (await fetch('/token', { signal })).json() as Promise<Grant> });

export async function use(): Promise<AccessToken | AuthErrorCode | null> {
  try {
    const answer: Response = await client.fetch('chatbot', '/v1/conversation', { method: 'POST' });
    return answer.ok ? client.token : await client.getToken({ forceRefresh: true });
  } catch (error) {
    if (error instanceof AuthError) return error.code;
    throw error;
  } finally {
    client.forget();
  }
}

const server = createFromSecret('secret', 'API key', { userPersonalSecret: 'personal' });
export const handlers = [tokenHandler(server, { authorize: (request) => request.headers.has('cookie') }), nodeTokenHandler(server, { authorize: async () => true, log: (message) => void message })];

export function briefly(): AccessToken | null {
  using made = createFromDomainKey('domain key', 'API key');
  return made.token;
}
