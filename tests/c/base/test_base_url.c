/* The base URLs that are accepted. */
#include "base/base_url.h"
#include "cmocka_all.h"

#include <stdlib.h>
#include <string.h>

static void good_endpoints(void **state) {
  (void)state;
  static const char *const urls[] = {
      "https://api.inbenta.io/v1",
      "https://api-eu.inbenta.io",
      "https://api.inbenta.io:8443/v1/",
      "HTTPS://API.INBENTA.IO/v1",
      "http://localhost:8080/v1",
      "http://LOCALHOST",
      "http://127.0.0.1:8080/v1",
      "http://127.255.0.9",
      "https://a_b.example/v1:beta",
      "http://[::1]:8080/v1",
      "https://[2001:db8::1]/v1",
      "https://a:65535",
      "http://[0:0:0:0:0:0:0:1]/v1",
      "http://[::0001]",
      "https://[1:2:3:4:5:6:7:8]",
      "https://[ABCD::]",
      "https://xn--a",
      "https://x//",
      "https://x/~a_b-c.d",
      "https://api.inbenta.io/",
      "https://a.",
      "https://0xg",
      "https://a.7b",
      "https://x/p%20q!$&'()*+,;=:@%aF",
      "https://00.a",
  };
  for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
    if (iauth__check_base_url(urls[i], false) != IAUTH__BASE_URL_OK)
      fail_msg("refused: %s", urls[i]);
}

static void insecure_endpoints(void **state) {
  (void)state;
  static const char *const urls[] = {
      "http://api.inbenta.io/v1",
      "http://localhost.evil.com",
      "http://evillocalhost",
      "http://127.0.0.1.evil.com",
      "http://128.0.0.1",
      "http://[::2]",
      "http://10.0.0.1",
      "http://a",
      "http://localhost.",
      "http://x.localhost/v1",
      "http://127.evil.com",
      "http://[1::1]",
      "http://[::1:1]",
      "http://[1::]",
      "http://[::]",
      "http://[::10]",
  };
  for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
    if (iauth__check_base_url(urls[i], false) != IAUTH__BASE_URL_INSECURE)
      fail_msg("not called insecure: %s", urls[i]);
    assert_int_equal(iauth__check_base_url(urls[i], true), IAUTH__BASE_URL_OK);
  }
  assert_int_equal(iauth__check_base_url("ftp://x/v1", true), IAUTH__BASE_URL_INSECURE);
  assert_int_equal(iauth__check_base_url("httpsx://x/v1", true), IAUTH__BASE_URL_INSECURE);
  assert_int_equal(iauth__check_base_url("a1+b-c.d://x/v1", true), IAUTH__BASE_URL_INSECURE);
}

static void bad_endpoints(void **state) {
  (void)state;
  static const char *const urls[] = {
      "",
      "api.inbenta.io",
      "1ttps://a",
      "ht_tps://a",
      "https:/api.inbenta.io",
      "https://",
      "https:///v1",
      "https://user@api.inbenta.io",
      "https://user:pass@api.inbenta.io",
      "https://api.inbenta.io?x=1",
      "https://api.inbenta.io/v1?x=1",
      "https://api.inbenta.io/v1#x",
      "https://api.inbenta.io/v 1",
      "https://api.inbenta.io/v1\r\nx: y",
      "https://api.inbenta.io\\v1",
      "https://api.inbenta.io:/v1",
      "https://api.inbenta.io:0",
      "https://api.inbenta.io:65536",
      "https://api.inbenta.io:99999999999",
      "https://api.inbenta.io:80x",
      "https://a..b/v1",
      "https://.a",
      "https://.",
      "https://a/%",
      "https://a/%4",
      "1.example/x",
      "https://a/%g1",
      "https://a/%1g",
      /* addresses in spellings that somebody reads differently */
      "http://127.1",
      "http://127.0.0.01",
      "http://127.0.0.256",
      "http://127.0.0",
      "http://1270.0.1",
      "http://127.0.0.1.",
      "http://127.0.0.",
      "http://127..0.1",
      "https://256.1.1.1",
      "https://1.2.3.4.5",
      "https://0x7f000001",
      "https://a.0x",
      "https://a.7",
      "https://[::1",
      "https://[]x",
      "https://[]",
      "https://[::g]",
      "https://[:::]",
      "https://[1:::2]",
      "https://[::1::]",
      "https://[1:2]",
      "https://[1:]",
      "https://[12345::]",
      "https://[::1]x",
      "https://[1:2:3:4:5:6:7:8:9]",
      "https://[1::2:3:4:5:6:7:8]",
      "https://[::ffff:127.0.0.1]",
      "https://caf\xc3\xa9.example",
      "javascript:alert(1)",
  };
  for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
    if (iauth__check_base_url(urls[i], true) != IAUTH__BASE_URL_INVALID)
      fail_msg("not refused: %s", urls[i]);
}

static void long_endpoint(void **state) {
  (void)state;
  char url[IAUTH__BASE_URL_MAX + 2];
  memset(url, 'a', sizeof url);
  memcpy(url, "https://", 8);
  url[sizeof url - 1] = '\0';
  assert_int_equal(iauth__check_base_url(url, false), IAUTH__BASE_URL_INVALID);
  url[sizeof url - 2] = '\0';
  assert_int_equal(iauth__check_base_url(url, false), IAUTH__BASE_URL_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(good_endpoints),
      cmocka_unit_test(insecure_endpoints),
      cmocka_unit_test(bad_endpoints),
      cmocka_unit_test(long_endpoint),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
