/* The Auth API's handlers, without I/O: a request in, a response out. Store, signer and clock are
 * handed in, so that the same C serves under libmicrohttpd and, as wasm, under Node.
 *
 * The wire is AUTH_API; `reason` in an error is our addition, the one word that a program may read.
 */
#ifndef AUTHAPI_ENDPOINTS_H
#define AUTHAPI_ENDPOINTS_H

#include "authapi/audit.h"
#include "authapi/keys/domains.h"
#include "authapi/keys/origin_rules.h"
#include "authapi/keys/signing_keys.h"
#include "authapi/last_used.h"
#include "authapi/limits.h"
#include "authapi/store/store.h"

#define AUTHAPI_BODY_MAX 16384 /* bytes of a request's body; hosts stop reading there */
#define AUTHAPI_HEADERS_MAX 12

typedef struct {
  authapi_store store;
  authapi_signer signer;
  authapi_signing_keys *keys; /* the host's, zeroed at first; handlers keep it up to date */
  authapi_to_ascii to_ascii;          /* for domains that are added */
  int64_t (*now_s)(void *state);      /* Unix seconds */
  void *clock_state;
  int64_t lifetime_s;           /* of access tokens */
  const char *apis_json;        /* {"name":"https://base URL"}, as it goes into answers */
  authapi_limiter *limiter;     /* NULL: an API key may ask as much as it likes */
  authapi_audit *audit;         /* NULL: nobody wants to know */
  authapi_last_used *last_used; /* where it is noted when keys are used; NULL: nowhere */
} authapi;

typedef struct {
  const char *method;
  const char *path; /* without query */
  /* The value of a header, NULL if there is none; "" if it was sent more than once, because to pick
   * one would be a guess. `name` is matched whatever its case. */
  const char *(*header)(void *state, const char *name);
  void *header_state;
  const char *body; /* need not end in NUL */
  size_t body_len;
  bool body_too_large; /* the host stopped reading it */
} authapi_request;

typedef struct {
  int status;
  struct {
    const char *name; /* static */
    char value[AUTHAPI_ORIGIN_MAX + 1];
  } headers[AUTHAPI_HEADERS_MAX];
  size_t header_count;
  char *body;                   /* NULL for none */
  char key_id[AUTHAPI_ID_SIZE]; /* for a log: the credential, or else API key, that was used, or "" */
  cJSON *changed;               /* for the audit log: what became of a key (authapi_audit_pick), or NULL */
  const char *reason;           /* for a log: why it was refused, or "" */
  const char *problem;          /* for a log: what failed in here, or ""; borrowed from the store until it is
                          used again */
} authapi_response;

/* Answers a request; always fills *response. Release it with authapi_response_clean_up. */
void authapi_handle(const authapi *api, const authapi_request *request, authapi_response *response);

/* Answers with an error of this status without looking into the request, so that clients can be
 * tested against it; a preflight is answered as ever. The same about `response`. */
void authapi_refuse_with(const authapi_request *request, int status, authapi_response *response);

/* Whether there is an endpoint at this path, so that it may be logged. */
bool authapi_path_known(const char *path);

/* Tells the audit log of a request that was answered. `by` as authapi_audit_event has it. */
void authapi_tell_audit(const authapi *api, const char *event, const char *by, const authapi_request *request,
                        const authapi_response *response);

/* Wipes and frees the body, which may hold a token, and what else there is. */
void authapi_response_clean_up(authapi_response *response);

#endif
