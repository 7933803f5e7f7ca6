/* An answer's headers out of the lines in which transports get them. */
#include "core/headers.h"
#include "fake_host.h"

#include <string.h>

#define TYPE IAUTH_HEADER_CONTENT_TYPE

static const char *read_type(const char *lines) {
  static iauth_response response;
  response = fake_response(200, lines, "");
  return response.headers[TYPE];
}

static void values_are_trimmed(void **state) {
  (void)state;
  assert_string_equal(read_type("Content-Type: a\r\n"), "a");
  assert_string_equal(read_type("content-TYPE:a"), "a");
  assert_string_equal(read_type("Content-Type: \t a b \t\r\n"), "a b");
  assert_string_equal(read_type("Content-Type:\r\n"), "");
  assert_string_equal(read_type("Content-Type: \r\n"), "");
}

static void other_names_are_not_taken_for_it(void **state) {
  (void)state;
  assert_string_equal(read_type(""), "");
  assert_string_equal(read_type("Content-Type\r\n"), "");
  assert_string_equal(read_type("Content-Type-Options: a\r\n"), "");
  assert_string_equal(read_type("X-Content-Type: a\r\n"), "");
  assert_string_equal(read_type(" Content-Type: a\r\n"), "");
  assert_string_equal(read_type("Content-Typ: a\r\n"), "");
  assert_string_equal(read_type("Content-Type"), "");
  assert_string_equal(read_type("Content-Typ"), "");
}

static void among_others(void **state) {
  (void)state;
  iauth_response response =
      fake_response(200, "HTTP/1.1 200 OK\r\n\r\nDate: d\nRetry-After: 1\r\nContent-Type: a\r\n \r\n", "");
  assert_string_equal(response.headers[IAUTH_HEADER_DATE], "d");
  assert_string_equal(response.headers[IAUTH_HEADER_RETRY_AFTER], "1");
  assert_string_equal(response.headers[TYPE], "a");
  assert_string_equal(response.headers[IAUTH_HEADER_QUOTA_USAGE], "");
}

static void repeated_names_are_joined(void **state) {
  (void)state;
  assert_string_equal(read_type("Content-Type: a\r\nDate: d\r\ncontent-type:b \nContent-Type: c"), "a, b, c");
  iauth_response response = fake_response(503, "Retry-After: 4\r\nRetry-After: 4\r\nDate: d\r\n", "");
  assert_string_equal(response.headers[IAUTH_HEADER_RETRY_AFTER], "4, 4");
  assert_string_equal(response.headers[IAUTH_HEADER_DATE], "d");
}

/* Lines are counted, not ended: transports keep other things behind them. */
static void nothing_behind_the_last_line_is_read(void **state) {
  (void)state;
  static const struct {
    const char *lines;
    size_t len;
    const char *type;
  } cases[] = {
      {"Content-Type:  b", strlen("Content-Type: "), ""},
      {"Date: d\nContent-Type: ab\n", strlen("Date: d\nContent-Type: a"), "a"},
      {"Date: d\nContent-Type: a\n", strlen("Date: d\nContent-Typ"), ""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char values[100];
    iauth_response response = {0};
    iauth__read_headers(cases[i].lines, cases[i].len, values, &response);
    assert_string_equal(response.headers[TYPE], cases[i].type);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_are_trimmed),
      cmocka_unit_test(other_names_are_not_taken_for_it),
      cmocka_unit_test(among_others),
      cmocka_unit_test(repeated_names_are_joined),
      cmocka_unit_test(nothing_behind_the_last_line_is_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
