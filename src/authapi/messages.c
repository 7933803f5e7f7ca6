/* Reading requests and writing responses; see messages.h and exchange.h. */
#include "authapi/messages.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/wipe.h"

/* ---------------------------------------------------------------------------------------------------
 * Responses. */

/* Bytes that most answers fit in: a buffer that grows leaves a copy of its token behind. */
#define BODY_HINT 4096

void authapi_begin_response(authapi_response *response) {
  memset(response, 0, sizeof *response);
  response->reason = "";
  response->problem = "";
}

void authapi_add_header(authapi_response *response, const char *name, const char *value) {
  if (response->header_count == AUTHAPI_HEADERS_MAX)
    return;
  size_t len = strlen(value), max = sizeof response->headers[0].value - 1;
  if (len > max)
    len = max;
  response->headers[response->header_count].name = name;
  memcpy(response->headers[response->header_count].value, value, len);
  response->headers[response->header_count].value[len] = '\0';
  response->header_count++;
}

void authapi_set_json(authapi_response *response, int status, cJSON *json) {
  response->status = status;
  response->body = cJSON_PrintBuffered(json, BODY_HINT, false);
  cJSON_Delete(json);
  if (response->body == NULL)
    response->status = 500;
  authapi_add_header(response, "Content-Type", "application/json");
  authapi_add_header(response, "Cache-Control", "no-store");
}

void authapi_refuse(authapi_response *response, int status, const char *reason, const char *message) {
  cJSON *json = cJSON_CreateObject(), *error = cJSON_AddObjectToObject(json, "error");
  cJSON_AddNumberToObject(error, "code", status);
  cJSON_AddStringToObject(error, "message", message);
  cJSON_AddStringToObject(error, "reason", reason);
  response->reason = reason;
  authapi_set_json(response, status, json);
}

void authapi_fail(authapi_response *response, const char *problem) {
  authapi_refuse(response, 500, "server_error", "The server has a problem; its log says more.");
  response->problem = problem;
}

void authapi_fail_by_store(const authapi_store *store, authapi_response *response) {
  authapi_fail(response, store->problem(store->state));
}

void authapi_response_clean_up(authapi_response *response) {
  if (response->body != NULL)
    iauth__wipe(response->body, strlen(response->body));
  free(response->body);
  response->body = NULL;
  cJSON_Delete(response->changed);
  response->changed = NULL;
}

/* ---------------------------------------------------------------------------------------------------
 * Requests. */

const char *authapi_header(const authapi_request *request, const char *name) {
  return request->header(request->header_state, name);
}

const char *authapi_bearer_token(const char *value) {
  static const char scheme[] = "Bearer ";
  bool is_bearer = value != NULL && strncasecmp(value, scheme, sizeof scheme - 1) == 0;
  return is_bearer ? value + sizeof scheme - 1 : NULL;
}

bool authapi_is_json_type(const char *type) {
  static const char json[] = "application/json";
  if (type == NULL)
    return false;
  for (size_t i = 0; i < sizeof json - 1; i++)
    if ((type[i] | 0x20) != (json[i] | 0x20))
      return false;
  return strchr("; \t", type[sizeof json - 1]) != NULL; /* also at its end */
}

cJSON *authapi_parse_body(const char *body, size_t len) {
  static const char escaped_nul[] = "\\u0000";
  for (size_t i = 0; i < len; i++)
    if (body[i] == '\0' || (len - i >= 6 && memcmp(body + i, escaped_nul, 6) == 0))
      return NULL;
  const char *end = NULL;
  cJSON *json = cJSON_ParseWithLengthOpts(body, len, &end, false);
  while (json != NULL && end < body + len)
    if (strchr(" \t\r\n", *end++) == NULL) {
      cJSON_Delete(json);
      json = NULL;
    }
  return json;
}
