// The personality `gateway`: rewrites the core's refusals into those of Inbenta's production API and of the gateway in
// front of it, as far as docs/wire.md knows them. The core's `reason` appears in the log only.

import { Buffer } from 'node:buffer';

const REMEMBERED_MAX = 10_000;

/** Paths that only the emulator has, not production. */
const OWN_PATHS = ['/healthz', '/.well-known/jwks.json'];

/** Headers that production is not known to send with a refusal. */
const OWN_HEADERS = ['Retry-After', 'WWW-Authenticate', 'Allow'];

const wrongUrl = { status: 403, body: { message: 'Missing Authentication Token' } };
const denied = {
  status: 403,
  body: { Message: 'User is not authorized to access this resource with an explicit deny' },
  cached: true,
};
const failed = { status: 500, body: { message: 'Internal server error' } };

/**
 * docs/wire.md, "Refusals", as a table from the core's reason to production's answer. `cached`: the gateway repeats
 * the refusal (refusalCacheS). Other refusals keep their status and the API's message: {"error": {"code", "message"}}.
 * That form is documented for a wrong secret (400) and a personal secret (422). It is assumed for a domain key, its
 * origins and revocation.
 */
const BY_REASON = {
  api_key_unknown: denied,
  api_key_revoked: denied,
  token_expired: denied,
  token_invalid: denied,
  token_of_another_key: denied,
  credential_gone: denied,
  token_missing: { status: 401, body: { message: 'Unauthorized' } },
  not_found: wrongUrl,
  rate_limited: { status: 429, body: { message: 'Too Many Requests' } },
  quota_exceeded: { status: 429, body: { message: 'Limit Exceeded' } },
};

const BY_STATUS = {
  401: { status: 401, body: { message: 'Unauthorized' }, cached: true },
  403: { status: 403, body: { message: 'Forbidden' }, cached: true },
  405: wrongUrl,
  429: { status: 429, body: { message: 'Too Many Requests' } },
  500: failed,
  502: { status: 502, body: { message: 'Bad Gateway' } },
  503: { status: 503, body: { message: 'Service Unavailable' } },
  504: { status: 504, body: { message: 'Endpoint request timed out' } },
};

/** For a wrong URL, the gateway takes the Authorization header for its own kind, and quotes it in the message. */
const quotedToken = (authorization) => ({
  status: 403,
  body: {
    message: `'${authorization.split(' ').pop()}' not a valid key=value pair (missing equal-sign) in Authorization header: '${authorization}'.`,
  },
});

/** The row of the tables for an answer; undefined if it keeps its status and the API's message. */
function rowFor({ status, log: { reason } }, { authorization }) {
  if (status < 400) return undefined;
  const row =
    BY_REASON[reason] ??
    (['injected', 'server_error'].includes(reason) || status == 405 ? BY_STATUS[status] : undefined);
  return row == wrongUrl && authorization ? quotedToken(authorization) : row;
}

/** The body without `reason`, which only our server sends. */
function withoutReason(body) {
  const { error, ...more } = JSON.parse(body.toString());
  return error ? { error: { code: error.code, message: error.message } } : more;
}

/** The key of the gateway's cache. */
const identityOf = (headers) => `${headers['x-inbenta-key']}\n${headers.authorization}`;

export class Gateway {
  #cacheS;
  #refused = new Map(); // by identity: {status, body, untilS}

  /** @param {number} refusalCacheS how long a refusal is repeated, in seconds; 0: not cached */
  constructor(refusalCacheS) {
    this.#cacheS = refusalCacheS;
  }

  /**
   * Answers a request as production does.
   * @param {{path: string, method: string, headers: Record<string, string>}} request
   * @param {number} nowS the server's clock, in Unix seconds
   * @param {(refuseWith?: number) => import('./core.js').Answer} handle the core; it refuses with a status, if given
   * @param {number} [refuseWith]
   */
  answer({ path, method, headers }, nowS, handle, refuseWith) {
    if (method == 'OPTIONS' || OWN_PATHS.includes(path)) return handle(refuseWith);
    const remembered = this.#refused.get(identityOf(headers));
    if (remembered?.untilS > nowS) {
      const { status, body } = remembered;
      const answer = handle(status);
      return {
        ...answer,
        body,
        headers: withoutOwnHeaders(answer.headers),
        log: { ...answer.log, reason: 'refusal_cached' },
      };
    }
    const answer = handle(refuseWith);
    if (answer.status < 400) return answer;
    const { status, body, cached } = rowFor(answer, headers) ?? {
      status: answer.status,
      body: withoutReason(answer.body),
    };
    const text = Buffer.from(JSON.stringify(body));
    if (cached && this.#cacheS)
      this.#remember(identityOf(headers), { status, body: text, untilS: nowS + this.#cacheS });
    return { ...answer, status, body: text, headers: withoutOwnHeaders(answer.headers) };
  }

  #remember(identity, refusal) {
    this.#refused.delete(identity);
    this.#refused.set(identity, refusal);
    if (this.#refused.size > REMEMBERED_MAX) this.#refused.delete(this.#refused.keys().next().value);
  }

  /** Forgets all refusals. */
  reset() {
    this.#refused.clear();
  }
}

/** `headers` (name, value, …) without OWN_HEADERS. */
function withoutOwnHeaders(headers) {
  const rest = [];
  for (let i = 0; i < headers.length; i += 2)
    if (!OWN_HEADERS.includes(headers[i])) rest.push(headers[i], headers[i + 1]);
  return rest;
}
