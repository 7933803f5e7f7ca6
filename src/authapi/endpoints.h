/* The Auth API's handlers, without I/O: a request in, a response out. Store, signer and clock are
 * handed in, so that the same C serves under libmicrohttpd and, as wasm, under Node.
 *
 * The wire is docs/wire.md; `reason` in an error is our addition, the one word that a program may read.
 */
#ifndef AUTHAPI_ENDPOINTS_H
#define AUTHAPI_ENDPOINTS_H

#include "authapi/audit.h"
#include "authapi/exchange.h"
#include "authapi/keys/domains.h"
#include "authapi/keys/origin_rules.h"
#include "authapi/keys/signing_keys.h"
#include "authapi/last_used.h"
#include "authapi/limits.h"
#include "authapi/store/store.h"

typedef struct {
  authapi_store store;
  authapi_signer signer;
  authapi_signing_keys *keys;    /* the host's, zeroed at first; handlers keep it up to date */
  authapi_to_ascii to_ascii;     /* for domains that are added */
  int64_t (*now_s)(void *state); /* Unix seconds */
  void *clock_state;
  int64_t lifetime_s;           /* of access tokens */
  const char *apis_json;        /* {"name":"https://base URL"}, as it goes into answers */
  const char *personal_secret;  /* the one "user_personal_secret" that is right; NULL: none is */
  authapi_limiter *limiter;     /* NULL: an API key may ask as much as it likes */
  authapi_audit *audit;         /* NULL: nobody wants to know */
  authapi_last_used *last_used; /* where it is noted when keys are used; NULL: nowhere */
} authapi;

/* Answers a request; always fills *response. Release it with authapi_response_clean_up. */
void authapi_handle(const authapi *api, const authapi_request *request, authapi_response *response);

/* Answers with an error of this status without looking into the request, so that clients can be
 * tested against it; a preflight is answered as ever. The same about `response`. */
void authapi_refuse_with(const authapi_request *request, int status, authapi_response *response);

/* Whether there is an endpoint at this path, so that it may be logged. */
bool authapi_path_known(const char *path);

/* Writes to the audit log what was asked and answered. `by` as authapi_audit_event has it. */
void authapi_write_audit(const authapi *api, const char *event, const char *by, const authapi_request *request,
                         const authapi_response *response);

#endif
