/* The request that a host passes to the handlers, and the response that they return. */
#ifndef AUTHAPI_EXCHANGE_H
#define AUTHAPI_EXCHANGE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "authapi/keys/origin_rules.h"
#include "authapi/store/store.h"

#define AUTHAPI_BODY_MAX 16384 /* bytes of a request body; hosts stop reading there */
#define AUTHAPI_HEADERS_MAX 12

typedef struct {
  const char *method;
  const char *path; /* without the query; see authapi_target_path */
  /* The value of a header; NULL if it was not sent. "" if it was sent more than once, because choosing one value would
   * be a guess. Upper and lower case in `name` do not matter. */
  const char *(*header)(void *state, const char *name);
  void *header_state;
  const char *body; /* may have no NUL at its end */
  size_t body_len;
  bool body_too_large; /* the host stopped reading the body */
  const char *client;  /* for logs: the client's IP address; NULL if the host does not know it */
} authapi_request;

typedef struct {
  int status;
  struct {
    const char *name; /* static */
    char value[AUTHAPI_ORIGIN_MAX + 1];
  } headers[AUTHAPI_HEADERS_MAX];
  size_t header_count;
  char *body;                     /* NULL: no body; for HEAD, the host sends only its length */
  bool known_caller;              /* for logs: the request had a known API key or the admin token */
  char key_id[AUTHAPI_ID_SIZE];   /* for logs: ID of the credential, or else of the API key; or "" */
  char token_id[AUTHAPI_ID_SIZE]; /* for logs: jti of the token that was granted or received, or "" */
  cJSON *changed;                 /* for the audit log: fields of a changed key (authapi_audit_pick), or NULL */
  const char *reason;             /* for logs: why the request was refused, or "" */
  const char *problem;            /* for logs: the internal failure, or ""; valid until the next use of the store */
} authapi_response;

/* Wipes and frees the body, which may hold a token, and all other memory of the response. */
void authapi_response_clean_up(authapi_response *response);

#endif
