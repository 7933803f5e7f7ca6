/* Answers of the Auth API, checked step by step; see response.h. */
#include "core/response.h"

#include <string.h>

#include <cJSON.h>

#include "base/ascii.h"
#include "base/base_url.h"
#include "base/dates.h"
#include "base/number.h"
#include "core/credential.h"
#include "core/memory.h"
#include "core/policy.h"

/* ---------------------------------------------------------------------------------------------------
 * Headers. */

#define DATE_LEN 29 /* characters of an HTTP date */

/* A number from 0 to 2^53. False, and *out untouched, for anything else. */
static bool number_of_text(const char *text, size_t len, int64_t *out) {
  double value;
  if (!iauth__parse_number(text, len, &value) || !(value >= 0 && value <= 9007199254740992.0))
    return false;
  *out = (int64_t)value;
  return true;
}

/* The number in a header; of a list, as repeated headers make one, the first. */
static bool header_number(const char *text, int64_t *out) {
  const char *comma = strchr(text, ',');
  return number_of_text(text, comma != NULL ? (size_t)(comma - text) : strlen(text), out);
}

/* The same for a date. */
static bool header_date(const char *text, int64_t *unix_s) {
  size_t len = strlen(text);
  return iauth__parse_http_date(text, len > DATE_LEN && text[DATE_LEN] == ',' ? DATE_LEN : len, unix_s);
}

/* A point in time, as HTTP date or as Unix seconds. */
static bool header_time(const char *text, int64_t *unix_s) {
  return header_date(text, unix_s) || header_number(text, unix_s);
}

/* How long until a point in time on the server's clock. Its own Date counts where it can be read, so that this machine's
 * clock does not matter. */
static int64_t until_ms(const iauth_response *response, int64_t unix_s, int64_t wall_ms) {
  int64_t now_s = wall_ms / 1000;
  (void)header_date(response->headers[IAUTH_HEADER_DATE], &now_s);
  return iauth__min(iauth__max(unix_s - now_s, 0), IAUTH__SERVER_WAIT_MAX_MS / 1000) * 1000;
}

/* The longest of the waits in Retry-After, which a proxy may repeat: "4, 4". A date has a comma of its own, behind the
 * name of its day; what follows that is no number, so it is passed over as one more item. */
static int64_t longest_retry_after_ms(const iauth_response *response, int64_t wall_ms) {
  int64_t longest_ms = 0, value;
  for (const char *at = response->headers[IAUTH_HEADER_RETRY_AFTER]; *at != '\0';) {
    const char *comma = strchr(at, ',');
    size_t len = comma != NULL ? (size_t)(comma - at) : strlen(at);
    if (strlen(at) >= DATE_LEN && iauth__parse_http_date(at, DATE_LEN, &value))
      longest_ms = iauth__max(longest_ms, until_ms(response, value, wall_ms));
    if (number_of_text(at, len, &value))
      longest_ms = iauth__max(longest_ms, iauth__min(value, IAUTH__SERVER_WAIT_MAX_MS / 1000) * 1000);
    at += len;
    while (*at == ',' || *at == ' ')
      at++;
  }
  return longest_ms;
}

/* The wait for one limit: until its reset, if it is exhausted. */
static int64_t limit_ms(const iauth_response *response, int64_t usage_percent, int64_t reset_s, int64_t wall_ms) {
  return usage_percent >= 100 && reset_s >= 0 ? until_ms(response, reset_s, wall_ms) : 0;
}

int64_t iauth__server_wait_ms(const iauth_response *response, int64_t wall_ms) {
  iauth_quota quota;
  int64_t wait_ms = longest_retry_after_ms(response, wall_ms);
  if (!iauth__check_quota(response, &quota))
    return wait_ms;
  if (wait_ms == 0 && response->status == 429 && quota.throttle_usage_percent < 100 &&
      quota.quota_usage_percent < 100) {
    /* No usage says which limit it was. It is one whose usage is unknown, and of two the one of a minute is likelier. */
    if (quota.throttle_usage_percent < 0)
      quota.throttle_usage_percent = 100;
    else if (quota.quota_usage_percent < 0)
      quota.quota_usage_percent = 100;
  }
  return iauth__max(wait_ms,
                    iauth__max(limit_ms(response, quota.quota_usage_percent, quota.quota_reset_s, wall_ms),
                               limit_ms(response, quota.throttle_usage_percent, quota.throttle_reset_s, wall_ms)));
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

/* Whether a body has a NUL, as such or as an escape: C's strings would end there, and what is behind it would pass
 * unseen. */
static bool has_nul(const char *body, size_t len) {
  for (const char *at = body, *end = body + len; at < end; at++) {
    if (*at == '\0')
      return true;
    if (*at == '\\' && ++at + 4 < end && memcmp(at, "u0000", 5) == 0)
      return true;
  }
  return false;
}

/* The body as JSON, NULL if it is anything else, also if more than white space follows. */
static cJSON *parse_body(const iauth_response *response) {
  const char *end, *body_end = response->body + response->body_len;
  if (response->body_len > IAUTH_BODY_MAX || has_nul(response->body, response->body_len))
    return NULL;
  cJSON *json = cJSON_ParseWithLengthOpts(response->body, response->body_len, &end, false);
  while (json != NULL && end < body_end && strchr(" \t\r\n", *end) != NULL)
    end++;
  if (json == NULL || end == body_end)
    return json;
  cJSON_Delete(json);
  return NULL;
}

/* The media type, whatever its case, with parameters or without (RFC 9110, section 8.3.1); a proxy may repeat it. */
static bool is_json(const char *type) {
  static const char wanted[] = "application/json";
  for (size_t i = 0; i < sizeof wanted - 1; i++)
    if (iauth__lower(type[i]) != wanted[i])
      return false;
  return strchr(" \t;,", type[sizeof wanted - 1]) != NULL; /* one of these, or the end */
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

/* Whether a product has a name of printable ASCII and a usable base URL. Plain http passes only on this machine: a token is
 * never sent in the clear over a network. */
static bool is_api(const char *name, const char *url) {
  return iauth__is_credential(name) && url != NULL && iauth__check_base_url(url, false) == IAUTH__BASE_URL_OK;
}

iauth_error iauth__copy_apis(const iauth_host *host, const char *apis, size_t apis_len, iauth__grant *grant) {
  char *at = iauth__alloc(host, apis_len + 1); /* never 0 bytes: that may be NULL, too */
  if (at == NULL)
    return IAUTH_ERR_NO_MEMORY;
  grant->apis = at;
  for (const char *name = apis, *url; name < apis + apis_len; name = url + strlen(url) + 1) {
    url = name + strlen(name) + 1;
    if (is_api(name, url))
      at = iauth__append(iauth__append(at, name) + 1, url) + 1;
  }
  grant->apis_len = (size_t)(at - grant->apis);
  return IAUTH_OK;
}

/* Products and their base URLs. A bad entry costs that product, never the token. */
static iauth_error check_apis(const iauth_host *host, const cJSON *apis, iauth__grant *grant) {
  size_t len = 1;
  const cJSON *api;
  cJSON_ArrayForEach(api, apis) {
    if (cJSON_IsString(api))
      len += strlen(api->string) + strlen(api->valuestring) + 2;
  }
  char *at = iauth__alloc(host, len);
  if (at == NULL)
    return IAUTH_ERR_NO_MEMORY;
  grant->apis = at;
  cJSON_ArrayForEach(api, apis) {
    if (is_api(api->string, cJSON_GetStringValue(api)))
      at = iauth__append(iauth__append(at, api->string) + 1, api->valuestring) + 1;
  }
  grant->apis_len = (size_t)(at - grant->apis);
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
    if (!cJSON_IsObject(apis))
      return IAUTH_OK; /* missing, null, or an empty PHP map, which is written []: GET /apis has them */
  } else if (!cJSON_IsObject(apis) && !(cJSON_IsArray(apis) && apis->child == NULL)) {
    return IAUTH_ERR_BAD_APIS;
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
  iauth__release(host, grant->message);
  memset(grant, 0, sizeof *grant);
}

/* ---------------------------------------------------------------------------------------------------
 * Refusals (docs/wire.md "Refusals"): by status and shape, never by words. */

/* Where the sentence for people stands: in the API's error object, or in a gateway's answer. */
static const char *sentence_of(const cJSON *json) {
  const cJSON *error = cJSON_GetObjectItemCaseSensitive(json, "error");
  const char *found = string_of(error, "message");
  if (found == NULL)
    found = cJSON_GetStringValue(error);
  if (found == NULL)
    found = string_of(json, "Message");
  return found != NULL ? found : string_of(json, "message");
}

static iauth_error check_refusal(iauth_request_kind kind, int status, const cJSON *json) {
  const cJSON *api_error = cJSON_GetObjectItemCaseSensitive(json, "error");
  if (status == 429)
    return IAUTH_ERR_RATE_LIMITED;
  if ((status >= 500 && status <= 599) || status == 408 || status == 421 || status == 425)
    return IAUTH_ERR_SERVER_ERROR; /* passing, all of them */
  if (status != 400 && status != 401 && status != 403 && status != 422)
    return IAUTH_ERR_BAD_STATUS;
  /* The one word that our own server adds is certain: one of our codes. */
  const char *reason = string_of(api_error, "reason");
  iauth_error named = reason != NULL ? iauth_error_of_code(reason) : IAUTH_OK;
  if (named <= IAUTH_ERR_ORIGIN_NOT_ALLOWED && named >= IAUTH_ERR_TOKEN_EXPIRED)
    return named;
  /* Of the API itself, or of its gateway about the keys. */
  if (status == 401 || cJSON_IsObject(api_error) || (status == 403 && string_of(json, "Message") != NULL))
    return kind == IAUTH_REQUEST_AUTH ? IAUTH_ERR_CREDENTIALS_REJECTED : IAUTH_ERR_TOKEN_EXPIRED;
  return status == 403 ? IAUTH_ERR_ENDPOINT_REFUSED : IAUTH_ERR_BAD_STATUS;
}

iauth_error iauth__check_response(const iauth_host *host, iauth_request_kind kind, const char *const *secrets,
                                  const iauth_response *response, iauth__grant *grant) {
  memset(grant, 0, sizeof *grant);
  cJSON *json = parse_body(response);
  iauth_error error = IAUTH_OK;
  if (response->status == 200) {
    error = check_grant(host, kind, response, json, grant);
  } else {
    error = check_refusal(kind, response->status, json);
    grant->message = iauth__message_new(host, sentence_of(json), secrets);
  }
  cJSON_Delete(json);
  return error;
}
