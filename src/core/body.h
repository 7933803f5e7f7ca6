/* The body of a response, as far as the client needs it. On servers cJSON reads it (body.c). In a page JSON.parse reads
 * it (js/client/answer.js), because cJSON would be a fifth of the wasm. Both accept the same texts and read the same
 * values; tests/node/client/compare.test.js compares them.
 *
 * A text is JSON (RFC 8259) with at most 16 levels, and its numbers have at most 31 characters. If a member occurs
 * twice, the last one counts. A NUL and half of a surrogate pair are read as U+FFFD: a C string ends at its first NUL,
 * so the rest of the text would be lost unnoticed. */
#ifndef IAUTH_BODY_H
#define IAUTH_BODY_H

#include "core/iauth.h"

/* Bits of iauth__body.form. 0: the body is not an object. make-boundary.js reads this enum. */
enum form {
  FORM_OBJECT = 1,
  FORM_TOO_LARGE = 2, /* longer than IAUTH_BODY_MAX; nothing else is read */
  FORM_APIS = 4,      /* `apis` is an object */
  FORM_NO_APIS = 8,   /* `apis` is an empty list: PHP writes an empty map like this */
  FORM_ERROR = 16,    /* `error` is an object: the API itself refused */
  FORM_GATEWAY = 32   /* `Message` is a string: the API's gateway refused */
};

/* A missing string is "", never NULL. */
typedef struct {
  iauth_error error; /* NO_MEMORY: the body could not be read; else 0 */
  unsigned form;
  const char *access_token;
  double expires_in; /* seconds; from a number or a string with a number; 0 for anything else */
  double expiration; /* Unix seconds; read in the same way */
  const char *apis;  /* "name\0url\0…": the members whose values are strings; not checked */
  size_t apis_len;
  iauth_error reason;  /* from `error.reason`, which only our own server sends; 0 if it is not one of our codes */
  const char *message; /* for people: `error.message`, `error`, `Message` or `message` */
  void *json, *text;   /* on servers: the memory that the strings are in */
} iauth__body;

/* Reads the body of a response. Release it with iauth__body_clean_up.
 *
 * Tokens pass through the memory of cJSON. Therefore a host calls cJSON_InitHooks once, with hooks that wipe what they
 * free. The hooks are global. */
void iauth__body_init(iauth__body *body, const iauth_host *host, const iauth_response *response);

void iauth__body_clean_up(iauth__body *body, const iauth_host *host);

/* As iauth_respond, for a host that has read the body. `response` needs no body. */
void iauth__respond(iauth_client *client, uint32_t id, const iauth_response *response, const iauth__body *body);

#endif
