// The types of 'inbenta-auth'. They are written by hand, so that they contain only what users need.
// tests/package/types.test.js checks that they match the code.
//
// The types of a browser or of Node are used if the program has them. Nothing here needs lib.dom or @types/node.

/** The type of a global class, if the environment of the program has that class. */
type Global<Name extends string, Otherwise> = typeof globalThis extends { [Key in Name]: { prototype: infer Instance } }
  ? Instance
  : Otherwise;

type AbortSignal = Global<'AbortSignal', { readonly aborted: boolean }>;
type Response = Global<'Response', unknown>;
type URL = Global<'URL', { readonly href: string }>;
type RequestInit = typeof globalThis extends { Request: { new (input: any, init?: infer Init): any } }
  ? NonNullable<Init>
  : object;
type WebAssemblyModule = typeof globalThis extends { WebAssembly: { Module: { prototype: infer Module } } }
  ? Module
  : object;

/** `using client = …`, where the compiler knows Symbol.dispose. */
type Dispose = SymbolConstructor extends { readonly dispose: infer Key extends symbol }
  ? { [Name in Key]: () => void }
  : {};

/** An access token. The object never changes; a new token is a new object. */
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

/** A token that a server gives to a page: the answer of `/auth`, or of `tokenHandler`. Other members are ignored. */
export interface Grant {
  accessToken: string;
  /** Seconds from now. If present, `expiration` is ignored. */
  expires_in?: number | undefined;
  /** Unix seconds. */
  expiration?: number | undefined;
  /** The base URL of each product. */
  apis?: Readonly<Record<string, string>> | null | undefined;
}

/** The codes of AuthError. docs/api.md describes each. */
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

/** Every failure is an AuthError. It never contains a key or a token. */
export declare class AuthError extends Error {
  private constructor();
  readonly name: 'AuthError';
  readonly code: AuthErrorCode;
  /** The HTTP status of the answer; 0 without an answer. */
  readonly status: number;
  /** True if a later call may succeed without any change to keys, settings or code. */
  readonly retryable: boolean;
  /** The time until the next call reaches the network, in milliseconds. */
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

/** How much of the API key's limits is used. null if the API did not send it. */
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

/** A request to the Auth API that ended. */
export interface RequestEnd {
  /** Without keys and tokens, which are in headers. */
  readonly url: string;
  /** The HTTP status; 0 without an answer. */
  readonly status: number;
}

/** An Event with a `detail`. */
export type AuthEvent<Detail> = Global<'Event', { readonly type: string }> & { readonly detail: Detail };

/** The events of a client. */
export interface AuthClientEventMap {
  /** A new token. */
  token: AuthEvent<AccessToken>;
  /** An attempt failed. Others may follow. */
  error: AuthEvent<AuthError>;
  /** The token expired or an API refused it, and there is no new one yet. */
  expired: AuthEvent<undefined>;
  /** An answer had the headers for the use of the limits. */
  quota: AuthEvent<Quota>;
  /** A request to the Auth API ended. */
  request: AuthEvent<RequestEnd>;
}

type Listener<Event> = ((event: Event) => void) | { handleEvent(event: Event): void } | null;

/** One entry for `log`. It never contains a key or a token. */
export type LogEntry =
  | (RequestEnd & { readonly type: 'request' })
  | {
      readonly type: 'token';
      /** This machine's clock, in milliseconds since 1970. */
      readonly expiresAt: number;
      /** The names of the products. */
      readonly products: readonly string[];
      /** The Auth API, another tab or client, the storage of `persist`, or your `reauthorize`. */
      readonly from: 'api' | 'tab' | 'session' | 'page';
    }
  | (Pick<AuthError, 'code' | 'hint' | 'status' | 'serverMessage' | 'retryable' | 'retryAfterMs' | 'attempts'> & {
      readonly type: 'error';
    })
  | { readonly type: 'expired' }
  | (Quota & { readonly type: 'quota' })
  /** A request of `client.fetch`; status 0: without an answer. */
  | { readonly type: 'fetch'; readonly host: string; readonly status: number };

/** The options of every flow. Unknown names and wrong types are refused. */
export interface ClientOptions {
  /** Base URL of the Auth API with its version (https://api.inbenta.io/v1). */
  endpoint?: string | undefined;
  /** The same without the version, as Inbenta's own SDKs take it. */
  connectionEntryPoint?: string | undefined;
  /** Refreshes the token before it expires, as long as it is used (true). */
  autoRefresh?: boolean | undefined;
  /** Tabs of one origin with the same keys share their token (true). Not in createFromAccessToken. */
  shareAcrossTabs?: boolean | undefined;
  /** Default of getToken, in milliseconds (30,000). */
  minValidityMs?: number | undefined;
  /** For one request, and default of getToken, in milliseconds (10,000). */
  timeoutMs?: number | undefined;
  /** The URL of the WebAssembly module, or its bytes. Needed only if it is neither inside nor beside the script. */
  wasm?: string | URL | ArrayBuffer | ArrayBufferView | WebAssemblyModule | undefined;
  /** x-inbenta-env of `client.fetch`. */
  environment?: string | undefined;
  /** x-inbenta-source of `client.fetch`. */
  source?: string | undefined;
  /** x-inbenta-user-type of `client.fetch`. */
  userType?: string | number | undefined;
  /** Allows plain http to other machines: for test networks only (false). */
  allowInsecure?: boolean | undefined;
  /** Called for each event and each `fetch`. */
  log?: ((entry: LogEntry) => void) | undefined;
}

export interface DomainKeyOptions extends ClientOptions {
  /** The name of the domain key in the request ('domainKey'). */
  domainKeyName?: string | undefined;
  /**
   * Stores the token in sessionStorage, so that the next page view of this tab needs no request. Every script of your
   * origin can read it there.
   */
  persist?: 'session' | undefined;
}

export interface AccessTokenOptions extends ClientOptions {
  /** Gets a new token when the old one can no longer be refreshed. See tokenFrom. */
  reauthorize?: ((context: { signal: AbortSignal }) => Promise<string | Grant>) | undefined;
}

export interface GetTokenOptions {
  /**
   * The token stays valid for at least this long, in milliseconds. For a short-lived token, a quarter of its lifetime
   * is enough.
   */
  minValidityMs?: number | undefined;
  /** Accepts only a token that was obtained after this call (false). */
  forceRefresh?: boolean | undefined;
  /** Aborts this call. The request continues for other callers that wait for it. */
  signal?: AbortSignal | null | undefined;
  /** For this call in total, in milliseconds. */
  timeoutMs?: number | undefined;
}

/** A token client. Made by createFromDomainKey, createFromAccessToken or createFromSecret. */
export interface AuthClient extends Dispose {
  /** Resolves to a valid token. Concurrent calls share one request and its failure. Rejects with an AuthError. */
  getToken(options?: GetTokenOptions): Promise<AccessToken>;
  /** The current valid token, or null. No request starts. */
  readonly token: AccessToken | null;
  /** Drops this token if it is still the current one. Call it when an API refused the token. */
  invalidate(accessToken: string | null | undefined): void;
  /** Drops the token, also the one that `persist` stored. Call it at sign-out. The next call obtains a new token. */
  forget(): void;
  /** The base URL of a product, without a version. */
  apiUrl(product: string): Promise<string>;
  /**
   * `fetch` with the API key and the token as headers. Only hosts of the token's products are allowed. If a product
   * refuses the token, a new token is obtained and the request is sent once more. Redirects are refused unless you
   * pass `redirect`.
   */
  fetch(product: string, path: string, init?: RequestInit): Promise<Response>;
  fetch(url: string | URL, init?: RequestInit): Promise<Response>;
  /** Rejects pending calls. If no other client uses the token, cancels the request and wipes the memory. May be called again. */
  dispose(): void;

  addEventListener<Type extends keyof AuthClientEventMap>(
    type: Type,
    listener: Listener<AuthClientEventMap[Type]>,
    options?:
      | boolean
      | {
          capture?: boolean | undefined;
          once?: boolean | undefined;
          passive?: boolean | undefined;
          signal?: AbortSignal | undefined;
        },
  ): void;
  removeEventListener<Type extends keyof AuthClientEventMap>(
    type: Type,
    listener: Listener<AuthClientEventMap[Type]>,
    options?: boolean | { capture?: boolean | undefined },
  ): void;
}

/** For `instanceof`. Clients are made by the functions below. */
export declare const AuthClient: AuthClientClass;

type AbstractClass = abstract new (config: never) => AuthClient; // TypeScript before 5.3 wants one for `instanceof`
interface AuthClientClass extends AbstractClass {
  readonly prototype: AuthClient;
  [Symbol.hasInstance](value: unknown): value is AuthClient;
}

/**
 * Makes a client for the Domain Key flow. Nothing starts until a token is requested.
 * @param domainKey public; the API answers only pages whose origin is on its list
 * @throws {AuthError} invalid_config, insecure_endpoint
 */
export declare function createFromDomainKey(domainKey: string, apiKey: string, options?: DomainKeyOptions): AuthClient;

/**
 * Makes a client for a token that a server gave to the page. The token is refreshed before it expires. When it can no
 * longer be refreshed, `reauthorize` is called for a new one.
 * @param tokenOrGrant a token, which is refreshed within a minute, or the server's whole answer
 * @throws {AuthError} invalid_config, insecure_endpoint
 */
export declare function createFromAccessToken(
  tokenOrGrant: string | Grant,
  apiKey: string,
  options?: AccessTokenOptions,
): AuthClient;

/** Makes a `reauthorize` that asks `tokenHandler` on your server: `reauthorize: tokenFrom('/token')`. */
export declare function tokenFrom(
  url: string | URL,
  init?: RequestInit,
): (context?: { signal?: AbortSignal | undefined }) => Promise<Grant>;
