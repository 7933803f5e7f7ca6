/* A request as a host hands it to the handlers, and the response that it gets back. */
#ifndef AUTHAPI_EXCHANGE_H
#define AUTHAPI_EXCHANGE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "authapi/keys/origin_rules.h"
#include "authapi/store/store.h"

#define AUTHAPI_BODY_MAX 16384 /* bytes of a request's body; hosts stop reading there */
#define AUTHAPI_HEADERS_MAX 12

typedef struct {
  const char *method;
  const char *path; /* without query; see authapi_target_path */
  /* The value of a header, NULL if there is none; "" if it was sent more than once, because to pick
   * one would be a guess. `name` is matched whatever its case. */
  const char *(*header)(void *state, const char *name);
  void *header_state;
  const char *body; /* need not end in NUL */
  size_t body_len;
  bool body_too_large; /* the host stopped reading it */
  const char *client;  /* for logs: the address that asks; NULL if the host does not know it */
} authapi_request;

typedef struct {
  int status;
  struct {
    const char *name; /* static */
    char value[AUTHAPI_ORIGIN_MAX + 1];
  } headers[AUTHAPI_HEADERS_MAX];
  size_t header_count;
  char *body;                     /* NULL for none; of HEAD the host sends its length only */
  char key_id[AUTHAPI_ID_SIZE];   /* for a log: the credential, or else API key, that was used, or "" */
  char token_id[AUTHAPI_ID_SIZE]; /* for a log: the jti of the token that was granted or shown, or "" */
  cJSON *changed;                 /* for the audit log: what became of a key (authapi_audit_pick), or NULL */
  const char *reason;             /* for a log: why it was refused, or "" */
  const char *problem;            /* for a log: what failed in here, or ""; borrowed from the store until it is
                          used again */
} authapi_response;

/* Wipes and frees the body, which may hold a token, and what else there is. */
void authapi_response_clean_up(authapi_response *response);

#endif
