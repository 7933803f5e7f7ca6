// The types of 'inbenta-auth/emulator'. Nothing here needs lib.dom or @types/node.

/** So many requests of an API key in each period. */
export interface Limit {
  requests: number;
  /** Seconds. */
  periodS: number;
}

/** How the emulator misbehaves. null takes a knob back. */
export interface Knobs {
  /** Lifetime of access tokens, in seconds. */
  lifetimeS?: number | null | undefined;
  /** Waits so long before it answers. */
  latencyMs?: number | null | undefined;
  /** Answers with this status instead of looking into the request. */
  status?: number | null | undefined;
  /** Body of that answer: a text, or anything that is written as JSON. */
  body?: unknown;
  /** Sends Retry-After. */
  retryAfterS?: number | null | undefined;
  /** Closes the connection in the middle of the body, or after so many bytes. */
  cutOff?: boolean | number | null | undefined;
  /** Answers as a firewall or CDN does: 403 and a page of HTML. */
  firewall?: boolean | null | undefined;
  /** false leaves out the headers by which a page of another origin may read the answer. */
  cors?: boolean | null | undefined;
  /** 'missing': /auth names no products, GET /apis does. 'empty': both answer [], as PHP writes an empty map. */
  apis?: 'missing' | 'empty' | null | undefined;
  /** How far the server's clock is ahead: Date, expiration, and what has expired. */
  clockOffsetS?: number | null | undefined;
  /** Only for this path: /auth, /refreshToken, /apis. Else for all. */
  path?: string | null | undefined;
  /** Only for so many requests from now on. */
  next?: number | null | undefined;
}

/** A request, as `log` and `requests` have it. No credential is in it. */
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
  /** Why it was refused; "injected" and "cut_off" by knobs, "client_left". */
  reason: string | null;
  /** What failed in the emulator. */
  problem?: string;
  ms: number;
}

export interface EmulatorOptions {
  /**
   * Of the domain key to start with: "www.example.com" (https), "*.example.com" (its sub-domains), or a full origin such
   * as "http://localhost:3000".
   */
  domains?: string[] | undefined;
  /** 0 takes a free one (0). */
  port?: number | undefined;
  /** An address other than this machine's own lets other machines in (127.0.0.1). */
  host?: string | undefined;
  /** Names that it answers to, besides addresses and the names of this machine ("localhost" and what ends in ".localhost"). */
  allowHosts?: string[] | undefined;
  /** Closes when the process that started this one ends (false). */
  exitWithParent?: boolean | undefined;
  /** Lifetime of access tokens, in seconds (1200). */
  lifetimeS?: number | undefined;
  /** Products and their base URLs, as clients get them with their token. */
  apis?: Record<string, string> | undefined;
  /** Keeps keys in this JSON file. Without it they are in memory only. */
  file?: string | undefined;
  /** Also serves management and its page at /admin/, for who has this token. */
  adminToken?: string | undefined;
  /** The one that /auth takes beside a secret; any other one is refused. */
  userPersonalSecret?: string | undefined;
  /** Beyond that: 429. */
  throttle?: Limit | undefined;
  /** The same for a longer period. */
  quota?: Limit | undefined;
  /**
   * 'gateway' refuses as Inbenta's production API and the gateway in front of it do: without `reason` and Retry-After, and a
   * wrong URL is a 403 ('authd').
   */
  personality?: 'authd' | 'gateway' | undefined;
  /** With the personality 'gateway': for how long it repeats a refusal for the same keys and token, in seconds (0). */
  refusalCacheS?: number | undefined;
  /** As `set` takes them. */
  knobs?: Knobs | Knobs[] | undefined;
  /** Gets each request. */
  log?: ((entry: RequestEntry) => void) | undefined;
}

export interface Emulator {
  /** The log of requests, oldest first; the last 10,000 of them. */
  requests: RequestEntry[];
  /** "http://127.0.0.1:PORT" */
  readonly url: string;
  /** Base URL of the Auth API, as clients take it: "http://127.0.0.1:PORT/v1" */
  readonly endpoint: string;
  /** An API key to start with. */
  readonly apiKey: string;
  /** A domain key of it, for `domains`; null if there were none. */
  readonly domainKey: string | null;
  readonly domainKeyId: string | null;
  /** A secret of it; null if it was made earlier, because a file has only its hash. */
  readonly secret: string | null;
  readonly secretId: string | null;
  /** Makes an API key and resolves to it. */
  createApiKey(name?: string): Promise<string>;
  /** Makes a secret. It is shown this once. */
  createSecret(apiKey?: string): Promise<{ id: string; secret: string }>;
  /** Makes a secret in place of another one, which works on for `overlapS` seconds. */
  rotateSecret(id: string, overlapS?: number): Promise<{ id: string; secret: string }>;
  /** Makes the next signing key. It is in the JWK set at once, and signs `publishS` seconds later. */
  rotateSigningKey(publishS?: number): Promise<{ kid: string }>;
  /** Makes a domain key. */
  createDomainKey(apiKey: string, domains: string[]): Promise<{ id: string; domainKey: string; domains: string[] }>;
  /** Replaces a domain key's list; it counts at once. */
  setDomains(id: string, domains: string[]): Promise<void>;
  /** Revokes a credential. It, and the refresh of its tokens, are refused at once. */
  revoke(kind: 'secret' | 'domain-key', id: string): Promise<void>;
  /** Turns knobs, from the next request on. Those that are not named stay as they are. */
  set(knobs: Knobs & { log?: ((entry: RequestEntry) => void) | null | undefined }): void;
  /** What is set now, the last on top. */
  readonly knobs: Knobs[];
  /** Sets everything back to the start: keys (in the file, too), knobs, limits; and no requests. */
  reset(): Promise<void>;
  /** Takes no new connections, gives begun requests two seconds to finish, then ends. May be called again. */
  close(): Promise<void>;
}

/**
 * Starts a local Auth API for tests. Resolves when it can be asked.
 * @throws {TypeError} with `option` and `advice`, for a mistake in the options
 * @throws {Error} code 'file_not_usable' for a file that is damaged or that another program wrote; Node's own codes,
 *   such as 'EADDRINUSE', where it cannot listen
 */
export declare function startEmulator(options?: EmulatorOptions): Promise<Emulator>;
