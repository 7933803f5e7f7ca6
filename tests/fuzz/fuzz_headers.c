/* Fuzzes our own parsers: headers, dates, numbers and URLs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base_url.h"
#include "base/dates.h"
#include "base/number.h"
#include "core/headers.h"
#include "core/response.h"

static void require(bool condition) {
  if (!condition)
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 1)
    return 0;
  const char *text = (const char *)data + 1;
  size_t len = size - 1;
  char *values = malloc(len + 1);
  iauth_response response = {.status = data[0] & 1 ? 429 : 503};
  iauth__read_headers(text, len, values, &response);
  for (int i = 0; i < IAUTH_HEADERS; i++) {
    size_t value_len = strlen(response.headers[i]);
    /* Trimmed, but for what joins an empty value to another one. */
    require(value_len == 0 || memchr(text, '\0', len) != NULL ||
            strchr(" \t\r", response.headers[i][value_len - 1]) == NULL ||
            strcmp(response.headers[i] + value_len - 2, ", ") == 0);
    require(strpbrk(response.headers[i], "\n") == NULL);
  }
  iauth_quota quota;
  bool found = iauth__read_quota(&response, &quota);
  int64_t wait_ms = iauth__server_wait_ms(&response, &quota, INT64_C(784111777000));
  require(wait_ms >= 0 && wait_ms <= 3600000);
  require(found || (quota.quota_usage_percent == -1 && quota.throttle_usage_percent == -1));
  require(quota.quota_usage_percent >= -1 && quota.throttle_usage_percent >= -1);

  int64_t unix_s = iauth__parse_http_date(text, len);
  require(unix_s == -1 || (len == 29 && unix_s >= 0 && unix_s < INT64_C(253500000000)));

  char *copy = malloc(len + 1), *end, *libc_end;
  memcpy(copy, text, len);
  copy[len] = '\0';
  double value = iauth__parse_number(text, len);
  if (!isnan(value)) {
    /* The same characters, and the same value within rounding, as libc's. */
    double libc = strtod(copy, &libc_end);
    iauth__strtod(copy, &end);
    require(end == libc_end && *end == '\0');
    require(value == libc || fabs(value - libc) <= fabs(libc) * 1e-9 || fabs(libc) < 1e-290 || fabs(libc) > 1e290);
  }
  if (iauth__check_base_url(copy, data[0] & 2) == IAUTH__BASE_URL_OK) {
    require(strpbrk(copy, " \r\n\t\"\\?#") == NULL);
    require(strncasecmp(copy, "http", 4) == 0);
    require(strchr(copy, '@') == NULL || strchr(copy, '@') > strchr(copy + 8, '/'));
  }
  free(copy);
  free(values);
  return 0;
}
