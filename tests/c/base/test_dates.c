/* Compares HTTP dates with libc's calendar. */
#define _GNU_SOURCE
#include "base/dates.h"
#include "cmocka_all.h"

#include <string.h>
#include <time.h>

static void known_dates(void **state) {
  (void)state;
  assert_int_equal(iauth__parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", 29), 784111777);
  assert_int_equal(iauth__parse_http_date("Thu, 01 Jan 1970 00:00:00 GMT", 29), 0);
}

/* Every 13th day of 400 years, after which the calendar repeats. */
static void calendar(void **state) {
  (void)state;
  for (int64_t day = 0; day < 146097; day += 13) {
    time_t time = (time_t)(day * 86400 + day * 7919 % 86400);
    struct tm utc;
    char text[40];
    gmtime_r(&time, &utc);
    strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
    assert_int_equal(iauth__parse_http_date(text, strlen(text)), time);
  }
}

/* Compares with gmtime_r and strftime. */
static void written_as_libc_does(void **state) {
  (void)state;
  static const int64_t last_s = 253402300799;
  char text[IAUTH__DATE_SIZE], expected[IAUTH__DATE_SIZE];
  for (int64_t s = 0; s <= last_s; s += 86400 * 7 + 12345) {
    struct tm utc;
    time_t when = (time_t)s;
    gmtime_r(&when, &utc);
    strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%SZ", &utc);
    iauth__write_date(s, text);
    assert_string_equal(text, expected);
  }
  iauth__write_date(951782400 - 1, text);
  assert_string_equal(text, "2000-02-28T23:59:59Z");
  iauth__write_date(951782400, text);
  assert_string_equal(text, "2000-02-29T00:00:00Z");
  iauth__write_date(-1, text);
  assert_string_equal(text, "1970-01-01T00:00:00Z");
  iauth__write_date(last_s + 1, text);
  assert_string_equal(text, "9999-12-31T23:59:59Z");
}

static void refused(void **state) {
  (void)state;
  static const char *const texts[] = {
      "",
      "Sunday, 06-Nov-94 08:49:37 GMT",
      "Sun Nov  6 08:49:37 1994 xxxxx",
      "Sun, 06 Nov 1994 08:49:37 UTC",
      "Sun, 06 Xxx 1994 08:49:37 GMT",
      "Sun, 00 Nov 1994 08:49:37 GMT",
      "Sun, 32 Nov 1994 08:49:37 GMT",
      "Sun, 06 Nov 1994 24:49:37 GMT",
      "Sun, 06 Nov 1994 08:60:37 GMT",
      "Sun, 06 Nov 1994 08:49:61 GMT",
      "Sun, 06 Nov 1994 08:49:60 GMT",
      "Mon, 06 Nov 1994 08:49:37 GMT",
      "Fri, 30 Feb 2024 00:00:00 GMT",
      "Thu, 30 Feb 2024 00:00:00 GMT",
      "Mon, 01 Jan 2024 00:00:00 UTC",
      "Mon, 32 Dec 2024 00:00:00 GMT",
      "Wed, 31 Dec 1969 23:59:59 GMT",
      "Sun, 06-Nov 1994 08:49:37 GMT",
      "Sun, 06 Nov-1994 08:49:37 GMT",
      "Sun, 06 Nov 1994T08:49:37 GMT",
      "Sun, 06 Nov 1994 08.49:37 GMT",
      "Sun, 06 Nov 1994 08:49.37 GMT",
      "Sun, /6 Nov 1994 08:49:37 GMT",
      "Sun, x6 Nov 1994 08:49:37 GMT",
      "Sun, 06 Nov 19x4 08:49:37 GMT",
      "Sun, 06 Nov 1994 0x:49:37 GMT",
      "Sun, 06 Nov 1994 0::49:37 GMT",
      "Sun, 06 Nov 1994 1/:49:37 GMT",
      "Sun, 06 Nov 1994 08:4x:37 GMT",
      "Sun, 06 Nov 1994 08:49:x7 GMT",
      "Sun; 06 Nov 1994 08:49:37 GMT",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (iauth__parse_http_date(texts[i], strlen(texts[i])) != -1)
      fail_msg("taken: %s", texts[i]);
}

static void written(void **state) {
  (void)state;
  char text[IAUTH__DATE_SIZE];
  iauth__write_date(INT64_C(1709251199), text);
  assert_string_equal(text, "2024-02-29T23:59:59Z");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(written),  cmocka_unit_test(known_dates),
      cmocka_unit_test(calendar), cmocka_unit_test(written_as_libc_does),
      cmocka_unit_test(refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
