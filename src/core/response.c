/* Answers of the Auth API, checked step by step; see response.h. */
#include "core/response.h"

#include <string.h>

#include <cJSON.h>

#include "base/base_url.h"
#include "base/dates.h"
#include "base/number.h"
#include "base/wipe.h"
#include "core/credential.h"
#include "core/memory.h"
#include "core/policy.h"

/* ---------------------------------------------------------------------------------------------------
 * Headers. */

/* A number from 0 to 2^53 in a header; false if there is none or something else. */
static bool header_number(const char *text, int64_t *out) {
  double value;
  if (!iauth__parse_number(text, strlen(text), &value) || !(value >= 0 && value <= 9007199254740992.0))
    return false;
  *out = (int64_t)value;
  return true;
}

static bool header_date(const char *text, int64_t *unix_s) {
  return iauth__parse_http_date(text, strlen(text), unix_s);
}

/* A point in time, as HTTP date or as Unix seconds. */
static bool header_time(const char *text, int64_t *unix_s) {
  return header_date(text, unix_s) || header_number(text, unix_s);
}

int64_t iauth__retry_after_ms(const iauth_response *response, int64_t wall_ms) {
  int64_t seconds, until_s, now_s = wall_ms / 1000;
  const char *retry_after = response->headers[IAUTH_HEADER_RETRY_AFTER];
  if (!header_number(retry_after, &seconds)) {
    if (!header_date(retry_after, &until_s) &&
        !(response->status == 429 && header_time(response->headers[IAUTH_HEADER_THROTTLE_RESET], &until_s)))
      return 0;
    (void)header_date(response->headers[IAUTH_HEADER_DATE], &now_s);
    seconds = until_s - now_s;
  }
  return iauth__min(iauth__max(seconds, 0), IAUTH__RETRY_AFTER_MAX_MS / 1000) * 1000;
}

bool iauth__check_quota(const iauth_response *response, iauth_quota *quota) {
  const char *const *headers = response->headers;
  *quota = (iauth_quota){-1, -1, -1, -1};
  bool found = header_number(headers[IAUTH_HEADER_QUOTA_USAGE], &quota->quota_usage_percent);
  found |= header_number(headers[IAUTH_HEADER_THROTTLE_USAGE], &quota->throttle_usage_percent);
  found |= header_time(headers[IAUTH_HEADER_QUOTA_RESET], &quota->quota_reset_s);
  found |= header_time(headers[IAUTH_HEADER_THROTTLE_RESET], &quota->throttle_reset_s);
  return found;
}

/* ---------------------------------------------------------------------------------------------------
 * Bodies. */

/* A string's characters, NULL for anything else. */
static char *string_of(const cJSON *json, const char *name) {
  return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));
}

/* Frees a parsed body; the token in it is wiped first, because cJSON's memory is not the host's. */
static void delete_json(cJSON *json) {
  char *token = string_of(json, "accessToken");
  if (token != NULL)
    iauth__wipe(token, strlen(token));
  cJSON_Delete(json);
}

/* The media type, whatever its case, with parameters or without (RFC 9110, section 8.3.1). */
static bool is_json(const char *type) {
  for (const char *wanted = "application/json"; *wanted != '\0'; wanted++, type++)
    if ((*type | 0x20) != *wanted)
      return false;
  return *type <= ' ' || *type == ';'; /* the end, or white space before a semicolon */
}

/* A number or a numeric string; 0 for anything else. */
static double number_of(const cJSON *json, const char *name) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);
  const char *text = cJSON_GetStringValue(item);
  double value;
  if (text != NULL)
    return iauth__parse_number(text, strlen(text), &value) ? value : 0;
  return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

/* A product's base URL. Plain http passes only on this machine: a token is never sent in the clear
 * over a network. */
static bool is_api(const cJSON *api) {
  return cJSON_IsString(api) && iauth__check_base_url(api->valuestring, false) == IAUTH__BASE_URL_OK;
}

static iauth_error check_apis(const iauth_host *host, const cJSON *apis, iauth__grant *grant) {
  size_t len = 0;
  const cJSON *api;
  if (!cJSON_IsObject(apis))
    return IAUTH_ERR_BAD_APIS;
  cJSON_ArrayForEach(api, apis) {
    if (!is_api(api))
      return IAUTH_ERR_BAD_APIS;
    len += strlen(api->string) + strlen(api->valuestring) + 2;
  }
  char *at = iauth__alloc(host, len + 1); /* never 0 bytes: that may be NULL, too */
  if (at == NULL)
    return IAUTH_ERR_NO_MEMORY;
  grant->apis = at;
  grant->apis_len = len;
  *at = '\0';
  cJSON_ArrayForEach(api, apis) at = iauth__append(iauth__append(at, api->string) + 1, api->valuestring) + 1;
  return IAUTH_OK;
}

/* expires_in counts from one millisecond; what is longer than ten years counts as ten years. */
static iauth_error check_body(const iauth_host *host, iauth_request_kind kind, const cJSON *json, iauth__grant *grant) {
  const cJSON *apis = cJSON_GetObjectItemCaseSensitive(json, "apis");
  if (kind != IAUTH_REQUEST_APIS) {
    const double longest_s = IAUTH__LIFETIME_MAX_MS / 1000;
    const char *token = string_of(json, "accessToken");
    double expires_in = number_of(json, "expires_in");
    if (!iauth__is_credential(token))
      return IAUTH_ERR_BAD_TOKEN;
    if (!(expires_in >= 0.001))
      return IAUTH_ERR_BAD_EXPIRES_IN;
    grant->expires_in_ms = (int64_t)((expires_in < longest_s ? expires_in : longest_s) * 1000);
    grant->expiration = number_of(json, "expiration");
    grant->access_token = iauth__copy(host, token, strlen(token) + 1);
    if (grant->access_token == NULL)
      return IAUTH_ERR_NO_MEMORY;
    if (apis == NULL)
      return IAUTH_OK;
  }
  return check_apis(host, apis, grant);
}

static iauth_error check_grant(const iauth_host *host, iauth_request_kind kind, const iauth_response *response,
                               const cJSON *json, iauth__grant *grant) {
  if (!is_json(response->headers[IAUTH_HEADER_CONTENT_TYPE]))
    return IAUTH_ERR_BAD_CONTENT_TYPE;
  if (response->body_len > IAUTH_BODY_MAX)
    return IAUTH_ERR_BODY_TOO_LARGE;
  if (!cJSON_IsObject(json))
    return IAUTH_ERR_BAD_JSON;
  iauth_error error = check_body(host, kind, json, grant);
  if (error != IAUTH_OK)
    iauth__grant_clean_up(grant, host);
  return error;
}

void iauth__grant_clean_up(iauth__grant *grant, const iauth_host *host) {
  iauth__release(host, grant->access_token);
  iauth__release(host, grant->apis);
  memset(grant, 0, sizeof *grant);
}

/* ---------------------------------------------------------------------------------------------------
 * Refusals. */

/* A refusal's body is the documented {"error": {"code", "message"}}, to which our local Auth API
 * adds `reason`, one of our codes; or the gateway's {"Message": …} (AUTH_API "Errors"). Messages
 * are for people and are never parsed. */
static iauth_error check_refusal(iauth_request_kind kind, iauth_flow flow, int status, const cJSON *json) {
  if (status == 429)
    return IAUTH_ERR_RATE_LIMITED;
  if (status >= 500 && status <= 599)
    return IAUTH_ERR_SERVER_ERROR;
  if (status != 400 && status != 401 && status != 403)
    return IAUTH_ERR_BAD_STATUS;
  const char *reason = string_of(cJSON_GetObjectItemCaseSensitive(json, "error"), "reason");
  iauth_error named = reason != NULL ? iauth_error_of_code(reason) : IAUTH_OK;
  if (named <= IAUTH_ERR_ORIGIN_NOT_ALLOWED && named >= IAUTH_ERR_TOKEN_EXPIRED)
    return named;
  if (kind != IAUTH_REQUEST_AUTH)
    return IAUTH_ERR_TOKEN_EXPIRED;
  /* Understood but refused, and not by the gateway, which refuses wrong API keys: with a domain key
   * that leaves the origin. */
  if (status == 403 && flow == IAUTH_FLOW_DOMAIN_KEY && string_of(json, "Message") == NULL)
    return IAUTH_ERR_ORIGIN_NOT_ALLOWED;
  return IAUTH_ERR_CREDENTIALS_REJECTED;
}

iauth_error iauth__check_response(const iauth_host *host, iauth_request_kind kind, iauth_flow flow,
                                  const iauth_response *response, iauth__grant *grant) {
  cJSON *json = NULL;
  memset(grant, 0, sizeof *grant);
  if (response->body_len <= IAUTH_BODY_MAX)
    json = cJSON_ParseWithLength(response->body, response->body_len);
  iauth_error error = response->status == 200 ? check_grant(host, kind, response, json, grant)
                                              : check_refusal(kind, flow, response->status, json);
  delete_json(json);
  return error;
}
