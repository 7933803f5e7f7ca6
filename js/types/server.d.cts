// The types of 'inbenta-auth/server'. Nothing here needs lib.dom or @types/node.

import type { AuthClient, ClientOptions } from './inbenta-auth.cjs';

export { AuthClient, AuthError } from './inbenta-auth.cjs';
export type {
  AccessToken,
  AuthClientEventMap,
  AuthErrorCode,
  AuthEvent,
  ClientOptions,
  GetTokenOptions,
  LogEntry,
  Quota,
} from './inbenta-auth.cjs';

type Global<Name extends string, Otherwise> = typeof globalThis extends { [Key in Name]: { prototype: infer Instance } } ? Instance : Otherwise;
type Request = Global<'Request', { readonly method: string; readonly url: string; readonly headers: { get(name: string): string | null } }>;
type Response = Global<'Response', { readonly status: number; text(): Promise<string> }>;

export interface SecretOptions extends ClientOptions {
  /** For the editor APIs. */
  userPersonalSecret?: string | undefined;
}

/**
 * A client for the API Secret flow. Starts nothing until a token is asked for.
 * @param secret from a file or the environment, never from code that a browser gets
 * @throws {AuthError} secret_in_browser, invalid_config, insecure_endpoint
 */
export declare function createFromSecret(secret: string, apiKey: string, options?: SecretOptions): AuthClient;

export interface HandlerOptions {
  /**
   * Whether this visitor may have a token, for example by the session's cookie. true passes; false, null and undefined
   * are 403; anything else is a mistake. `nodeTokenHandler` passes Node's or Express's own request as second argument.
   */
  authorize: (request: Request, ...more: any[]) => boolean | null | undefined | Promise<boolean | null | undefined>;
  /** What went wrong on the server (console.error). */
  log?: ((message: string, error?: unknown) => void) | undefined;
}

/**
 * Gives a page of this server a token: the other end of `tokenFrom`. It answers POST from pages of the same origin with
 * `{accessToken, expiration, expires_in, apis}`.
 */
export declare function tokenHandler(client: AuthClient, options: HandlerOptions): (request: Request) => Promise<Response>;

/** The same for Node's http, https and http2, and Express. */
export declare function nodeTokenHandler(client: AuthClient, options: HandlerOptions): (incoming: any, response: any, next?: (error: unknown) => void) => Promise<void>;
