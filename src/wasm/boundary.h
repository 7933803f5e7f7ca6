/* The complete wasm boundary: the imports, which js/client/instance.js implements, and the exports, which it calls.
 * There are at most 14 exports, with the memory, and 6 imports; tests/node/client/boundary.test.js counts them.
 *
 * Imports never throw and never call back into C. JavaScript writes the strings that it passes into memory from malloc.
 * The function that takes a string wipes and frees it; `new` keeps it. NULL stands for a string that malloc had no room
 * for. Strings that C passes are borrowed for the call. Numbers that may exceed 32 bits cross as doubles.
 *
 * make-boundary.js reads the enums below and in core/body.h, errors.def and IAUTH_RESPONSE_HEADERS, and writes
 * js/client/boundary.js. */
#ifndef IAUTH_WASM_BOUNDARY_H
#define IAUTH_WASM_BOUNDARY_H

#include <stddef.h>
#include <stdint.h>

#define IMPORT(name) __attribute__((import_module("js"), import_name(#name)))
#define EXPORT(name) __attribute__((export_name(#name)))

/* Returns the answer to one of enum query. */
IMPORT(query) double js_query(int query);

enum query {
  QUERY_MONO_MS,  /* the monotonic clock */
  QUERY_WALL_MS,  /* the wall clock, since 1970 */
  QUERY_RANDOM,   /* below 2^32; for jitter, so it need not be secret */
  QUERY_MAY_START /* 1: a request may start now; 0: JavaScript calls `run` as soon as one may start */
};

/* Sets the timer: JavaScript calls `run` after delay_ms. This replaces the previous timer. A negative delay means no
 * timer. */
IMPORT(arm) void js_arm(double delay_ms);

/* Passes one of enum message to JavaScript, with the address of its struct: the arguments of iauth_host.event and
 * answer. `id` is the waiter, or the request to reauthorize. */
IMPORT(emit) void js_emit(int message, const void *what, uint32_t id);

/* Starts a request; there is at most one. `headers` is name, value, …, NULL; `body` may be NULL. JavaScript calls
 * `done` when it has the response, never inside this call. It reads at most limit + 1 bytes of the body. */
IMPORT(send)
void js_send(const char *method, const char *url, const char *const *headers, const char *body, size_t limit);

/* Aborts the request in flight, if there is one. `done` is not called for it. */
IMPORT(abort) void js_abort(void);

/* Parses `len` bytes of text (js/client/text.js). NaN: the text is not of this kind. */
IMPORT(parse) double js_parse(int kind, const char *text, size_t len);

enum text {
  TEXT_DATE,        /* an HTTP date, as Unix seconds */
  TEXT_NUMBER,      /* one decimal number and nothing else */
  TEXT_BASE_URL,    /* a base URL, https or to this machine; the result is an iauth_error */
  TEXT_ENDPOINT,    /* an endpoint, likewise */
  TEXT_ANY_ENDPOINT /* an endpoint that may use plain http to any machine */
};

/* The first four are those of iauth_event_kind. */
enum message {
  MESSAGE_QUOTA = 1, /* an iauth_quota */
  MESSAGE_EXPIRED,
  MESSAGE_ERROR,  /* an iauth_failure */
  MESSAGE_TOKEN,  /* an iauth_token */
  MESSAGE_ANSWER, /* an iauth_failure; NULL: the answer is the token of the last MESSAGE_TOKEN */
  MESSAGE_REAUTHORIZE
};

enum flag {
  FLAG_AUTO_REFRESH = 1,
  FLAG_CAN_REAUTHORIZE = 2,
  FLAG_ALLOW_INSECURE = 4,
  FLAG_TOKEN_FLOW = 8,
  FLAG_SECRET_FLOW = 16 /* on servers only; IAUTH_BROWSER leaves it out */
};

/* The offsets of members in the structs of messages, in bytes. */
enum offset {
  TOKEN_ACCESS_TOKEN = 0,
  TOKEN_APIS = 4,
  TOKEN_APIS_LEN = 8,
  TOKEN_EXPIRATION = 16,
  TOKEN_EXPIRES_WALL_MS = 24,
  TOKEN_EXPIRES_MONO_MS = 32,
  TOKEN_LIFETIME_MS = 40,
  FAILURE_ERROR = 0,
  FAILURE_STATUS = 4,
  FAILURE_RETRYABLE = 8,
  FAILURE_ATTEMPTS = 12,
  FAILURE_RETRY_AFTER_MS = 16,
  FAILURE_SERVER_MESSAGE = 24
};

/* Memory for strings. NULL if there is no memory. */
void *malloc(size_t size);

/* Makes the client. `strings` is "endpoint\0API key\0credential\0domain key's name\0personal secret\0"; the last two
 * may be empty. Returns an iauth_error. */
EXPORT(new) int wasm_new(char *strings, int flags, double timeout_ms);

/* Adds a caller, who is answered by MESSAGE_ANSWER, unless this returns an iauth_error. It returns NO_MEMORY before
 * memory is so full that a response of the API has no room. */
EXPORT(get)
int wasm_get(uint32_t waiter, double min_validity_ms, double timeout_ms, int force_refresh, int needs_apis);

EXPORT(cancel) void wasm_cancel(uint32_t waiter);

/* As iauth_use. */
EXPORT(use) void wasm_use(void);

/* Takes a token from another tab, a page or storage (id 0), or the reply to MESSAGE_REAUTHORIZE. `strings` is the token
 * and its apis: "token\0name\0url\0…\0"; if there are no apis, they are unknown. left_ms is the remaining lifetime that
 * the sender knows; -1 or NaN: unknown. Returns an iauth_error; 0 also if the token is ignored because the current one
 * is better. */
EXPORT(adopt)
int wasm_adopt(uint32_t id, char *strings, double expiration, double expires_wall_ms, double lifetime_ms,
               double left_ms);

/* Records the failure of another tab as our own. `message` may be empty. */
EXPORT(sibling_failed)
void wasm_sibling_failed(int error, int status, double retry_after_ms, int attempts, char *message);

/* Completes MESSAGE_REAUTHORIZE without a token. */
EXPORT(fail) void wasm_fail(uint32_t id, int error);

/* After an empty string, no token is refused any more. */
EXPORT(invalidate) void wasm_invalidate(char *token);

/* Runs the core. `woke` is 1 if the machine woke up or came online, 0 if the timer fired. */
EXPORT(run) void wasm_run(int woke);

/* Completes the request. `strings` is the values of IAUTH_RESPONSE_HEADERS, the message, and the token with its apis
 * as in `adopt`. The numbers are those of iauth__body (core/body.h). Status 0: there was no response, and the other
 * arguments are ignored. */
EXPORT(done)
void wasm_done(int status, char *strings, int form, double expires_in, double expiration, int reason);

#endif
