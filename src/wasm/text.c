/* Dates, numbers and URLs by JavaScript (js/client/text.js), in place of base's dates.c, number.c and base_url.c and of the
 * core's endpoint.c: every page would load those, and the browser has regular expressions and a number
 * parser already. tests/node/client/compare.test.js holds the two together. */
#include <math.h>
#include <string.h>

#include "base/base_url.h"
#include "base/dates.h"
#include "base/number.h"
#include "core/endpoint.h"
#include "core/iauth.h"
#include "wasm/boundary.h"

bool iauth__parse_http_date(const char *text, size_t len, int64_t *unix_s) {
  double seconds = js_read(TEXT_DATE, text, len);
  if (isnan(seconds))
    return false; /* *unix_s stays the caller's default */
  *unix_s = (int64_t)seconds;
  return true;
}

bool iauth__parse_number(const char *text, size_t len, double *out) {
  *out = js_read(TEXT_NUMBER, text, len);
  return !isnan(*out);
}

iauth__base_url iauth__check_base_url(const char *url, bool allow_insecure) {
  (void)allow_insecure; /* only an endpoint may be */
  return (iauth__base_url)js_read(TEXT_BASE_URL, url, strlen(url));
}

iauth_error iauth__check_endpoint(const char *url, bool allow_insecure) {
  return (iauth_error)js_read(TEXT_ENDPOINT + allow_insecure, url, strlen(url));
}
