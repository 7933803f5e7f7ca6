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
  RequestEnd,
} from './inbenta-auth.cjs';

type Global<Name extends string, Otherwise> = typeof globalThis extends { [Key in Name]: { prototype: infer Instance } }
  ? Instance
  : Otherwise;
type Request = Global<
  'Request',
  { readonly method: string; readonly url: string; readonly headers: { get(name: string): string | null } }
>;
type Response = Global<'Response', { readonly status: number; text(): Promise<string> }>;

export interface SecretOptions extends ClientOptions {
  /** The user's personal secret, which the editor APIs need. */
  userPersonalSecret?: string | undefined;
}

/**
 * Makes a client for the API Secret flow. Nothing starts until a token is requested.
 * @param secret from a file or the environment, never from code that a browser gets
 * @throws {AuthError} secret_in_browser, invalid_config, insecure_endpoint, wasm_unavailable
 */
export declare function createFromSecret(secret: string, apiKey: string, options?: SecretOptions): AuthClient;

export interface HandlerOptions {
  /**
   * Whether this visitor may get a token; check the session's cookie, for example. true allows it. false, null and
   * undefined answer 403. Any other value is a mistake: it is logged and answers 500. `nodeTokenHandler` passes Node's
   * or Express's own request as second argument.
   */
  authorize: (request: Request, ...more: any[]) => boolean | null | undefined | Promise<boolean | null | undefined>;
  /** Called with each failure on the server (console.error). What it throws itself is ignored. */
  log?: ((message: string, error?: unknown) => void) | undefined;
}

/**
 * Makes a handler that gives tokens to this server's pages; `tokenFrom` calls it from the page. It answers POST from
 * the same origin with `{accessToken, expiration, expires_in, apis}`.
 * @throws {AuthError} invalid_config
 */
export declare function tokenHandler(
  client: AuthClient,
  options: HandlerOptions,
): (request: Request) => Promise<Response>;

/** The same for Node's http, https and http2, and for Express. */
export declare function nodeTokenHandler(
  client: AuthClient,
  options: HandlerOptions,
): (incoming: any, response: any, next?: (error: unknown) => void) => Promise<void>;
