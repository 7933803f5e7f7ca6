/* inbenta_auth_check: each mistake has the name of its option, and inbenta_auth_new refuses the same options. */
#include <curl/curl.h>
#include <string.h>

#include "cmocka_all.h"
#include "inbenta_auth.h"

#define KEYS .api_key = "key", .secret = "s3cr3t"

/* What inbenta_auth_loop_new returns for these options. */
static inbenta_auth_error make(const inbenta_auth_options *options) {
  CURLM *multi = curl_multi_init();
  inbenta_auth_loop *loop;
  inbenta_auth_error error = inbenta_auth_loop_new(options, multi, &loop);
  inbenta_auth_loop_free(loop);
  curl_multi_cleanup(multi);
  return error;
}

static void each_mistake_is_named(void **state) {
  (void)state;
  char long_key[8194];
  memset(long_key, 'a', sizeof long_key - 1);
  long_key[sizeof long_key - 1] = '\0';
  const struct {
    inbenta_auth_options options;
    const char *option, *advice;
    inbenta_auth_error error;
  } cases[] = {
      {{.secret = "s3cr3t"}, "api_key", "is missing", INBENTA_AUTH_INVALID_CONFIG},
      {{.api_key = "key"}, "secret", "is missing", INBENTA_AUTH_INVALID_CONFIG},
      {{.api_key = "key", .secret = ""}, "secret", "is missing", INBENTA_AUTH_INVALID_CONFIG},
      {{.api_key = "key", .secret = "s3cr3t\r\n"}, "secret", "a line break", INBENTA_AUTH_INVALID_CONFIG},
      {{.api_key = "'s3cr3t'", .secret = "x"}, "api_key", "in quotes", INBENTA_AUTH_INVALID_CONFIG},
      {{.api_key = "'s3cr3t\177", .secret = "x"}, "api_key", "printable ASCII", INBENTA_AUTH_INVALID_CONFIG},
      {{.api_key = "\xef\xbb\xbfs3cr3t", .secret = "x"}, "api_key", "byte order mark", INBENTA_AUTH_INVALID_CONFIG},
      {{.api_key = long_key, .secret = "x"}, "api_key", "too long", INBENTA_AUTH_INVALID_CONFIG},
      {{KEYS, .user_personal_secret = "a b"}, "user_personal_secret", "a space", INBENTA_AUTH_INVALID_CONFIG},
      {{KEYS, .endpoint = ""}, "endpoint", "must be a base URL", INBENTA_AUTH_INVALID_CONFIG},
      {{KEYS, .endpoint = "api.inbenta.io/v1"}, "endpoint", "begins with https://", INBENTA_AUTH_INVALID_CONFIG},
      {{KEYS, .endpoint = "https://api.inbenta.io"}, "endpoint", "ends with its version", INBENTA_AUTH_INVALID_CONFIG},
      {{KEYS, .endpoint = "https://u:s3cr3t@a.b/v1"}, "endpoint", "without user", INBENTA_AUTH_INVALID_CONFIG},
      {{KEYS, .endpoint = "http://a.b/v1"}, "endpoint", "allow_insecure", INBENTA_AUTH_INSECURE_ENDPOINT},
      {{KEYS, .ca_file = "/nowhere/ca.pem"}, "ca_file", "cannot be read", INBENTA_AUTH_INVALID_CONFIG},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    inbenta_auth_mistake mistake = {"", ""};
    assert_int_equal(inbenta_auth_check(&cases[i].options, &mistake), cases[i].error);
    assert_string_equal(mistake.option, cases[i].option);
    assert_non_null(strstr(mistake.advice, cases[i].advice));
    assert_null(strstr(mistake.advice, "s3cr3t"));
    assert_int_equal(make(&cases[i].options), cases[i].error);
  }
}

/* If the core had a rule that inbenta_auth_check does not know, a client could not be made here. */
static void options_without_a_mistake_make_a_client(void **state) {
  (void)state;
  const inbenta_auth_options good[] = {
      {KEYS},
      {KEYS, .user_personal_secret = ""},
      {KEYS, .user_personal_secret = "personal", .endpoint = "http://127.0.0.1:8080/v1"},
      {KEYS, .endpoint = "http://a.b/v1", .allow_insecure = true},
      {KEYS, .ca_file = "/dev/null"},
      {.api_key = "\"", .secret = "'s3cr3t\""},
  };
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    inbenta_auth_mistake mistake = {"none", ""};
    assert_int_equal(inbenta_auth_check(&good[i], &mistake), INBENTA_AUTH_OK);
    assert_string_equal(mistake.option, "none");
    assert_int_equal(make(&good[i]), INBENTA_AUTH_OK);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_mistake_is_named),
      cmocka_unit_test(options_without_a_mistake_make_a_client),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
