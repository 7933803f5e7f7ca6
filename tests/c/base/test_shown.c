/* Which values of the command line a message may contain. */
#include "base/shown.h"
#include "cmocka_all.h"

static void credentials_are_not_shown(void **state) {
  (void)state;
  static const char *const values[] = {
      "0123456789abcdef0123456789abcdef",                        /* openssl rand -hex 16 */
      "0123456789ABCDEF0123456789ABCDEF0123",                    /* in capitals */
      "q83vEjRWeJq83vEjRWeJq83vEjRWeJq83vEjRWeJq80",             /* base64url */
      "-83vEjRWeJq83vEj_WeJq83vEjRWeJq83vE",                     /* with its own characters */
      "q83vEjRWeJ/83vEjRWeJq83vE/RWeJq83vEjRWeJq80=",            /* base64 */
      "q83vEjRWeJ/83vEjRWeJq83vE/RWeJq8",                        /* as short as a credential can be */
      "/83vEjRWeJ/83vEjRWeJq83vE/RWeJq83vEjRWeJq80=",            /* that begins like a path */
      "eyJhbGciOiJFUzI1NiIsImtpZCI6IjEifQ.eyJqdGkiOiJhIn0.c2ln", /* a JWT */
      "chatbot=q83vEjRWeJq83vEjRWeJq83vEjRWeJq83vEjRWeJq80",
      "https://q83vEjRWeJq83vEjRWeJq83vEjRWeJq8@api.example",
  };
  for (size_t i = 0; i < sizeof values / sizeof *values; i++)
    assert_string_equal(iauth__shown(values[i]), "(a value that looks like a credential)");
}

static void names_are_shown(void **state) {
  (void)state;
  static const char *const values[] = {
      "",
      "secret",
      "10 minutes",
      "/run/credentials/inbenta-authd.service/admin-token",
      "/home/shop/Projects2/inbenta/production/secret",
      "../../credentials-of-this-machine/inbenta-secret-file-of-the-shop",
      "/tmp/inbenta-authd-blkSRY/keys.db",
      "chatbot=http://api.example/a-long-path-of-a-product",
      "127.0.0.1:99999",
      "the-file-of-the-secret-of-the-shop", /* long, but of one kind of characters */
      "0123456789abcdef0123456789abcde",    /* shorter than any credential */
  };
  for (size_t i = 0; i < sizeof values / sizeof *values; i++)
    assert_ptr_equal(iauth__shown(values[i]), values[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(credentials_are_not_shown), cmocka_unit_test(names_are_shown)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
