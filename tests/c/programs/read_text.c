/* How C reads texts: for each line on standard input, a digit of enum text (src/wasm/boundary.h) and the text itself, prints
 * a line with what it is: a number, or "nan". tests/node/client/compare.test.js compares that with what js/client/text.js
 * reads. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base_url.h"
#include "base/dates.h"
#include "base/number.h"
#include "core/endpoint.h"
#include "wasm/boundary.h"

static double read_text(int kind, const char *text) {
  int64_t unix_s;
  switch (kind) {
  case TEXT_DATE:
    unix_s = iauth__parse_http_date(text, strlen(text));
    return unix_s >= 0 ? (double)unix_s : NAN;
  case TEXT_NUMBER:
    return iauth__parse_number(text, strlen(text));
  case TEXT_BASE_URL:
    return iauth__check_base_url(text, false);
  case TEXT_ENDPOINT:
    return iauth__check_endpoint(text, false);
  default:
    return iauth__check_endpoint(text, true);
  }
}

int main(void) {
  static char line[4096];
  while (fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    printf("%.17g\n", read_text(line[0] - '0', line + 1));
  }
  return 0;
}
