/* The wasm boundary, all of it: what JavaScript gives (js/core.js) and what it may call. At
 * most 12 exports, the memory among them, and 6 imports; tests/node/boundary.test.js counts.
 *
 * Imports never throw and never call back into C. Strings that come in lie in memory that
 * JavaScript got from malloc; the function that takes one wipes and frees it. What goes out is
 * borrowed for the call. Numbers that may exceed 32 bits cross as doubles. */
#ifndef IAUTH_WASM_BOUNDARY_H
#define IAUTH_WASM_BOUNDARY_H

#include <stddef.h>
#include <stdint.h>

#define IMPORT(name) __attribute__((import_module("js"), import_name(#name)))
#define EXPORT(name) __attribute__((export_name(#name)))

/* Writes the monotonic and the wall clock, in milliseconds. */
IMPORT(now) void js_now(double *mono_and_wall_ms);

/* Calls `run` after delay_ms, replacing the previous timer; a negative delay means no timer. */
IMPORT(arm) void js_arm(double delay_ms);

/* Tells one of enum message. */
IMPORT(tell) void js_tell(int message, const double *numbers);

/* Starts the one request there is. `headers` is name, value, …, NULL; `body` may be NULL. It ends
 * in `done`, later, never inside this call; of a body longer than `limit` only limit + 1 bytes
 * come. */
IMPORT(send)
void js_send(const char *method, const char *url, const char *const *headers, const char *body,
             size_t body_len, size_t limit);

/* Aborts that request, if it is under way; no `done` follows. */
IMPORT(abort) void js_abort(void);

/* Reads `len` bytes of text as the browser does (js/text.js). NaN: it is no such text. */
IMPORT(read) double js_read(int kind, const char *text, size_t len);

enum text {
  TEXT_DATE,        /* an HTTP date, as Unix seconds */
  TEXT_NUMBER,      /* one decimal number and nothing else */
  TEXT_ENDPOINT,    /* a base URL: an iauth_error, https or this machine only */
  TEXT_ANY_ENDPOINT /* the same, plain http everywhere */
};

/* Layouts of the numbers stand at the functions that tell them (host.c) and in js/core.js. */
enum message {
  MESSAGE_TOKEN = 1,
  MESSAGE_ERROR,
  MESSAGE_EXPIRED,
  MESSAGE_QUOTA,
  MESSAGE_ANSWER,
  MESSAGE_REAUTHORIZE
};

enum flag {
  FLAG_AUTO_REFRESH = 1,
  FLAG_CAN_REAUTHORIZE = 2,
  FLAG_ALLOW_INSECURE = 4,
  FLAG_TOKEN_FLOW = 8,
  FLAG_SECRET_FLOW = 16 /* on servers only; IAUTH_BROWSER leaves it out */
};

/* Memory for strings. NULL: there is no more. */
void *malloc(size_t size);

/* `strings` is "endpoint\0API key\0credential\0". Returns an iauth_error. */
EXPORT(new) int wasm_new(char *strings, size_t len, int flags, double timeout_ms, uint32_t seed);

/* Answers everybody with `disposed`. */
EXPORT(dispose) void wasm_dispose(void);

/* Joins a caller, who is answered by MESSAGE_ANSWER. Returns an iauth_error: then no answer
 * follows. */
EXPORT(get)
int wasm_get(uint32_t waiter, double min_validity_ms, double timeout_ms, int force_refresh);

EXPORT(cancel) void wasm_cancel(uint32_t waiter);

/* Takes a token from another tab or a server (id 0), or as the answer to MESSAGE_REAUTHORIZE.
 * `strings` is the token and, behind its NUL, the apis; apis_len is 0 if they are unknown. */
EXPORT(adopt)
void wasm_adopt(uint32_t id, char *strings, size_t token_len, size_t apis_len, double expiration,
                double expires_wall_ms, double lifetime_ms);

/* There is no token for MESSAGE_REAUTHORIZE. */
EXPORT(fail) void wasm_fail(uint32_t id, int error);

EXPORT(invalidate) void wasm_invalidate(char *token, size_t len);

/* The timer fired or, with `woke`, the machine woke up or came online. */
EXPORT(run) void wasm_run(int woke);

/* The request is answered: `block` is the headers, "Name: value\r\n" each, and then the body.
 * Status 0: there was no answer. */
EXPORT(done) void wasm_done(int status, char *block, size_t headers_len, size_t body_len);

#endif
