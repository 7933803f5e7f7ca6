/* The complete wasm boundary of the emulator: the functions that Node provides (js/emulator/core.js), and the functions
 * that Node may call. tests/node/emulator/boundary.test.js checks that both sides match.
 *
 * The libc of Emscripten has other imports, which differ by version. js/emulator/libc_imports.js provides them.
 *
 * Imports never throw and never call back into C. Imports that return int return 0 on failure. JavaScript allocates
 * incoming strings with malloc; the C function that takes a string wipes and frees it. Outgoing data is borrowed for
 * the call. */
#ifndef AUTHAPI_EMULATOR_BOUNDARY_H
#define AUTHAPI_EMULATOR_BOUNDARY_H

#include <stddef.h>

#define IMPORT(name) __attribute__((import_module("js"), import_name(#name)))
#define EXPORT(name) __attribute__((export_name(#name)))

/* The server's clock in Unix seconds. */
IMPORT(now) double js_now(void);

/* Cryptography. The sizes are those of authapi/keys/signer.h. Ed25519 keys are raw. */
IMPORT(random) int js_random(void *out, size_t len);
IMPORT(sha256) int js_sha256(const void *data, size_t len, unsigned char *hash);
IMPORT(public_key)
int js_public_key(const unsigned char *private_key, unsigned char *public_key);
IMPORT(sign)
int js_sign(const unsigned char *private_key, const void *data, size_t len, unsigned char *signature);
IMPORT(verify)
int js_verify(const unsigned char *public_key, const void *data, size_t len, const unsigned char *signature);

/* Converts a host name from UTF-8 to punycode. Writes at most `size` bytes and returns their number. */
IMPORT(to_ascii) int js_to_ascii(const char *host, size_t len, char *out, size_t size);

/* Saves the document with all keys so that it survives a crash. If the result is 0, `problem` holds the reason and a
 * NUL in at most `size` bytes. */
IMPORT(save) int js_save(const char *json, size_t len, char *problem, size_t size);

/* Sends the response. `handle` calls it exactly once. `headers` is "name\0value\0…"; `log` is the request's line for
 * the access log, a JSON object. */
IMPORT(respond)
void js_respond(int status, const char *headers, size_t headers_len, const char *body, size_t body_len, const char *log,
                size_t log_len);

enum flag {
  FLAG_ADMIN = 1,          /* management is enabled for this request */
  FLAG_BODY_TOO_LARGE = 2, /* the body was not read to its end */
  FLAG_APIS_MISSING = 4,   /* AUTHAPI_APIS_MISSING of authapi/endpoints.h */
  FLAG_APIS_EMPTY = 8      /* AUTHAPI_APIS_EMPTY */
};

/* A function of libc. Call it once, before any other. */
void _initialize(void);

/* Memory for strings. NULL if there is no more. */
void *malloc(size_t size);

/* Sets the options; call it before `open`. `strings` is "apis as JSON\0admin token\0personal secret\0". The numbers
 * limit the requests of each API key; 0 means no limit (authapi/limits.h). Returns NULL, or what is wrong as borrowed
 * text. */
EXPORT(configure)
const char *wasm_configure(char *strings, size_t len, int throttle_requests, int throttle_period_s, int quota_requests,
                           int quota_period_s);

/* Opens the store. `document` is a document that was saved, and ends in NUL; NULL opens an empty store. `lifetime_s` is
 * the longest lifetime of a token that is known now. Returns NULL, or what is wrong as borrowed text. */
EXPORT(open) const char *wasm_open(char *document, size_t len, int lifetime_s);

/* Handles a request and responds by js_respond. `request` is "method\0path\0name\0value\0…", followed by the body.
 * Tokens that it issues live `lifetime_s`. `refuse_with` is 0, or the status with which to refuse the request. */
EXPORT(handle)
void wasm_handle(char *request, size_t head_len, size_t body_len, int flags, int lifetime_s, int refuse_with);

#endif
