/* Tests base64url with the vectors of RFC 4648, section 10, without padding. */
#include "base/base64url.h"
#include "cmocka_all.h"

#include <string.h>

static void vectors(void **state) {
  (void)state;
  static const char *const pairs[][2] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff", "-_8"}};
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    char text[16], bytes[16];
    size_t len = strlen(pairs[i][0]);
    assert_int_equal(iauth__base64url_encode(pairs[i][0], len, text), IAUTH__BASE64URL_LEN(len));
    assert_string_equal(text, pairs[i][1]);
    assert_int_equal(iauth__base64url_decode(text, strlen(text), bytes, sizeof bytes), len);
    assert_memory_equal(bytes, pairs[i][0], len);
  }
}

static void zeros(void **state) {
  (void)state;
  char text[8], bytes[8] = "xxxxxxx";
  assert_int_equal(iauth__base64url_encode("\0\0\0\0", 4, text), 6);
  assert_string_equal(text, "AAAAAA");
  assert_int_equal(iauth__base64url_decode(text, 6, bytes, sizeof bytes), 4);
  assert_memory_equal(bytes, "\0\0\0\0x", 5);
}

static void refused(void **state) {
  (void)state;
  char bytes[4];
  static const char *const texts[] = {"Zg==", "Z",   "A",       "AAAAA",    "Zh",      "Zm9",
                                      "a+b/", "a b", "Zm9vYmE", "Zm9v\xff", "Zm\xffv", "Zm\x80v"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (iauth__base64url_decode(texts[i], strlen(texts[i]), bytes, sizeof bytes) != -1)
      fail_msg("taken: %s", texts[i]);
  assert_int_equal(iauth__base64url_decode("Z\0", 2, bytes, sizeof bytes), -1);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(vectors), cmocka_unit_test(zeros), cmocka_unit_test(refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
