/* Reading requests and writing responses, as api.c and admin.c both do. Inline, so that short names
 * stay inside those two files. */
#ifndef AUTHAPI_MESSAGES_H
#define AUTHAPI_MESSAGES_H

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "authapi/endpoints.h"

/* ---------------------------------------------------------------------------------------------------
 * Responses. */

/* Bytes that most answers fit in: a buffer that grows leaves a copy of its token behind. */
#define BODY_HINT 4096

static inline void begin_response(authapi_response *response) {
  memset(response, 0, sizeof *response);
  response->reason = "";
  response->problem = "";
}

static inline void add_header(authapi_response *response, const char *name, const char *value) {
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

static inline void set_json(authapi_response *response, int status, cJSON *json) {
  response->status = status;
  response->body = cJSON_PrintBuffered(json, BODY_HINT, false);
  cJSON_Delete(json);
  if (response->body == NULL)
    response->status = 500;
  add_header(response, "Content-Type", "application/json");
  add_header(response, "Cache-Control", "no-store");
}

static inline void refuse(authapi_response *response, int status, const char *reason, const char *message) {
  cJSON *json = cJSON_CreateObject(), *error = cJSON_AddObjectToObject(json, "error");
  cJSON_AddNumberToObject(error, "code", status);
  cJSON_AddStringToObject(error, "message", message);
  cJSON_AddStringToObject(error, "reason", reason);
  response->reason = reason;
  set_json(response, status, json);
}

/* `problem` goes to the log only: it may tell of files. */
static inline void fail(authapi_response *response, const char *problem) {
  refuse(response, 500, "server_error", "The server has a problem; its log says more.");
  response->problem = problem;
}

static inline void fail_by_store(const authapi *api, authapi_response *response) {
  fail(response, api->store.problem(api->store.state));
}

/* ---------------------------------------------------------------------------------------------------
 * Requests. */

static inline const char *header(const authapi_request *request, const char *name) {
  return request->header(request->header_state, name);
}

/* What follows "Bearer " in an Authorization header, NULL if nothing does. The scheme's case does
 * not count (RFC 9110, section 11.1). */
static inline const char *bearer_token(const char *value) {
  static const char scheme[] = "Bearer ";
  bool is_bearer = value != NULL && strncasecmp(value, scheme, sizeof scheme - 1) == 0;
  return is_bearer ? value + sizeof scheme - 1 : NULL;
}

static inline bool is_json_type(const char *type) {
  static const char json[] = "application/json";
  if (type == NULL)
    return false;
  for (size_t i = 0; i < sizeof json - 1; i++)
    if ((type[i] | 0x20) != (json[i] | 0x20))
      return false;
  return strchr("; \t", type[sizeof json - 1]) != NULL; /* also at its end */
}

/* One JSON text and nothing behind it; NULL otherwise. A NUL, which would cut a key short where C
 * reads it, is not taken in any spelling. */
static inline cJSON *parse_body(const char *body, size_t len) {
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

#endif
