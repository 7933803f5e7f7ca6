/* Dates, numbers, URLs and codes by the browser's own readers, in place of base's dates.c,
 * number.c and base_url.c and of the core's errors.c: every page would load those, and the browser has its own.
 *
 * That is as safe as the core's: the URL parser that decides whether an endpoint is secure is then
 * the very one that fetch goes by, so that the two can never read one text in two ways. The
 * characters that are allowed stay the core's (js/client/text.js). */
#include <math.h>
#include <string.h>

#include "base/base_url.h"
#include "base/dates.h"
#include "base/number.h"
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

/* cJSON gives the characters of one number only, so that all of them count or none. */
double iauth__strtod(const char *text, char **end) {
  size_t len = strlen(text);
  double value;
  *end = (char *)text + (iauth__parse_number(text, len, &value) ? len : 0);
  return value;
}

iauth_error iauth_error_of_code(const char *code) { return (iauth_error)js_read(TEXT_CODE, code, strlen(code)); }

iauth__base_url iauth__check_base_url(const char *url, bool allow_insecure) {
  size_t len = strlen(url);
  if (len > IAUTH__BASE_URL_MAX)
    return IAUTH__BASE_URL_INVALID;
  return (iauth__base_url)js_read(TEXT_ENDPOINT + allow_insecure, url, len);
}
