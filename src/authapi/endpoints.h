/* The handlers of the Auth API, without I/O: they turn a request into a response. Store, signer and clock are
 * parameters, so that the same C runs under libmicrohttpd, and as wasm under Node.
 *
 * docs/wire.md describes requests and responses. The member `reason` of an error is our addition: one word for
 * programs. */
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

/* How /auth and /apis send the products. Production may leave them out, and writes an empty map as [] (docs/wire.md,
 * section "Requests"). */
typedef enum {
  AUTHAPI_APIS_SENT,    /* by both, as an object */
  AUTHAPI_APIS_MISSING, /* by GET /apis only */
  AUTHAPI_APIS_EMPTY,   /* as [] by both */
} authapi_apis;

/* Reads "missing" or "empty". False for any other text. */
bool authapi_apis_read(const char *text, authapi_apis *apis);

typedef struct {
  authapi_store store;
  authapi_signer signer;
  authapi_signing_keys *keys;    /* owned by the host, zeroed at first; handlers update it */
  authapi_domain_names names;    /* for new domains */
  int64_t (*now_s)(void *state); /* Unix seconds */
  void *clock_state;
  int64_t lifetime_s;           /* of access tokens */
  const char *apis_json;        /* {"name":"https://base URL"}, copied into responses */
  authapi_apis apis;            /* how apis_json is sent */
  const char *personal_secret;  /* the only valid "user_personal_secret"; NULL: none is valid */
  authapi_limiter *limiter;     /* NULL: requests are not limited */
  authapi_audit *audit;         /* NULL: there is no audit log */
  authapi_last_used *last_used; /* records when keys are used; NULL: not recorded */
} authapi;

/* Handles a request and always fills *response. Release it with authapi_response_clean_up. */
void authapi_handle(const authapi *api, const authapi_request *request, authapi_response *response);

/* Answers with an error of this status and ignores the request, for tests of clients. A preflight still succeeds.
 * Release *response with authapi_response_clean_up. */
void authapi_refuse_with(const authapi_request *request, int status, authapi_response *response);

/* True if there is an endpoint at this path. Only such a path may be logged. */
bool authapi_path_known(const char *path);

/* Writes a request and its response to the audit log. `by` as in authapi_audit_event. */
void authapi_write_audit(const authapi *api, const char *event, const char *by, const authapi_request *request,
                         const authapi_response *response);

#endif
