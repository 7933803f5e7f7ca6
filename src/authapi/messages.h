/* Reads requests and builds responses, for the handlers of endpoints.c and management.c. */
#ifndef AUTHAPI_MESSAGES_H
#define AUTHAPI_MESSAGES_H

#include <cjson/cJSON.h>

#include "authapi/exchange.h"

/* ---------------------------------------------------------------------------------------------------
 * Responses. */

/* Makes an empty response: no status, no headers, no body. */
void authapi_begin_response(authapi_response *response);

/* Adds a member to a JSON object of a log. A text that is NULL or empty is left out. */
void authapi_add_text(cJSON *json, const char *name, const char *text);

/* Adds a header. `name` is static text. The value is copied, and truncated to the size of a header. */
void authapi_add_header(authapi_response *response, const char *name, const char *value);

/* Sets `json` as the body, and forbids caches to store it. Takes ownership of `json`. If there is no memory, the status
 * is 500. */
void authapi_set_json(authapi_response *response, int status, cJSON *json);

/* Answers {"error": {"code", "message", "reason"}}. `reason` is static text. */
void authapi_refuse(authapi_response *response, int status, const char *reason, const char *message);

/* Answers 500. `problem` goes only to the log, because it may contain file names. It is borrowed, see
 * authapi_response. */
void authapi_fail(authapi_response *response, const char *problem);

/* Answers 500 with the store's last failure as `problem`. */
void authapi_store_failed(const authapi_store *store, authapi_response *response);

/* ---------------------------------------------------------------------------------------------------
 * Requests. */

/* The value of a header, as in authapi_request.header. */
const char *authapi_header(const authapi_request *request, const char *name);

/* The path of a request's target, borrowed from it. If the target is a complete URL, which every server must accept
 * (RFC 9112, section 3.2.2), this is the part after "http://host"; else it is the target itself. */
const char *authapi_target_path(const char *target);

/* The token in the value of an Authorization header, or NULL if there is none. Upper and lower case of the scheme do
 * not matter, and several spaces may follow it (RFC 9110, section 11.4). */
const char *authapi_bearer_token(const char *value);

/* True if a Content-Type is application/json. It may be NULL. */
bool authapi_is_json_type(const char *type);

/* True if a Content-Type is application/x-www-form-urlencoded. It may be NULL. */
bool authapi_is_form_type(const char *type);

/* Reads such a form (WHATWG URL, "application/x-www-form-urlencoded parsing") into an object of strings. NULL if there
 * is no memory, for a NUL, and for a "%" without two hexadecimal digits. The caller deletes the object. */
cJSON *authapi_parse_form(const char *body, size_t len);

/* Wipes all members of `json` that are strings, because they may be credentials. `json` may be NULL. */
void authapi_wipe_strings(cJSON *json);

/* Reads exactly one JSON text; NULL for anything else. A NUL is refused in any spelling, because C would read a shorter
 * key. The caller deletes the result. */
cJSON *authapi_parse_body(const char *body, size_t len);

#endif
