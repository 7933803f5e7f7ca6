/* Answers of the Auth API, checked step by step; see response.h. */
#include "core/response.h"

#include <string.h>

#include <cJSON.h>

#include "core/credential.h"
#include "core/endpoint.h"
#include "core/http_date.h"
#include "core/memory.h"
#include "core/number.h"
#include "core/policy.h"

/* ---------------------------------------------------------------------------------------------------
 * Headers: a raw block of "Name: value\r\n" lines. */

typedef struct {
  const char *at;
  size_t len;
} slice;

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c; }

static bool starts_with(slice text, const char *prefix) {
  size_t len = strlen(prefix);
  if (text.len < len)
    return false;
  for (size_t i = 0; i < len; i++)
    if (lower(text.at[i]) != prefix[i])
      return false;
  return true;
}

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

static slice trim(slice text) {
  for (; text.len > 0 && is_space(text.at[0]); text.len--)
    text.at++;
  while (text.len > 0 && is_space(text.at[text.len - 1]))
    text.len--;
  return text;
}

/* Finds the first header called `name` (lower case, with its colon); an empty slice if there is
 * none. */
static slice header(const iauth_response *response, const char *name) {
  slice rest = {response->headers, response->headers_len};
  while (rest.len > 0) {
    const char *end = memchr(rest.at, '\n', rest.len);
    slice line = {rest.at, end != NULL ? (size_t)(end - rest.at) : rest.len};
    if (starts_with(line, name)) {
      size_t skip = strlen(name);
      return trim((slice){line.at + skip, line.len - skip});
    }
    size_t taken = line.len + (end != NULL);
    rest.at += taken;
    rest.len -= taken;
  }
  return (slice){NULL, 0};
}

/* A header that holds a whole number from 0 to 2^53; false if it is missing or holds something
 * else. */
static bool header_number(const iauth_response *response, const char *name, int64_t *out) {
  slice text = header(response, name);
  double value;
  if (!iauth__parse_number(text.at, text.len, &value) ||
      !(value >= 0 && value <= 9007199254740992.0))
    return false;
  *out = (int64_t)value;
  return true;
}

/* A header that holds a point in time, as HTTP date or as Unix seconds. */
static bool header_time(const iauth_response *response, const char *name, int64_t *unix_s) {
  slice text = header(response, name);
  return iauth__parse_http_date(text.at, text.len, unix_s) || header_number(response, name, unix_s);
}

int64_t iauth__retry_after_ms(const iauth_response *response, int64_t wall_ms) {
  int64_t seconds, until_s, now_s = wall_ms / 1000;
  slice text = header(response, "retry-after:");
  if (!header_number(response, "retry-after:", &seconds)) {
    if (!iauth__parse_http_date(text.at, text.len, &until_s) &&
        !(response->status == 429 && header_time(response, "x-throttle-reset:", &until_s)))
      return 0;
    slice date = header(response, "date:");
    (void)iauth__parse_http_date(date.at, date.len, &now_s);
    seconds = until_s - now_s;
  }
  return iauth__min(iauth__max(seconds, 0), IAUTH__RETRY_AFTER_MAX_MS / 1000) * 1000;
}

bool iauth__check_quota(const iauth_response *response, iauth_quota *quota) {
  int64_t quota_usage = -1, throttle_usage = -1;
  *quota = (iauth_quota){-1, -1, -1, -1};
  bool found = header_number(response, "x-quota-usage:", &quota_usage);
  found |= header_number(response, "x-throttle-usage:", &throttle_usage);
  found |= header_time(response, "x-quota-reset:", &quota->quota_reset_s);
  found |= header_time(response, "x-throttle-reset:", &quota->throttle_reset_s);
  quota->quota_usage_percent = (int)iauth__min(quota_usage, INT32_MAX);
  quota->throttle_usage_percent = (int)iauth__min(throttle_usage, INT32_MAX);
  return found;
}

/* ---------------------------------------------------------------------------------------------------
 * Bodies. */

static void wipe_string(const cJSON *item) {
  if (cJSON_IsString(item))
    iauth__wipe(item->valuestring, strlen(item->valuestring));
}

/* Frees a parsed body; the token in it is wiped first. */
static void delete_json(cJSON *json) {
  wipe_string(cJSON_GetObjectItemCaseSensitive(json, "accessToken"));
  cJSON_Delete(json);
}

static bool is_json(const iauth_response *response) {
  slice type = header(response, "content-type:");
  const char *end = type.len > 0 ? memchr(type.at, ';', type.len) : NULL;
  if (end != NULL)
    type.len = (size_t)(end - type.at);
  type = trim(type);
  return type.len == strlen("application/json") && starts_with(type, "application/json");
}

/* A number or a numeric string. */
static bool json_number(const cJSON *item, double *out) {
  if (cJSON_IsNumber(item)) {
    *out = item->valuedouble;
    return true;
  }
  return cJSON_IsString(item) &&
         iauth__parse_number(item->valuestring, strlen(item->valuestring), out);
}

/* expires_in: at least one millisecond; what is longer than ten years counts as ten years. */
static iauth_error check_expires_in(const cJSON *item, int64_t *ms) {
  double seconds;
  if (!json_number(item, &seconds) || !(seconds >= 0.001))
    return IAUTH_ERR_BAD_EXPIRES_IN;
  double longest = (double)(IAUTH__LIFETIME_MAX_MS / 1000);
  *ms = (int64_t)((seconds < longest ? seconds : longest) * 1000);
  return IAUTH_OK;
}

/* A product's base URL. Plain http passes only on this machine: a token is never sent in the clear
 * over a network. */
static bool is_api(const cJSON *api) {
  return cJSON_IsString(api) && iauth__check_endpoint(api->valuestring, false) == IAUTH_OK;
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
  char *at = grant->apis = iauth__alloc(host, len + 1); /* never 0 bytes: that may be NULL, too */
  if (at == NULL)
    return IAUTH_ERR_NO_MEMORY;
  grant->apis_len = len;
  cJSON_ArrayForEach(api, apis) {
    size_t name_len = strlen(api->string) + 1, url_len = strlen(api->valuestring) + 1;
    memcpy(at, api->string, name_len);
    memcpy(at + name_len, api->valuestring, url_len);
    at += name_len + url_len;
  }
  *at = '\0';
  return IAUTH_OK;
}

static iauth_error check_body(const iauth_host *host, iauth_request_kind kind, const cJSON *json,
                              iauth__grant *grant) {
  const cJSON *apis = cJSON_GetObjectItemCaseSensitive(json, "apis");
  if (kind != IAUTH_REQUEST_APIS) {
    const cJSON *token = cJSON_GetObjectItemCaseSensitive(json, "accessToken");
    if (!cJSON_IsString(token) ||
        !iauth__is_credential(token->valuestring, strlen(token->valuestring)))
      return IAUTH_ERR_BAD_TOKEN;
    const cJSON *expires_in = cJSON_GetObjectItemCaseSensitive(json, "expires_in");
    if (check_expires_in(expires_in, &grant->expires_in_ms) != IAUTH_OK)
      return IAUTH_ERR_BAD_EXPIRES_IN;
    double expiration;
    if (json_number(cJSON_GetObjectItemCaseSensitive(json, "expiration"), &expiration))
      grant->expiration = expiration;
    grant->access_token_len = strlen(token->valuestring);
    grant->access_token = iauth__copy(host, token->valuestring, grant->access_token_len);
    if (grant->access_token == NULL)
      return IAUTH_ERR_NO_MEMORY;
    if (apis == NULL)
      return IAUTH_OK;
  }
  return check_apis(host, apis, grant);
}

iauth_error iauth__check_grant(const iauth_host *host, iauth_request_kind kind,
                               const iauth_response *response, iauth__grant *grant) {
  memset(grant, 0, sizeof *grant);
  if (!is_json(response))
    return IAUTH_ERR_BAD_CONTENT_TYPE;
  if (response->body_len > IAUTH_BODY_MAX)
    return IAUTH_ERR_BODY_TOO_LARGE;
  cJSON *json = cJSON_ParseWithLength(response->body, response->body_len);
  if (!cJSON_IsObject(json)) {
    cJSON_Delete(json);
    return IAUTH_ERR_BAD_JSON;
  }
  iauth_error error = check_body(host, kind, json, grant);
  if (error != IAUTH_OK)
    iauth__grant_clean_up(grant, host);
  delete_json(json);
  return error;
}

void iauth__grant_clean_up(iauth__grant *grant, const iauth_host *host) {
  iauth__wipe_release(host, grant->access_token, grant->access_token_len);
  iauth__wipe_release(host, grant->apis, grant->apis_len);
  memset(grant, 0, sizeof *grant);
}

/* ---------------------------------------------------------------------------------------------------
 * Refusals. */

/* What the body says about a refusal: `reason` is a word that our local Auth API adds to the
 * documented
 * {"error": {"code", "message"}}; `gateway` tells the gateway's {"Message": …} (AUTH_API "Errors").
 * Messages are for people and are never parsed. */
static iauth_error reason_of(const iauth_response *response, bool *gateway) {
  static const struct {
    const char *word;
    iauth_error error;
  } reasons[] = {
      {"origin_not_allowed", IAUTH_ERR_ORIGIN_NOT_ALLOWED},
      {"credentials_rejected", IAUTH_ERR_CREDENTIALS_REJECTED},
      {"key_revoked", IAUTH_ERR_KEY_REVOKED},
      {"token_expired", IAUTH_ERR_TOKEN_EXPIRED},
  };
  iauth_error found = IAUTH_OK;
  *gateway = false;
  if (response->body_len > IAUTH_BODY_MAX)
    return IAUTH_OK;
  cJSON *json = cJSON_ParseWithLength(response->body, response->body_len);
  const cJSON *error = cJSON_GetObjectItemCaseSensitive(json, "error");
  const cJSON *reason = cJSON_GetObjectItemCaseSensitive(error, "reason");
  if (cJSON_IsString(reason))
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
      if (strcmp(reason->valuestring, reasons[i].word) == 0)
        found = reasons[i].error;
  *gateway = cJSON_IsString(cJSON_GetObjectItemCaseSensitive(json, "Message"));
  cJSON_Delete(json);
  return found;
}

iauth_error iauth__check_refusal(iauth_request_kind kind, iauth_flow flow,
                                 const iauth_response *response) {
  int status = response->status;
  if (status == 429)
    return IAUTH_ERR_RATE_LIMITED;
  if (status >= 500 && status <= 599)
    return IAUTH_ERR_SERVER_ERROR;
  if (status != 400 && status != 401 && status != 403)
    return IAUTH_ERR_BAD_STATUS;
  bool gateway;
  iauth_error reason = reason_of(response, &gateway);
  if (reason != IAUTH_OK)
    return reason;
  if (kind != IAUTH_REQUEST_AUTH)
    return IAUTH_ERR_TOKEN_EXPIRED;
  /* Understood but refused, and not by the gateway, which refuses wrong API keys: with a domain key
   * that leaves the origin. */
  if (status == 403 && flow == IAUTH_FLOW_DOMAIN_KEY && !gateway)
    return IAUTH_ERR_ORIGIN_NOT_ALLOWED;
  return IAUTH_ERR_CREDENTIALS_REJECTED;
}
