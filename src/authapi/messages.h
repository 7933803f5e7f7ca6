/* Reading requests and writing responses, for the handlers of endpoints.c and management.c. */
#ifndef AUTHAPI_MESSAGES_H
#define AUTHAPI_MESSAGES_H

#include <cjson/cJSON.h>

#include "authapi/exchange.h"

/* ---------------------------------------------------------------------------------------------------
 * Responses. */

/* Makes it empty: no status, no header, no body. */
void authapi_begin_response(authapi_response *response);

/* Adds a header. `name` is static text; the value is copied, and cut at the size of a header. */
void authapi_add_header(authapi_response *response, const char *name, const char *value);

/* Takes `json` as the body, which no cache may keep. Without memory the status is 500. */
void authapi_set_json(authapi_response *response, int status, cJSON *json);

/* Answers {"error": {"code", "message", "reason"}}; `reason` is static text. */
void authapi_refuse(authapi_response *response, int status, const char *reason, const char *message);

/* Answers 500. `problem` goes to the log only, because it may name files; borrowed, see
 * authapi_response. */
void authapi_fail(authapi_response *response, const char *problem);

/* The same with what the store says of its last failure. */
void authapi_fail_by_store(const authapi_store *store, authapi_response *response);

/* ---------------------------------------------------------------------------------------------------
 * Requests. */

/* The value of a header, as authapi_request.header has it. */
const char *authapi_header(const authapi_request *request, const char *name);

/* What follows "Bearer " in the value of an Authorization header, NULL if nothing does. The scheme's
 * case does not count (RFC 9110, section 11.1). */
const char *authapi_bearer_token(const char *value);

/* Whether a Content-Type, which may be NULL, is application/json. */
bool authapi_is_json_type(const char *type);

/* Reads one JSON text and nothing behind it; NULL otherwise. A NUL, which would cut a key short where
 * C reads it, is refused in any spelling. The caller deletes it. */
cJSON *authapi_parse_body(const char *body, size_t len);

#endif
