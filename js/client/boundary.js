// Made by src/wasm/make-boundary.js from the C headers. Do not edit.

/** The codes of C's errors. The first one is the code of error -1. All errors after the last one have its code. */
export const CODES = ['invalid_config', 'insecure_endpoint', 'out_of_memory', 'aborted', 'disposed', 'timeout', 'network', 'origin_not_allowed', 'credentials_rejected', 'key_revoked', 'token_expired', 'endpoint_refused', 'rate_limited', 'server_error', 'body_too_large', 'bad_response'];

// C's errors, by their C names.
export const INVALID_CONFIG = -1;
export const INSECURE_ENDPOINT = -2;
export const NO_MEMORY = -3;
export const ABORTED = -4;
export const DISPOSED = -5;
export const TIMEOUT = -6;
export const NETWORK = -7;
export const ORIGIN_NOT_ALLOWED = -8;
export const CREDENTIALS_REJECTED = -9;
export const KEY_REVOKED = -10;
export const TOKEN_EXPIRED = -11;
export const ENDPOINT_REFUSED = -12;
export const RATE_LIMITED = -13;
export const SERVER_ERROR = -14;
export const BODY_TOO_LARGE = -15;
export const BAD_STATUS = -16;
export const BAD_CONTENT_TYPE = -17;
export const BAD_JSON = -18;
export const BAD_TOKEN = -19;
export const BAD_EXPIRES_IN = -20;
export const BAD_APIS = -21;
export const UNTRUSTED_ROUTE = -22;

/** The headers of a response that C reads, in its order. */
export const HEADERS = ['content-type', 'date', 'retry-after', 'x-quota-usage', 'x-throttle-usage', 'x-quota-reset', 'x-throttle-reset'];

// The messages of C: enum message.
export const MESSAGE_QUOTA = 1;
export const MESSAGE_EXPIRED = 2;
export const MESSAGE_ERROR = 3;
export const MESSAGE_TOKEN = 4;
export const MESSAGE_ANSWER = 5;
export const MESSAGE_REAUTHORIZE = 6;

// The options of a client: enum flag.
export const FLAG_AUTO_REFRESH = 1;
export const FLAG_CAN_REAUTHORIZE = 2;
export const FLAG_ALLOW_INSECURE = 4;
export const FLAG_TOKEN_FLOW = 8;
export const FLAG_SECRET_FLOW = 16;

// The queries of C: enum query.
export const QUERY_MONO_MS = 0;
export const QUERY_WALL_MS = 1;
export const QUERY_RANDOM = 2;
export const QUERY_MAY_START = 3;

// The texts that JavaScript parses for C: enum text.
export const TEXT_DATE = 0;
export const TEXT_NUMBER = 1;
export const TEXT_BASE_URL = 2;
export const TEXT_ENDPOINT = 3;
export const TEXT_ANY_ENDPOINT = 4;

// What the body of a response has: enum form.
export const FORM_OBJECT = 1;
export const FORM_TOO_LARGE = 2;
export const FORM_APIS = 4;
export const FORM_NO_APIS = 8;
export const FORM_ERROR = 16;
export const FORM_GATEWAY = 32;

// The offsets of members in C's structs, in bytes: enum offset.
export const TOKEN_ACCESS_TOKEN = 0;
export const TOKEN_APIS = 4;
export const TOKEN_APIS_LEN = 8;
export const TOKEN_EXPIRATION = 16;
export const TOKEN_EXPIRES_WALL_MS = 24;
export const TOKEN_EXPIRES_MONO_MS = 32;
export const TOKEN_LIFETIME_MS = 40;
export const FAILURE_ERROR = 0;
export const FAILURE_STATUS = 4;
export const FAILURE_RETRYABLE = 8;
export const FAILURE_ATTEMPTS = 12;
export const FAILURE_RETRY_AFTER_MS = 16;
export const FAILURE_SERVER_MESSAGE = 24;
