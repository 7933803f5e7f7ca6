/* Checks responses of the Auth API; see response.h. */
#include "core/response.h"

#include <string.h>

#include "base/ascii.h"
#include "base/base_url.h"
#include "base/dates.h"
#include "base/number.h"
#include "core/body.h"
#include "core/credential.h"
#include "core/memory.h"
#include "core/policy.h"

/* ---------------------------------------------------------------------------------------------------
 * Headers. */

#define DATE_LEN 29 /* characters of an HTTP date */

/* Reads a number from 0 to 2^53. For any other text returns false and leaves *out untouched. */
static bool parse_count(const char *text, size_t len, int64_t *out) {
  double value;
  if (!iauth__parse_number(text, len, &value) || !(value >= 0 && value <= 9007199254740992.0))
    return false;
  *out = (int64_t)value;
  return true;
}

/* Reads the number in a header. If the header was repeated, the value is a list, and its first number counts. */
static bool header_number(const char *text, int64_t *out) {
  const char *comma = strchr(text, ',');
  return parse_count(text, comma != NULL ? (size_t)(comma - text) : strlen(text), out);
}

/* Reads the date in a header; the first one of a list. */
static bool header_date(const char *text, int64_t *unix_s) {
  size_t len = strlen(text);
  return iauth__parse_http_date(text, len > DATE_LEN && text[DATE_LEN] == ',' ? DATE_LEN : len, unix_s);
}

/* Reads a point in time: an HTTP date or Unix seconds. */
static bool header_time(const char *text, int64_t *unix_s) {
  return header_date(text, unix_s) || header_number(text, unix_s);
}

/* The time until `unix_s` on the server's clock. If the response has a readable Date, this machine's clock does not
 * matter. */
static int64_t until_ms(const iauth_response *response, int64_t unix_s, int64_t wall_ms) {
  int64_t now_s = wall_ms / 1000;
  (void)header_date(response->headers[IAUTH_HEADER_DATE], &now_s);
  return iauth__min(iauth__max(unix_s - now_s, 0), IAUTH__SERVER_WAIT_MAX_MS / 1000) * 1000;
}

/* The longest wait in Retry-After. A proxy may repeat the header: "4, 4". A date contains a comma after the name of its
 * day; the text after that comma is not a number, so it is skipped like an unknown item. */
static int64_t longest_retry_after_ms(const iauth_response *response, int64_t wall_ms) {
  int64_t longest_ms = 0, value;
  for (const char *at = response->headers[IAUTH_HEADER_RETRY_AFTER]; *at != '\0';) {
    const char *comma = strchr(at, ',');
    size_t len = comma != NULL ? (size_t)(comma - at) : strlen(at);
    if (strlen(at) >= DATE_LEN && iauth__parse_http_date(at, DATE_LEN, &value))
      longest_ms = iauth__max(longest_ms, until_ms(response, value, wall_ms));
    if (parse_count(at, len, &value))
      longest_ms = iauth__max(longest_ms, iauth__min(value, IAUTH__SERVER_WAIT_MAX_MS / 1000) * 1000);
    at += len;
    while (*at == ',' || *at == ' ')
      at++;
  }
  return longest_ms;
}

/* The wait for one limit: the time until its reset if it is used up, else 0. */
static int64_t limit_ms(const iauth_response *response, int64_t usage_percent, int64_t reset_s, int64_t wall_ms) {
  return usage_percent >= 100 && reset_s >= 0 ? until_ms(response, reset_s, wall_ms) : 0;
}

int64_t iauth__server_wait_ms(const iauth_response *response, int64_t wall_ms) {
  iauth_quota quota;
  int64_t wait_ms = longest_retry_after_ms(response, wall_ms);
  if (!iauth__read_quota(response, &quota))
    return wait_ms;
  if (wait_ms == 0 && response->status == 429 && quota.throttle_usage_percent < 100 &&
      quota.quota_usage_percent < 100) {
    /* No usage shows which limit was exceeded, so it must be one with an unknown usage. If both are unknown, the
     * throttle is more likely, because its period is only a minute. */
    if (quota.throttle_usage_percent < 0)
      quota.throttle_usage_percent = 100;
    else if (quota.quota_usage_percent < 0)
      quota.quota_usage_percent = 100;
  }
  return iauth__max(wait_ms,
                    iauth__max(limit_ms(response, quota.quota_usage_percent, quota.quota_reset_s, wall_ms),
                               limit_ms(response, quota.throttle_usage_percent, quota.throttle_reset_s, wall_ms)));
}

bool iauth__read_quota(const iauth_response *response, iauth_quota *quota) {
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

/* True for the media type of JSON, in upper or lower case, with or without parameters (RFC 9110, section 8.3.1). A
 * proxy may repeat it. */
static bool is_json(const char *type) {
  static const char wanted[] = "application/json";
  for (size_t i = 0; i < sizeof wanted - 1; i++)
    if (iauth__lower(type[i]) != wanted[i])
      return false;
  return strchr(" \t;,", type[sizeof wanted - 1]) != NULL; /* one of these, or the end */
}

/* True if the name is printable ASCII and the base URL is usable. Plain http is allowed only to this machine, because a
 * token must not cross a network unencrypted. */
static bool is_api(const char *name, const char *url) {
  return iauth__is_credential(name) && iauth__check_base_url(url, false) == IAUTH__BASE_URL_OK;
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

/* An expires_in below one millisecond is an error. One of more than ten years counts as ten years. */
static iauth_error check_body(const iauth_host *host, iauth_request_kind kind, const iauth__body *body,
                              iauth__grant *grant) {
  if (kind != IAUTH_REQUEST_APIS) {
    const double longest_s = IAUTH__LIFETIME_MAX_MS / 1000;
    if (!iauth__is_credential(body->access_token))
      return IAUTH_ERR_BAD_TOKEN;
    if (!(body->expires_in >= 0.001))
      return IAUTH_ERR_BAD_EXPIRES_IN;
    grant->expires_in_ms = (int64_t)((body->expires_in < longest_s ? body->expires_in : longest_s) * 1000);
    grant->expiration = body->expiration;
    grant->access_token = iauth__copy(host, body->access_token, strlen(body->access_token) + 1);
    if (grant->access_token == NULL)
      return IAUTH_ERR_NO_MEMORY;
    if (!(body->form & FORM_APIS))
      return IAUTH_OK; /* missing, null, or an empty PHP map: GET /apis has them */
  } else if (!(body->form & (FORM_APIS | FORM_NO_APIS))) {
    return IAUTH_ERR_BAD_APIS;
  }
  return iauth__copy_apis(host, body->apis, body->apis_len, grant);
}

static iauth_error check_grant(const iauth_host *host, iauth_request_kind kind, const iauth_response *response,
                               const iauth__body *body, iauth__grant *grant) {
  if (!is_json(response->headers[IAUTH_HEADER_CONTENT_TYPE]))
    return IAUTH_ERR_BAD_CONTENT_TYPE;
  if (body->form & FORM_TOO_LARGE)
    return IAUTH_ERR_BODY_TOO_LARGE;
  if (!(body->form & FORM_OBJECT))
    return IAUTH_ERR_BAD_JSON;
  iauth_error error = check_body(host, kind, body, grant);
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
 * Refusals (docs/wire.md "Refusals"). Only the status and the members of the body count, never the wording. */

static iauth_error check_refusal(iauth_request_kind kind, int status, const iauth__body *body) {
  if (status == 429)
    return IAUTH_ERR_RATE_LIMITED;
  if ((status >= 500 && status <= 599) || status == 408 || status == 421 || status == 425)
    return IAUTH_ERR_SERVER_ERROR; /* all of these are temporary */
  if (status != 400 && status != 401 && status != 403 && status != 422)
    return IAUTH_ERR_BAD_STATUS;
  /* Our own server adds one of our codes, so there is nothing to guess. */
  if (body->reason <= IAUTH_ERR_ORIGIN_NOT_ALLOWED && body->reason >= IAUTH_ERR_TOKEN_EXPIRED)
    return body->reason;
  /* The API itself refused, or its gateway refused the keys. */
  if (status == 401 || body->form & FORM_ERROR || (status == 403 && body->form & FORM_GATEWAY))
    return kind == IAUTH_REQUEST_AUTH ? IAUTH_ERR_CREDENTIALS_REJECTED : IAUTH_ERR_TOKEN_EXPIRED;
  return status == 403 ? IAUTH_ERR_ENDPOINT_REFUSED : IAUTH_ERR_BAD_STATUS;
}

iauth_error iauth__check_response(const iauth_host *host, iauth_request_kind kind, const char *const *secrets,
                                  const iauth_response *response, iauth__grant *grant) {
  iauth__body body;
  memset(grant, 0, sizeof *grant);
  iauth_error error = iauth__body_init(&body, host, response);
  if (response->status != 200) {
    error = check_refusal(kind, response->status, &body);
    grant->message = iauth__message_new(host, body.message, secrets);
  } else if (error == IAUTH_OK) {
    error = check_grant(host, kind, response, &body, grant);
  }
  iauth__body_clean_up(&body, host);
  return error;
}
