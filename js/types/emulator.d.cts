// The types of 'inbenta-auth/emulator'. Nothing here needs lib.dom or @types/node.

/** `await using emulator = …`, where the compiler knows Symbol.asyncDispose. */
type AsyncDispose = SymbolConstructor extends { readonly asyncDispose: infer Key extends symbol }
  ? { [Name in Key]: () => Promise<void> }
  : {};

/** The requests that each API key may make in each period. */
export interface Limit {
  requests: number;
  /** Seconds. */
  periodS: number;
}

/** How the emulator misbehaves. null resets a knob to its default. */
export interface Knobs {
  /** Lifetime of access tokens, in seconds. */
  lifetimeS?: number | null | undefined;
  /** Waits this long before it answers, in milliseconds. */
  latencyMs?: number | null | undefined;
  /** Answers with this status without checking the request. */
  status?: number | null | undefined;
  /** Body of the answer: a string, or a value that is sent as JSON. */
  body?: unknown;
  /** Sends Retry-After with this many seconds. */
  retryAfterS?: number | null | undefined;
  /** true closes the connection in the middle of the body; a number closes it after this many bytes. */
  cutOff?: boolean | number | null | undefined;
  /** Answers as a firewall or CDN does: 403 and a page of HTML. */
  firewall?: boolean | null | undefined;
  /** false leaves out the CORS headers, so that a page of another origin cannot read the answer. */
  cors?: boolean | null | undefined;
  /** 'missing': /auth names no products, GET /apis does. 'empty': both answer [], as PHP writes an empty map. */
  apis?: 'missing' | 'empty' | null | undefined;
  /** How far the server's clock is ahead, in seconds. It affects Date, expiration, and which tokens have expired. */
  clockOffsetS?: number | null | undefined;
  /** Applies the knobs to this path only, such as /auth, /refreshToken or /apis. Default: all paths. */
  path?: string | null | undefined;
  /** Applies the knobs to this many requests only, from now on. */
  next?: number | null | undefined;
}

/** One request, in `log` and `requests`. It contains no credential. */
export interface RequestEntry {
  /** When it was answered, by the server's clock: ISO 8601. */
  time: string;
  method: string;
  /** Without query; "(unknown path)" where there is no endpoint. */
  path: string;
  /** 0 if the client left before it was answered. */
  status: number;
  origin: string | null;
  /** ID of the credential, or else of the API key, that was used. */
  keyId: string | null;
  /** Reason of a refusal; "injected" or "cut_off" if a knob did it; or "client_left". */
  reason: string | null;
  /** What failed in the emulator. */
  problem?: string;
  ms: number;
}

export interface EmulatorOptions {
  /**
   * Of the domain key to start with: "www.example.com" (https), "*.example.com" (its subdomains), or a full origin such
   * as "http://localhost:3000".
   */
  domains?: string[] | undefined;
  /** 0 takes a free port (0). */
  port?: number | undefined;
  /** With an address that is not loopback, other machines can connect (127.0.0.1). */
  host?: string | undefined;
  /** More host names that it answers to, besides "localhost", "*.localhost" and IP addresses. */
  allowHosts?: string[] | undefined;
  /** Closes when the process that started this one ends (false). */
  exitWithParent?: boolean | undefined;
  /** Lifetime of access tokens, in seconds (1200). */
  lifetimeS?: number | undefined;
  /** Products and their base URLs, as clients get them with their token. */
  apis?: Record<string, string> | undefined;
  /** A JSON file for the keys; created if missing. Without it, keys are in memory only. */
  file?: string | undefined;
  /** Also serves management, and its page at /admin/, to whoever sends this token. */
  adminToken?: string | undefined;
  /** The only personal secret that /auth accepts beside a secret. */
  userPersonalSecret?: string | undefined;
  /** Over this limit, the answer is 429. */
  throttle?: Limit | undefined;
  /** A second limit, for a longer period. */
  quota?: Limit | undefined;
  /**
   * 'gateway' refuses as Inbenta's production API and the gateway in front of it do: without `reason` and Retry-After, and a
   * wrong URL is a 403 ('authd').
   */
  personality?: 'authd' | 'gateway' | undefined;
  /** With the personality 'gateway': how long it repeats a refusal for the same keys and token, in seconds (0). */
  refusalCacheS?: number | undefined;
  /** The knobs at the start. See `set`. */
  knobs?: Knobs | Knobs[] | undefined;
  /** Called for each request. */
  log?: ((entry: RequestEntry) => void) | undefined;
}

export interface Emulator extends AsyncDispose {
  /** The last 10,000 requests, oldest first. */
  requests: RequestEntry[];
  /** "http://127.0.0.1:PORT" */
  readonly url: string;
  /** Base URL of the Auth API, as clients take it: "http://127.0.0.1:PORT/v1" */
  readonly endpoint: string;
  /** An API key to start with. */
  readonly apiKey: string;
  /** A domain key of this API key, for `domains`; null without them, unless the file has one. */
  readonly domainKey: string | null;
  readonly domainKeyId: string | null;
  /** The domains of this domain key at the start; empty if there is none. */
  readonly domains: string[];
  /** A secret of this API key. */
  readonly secret: string;
  readonly secretId: string;
  /** Makes an API key and resolves to it. */
  createApiKey(name?: string): Promise<string>;
  /** Makes a secret. It is shown only here. */
  createSecret(apiKey?: string): Promise<{ id: string; secret: string }>;
  /** Replaces a secret by a new one. The old one stays valid for `overlapS` seconds. */
  rotateSecret(id: string, overlapS?: number): Promise<{ id: string; secret: string }>;
  /** Makes the next signing key. It is in the JWK set immediately, and signs after `publishS` seconds. */
  rotateSigningKey(publishS?: number): Promise<{ kid: string }>;
  /** Makes a domain key. */
  createDomainKey(apiKey: string, domains: string[]): Promise<{ id: string; domainKey: string; domains: string[] }>;
  /** Replaces a domain key's list of domains. The new list applies immediately. */
  setDomains(id: string, domains: string[]): Promise<void>;
  /** Revokes a credential. The credential and the refresh of its tokens are refused from now on. */
  revoke(kind: 'secret' | 'domain-key', id: string): Promise<void>;
  /** Sets knobs, from the next request on. Other knobs stay as they are. */
  set(knobs: Knobs & { log?: ((entry: RequestEntry) => void) | null | undefined }): void;
  /** The current knobs, in the order in which they were set; a later one wins. */
  readonly knobs: Knobs[];
  /** Restores the state right after the start: keys (also in the file), knobs and limits. `requests` is emptied. */
  reset(): Promise<void>;
  /** Accepts no more connections, waits up to two seconds for requests in flight, then ends. May be called again. */
  close(): Promise<void>;
}

/**
 * Starts a local Auth API for tests. Resolves when it accepts requests.
 * @throws {TypeError} with `option` and `advice`, for a mistake in the options
 * @throws {Error} code 'file_not_usable' if the file is damaged or another program wrote it; Node's own codes, such as
 *   'EADDRINUSE', if it cannot listen
 */
export declare function startEmulator(
  options: EmulatorOptions & { domains: string[] },
): Promise<Emulator & { readonly domainKey: string; readonly domainKeyId: string }>;
export declare function startEmulator(options?: EmulatorOptions): Promise<Emulator>;
