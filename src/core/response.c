/* Checks responses of the Auth API; see response.h. */
#include "core/response.h"

#include <string.h>

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

/* The functions of this section return -1 for a text that they cannot read. */

/* The length of the first item of a list. A repeated header is a list. */
static size_t item_len(const char *text) {
  const char *end = text;
  while (*end != ',' && *end != '\0')
    end++;
  return (size_t)(end - text);
}

/* Reads a number from 0 to 2^53; the first one of a list. */
static int64_t header_number(const char *text) {
  double value = iauth__parse_number(text, item_len(text));
  return value >= 0 && value <= 9007199254740992.0 ? (int64_t)value : -1;
}

/* Reads a date; the first one of a list. */
static int64_t header_date(const char *text) {
  size_t len = strlen(text);
  return iauth__parse_http_date(text, len > DATE_LEN && text[DATE_LEN] == ',' ? DATE_LEN : len);
}

/* Reads a point in time: an HTTP date or Unix seconds. */
static int64_t header_time(const char *text) {
  int64_t unix_s = header_date(text);
  return unix_s >= 0 ? unix_s : header_number(text);
}

/* The time until `unix_s` on the server's clock; negative if it has passed. If the response has a readable Date, this
 * machine's clock does not matter. */
static int64_t until_s(const iauth_response *response, int64_t unix_s, int64_t wall_ms) {
  int64_t date_s = header_date(response->headers[IAUTH_HEADER_DATE]);
  return unix_s - (date_s >= 0 ? date_s : wall_ms / 1000);
}

/* The longest wait in Retry-After. A proxy may repeat the header: "4, 4". A date contains a comma after the name of its
 * day; the text after that comma is not a number, so it is skipped like an unknown item. */
static int64_t longest_retry_after_s(const iauth_response *response, int64_t wall_ms) {
  int64_t longest_s = 0;
  for (const char *at = response->headers[IAUTH_HEADER_RETRY_AFTER]; *at != '\0';) {
    int64_t date_s = header_date(at);
    longest_s = iauth__max(longest_s, date_s >= 0 ? until_s(response, date_s, wall_ms) : header_number(at));
    at += item_len(at);
    while (*at == ',' || *at == ' ')
      at++;
  }
  return longest_s;
}

int64_t iauth__server_wait_ms(const iauth_response *response, const iauth_quota *quota, int64_t wall_ms) {
  int64_t wait_s = longest_retry_after_s(response, wall_ms);
  bool throttled = quota->throttle_usage_percent >= 100, used_up = quota->quota_usage_percent >= 100;
  if (wait_s == 0 && response->status == 429 && !throttled && !used_up) {
    /* No usage shows which limit was exceeded, so it must be one with an unknown usage. If both are unknown, the
     * throttle is more likely, because its period is only a minute. */
    throttled = quota->throttle_usage_percent < 0;
    used_up = !throttled && quota->quota_usage_percent < 0;
  }
  /* A missing reset is -1, so it has passed. */
  if (throttled)
    wait_s = iauth__max(wait_s, until_s(response, quota->throttle_reset_s, wall_ms));
  if (used_up)
    wait_s = iauth__max(wait_s, until_s(response, quota->quota_reset_s, wall_ms));
  return iauth__min(wait_s, IAUTH__SERVER_WAIT_MAX_MS / 1000) * 1000;
}

bool iauth__read_quota(const iauth_response *response, iauth_quota *quota) {
  const char *const *headers = response->headers;
  *quota = (iauth_quota){
      .quota_usage_percent = header_number(headers[IAUTH_HEADER_QUOTA_USAGE]),
      .throttle_usage_percent = header_number(headers[IAUTH_HEADER_THROTTLE_USAGE]),
      .quota_reset_s = header_time(headers[IAUTH_HEADER_QUOTA_RESET]),
      .throttle_reset_s = header_time(headers[IAUTH_HEADER_THROTTLE_RESET]),
  };
  return quota->quota_usage_percent >= 0 || quota->throttle_usage_percent >= 0 || quota->quota_reset_s >= 0 ||
         quota->throttle_reset_s >= 0;
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

iauth_error iauth__copy_apis(const iauth_host *host, const char *apis, size_t apis_len, iauth_token *grant) {
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
                              iauth_token *grant) {
  if (kind != IAUTH_REQUEST_APIS) {
    const double longest_s = IAUTH__LIFETIME_MAX_MS / 1000;
    if (!iauth__is_credential(body->access_token))
      return IAUTH_ERR_BAD_TOKEN;
    if (!(body->expires_in >= 0.001))
      return IAUTH_ERR_BAD_EXPIRES_IN;
    grant->lifetime_ms = (int64_t)((body->expires_in < longest_s ? body->expires_in : longest_s) * 1000);
    grant->expiration = body->expiration;
    grant->access_token = iauth__copy(host, body->access_token);
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
                               const iauth__body *body, iauth_token *grant) {
  if (!is_json(response->headers[IAUTH_HEADER_CONTENT_TYPE]))
    return IAUTH_ERR_BAD_CONTENT_TYPE;
  if (body->form & FORM_TOO_LARGE)
    return IAUTH_ERR_BODY_TOO_LARGE;
  if (body->error != IAUTH_OK)
    return body->error;
  if (!(body->form & FORM_OBJECT))
    return IAUTH_ERR_BAD_JSON;
  return check_body(host, kind, body, grant);
}

void iauth__token_clean_up(const iauth_token *token, const iauth_host *host) {
  iauth__release(host, token->access_token);
  iauth__release(host, token->apis);
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

iauth_error iauth__check_response(const iauth_host *host, iauth_request_kind kind, const iauth_response *response,
                                  const iauth__body *body, iauth_token *grant) {
  memset(grant, 0, sizeof *grant);
  return response->status == 200 ? check_grant(host, kind, response, body, grant)
                                 : check_refusal(kind, response->status, body);
}
