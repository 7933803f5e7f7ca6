/* The origins that a domain key allows. */
#include "authapi/keys/origin_rules.h"
#include "cmocka_all.h"

#include <string.h>

/* bücher.example in UTF-8. No browser sends it like this. */
#define NON_ASCII_HOST "b\303\274cher.example"
#define NON_ASCII_ORIGIN "https://" NON_ASCII_HOST

static const char domains[] = "www.example.com\n"
                              "*.wild.example\n"
                              "http://localhost:8080\n"
                              "https://secure.example:8443\n"
                              "https://plain.example:443\n"
                              "http://plain.example:80\n"
                              "xn--bcher-kva.example\n"
                              "https://[::1]:9000\n"
                              "127.0.0.1\n";

static void admitted(void **state) {
  (void)state;
  static const char *const origins[] = {
      "https://www.example.com",     "https://WWW.Example.COM",       "HTTPS://www.example.com",
      "https://www.example.com:443", "https://a.wild.example",        "https://a.b.wild.example",
      "http://localhost:8080",       "https://secure.example:8443",   "https://plain.example",
      "http://plain.example",        "https://xn--bcher-kva.example", "https://[::1]:9000",
      "https://127.0.0.1",
  };
  for (size_t i = 0; i < sizeof origins / sizeof *origins; i++)
    if (!authapi_origin_allowed(domains, origins[i]))
      fail_msg("refused: %s", origins[i]);
}

static void refused(void **state) {
  (void)state;
  static const char *const origins[] = {
      NULL,
      "",
      "null",
      "*",
      "https://",
      "https://:443",
      "www.example.com",
      "http://www.example.com",
      "https://www.example.com:8443",
      "https://www.example.com:444",
      "https://example.com",
      "https://evilwww.example.com",
      "https://www.example.com.evil.com",
      "https://www.example.com.",
      "https://www.example.com/",
      "https://www.example.com/path",
      "https://user@www.example.com",
      "https://www.example.com@evil.com",
      "https://www.example.com:443@evil.com",
      "https://www.example.com:",
      "https://www.example.com:443x",
      "https://www.example.com:65979",
      "https://www.example.com:99999",
      "https://www.example.com:0",
      "https://www.example.com:0443",
      "https://www.example.com:-1",
      "https://www.example.com https://evil.com",
      "https://www.example.com\tx",
      "https://www.example.com\n",
      "https://evil.com\nwww.example.com",
      " https://www.example.com",
      "https//www.example.com",
      "https://wild.example",
      "https://.wild.example",
      "https://..wild.example",
      "https://a..wild.example",
      "https://.a.wild.example",
      "https://evilwild.example",
      "https://a.wild.example.",
      "https://a.wild.example:8443",
      "http://a.wild.example",
      "https://a.wild.example.evil.com",
      "https://*.wild.example",
      "http://localhost",
      "https://localhost:8080",
      "http://localhost:80801",
      "http://127.0.0.1:8080",
      "http://secure.example:8443",
      "https://secure.example",
      "http://plain.example:443",
      "https://plain.example:80",
      NON_ASCII_ORIGIN,
      "https://[::1]",
      "https://[::2]:9000",
      "https://[0:0:0:0:0:0:0:1]:9000",
      "https://[::1:9000",
      "https://127.1",
      "https://2130706433",
      "https://0x7f.0.0.1",
      "https://127.0.0.01",
      "file://www.example.com",
      "ftp://www.example.com",
      "chrome-extension://www.example.com",
      "javascript:www.example.com",
      "https:www.example.com",
      "https:/www.example.com",
      "https:\\\\www.example.com",
      "https://www%2eexample.com",
  };
  for (size_t i = 0; i < sizeof origins / sizeof *origins; i++)
    if (authapi_origin_allowed(domains, origins[i]))
      fail_msg("admitted: %s", origins[i]);
  char long_one[1000];
  memset(long_one, 'a', sizeof long_one);
  memcpy(long_one, "https://", 8);
  memcpy(long_one + sizeof long_one - 14, ".wild.example", 14);
  assert_false(authapi_origin_allowed(domains, long_one));
  assert_false(authapi_origin_allowed("", "https://www.example.com"));
}

static void good_entries(void **state) {
  (void)state;
  static const char *const entries[] = {
      "example.com",
      "localhost",
      "https://a",
      "*.example.com",
      "*.localhost",
      "http://localhost:8080",
      "https://example.com",
      "HTTPS://Example.com:1",
      "my_host.example",
      "127.0.0.1",
      "[::1]",
      "[::]",
      "[::FFFF:7f00:1]",
      "[::ffff:102:304]",
      "[::102:304]",
      "[1:0:2::]",
      "[2001:db8:0:1:1:1:1:1]",
      "[1::2:0:0:3:4]",
      "[1:0:0:2::3]",
      "https://[2001:db8::1]:65535",
      "xn--bcher-kva.example",
      "1a.example",
      "-.example",
  };
  for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
    if (authapi_domain_problem(entries[i]) != NULL)
      fail_msg("%s: %s", entries[i], authapi_domain_problem(entries[i]));
}

static void bad_entries(void **state) {
  (void)state;
  static const char *const entries[] = {
      "",
      "*",
      "null",
      "*.",
      "*.*.example.com",
      "a.*.example.com",
      "https://*.example.com",
      "example.com:8080",
      "https://example.com/",
      "https://example.com/x",
      "https://u@example.com",
      "ftp://example.com",
      "//example.com",
      "example.com/x",
      "a..b",
      ".example.com",
      "example.com.",
      "a b",
      NON_ASCII_HOST,
      "example.com\nevil.com",
      "127.1",
      "127.0.0.256",
      "127.0.0.01",
      "2130706433",
      "0x7f000001",
      "1.2.3.4.5",
      "*.127.0.0.1",
      "*.[::1]",
      "[::01]",
      "[::ffff:1.2.3.4]",
      "[0:0:0:0:0:0:0:1]",
      "[2001:db8::1:1:1:1:1]",
      "[1::2:0:0:0:3]",
      "[fe80::1%eth0]",
      "0x",
      "1.0x",
      "[::1",
      "[]",
      "[1:2]",
      "https://example.com:0",
      "https://example.com:0443",
      "https://example.com?x",
      "https://example.com#x",
      "https://example.com\\x",
      "https://example.com:65536",
      "https://example.com:",
      "https://example.com:x",
      "https://",
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example",
  };
  for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
    if (authapi_domain_problem(entries[i]) == NULL)
      fail_msg("taken: %s", entries[i]);
  char long_one[400];
  memset(long_one, 'a', sizeof long_one);
  long_one[sizeof long_one - 1] = '\0';
  assert_non_null(authapi_domain_problem(long_one));
}

/* The message names the mistake. */
static void problems_have_a_remedy(void **state) {
  (void)state;
  static const struct {
    const char *entry, *says;
  } cases[] = {
      {"*", "List each host"},
      {"null", "List each host"},
      {"", "empty"},
      {"example.com:80", "full origin"},
      {"https://*.example.com", "wildcard"},
      {"ftp://example.com", "https://"},
      {"example.com/x", "https://"},
      {"https://example.com/", "no path"},
      {"https://example.com:8/x", "no path"},
      {"https://u:p@example.com", "no user"},
      {"https://example.com:65536", "65535"},
      {"https://example.com:080", "65535"},
      {"https://[::1]:x", "65535"},
      {"https://:80", "host is missing"},
      {"https://a b", "character"},
      {"a b", "character"},
      {"0x7f.1", "IPv4"},
      {"[::01]", "IPv6"},
      {"a..b", "empty label"},
      {"*.10.0.0.1", "no subdomains"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *problem = authapi_domain_problem(cases[i].entry);
    if (problem == NULL || strstr(problem, cases[i].says) == NULL)
      fail_msg("%s: %s", cases[i].entry, problem != NULL ? problem : "(taken)");
  }
}

static void printable(void **state) {
  (void)state;
  assert_true(authapi_origin_printable("https://www.example.com"));
  assert_true(authapi_origin_printable("null"));
  assert_false(authapi_origin_printable(""));
  assert_false(authapi_origin_printable("https://a b"));
  assert_false(authapi_origin_printable("https://a\r\nX: y"));
  assert_false(authapi_origin_printable("caf\xc3\xa9"));
}

static void logged(void **state) {
  (void)state;
  static const char *const origins[] = {"null", "https://www.example.com", "http://[::1]:8080", "app.x-1://shop"};
  for (size_t i = 0; i < sizeof origins / sizeof *origins; i++)
    assert_ptr_equal(authapi_origin_logged(origins[i]), origins[i]);
  static const char *const others[] = {"",
                                       "q83vEjRWeJ/83vEjRWeJq83v",
                                       "://a",
                                       "https:a",
                                       "https://a/b",
                                       "https://user@a",
                                       "https://a b",
                                       "https://caf\xc3\xa9"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    assert_string_equal(authapi_origin_logged(others[i]), "(not an origin)");
  assert_null(authapi_origin_logged(NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(admitted),
      cmocka_unit_test(refused),
      cmocka_unit_test(good_entries),
      cmocka_unit_test(bad_entries),
      cmocka_unit_test(printable),
      cmocka_unit_test(logged),
      cmocka_unit_test(problems_have_a_remedy),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
