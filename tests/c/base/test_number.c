/* Compares our number parser with libc's. */
#include "base/number.h"
#include "cmocka_all.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads a text with nothing behind it: AddressSanitizer sees a read beyond its end. */
static double parse_exactly(const char *text) {
  size_t len = strlen(text);
  char *block = malloc(len + 1); /* its first byte is not used, so that no block is empty */
  assert_non_null(block);
  memcpy(block + 1, text, len);
  double value = iauth__parse_number(block + 1, len);
  free(block);
  return value;
}

/* Reads a number. Fails the test if the parser rejects it. */
static double number_of(const char *text) {
  double value = parse_exactly(text);
  if (isnan(value))
    fail_msg("not taken for a number: %s", text);
  return value;
}

static void same_as_libc(void **state) {
  (void)state;
  static const char *const texts[] = {"0",
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
                                      "1.5e2",
                                      "0e9999",
                                      "0.0000",
                                      "1e22",
                                      "3e23",
                                      "7e-23",
                                      "123e-22",
                                      "0.1",
                                      "1234567.891"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (number_of(texts[i]) != strtod(texts[i], NULL))
      fail_msg("\"%s\": %.17g, libc %.17g", texts[i], number_of(texts[i]), strtod(texts[i], NULL));
}

static void not_numbers(void **state) {
  (void)state;
  static const char *const texts[] = {"",    "-",        "-x",   "x",     "+7",
                                      ".5",  "1.",       "1.e3", "01",    "-01",
                                      "00",  "1e",       "1e+",  "1e-",   "1x",
                                      " 12", "12 ",      "12s",  "1,2",   "0x10",
                                      "NaN", "Infinity", "--1",  "1e1.5", "11111111111111111111111111111111"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    char *end;
    if (!isnan(parse_exactly(texts[i])))
      fail_msg("taken for a number: %s", texts[i]);
    assert_true(iauth__strtod(texts[i], &end) == 0 && end == texts[i]);
  }
  assert_true(isnan(iauth__parse_number("1\0002", 3)));
  assert_true(iauth__parse_number("12003", 4) == 1200);
  assert_true(iauth__parse_number("12.5", 2) == 12);
  char longest[IAUTH__NUMBER_MAX + 2] = "0.";
  memset(longest + 2, '0', IAUTH__NUMBER_MAX - 1);
  assert_true(isnan(iauth__parse_number(longest, IAUTH__NUMBER_MAX + 1)));
  assert_true(iauth__parse_number(longest, IAUTH__NUMBER_MAX) == 0);
}

static void close_to_libc(void **state) {
  (void)state;
  static const char *const texts[] = {"3.141592653589793238462643383", "1e300", "2.2e-300",
                                      "123456789012345678901234567890", "0.0000000000000000000000001"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    assert_true(fabs(number_of(texts[i]) / strtod(texts[i], NULL) - 1) < 1e-14);
}

static void hostile_exponents(void **state) {
  (void)state;
  assert_true(isinf(number_of("1e999999999999999999999999999")));
  assert_true(isinf(number_of("-1e400")));
  assert_true(number_of("1e-999999999999999999999999999") == 0);
  assert_true(number_of("0e400") == 0);
}

static void every_integer_shape(void **state) {
  (void)state;
  for (double value = 1; value < 9007199254740992.0; value = value * 3 + 1) {
    char text[32], *end;
    snprintf(text, sizeof text, "%.0f", value);
    assert_true(number_of(text) == value);
    assert_true(iauth__strtod(text, &end) == value && *end == '\0');
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(same_as_libc),      cmocka_unit_test(not_numbers),         cmocka_unit_test(close_to_libc),
      cmocka_unit_test(hostile_exponents), cmocka_unit_test(every_integer_shape),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
