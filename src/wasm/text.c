/* Parses dates, numbers and URLs in JavaScript (js/client/text.js). This replaces dates.c, number.c and base_url.c of
 * src/base and endpoint.c of the core. Every page would load those, but a browser already has regular expressions and a
 * number parser. tests/node/client/compare.test.js checks that both agree. */
#include <string.h>

#include "base/base_url.h"
#include "base/dates.h"
#include "base/number.h"
#include "core/endpoint.h"
#include "core/iauth.h"
#include "wasm/boundary.h"

int64_t iauth__parse_http_date(const char *text, size_t len) {
  double unix_s = js_parse(TEXT_DATE, text, len);
  return unix_s >= 0 ? (int64_t)unix_s : -1;
}

double iauth__parse_number(const char *text, size_t len) { return js_parse(TEXT_NUMBER, text, len); }

iauth__base_url iauth__check_base_url(const char *url, bool allow_insecure) {
  (void)allow_insecure; /* always false here: only an endpoint can be insecure */
  return (iauth__base_url)js_parse(TEXT_BASE_URL, url, strlen(url));
}

iauth_error iauth__check_endpoint(const char *url, bool allow_insecure) {
  return (iauth_error)js_parse(TEXT_ENDPOINT + allow_insecure, url, strlen(url));
}
