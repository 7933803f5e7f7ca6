/* Slim number parsing against libc's. */
#include "base/number.h"
#include "cmocka_all.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void same_as_libc(void **state) {
  (void)state;
  static const char *const texts[] = {
      "0",
      "-0",
      "7",
      "1200",
      "9007199254740992",
      "-9007199254740991",
      "1790000000",
      "1.5",
      "0.25",
      "-2.75",
      "1e3",
      "1E3",
      "1e+3",
      "25e-2",
      "1e",
      "1e+",
      "1x",
      "x",
      "",
      "-",
      "-x",
      "1.",
      "00012",
      "1.5e2",
      "0e9999",
      "0.0000",
      "12 ",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    char *end, *libc_end;
    double ours = iauth__strtod(texts[i], &end), libc = strtod(texts[i], &libc_end);
    if (ours != libc || end != libc_end)
      fail_msg("\"%s\": %g and %ld characters, libc %g and %ld", texts[i], ours, (long)(end - texts[i]), libc,
               (long)(libc_end - texts[i]));
  }
}

static void near_libc(void **state) {
  (void)state;
  static const char *const texts[] = {"3.14159265358979323846264338327950288", "1e300", "2.2e-300",
                                      "123456789012345678901234567890"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    char *end;
    double libc = strtod(texts[i], NULL);
    assert_true(fabs(iauth__strtod(texts[i], &end) / libc - 1) < 1e-12);
    assert_int_equal(*end, '\0');
  }
}

static void hostile_exponents(void **state) {
  (void)state;
  char *end;
  assert_true(isinf(iauth__strtod("1e999999999999999999999", &end)));
  assert_int_equal(*end, '\0');
  assert_true(iauth__strtod("1e-999999999999999999999", &end) == 0);
  assert_int_equal(*end, '\0');
  assert_true(iauth__strtod("0e400", &end) == 0);
}

static void every_integer_shape(void **state) {
  (void)state;
  for (double value = 1; value < 9007199254740992.0; value = value * 3 + 1) {
    char text[32], *end;
    snprintf(text, sizeof text, "%.0f", value);
    assert_true(iauth__strtod(text, &end) == value);
  }
}

static void whole_text_only(void **state) {
  (void)state;
  double value;
  assert_true(iauth__parse_number("1200", 4, &value) && value == 1200);
  assert_true(iauth__parse_number("12003", 4, &value) && value == 1200);
  assert_false(iauth__parse_number("", 0, &value));
  assert_false(iauth__parse_number("12s", 3, &value));
  assert_false(iauth__parse_number(" 12", 3, &value));
  assert_false(iauth__parse_number("NaN", 3, &value));
  assert_false(iauth__parse_number("1\0002", 3, &value));
  assert_false(iauth__parse_number("11111111111111111111111111111111", 32, &value));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(same_as_libc),        cmocka_unit_test(near_libc),       cmocka_unit_test(hostile_exponents),
      cmocka_unit_test(every_integer_shape), cmocka_unit_test(whole_text_only),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
