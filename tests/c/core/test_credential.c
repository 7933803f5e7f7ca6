/* Which credentials pass. */
#include "core/credential.h"
#include "fake_host.h"

#include <string.h>

static void credentials(void **state) {
  (void)state;
  static char long_one[IAUTH_CREDENTIAL_MAX + 2];
  memset(long_one, 'a', IAUTH_CREDENTIAL_MAX + 1);
  assert_true(iauth__is_credential("a"));
  assert_true(iauth__is_credential("eyJ.x-_~+/="));
  assert_false(iauth__is_credential(long_one));
  assert_true(iauth__is_credential(long_one + 1));
  assert_false(iauth__is_credential(NULL));
  assert_false(iauth__is_credential(""));
  assert_false(iauth__is_credential("a b"));
  assert_false(iauth__is_credential("\"a\""));
  assert_false(iauth__is_credential("''"));
  assert_true(iauth__is_credential("\""));
  assert_true(iauth__is_credential("\"a'"));
  assert_false(iauth__is_credential("a\r\nx: y"));
  assert_false(iauth__is_credential("\x7f"));
  assert_false(iauth__is_credential("caf\xc3\xa9"));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(credentials)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
