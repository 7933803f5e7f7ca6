/* Reads requests and builds responses; see messages.h and exchange.h. */
#include "authapi/messages.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/ascii.h"
#include "base/wipe.h"

/* ---------------------------------------------------------------------------------------------------
 * Responses. */

/* bytes; most responses fit. A buffer that grows would leave a copy of its token in memory. */
#define BODY_HINT 4096

void authapi_begin_response(authapi_response *response) {
  memset(response, 0, sizeof *response);
  response->reason = "";
  response->problem = "";
}

void authapi_add_text(cJSON *json, const char *name, const char *text) {
  if (text != NULL && text[0] != '\0')
    cJSON_AddStringToObject(json, name, text);
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
  authapi_refuse(response, 500, "server_error", "The server failed. Its log has the reason.");
  response->problem = problem;
}

void authapi_store_failed(const authapi_store *store, authapi_response *response) {
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

const char *authapi_target_path(const char *target) {
  static const char *const schemes[] = {"http://", "https://"};
  for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
    if (strncasecmp(target, schemes[i], strlen(schemes[i])) == 0) {
      const char *authority = target + strlen(schemes[i]);
      const char *path = authority + strcspn(authority, "/?#");
      return *path == '/' ? path : "/";
    }
  return target;
}

const char *authapi_bearer_token(const char *value) {
  static const char scheme[] = "Bearer ";
  if (value == NULL || strncasecmp(value, scheme, sizeof scheme - 1) != 0)
    return NULL;
  const char *token = value + sizeof scheme - 1;
  token += strspn(token, " ");
  return *token != '\0' ? token : NULL;
}

/* True if a Content-Type has the type `type`. Parameters are ignored. */
static bool is_type(const char *header, const char *type) {
  size_t len = strlen(type);
  return header != NULL && strncasecmp(header, type, len) == 0 &&
         strchr("; \t", header[len]) != NULL; /* `header` may also end here */
}

bool authapi_is_json_type(const char *type) { return is_type(type, "application/json"); }

bool authapi_is_form_type(const char *type) { return is_type(type, "application/x-www-form-urlencoded"); }

/* Decodes a name or a value of a form into `out`, which has room for `len` bytes and a NUL. False for a NUL, and for a
 * "%" without two hexadecimal digits. */
static bool decode_form(const char *text, size_t len, char *out) {
  for (size_t i = 0; i < len; i++) {
    char c = text[i];
    if (c == '+') {
      c = ' ';
    } else if (c == '%') {
      if (len - i < 3 || !iauth__is_hex(text[i + 1]) || !iauth__is_hex(text[i + 2]))
        return false;
      c = (char)(iauth__hex_value(text[i + 1]) * 16 + iauth__hex_value(text[i + 2]));
      i += 2;
    }
    if (c == '\0')
      return false;
    *out++ = c;
  }
  *out = '\0';
  return true;
}

/* Adds "name=value" to `json`. `space` has room for both decoded texts, each with a NUL. */
static bool add_pair(cJSON *json, const char *pair, size_t len, char *space) {
  const char *equals = memchr(pair, '=', len);
  size_t name_len = equals != NULL ? (size_t)(equals - pair) : len;
  const char *value = equals != NULL ? equals + 1 : pair + len;
  char *value_space = space + name_len + 1;
  return decode_form(pair, name_len, space) && decode_form(value, (size_t)(pair + len - value), value_space) &&
         cJSON_AddStringToObject(json, space, value_space) != NULL;
}

cJSON *authapi_parse_form(const char *body, size_t len) {
  cJSON *json = cJSON_CreateObject();
  char *space = malloc(len + 2);
  bool good = json != NULL && space != NULL;
  for (size_t i = 0; good && i < len;) {
    const char *end = memchr(body + i, '&', len - i);
    size_t pair_len = end != NULL ? (size_t)(end - body) - i : len - i;
    good = pair_len == 0 || add_pair(json, body + i, pair_len, space);
    i += pair_len + 1;
  }
  if (space != NULL)
    iauth__wipe(space, len + 2);
  free(space);
  if (good)
    return json;
  authapi_wipe_strings(json);
  cJSON_Delete(json);
  return NULL;
}

void authapi_wipe_strings(cJSON *json) {
  cJSON *member;
  cJSON_ArrayForEach(member, json) {
    char *value = cJSON_GetStringValue(member);
    if (value != NULL)
      iauth__wipe(value, strlen(value));
  }
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
