/* The wasm boundary, all of it: what JavaScript gives (js/client/instance.js) and what it may call. At
 * most 14 exports, the memory among them, and 6 imports; tests/node/client/boundary.test.js counts.
 *
 * Imports never throw and never call back into C. Strings that come in lie in memory that
 * JavaScript got from malloc; the function that takes one frees it, and what is freed is wiped. NULL stands for one that
 * malloc had no room for. What goes out is borrowed for the call. Numbers that may exceed 32 bits cross as doubles.
 *
 * make-boundary.js reads the enums below, that of core/body.h, errors.def and IAUTH_RESPONSE_HEADERS, and writes js/client/boundary.js. */
#ifndef IAUTH_WASM_BOUNDARY_H
#define IAUTH_WASM_BOUNDARY_H

#include <stddef.h>
#include <stdint.h>

#define IMPORT(name) __attribute__((import_module("js"), import_name(#name)))
#define EXPORT(name) __attribute__((export_name(#name)))

/* Answers one of enum question. */
IMPORT(ask) double js_ask(int question);

enum question {
  ASK_MONO_MS,  /* the monotonic clock */
  ASK_WALL_MS,  /* the wall clock, since 1970 */
  ASK_RANDOM,   /* below 2^32; for jitter, where nothing is to be guessed */
  ASK_MAY_START /* whether a request may start now; if not, `run` is called as soon as one may */
};

/* Calls `run` after delay_ms, replacing the previous timer; a negative delay means no timer. */
IMPORT(arm) void js_arm(double delay_ms);

/* Tells one of enum message: what iauth_host.event and answer say, as it lies in memory, borrowed
 * for the call. `id` is that of the waiter, or of the request to reauthorize. */
IMPORT(tell) void js_tell(int message, const void *what, uint32_t id);

/* Starts the one request there is. `headers` is name, value, …, NULL; `body` may be NULL. It ends
 * in `done`, later, never inside this call; of an answer's body longer than `limit` only limit + 1
 * bytes come. */
IMPORT(send)
void js_send(const char *method, const char *url, const char *const *headers, const char *body, size_t limit);

/* Aborts that request, if it is under way; no `done` follows. */
IMPORT(abort) void js_abort(void);

/* Reads `len` bytes of text as the browser does (js/client/text.js). NaN: it is no such text. */
IMPORT(read) double js_read(int kind, const char *text, size_t len);

enum text {
  TEXT_DATE,        /* an HTTP date, as Unix seconds */
  TEXT_NUMBER,      /* one decimal number and nothing else */
  TEXT_BASE_URL,    /* a base URL: an iauth_error, https or this machine only */
  TEXT_ENDPOINT,    /* an endpoint, the same */
  TEXT_ANY_ENDPOINT /* the same, plain http everywhere */
};

/* The first ones are iauth_event_kind. */
enum message {
  MESSAGE_QUOTA = 1, /* an iauth_quota */
  MESSAGE_EXPIRED,
  MESSAGE_ERROR,  /* an iauth_failure */
  MESSAGE_TOKEN,  /* an iauth_token */
  MESSAGE_ANSWER, /* an iauth_failure or, if NULL, the token of the last MESSAGE_TOKEN */
  MESSAGE_REAUTHORIZE
};

enum flag {
  FLAG_AUTO_REFRESH = 1,
  FLAG_CAN_REAUTHORIZE = 2,
  FLAG_ALLOW_INSECURE = 4,
  FLAG_TOKEN_FLOW = 8,
  FLAG_SECRET_FLOW = 16 /* on servers only; IAUTH_BROWSER leaves it out */
};

/* Where the members of what is told lie in memory, in bytes. */
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

/* Memory for strings. NULL: there is no more. */
void *malloc(size_t size);

/* `strings` is "endpoint\0API key\0credential\0domain key's name\0personal secret\0"; the last two may be empty. Returns an
 * iauth_error. */
EXPORT(new) int wasm_new(char *strings, int flags, double timeout_ms);

/* Joins a caller, who is answered by MESSAGE_ANSWER. Returns an iauth_error: then no answer
 * follows. NO_MEMORY comes while there is room left for an answer of the API. */
EXPORT(get)
int wasm_get(uint32_t waiter, double min_validity_ms, double timeout_ms, int force_refresh, int needs_apis);

EXPORT(cancel) void wasm_cancel(uint32_t waiter);

/* Somebody uses the token. */
EXPORT(use) void wasm_use(void);

/* Takes a token from another tab, a page or storage (id 0), or as the answer to MESSAGE_REAUTHORIZE.
 * `strings` is the token and the apis, "token\0name\0url\0…\0"; without any they are unknown. left_ms is what is left of
 * its life as the giver knows it; -1 or NaN: unknown. Returns an iauth_error; 0 also if it is not better than the current
 * one. */
EXPORT(adopt)
int wasm_adopt(uint32_t id, char *strings, double expiration, double expires_wall_ms, double lifetime_ms,
               double left_ms);

/* Takes the failure of another tab as our own. `message` may be empty. */
EXPORT(hear) void wasm_hear(int error, int status, double retry_after_ms, int attempts, char *message);

/* There is no token for MESSAGE_REAUTHORIZE. */
EXPORT(fail) void wasm_fail(uint32_t id, int error);

EXPORT(invalidate) void wasm_invalidate(char *token);

/* The timer fired or, with `woke`, the machine woke up or came online. */
EXPORT(run) void wasm_run(int woke);

/* The request is answered: `strings` is the values of IAUTH_RESPONSE_HEADERS, the sentence, and the token with the
 * apis as in `adopt`; the numbers are those of iauth__body (core/body.h). Status 0: there was no answer, and nothing else is looked at. */
EXPORT(done)
void wasm_done(int status, char *strings, int form, double expires_in, double expiration, int reason);

#endif
