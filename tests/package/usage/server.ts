// What a server in TypeScript writes. It only has to compile, also where no types of a browser or of Node are known.

import {
  AuthClient,
  AuthError,
  createFromSecret,
  nodeTokenHandler,
  tokenHandler,
  type AccessToken,
  type ClientOptions,
  type HandlerOptions,
} from 'inbenta-auth/server';
import * as page from 'inbenta-auth';

const options: ClientOptions = { endpoint: 'https://api.inbenta.io/v1', connectionEntryPoint: undefined };
const client: AuthClient = createFromSecret('secret', 'API key', { ...options, userPersonalSecret: undefined });
client.addEventListener('error', ({ detail }) => detail.hint.length);

const handling: HandlerOptions = {
  authorize: (request) => request.headers.get('Cookie') !== null,
  log: (message: string) => void message,
};
export const handle = tokenHandler(client, handling);
export const handleNode = nodeTokenHandler(client, {
  authorize: async (_request, incoming) => incoming.session?.user === 'me',
});

export async function use(): Promise<string> {
  try {
    const token: AccessToken = await client.getToken({ forceRefresh: true });
    await client.fetch('chatbot', '/v1/conversation', { method: 'POST', body: '{}' });
    return token.accessToken;
  } catch (error) {
    if (error instanceof AuthError) return error.code + error.stack;
    if (error instanceof page.AuthError) return error.hint;
    throw error;
  }
}

export const samePage: page.AuthClient = client;

export function validUntil(value: unknown): number | undefined {
  if (value instanceof AuthClient || value instanceof page.AuthClient) return value.token?.expiresAt;
  return undefined;
}

// @ts-expect-error authorize must say who may have a token
tokenHandler(client, {});
// @ts-expect-error the page's option
createFromSecret('secret', 'API key', { persist: 'session' });
