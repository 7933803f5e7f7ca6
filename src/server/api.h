/* The Auth API's handlers, without I/O: a request in, a response out. Store, signer and clock are
 * handed in, so that the same C serves under libmicrohttpd and, as wasm, under Node.
 *
 * The wire is AUTH_API; `reason` in an error is our addition, the one word that a program may read.
 */
#ifndef AUTHD_API_H
#define AUTHD_API_H

#include "server/audit.h"
#include "server/limits.h"
#include "server/origin.h"
#include "server/ring.h"
#include "server/store.h"
#include "server/token_cache.h"
#include "server/token_pool.h"
#include "server/uses.h"

#define AUTHD_BODY_MAX 16384 /* bytes of a request's body; hosts stop reading there */
#define AUTHD_HEADERS_MAX 12

typedef struct {
  authd_store store;
  authd_signer signer;
  authd_ring *ring;              /* the host's, zeroed at first; handlers keep it up to date */
  int64_t (*now_s)(void *state); /* Unix seconds */
  void *clock_state;
  int64_t lifetime_s;       /* of access tokens */
  const char *apis_json;    /* {"name":"https://base URL"}, as it goes into answers */
  authd_limiter *limiter;   /* NULL: an API key may ask as much as it likes */
  authd_audit *audit;       /* NULL: nobody wants to know */
  authd_token_pool *pool;   /* shares tokens of a crowd; NULL: each is made for the one who asks */
  authd_token_cache *cache; /* NULL: every token's signature is checked */
  authd_uses *uses;         /* where uses of keys are noted; NULL: nowhere */
} authd_api;

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
} authd_request;

typedef struct {
  int status;
  struct {
    const char *name; /* static */
    char value[AUTHD_ORIGIN_MAX + 1];
  } headers[AUTHD_HEADERS_MAX];
  size_t header_count;
  char *body;                 /* NULL for none */
  char key_id[AUTHD_ID_SIZE]; /* for a log: the credential, or else API key, that was used, or "" */
  cJSON *changed;      /* for the audit log: what became of a key (authd_audit_pick), or NULL */
  const char *reason;  /* for a log: why it was refused, or "" */
  const char *problem; /* for a log: what failed in here, or ""; borrowed from the store until it is
                          used again */
} authd_response;

/* Answers a request; always fills *response. Release it with authd_response_clean_up. */
void authd_handle(const authd_api *api, const authd_request *request, authd_response *response);

/* Answers with an error of this status without looking into the request, so that clients can be
 * tested against it; a preflight is answered as ever. The same about `response`. */
void authd_refuse_with(const authd_request *request, int status, authd_response *response);

/* Whether there is an endpoint at this path, so that it may be logged. */
bool authd_path_known(const char *path);

/* Tells the audit log of a request that was answered. `by` as authd_audit_event has it. */
void authd_tell_audit(const authd_api *api, const char *event, const char *by,
                      const authd_request *request, const authd_response *response);

/* Wipes and frees the body, which may hold a token, and what else there is. */
void authd_response_clean_up(authd_response *response);

#endif
