/* Splitting URLs into their parts. The rules of base URLs and origins have their own tests. */
#include "base/url.h"
#include "cmocka_all.h"

#include <stdlib.h>
#include <string.h>

static char *copies[256];
static size_t copy_count;

/* A copy with nothing behind it: AddressSanitizer sees a read beyond its end. */
static iauth__slice slice(const char *text) {
  size_t len = strlen(text);
  char *copy = copies[copy_count++] = malloc(len + 1); /* its first byte is not used, so that no copy is empty */
  assert_non_null(copy);
  memcpy(copy + 1, text, len);
  return (iauth__slice){copy + 1, len};
}

static int free_copies(void **state) {
  (void)state;
  while (copy_count > 0)
    free(copies[--copy_count]);
  return 0;
}

static bool is(iauth__slice part, const char *expected) {
  return part.len == strlen(expected) && (part.len == 0 || memcmp(part.start, expected, part.len) == 0);
}

static void parts(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool https;
    const char *host, *port, *rest; /* port NULL: no colon */
  } cases[] = {
      {"https://a.example", true, "a.example", NULL, ""},
      {"HTTP://A_b-1.Example:8080/x:1", false, "A_b-1.Example", "8080", "/x:1"},
      {"http://[::1]:80", false, "[::1]", "80", ""},
      {"https://a:/", true, "a", "", "/"},
      {"https://Zz.example", true, "Zz.example", NULL, ""},
      {"https://a@b", true, "a", NULL, "@b"},
      {"https://a:1b", true, "a", "1", "b"},
      {"https://a~b", true, "a", NULL, "~b"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    iauth__url url;
    assert_true(iauth__url_read(slice(cases[i].text), &url));
    assert_int_equal(url.https, cases[i].https);
    assert_true(is(url.host, cases[i].host));
    assert_true((url.port.start == NULL) == (cases[i].port == NULL));
    assert_true(is(url.port, cases[i].port != NULL ? cases[i].port : ""));
    assert_true(is(url.rest, cases[i].rest));
  }
}

static void urls_without_a_scheme_or_host(void **state) {
  (void)state;
  static const char *const texts[] = {"", "https", "https://", "http://:80", "http://[::1", "ftp://a", "a.example"};
  iauth__url url;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (iauth__url_read(slice(texts[i]), &url))
      fail_msg("read: %s", texts[i]);
  assert_false(iauth__url_read_host(slice(""), &url));
  assert_true(iauth__url_read_host(slice("a.example:1"), &url));
  assert_true(is(url.host, "a.example"));
  assert_true(is(url.port, "1"));
}

static void ports(void **state) {
  (void)state;
  assert_int_equal(iauth__url_port(slice("1")), 1);
  assert_int_equal(iauth__url_port(slice("65535")), 65535);
  assert_int_equal(iauth__url_port(slice("000080")), 80);
  assert_int_equal(iauth__url_port(slice("65536")), -1);
  assert_int_equal(iauth__url_port(slice("655350")), -1);
  assert_int_equal(iauth__url_port(slice("99999999999999999999")), -1);
  assert_int_equal(iauth__url_port(slice("0")), -1);
  assert_int_equal(iauth__url_port(slice("")), -1);
}

static void ipv4(void **state) {
  (void)state;
  static const char *const bad[] = {"",           "1",         "1.2.3",   "1.2.3.",    "1.2.3.4.",
                                    "1.2.3.4.5",  "256.1.1.1", "1.2.3.a", "1.2.3.004", "1.2..4",
                                    "1.2.3.1234", "01.2.3.4",  "1-2.3.4"};
  unsigned char address[4];
  assert_true(iauth__url_ipv4(slice("127.0.10.255"), address));
  assert_memory_equal(address, "\x7f\x00\x0a\xff", 4);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (iauth__url_ipv4(slice(bad[i]), address))
      fail_msg("read: %s", bad[i]);
}

static void slices(void **state) {
  (void)state;
  iauth__slice text = slice("*.Example");
  assert_true(iauth__slice_equal(slice("aBc"), slice("AbC")));
  assert_false(iauth__slice_equal(slice("abc"), slice("ab")));
  assert_false(iauth__slice_equal(slice("abc"), slice("abd")));
  assert_false(iauth__slice_skip(&text, "*.example.com"));
  assert_true(iauth__slice_skip(&text, "*."));
  assert_true(is(text, "Example"));
  assert_true(iauth__slice_skip(&text, "EXAMPLE"));
  assert_true(is(text, ""));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(parts),  cmocka_unit_test(urls_without_a_scheme_or_host),
      cmocka_unit_test(ports),  cmocka_unit_test(ipv4),
      cmocka_unit_test(slices),
  };
  return cmocka_run_group_tests(tests, NULL, free_copies);
}
