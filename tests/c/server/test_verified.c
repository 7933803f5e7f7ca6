/* Signatures that are known: no second operation for those, and none is taken that is not good. */
#include "cmocka_all.h"
#include "server/token.h"
#include "server/verified.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const unsigned char private_key[AUTHD_KEY_SIZE] = {1, 2, 3};
static const unsigned char other_key[AUTHD_KEY_SIZE] = {3, 2, 1};

static authd_signer openssl, counting, signer;
static authd_key key, other;
static authd_verified *verified;
static int checks; /* that the signer underneath made */

static bool counting_verify(void *state, const authd_key *by, const void *data, size_t len,
                            const unsigned char signature[AUTHD_SIGNATURE_SIZE]) {
  checks++;
  return openssl.verify(state, by, data, len, signature);
}

static bool no_hash(void *state, const void *data, size_t len,
                    unsigned char hash[AUTHD_HASH_SIZE]) {
  (void)state;
  (void)data;
  (void)len;
  (void)hash;
  return false;
}

static int set_up(void **state) {
  (void)state;
  checks = 0;
  openssl = authd_signer_openssl();
  counting = openssl;
  counting.verify = counting_verify;
  verified = authd_verified_new(&counting);
  if (verified == NULL)
    return -1;
  signer = authd_verified_signer(verified);
  return signer.open_key(signer.state, private_key, &key) &&
                 signer.open_key(signer.state, other_key, &other)
             ? 0
             : -1;
}

static int tear_down(void **state) {
  (void)state;
  signer.close_key(signer.state, &key);
  signer.close_key(signer.state, &other);
  authd_verified_free(verified);
  return 0;
}

static authd_claims claims = {"dk_1", "ak_1", 1000, 2000};

static void our_own_tokens_are_not_checked(void **state) {
  (void)state;
  authd_claims read;
  char *token = authd_token_issue(&signer, &key, &claims);
  assert_int_equal(authd_token_check(&signer, &key, 1, token, 1999, &read), AUTHD_TOKEN_VALID);
  assert_string_equal(read.credential_id, "dk_1");
  assert_string_equal(read.api_key_id, "ak_1");
  assert_int_equal(read.expires_s, 2000);
  assert_int_equal(authd_token_check(&signer, &key, 1, token, 2000, &read), AUTHD_TOKEN_EXPIRED);
  assert_int_equal(checks, 0);
  free(token);
}

/* Of another instance with the same key, or from before a restart. */
static void others_are_checked_once(void **state) {
  (void)state;
  authd_claims read;
  char *token = authd_token_issue(&openssl, &key, &claims);
  for (int i = 0; i < 3; i++)
    assert_int_equal(authd_token_check(&signer, &key, 1, token, 1500, &read), AUTHD_TOKEN_VALID);
  assert_int_equal(checks, 1);
  free(token);
}

static void what_is_bad_stays_bad(void **state) {
  (void)state;
  authd_claims read;
  char *token = authd_token_issue(&signer, &key, &claims);
  const char *signature = strrchr(token, '.') + 1;
  assert_int_equal(authd_token_check(&signer, &key, 1, token, 1500, &read), AUTHD_TOKEN_VALID);
  for (size_t i = 0; i < strlen(token); i++) {
    char kept = token[i];
    token[i] = kept == 'A' ? 'B' : 'A';
    for (int again = 0; again < 2; again++)
      assert_int_equal(authd_token_check(&signer, &key, 1, token, 1500, &read),
                       AUTHD_TOKEN_INVALID);
    token[i] = kept;
  }
  assert_true(checks >= 2 * (int)strlen(signature) - 4); /* each time anew */
  assert_int_equal(authd_token_check(&signer, &key, 1, token, 1500, &read), AUTHD_TOKEN_VALID);
  free(token);
}

/* A key that is given up takes its tokens along, known or not: by another key they are not known.
 */
static void of_another_key(void **state) {
  (void)state;
  unsigned char signature[AUTHD_SIGNATURE_SIZE];
  authd_claims read;
  assert_true(signer.sign(signer.state, &key, "data", 4, signature));
  assert_true(signer.verify(signer.state, &key, "data", 4, signature));
  assert_int_equal(checks, 0);
  assert_false(signer.verify(signer.state, &other, "data", 4, signature));
  assert_int_equal(checks, 1);
  const authd_key both[] = {other, key};
  char *token = authd_token_issue(&signer, &key, &claims);
  assert_int_equal(authd_token_check(&signer, both, 2, token, 1500, &read), AUTHD_TOKEN_VALID);
  assert_int_equal(authd_token_check(&signer, both, 1, token, 1500, &read), AUTHD_TOKEN_INVALID);
  assert_int_equal(checks, 1);
  free(token);
}

static void data_that_are_not_remembered(void **state) {
  (void)state;
  static char data[5000];
  unsigned char signature[AUTHD_SIGNATURE_SIZE];
  assert_true(signer.sign(signer.state, &key, data, sizeof data, signature));
  for (int i = 1; i <= 2; i++) {
    assert_true(signer.verify(signer.state, &key, data, sizeof data, signature));
    assert_int_equal(checks, i);
  }
  counting.sha256 = no_hash;
  assert_true(signer.sign(signer.state, &key, data, 4, signature));
  assert_true(signer.verify(signer.state, &key, data, 4, signature));
  data[0] = 'x';
  assert_false(signer.verify(signer.state, &key, data, 4, signature));
  assert_int_equal(checks, 4);
}

static bool quick_sign(void *state, const authd_key *by, const void *data, size_t len,
                       unsigned char signature[AUTHD_SIGNATURE_SIZE]) {
  (void)state, (void)by;
  memset(signature, 0, AUTHD_SIGNATURE_SIZE);
  memcpy(signature, data, len);
  return true;
}

static bool quick_verify(void *state, const authd_key *by, const void *data, size_t len,
                         const unsigned char signature[AUTHD_SIGNATURE_SIZE]) {
  (void)state, (void)by;
  checks++;
  return memcmp(data, signature, len) == 0;
}

/* More than there is room for: some are forgotten, and checked again; none is refused. */
static void more_than_fit(void **state) {
  (void)state;
  enum { SIGNATURES = 200000 };
  unsigned char signature[AUTHD_SIGNATURE_SIZE];
  counting.sign = quick_sign;
  counting.verify = quick_verify;
  for (int i = 0; i < SIGNATURES; i++)
    assert_true(signer.sign(signer.state, &key, &i, sizeof i, signature));
  for (int i = 0; i < SIGNATURES; i++) {
    quick_sign(NULL, &key, &i, sizeof i, signature);
    assert_true(signer.verify(signer.state, &key, &i, sizeof i, signature));
  }
  assert_in_range(checks, SIGNATURES - 65536, SIGNATURES);
  checks = 0;
  for (int i = SIGNATURES - 1000; i < SIGNATURES; i++) {
    quick_sign(NULL, &key, &i, sizeof i, signature);
    assert_true(signer.verify(signer.state, &key, &i, sizeof i, signature));
  }
  assert_in_range(checks, 0, 50); /* the newest are there, but for the odd one */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(our_own_tokens_are_not_checked), TEST(others_are_checked_once),
      TEST(what_is_bad_stays_bad),          TEST(of_another_key),
      TEST(data_that_are_not_remembered),   TEST(more_than_fit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
