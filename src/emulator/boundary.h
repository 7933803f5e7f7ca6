/* The wasm boundary of the emulator, all of it: what Node gives (js/emulator/core.js) and what it
 * may call. tests/node/emulator/boundary.test.js holds both ends together.
 *
 * Emscripten's libc has imports of its own, other ones in each version; js/emulator/libc_imports.js
 * answers them.
 *
 * Imports never throw and never call back into C; those that return int return 0 for a failure.
 * Strings that come in lie in memory that JavaScript got from malloc; the function that takes one
 * wipes and frees it. What goes out is borrowed for the call. */
#ifndef AUTHAPI_EMULATOR_BOUNDARY_H
#define AUTHAPI_EMULATOR_BOUNDARY_H

#include <stddef.h>

#define IMPORT(name) __attribute__((import_module("js"), import_name(#name)))
#define EXPORT(name) __attribute__((export_name(#name)))

/* Unix seconds, as the server's clock has them. */
IMPORT(now) double js_now(void);

/* Cryptography, with the sizes of authapi/keys/signer.h: Ed25519 keys are raw. */
IMPORT(random) int js_random(void *out, size_t len);
IMPORT(sha256) int js_sha256(const void *data, size_t len, unsigned char *hash);
IMPORT(public_key)
int js_public_key(const unsigned char *private_key, unsigned char *public_key);
IMPORT(sign)
int js_sign(const unsigned char *private_key, const void *data, size_t len, unsigned char *signature);
IMPORT(verify)
int js_verify(const unsigned char *public_key, const void *data, size_t len, const unsigned char *signature);

/* A host name in UTF-8 in punycode: writes at most `size` bytes and returns their number. */
IMPORT(to_ascii) int js_to_ascii(const char *host, size_t len, char *out, size_t size);

/* Keeps the document with all keys, where it survives a crash. On 0, `problem` says why, with a
 * NUL, in at most `size` bytes. */
IMPORT(keep) int js_keep(const char *json, size_t len, char *problem, size_t size);

/* The answer of `handle`, called once in it. `headers` is "name\0value\0…"; `log` is what the
 * access log has of the request, a JSON object. */
IMPORT(answer)
void js_answer(int status, const char *headers, size_t headers_len, const char *body, size_t body_len, const char *log,
               size_t log_len);

enum flag {
  FLAG_ADMIN = 1,         /* management is there for this request */
  FLAG_BODY_TOO_LARGE = 2 /* it was not read to its end */
};

/* Of libc, once, before anything else. */
void _initialize(void);

/* Memory for strings. NULL: there is no more. */
void *malloc(size_t size);

/* Settings, before `open`: `strings` is "apis as JSON\0admin token\0"; how much an API key
 * may ask, 0 for no limit (authapi/limits.h). Returns NULL, or what is wrong: borrowed text. */
EXPORT(configure)
const char *wasm_configure(char *strings, size_t len, int throttle_requests, int throttle_period_s, int quota_requests,
                           int quota_period_s);

/* Opens the store with a document that was kept, which ends in NUL, or an empty one (NULL); tokens
 * will live at most `lifetime_s`, as far as is known. Returns NULL, or what is wrong: borrowed
 * text. */
EXPORT(open) const char *wasm_open(char *document, size_t len, int lifetime_s);

/* Answers a request by js_answer. `request` is "method\0path\0name\0value\0…" and then the body.
 * Tokens that are made in it live `lifetime_s`. `refuse_with` is 0, or the status to refuse it
 * with. */
EXPORT(handle)
void wasm_handle(char *request, size_t head_len, size_t body_len, int flags, int lifetime_s, int refuse_with);

#endif
