/* What the body of an answer says, as far as the client asks. Natively cJSON reads it (body.c). In a page
 * JavaScript does, by JSON.parse (js/client/answer.js), because cJSON would be a fifth of the wasm. Both take the same
 * texts and read the same out of them: tests/node/client/compare.test.js.
 *
 * A text is JSON (RFC 8259) with no more than 16 levels and 31 characters a number. Of a member that stands twice the last
 * one counts. A NUL, and half of a surrogate pair, count as U+FFFD: C's strings end at a NUL, and what is behind it
 * shall not pass unseen. */
#ifndef IAUTH_BODY_H
#define IAUTH_BODY_H

#include "core/iauth.h"

/* Bits of iauth__body.form. Without any: something else than an object. make-boundary.js reads them. */
enum form {
  FORM_OBJECT = 1,
  FORM_TOO_LARGE = 2, /* for IAUTH_BODY_MAX; the rest is not read */
  FORM_APIS = 4,      /* `apis` is an object … */
  FORM_NO_APIS = 8,   /* … or an empty list, as PHP writes an empty map */
  FORM_ERROR = 16,    /* `error` is an object: the API itself refuses */
  FORM_GATEWAY = 32   /* `Message` is a string: its gateway refuses */
};

/* Strings are never NULL, and empty where there is none. */
typedef struct {
  unsigned form;
  const char *access_token;
  double expires_in; /* seconds; a number or a number as string; 0 for anything else */
  double expiration; /* the same */
  const char *apis;  /* "name\0url\0…" of those that are strings; unchecked */
  size_t apis_len;
  iauth_error reason;   /* the one word of our own server, `error.reason`; 0 if it is no code */
  const char *sentence; /* for people: `error.message`, `error`, `Message` or `message` */
  void *json, *text;    /* natively: where all this lies */
} iauth__body;

/* Reads the body of an answer; release it with iauth__body_clean_up, also after NO_MEMORY.
 *
 * cJSON's allocation hooks are global. Tokens pass through its memory, so a host gives it hooks that wipe what they free
 * (cJSON_InitHooks), once. */
iauth_error iauth__body_init(iauth__body *body, const iauth_host *host, const iauth_response *response);

void iauth__body_clean_up(iauth__body *body, const iauth_host *host);

#endif
