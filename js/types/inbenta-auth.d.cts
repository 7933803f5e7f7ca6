// The types of 'inbenta-auth'. They are written by hand, so that they say what users need and nothing else;
// tests/package/types.test.js holds them and the code together.
//
// A browser's or Node's own types are taken where they are. Nothing here needs lib.dom or @types/node.

/** The type of a global class, if the environment of the program has that class. */
type Global<Name extends string, Otherwise> = typeof globalThis extends { [Key in Name]: { prototype: infer Instance } } ? Instance : Otherwise;

type AbortSignal = Global<'AbortSignal', { readonly aborted: boolean }>;
type Response = Global<'Response', unknown>;
type URL = Global<'URL', { readonly href: string }>;
type RequestInit = typeof globalThis extends { Request: { new (input: any, init?: infer Init): any } } ? NonNullable<Init> : object;
type WebAssemblyModule = typeof globalThis extends { WebAssembly: { Module: { prototype: infer Module } } } ? Module : object;

/** `using client = …`, where the compiler knows Symbol.dispose. */
type Dispose = SymbolConstructor extends { readonly dispose: infer Key extends symbol } ? { [Name in Key]: () => void } : {};

/** An access token. It does not change; a new one is a new object. */
export interface AccessToken {
  /** For the header `Authorization: Bearer …`. */
  readonly accessToken: string;
  /** When it expires on the server's clock, in Unix seconds, as the API gave it. */
  readonly expiration: number;
  /** When it expires on this machine's clock, in milliseconds since 1970. */
  readonly expiresAt: number;
  /** The base URL of each product, without a version. */
  readonly apis: Readonly<Record<string, string>>;
}

/** What a server gives a page: the answer of `/auth`, or of `tokenHandler`. Other members are ignored. */
export interface Grant {
  accessToken: string;
  /** Seconds from now. If it is there, `expiration` does not count. */
  expires_in?: number | undefined;
  /** Unix seconds. */
  expiration?: number | undefined;
  /** The base URL of each product. */
  apis?: Readonly<Record<string, string>> | null | undefined;
}

/** What happened. docs/api.md has the list. */
export type AuthErrorCode =
  | 'invalid_config'
  | 'insecure_endpoint'
  | 'wasm_unavailable'
  | 'aborted'
  | 'disposed'
  | 'timeout'
  | 'network'
  | 'origin_not_allowed'
  | 'credentials_rejected'
  | 'key_revoked'
  | 'token_expired'
  | 'rate_limited'
  | 'server_error'
  | 'body_too_large'
  | 'bad_response'
  | 'endpoint_refused'
  | 'out_of_memory'
  | 'secret_in_browser'
  | 'wasm_blocked_by_csp'
  | 'redirect_refused'
  | 'reauthorize_failed';

/** Everything that can go wrong is one of these. It never holds a key or a token. */
export declare class AuthError extends Error {
  private constructor();
  readonly name: 'AuthError';
  readonly code: AuthErrorCode;
  /** The HTTP status of the answer, 0 if there was none. */
  readonly status: number;
  /** Whether a later try may succeed without anybody changing anything. */
  readonly retryable: boolean;
  /** How long until the next try reaches the network, in milliseconds. */
  readonly retryAfterMs: number;
  /** How many requests in a row failed. */
  readonly attempts: number;
  /** What the server said, in its own words; undefined if it said nothing. */
  readonly serverMessage: string | undefined;
  /** What to do. */
  readonly hint: string;
  readonly cause?: unknown;
  /** True for the errors of every entry of this package. */
  static [Symbol.hasInstance](value: unknown): value is AuthError;
}

/** How much of the API key's limits is used. null: the API did not say. */
export interface Quota {
  /** Percent. */
  readonly quotaUsage: number | null;
  /** Percent. */
  readonly throttleUsage: number | null;
  /** Unix seconds. */
  readonly quotaReset: number | null;
  /** Unix seconds. */
  readonly throttleReset: number | null;
}

/** An Event with a `detail`. */
export type AuthEvent<Detail> = Global<'Event', { readonly type: string }> & { readonly detail: Detail };

/** The events of a client. */
export interface AuthClientEventMap {
  /** A new token. */
  token: AuthEvent<AccessToken>;
  /** An attempt failed. Others may follow. */
  error: AuthEvent<AuthError>;
  /** The token expired or was refused, and there is no new one yet. */
  expired: AuthEvent<undefined>;
  /** An answer said how much of the limits is used. */
  quota: AuthEvent<Quota>;
}

type Listener<Event> = ((event: Event) => void) | { handleEvent(event: Event): void } | null;

/** One thing that happened, as `log` gets it. It never holds a key or a token. */
export interface LogEntry {
  readonly type: keyof AuthClientEventMap | 'fetch';
  readonly [fact: string]: unknown;
}

/** The options of every flow. Unknown names and wrong types are refused. */
export interface ClientOptions {
  /** Base URL of the Auth API with its version (https://api.inbenta.io/v1). */
  endpoint?: string | undefined;
  /** The same without the version, as Inbenta's own SDKs take it. */
  connectionEntryPoint?: string | undefined;
  /** Refresh before expiry while the token is used (true). */
  autoRefresh?: boolean | undefined;
  /** Tabs of one origin with the same keys share their token (true). Not in createFromAccessToken. */
  shareAcrossTabs?: boolean | undefined;
  /** Default of getToken, in milliseconds (30,000). */
  minValidityMs?: number | undefined;
  /** For one request, and default of getToken, in milliseconds (10,000). */
  timeoutMs?: number | undefined;
  /** Where the WebAssembly module is, or its bytes, if not inside or beside the script. */
  wasm?: string | URL | ArrayBuffer | ArrayBufferView | WebAssemblyModule | undefined;
  /** x-inbenta-env of `client.fetch`. */
  environment?: string | undefined;
  /** x-inbenta-source of `client.fetch`. */
  source?: string | undefined;
  /** x-inbenta-user-type of `client.fetch`. */
  userType?: string | number | undefined;
  /** Allows plain http to other machines: for test networks only (false). */
  allowInsecure?: boolean | undefined;
  /** Gets what happens. */
  log?: ((entry: LogEntry) => void) | undefined;
}

export interface DomainKeyOptions extends ClientOptions {
  /** The name of the domain key in the request ('domainKey'). */
  domainKeyName?: string | undefined;
  /** Keeps the token in sessionStorage, so that the next page view of this tab needs no request. Scripts of your origin can read it there. */
  persist?: 'session' | undefined;
}

export interface AccessTokenOptions extends ClientOptions {
  /** Gets a new token when the old one can no longer be refreshed. See tokenFrom. */
  reauthorize?: ((context: { signal: AbortSignal }) => Promise<string | Grant>) | undefined;
}

export interface GetTokenOptions {
  /** Valid for at least this long still, in milliseconds; of a short-lived token, for a quarter of its life. */
  minValidityMs?: number | undefined;
  /** Only a token that was obtained after this call (false). */
  forceRefresh?: boolean | undefined;
  /** Ends this call. The request goes on for others who wait for it. */
  signal?: AbortSignal | undefined;
  /** For this call in total, in milliseconds. */
  timeoutMs?: number | undefined;
}

/** What a page holds. Made by createFromDomainKey, createFromAccessToken or createFromSecret. */
export interface AuthClient extends Dispose {
  /** A fresh access token. Concurrent calls share one request, and its failure as well. Rejects with an AuthError. */
  getToken(options?: GetTokenOptions): Promise<AccessToken>;
  /** The current valid token or null, at once. */
  readonly token: AccessToken | null;
  /** Drops a token that an API refused, if it is still the current one. */
  invalidate(accessToken: string): void;
  /** Drops the token, also the one that `persist` keeps: for signing out. The next call gets a new token. */
  forget(): void;
  /** The base URL of a product, without a version. */
  apiUrl(product: string): Promise<string>;
  /**
   * fetch with the headers of the key and the token, for hosts of the token's products only. A token that is refused
   * is renewed, and the request made once more. Redirects are refused unless you pass `redirect`.
   */
  fetch(product: string, path: string, init?: RequestInit): Promise<Response>;
  fetch(url: string | URL, init?: RequestInit): Promise<Response>;
  /** Rejects pending calls. If no other client uses the token, cancels the request and wipes the memory. May be called again. */
  dispose(): void;

  addEventListener<Type extends keyof AuthClientEventMap>(
    type: Type,
    listener: Listener<AuthClientEventMap[Type]>,
    options?: boolean | { capture?: boolean | undefined; once?: boolean | undefined; passive?: boolean | undefined; signal?: AbortSignal | undefined },
  ): void;
  removeEventListener<Type extends keyof AuthClientEventMap>(
    type: Type,
    listener: Listener<AuthClientEventMap[Type]>,
    options?: boolean | { capture?: boolean | undefined },
  ): void;
}

/** For `instanceof`. Clients are made by the functions below. */
export declare const AuthClient: { readonly prototype: AuthClient };

/**
 * A client for the Domain Key flow. Starts nothing until a token is asked for.
 * @param domainKey public; the API answers only pages whose origin is on its list
 * @throws {AuthError} invalid_config, insecure_endpoint
 */
export declare function createFromDomainKey(domainKey: string, apiKey: string, options?: DomainKeyOptions): AuthClient;

/**
 * A client for a token that a server gave the page. It is refreshed before it expires; after that, `reauthorize` is
 * asked for a new one.
 * @param tokenOrGrant a token, which is refreshed within a minute, or the server's whole answer
 * @throws {AuthError} invalid_config, insecure_endpoint
 */
export declare function createFromAccessToken(tokenOrGrant: string | Grant, apiKey: string, options?: AccessTokenOptions): AuthClient;

/** A `reauthorize` that asks your server, where `tokenHandler` answers: `reauthorize: tokenFrom('/token')`. */
export declare function tokenFrom(url: string | URL, init?: RequestInit): (context: { signal: AbortSignal }) => Promise<Grant>;
