/* Fuzzes complete answers. Two bytes select the kind of request and the status. The rest is the headers, an empty line,
 * and the body. */
#include <stdlib.h>
#include <string.h>

#include "base/base_url.h"
#include "core/credential.h"
#include "core/headers.h"
#include "core/memory.h"
#include "core/message.h"
#include "core/response.h"

static void *fuzz_alloc(void *user, size_t size) {
  (void)user;
  return malloc(size);
}

static void fuzz_release(void *user, void *ptr) {
  (void)user;
  free(ptr);
}

static void require(bool condition) {
  if (!condition)
    abort();
}

/* Checks the properties of a grant. */
static void judge(iauth_request_kind kind, const iauth_token *grant) {
  if (kind == IAUTH_REQUEST_APIS) {
    require(grant->access_token == NULL && grant->apis != NULL);
  } else {
    require(iauth__is_credential(grant->access_token));
    require(grant->lifetime_ms > 0 && grant->lifetime_ms <= INT64_C(315360000000));
  }
  for (const char *at = grant->apis; at != NULL && at < grant->apis + grant->apis_len;) {
    const char *url = at + strlen(at) + 1;
    require(iauth__check_base_url(url, false) == IAUTH__BASE_URL_OK);
    at = url + strlen(url) + 1;
    require(at <= grant->apis + grant->apis_len);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const int statuses[] = {200, 400, 401, 403, 422, 429, 500, 302};
  if (size < 2)
    return 0;
  iauth_request_kind kind = (iauth_request_kind)(IAUTH_REQUEST_AUTH + data[0] % 3);
  const char *headers = (const char *)data + 2;
  size_t rest = size - 2, headers_len = rest;
  for (size_t i = 0; i + 1 < rest; i++)
    if (headers[i] == '\n' && headers[i + 1] == '\n') {
      headers_len = i + 1;
      break;
    }
  size_t body_at = headers_len < rest ? headers_len + 1 : rest;
  iauth_response response = {.status = statuses[data[1] % 8], .body = headers + body_at, .body_len = rest - body_at};
  char *values = malloc(headers_len + 1);
  iauth__read_headers(headers, headers_len, values, &response);
  static const char *const secrets[] = {"long-secret", "long-secret-too", "short", NULL};
  const iauth_host host = {.alloc = fuzz_alloc, .release = fuzz_release};
  iauth__body body;
  iauth_token grant;
  iauth__body_init(&body, &host, &response);
  iauth_error error = iauth__check_response(&host, kind, &response, &body, &grant);
  if (error == IAUTH_OK)
    judge(kind, &grant);
  else
    require(grant.access_token == NULL && grant.apis == NULL);
  require(error != IAUTH_OK || response.status == 200);
  iauth__message *message = iauth__message_new(&host, body.message, secrets);
  if (message != NULL) {
    require(strlen(message->text) <= IAUTH_MESSAGE_MAX);
    require(strstr(message->text, "long-secret") == NULL);
    for (const char *at = message->text; *at != '\0'; at++)
      require((unsigned char)*at >= ' ' && *at != 0x7f);
  }
  iauth__release(&host, message);
  iauth__token_clean_up(&grant, &host);
  iauth__body_clean_up(&body, &host);
  free(values);
  return 0;
}
