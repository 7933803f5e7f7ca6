/* Tokens that are known: no second check for those, and none is taken that is not good. */
#include "cmocka_all.h"
#include "server/token_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const unsigned char private_keys[2][AUTHD_KEY_SIZE] = {{1, 2, 3}, {3, 2, 1}};
static const authd_claims claims = {"dk_1", "ak_1", 1000, 2000};

static authd_signer openssl, signer;
static authd_key keys[2];
static authd_token_cache *cache;
static int checks; /* of signatures */

static bool counting_verify(void *state, const authd_key *key, const void *data, size_t len,
                            const unsigned char signature[AUTHD_SIGNATURE_SIZE]) {
  checks++;
  return openssl.verify(state, key, data, len, signature);
}

static int set_up(void **state) {
  (void)state;
  checks = 0;
  signer = openssl = authd_signer_openssl();
  signer.verify = counting_verify;
  cache = authd_token_cache_new();
  return cache != NULL && signer.open_key(signer.state, private_keys[0], &keys[0]) &&
                 signer.open_key(signer.state, private_keys[1], &keys[1])
             ? 0
             : -1;
}

static int tear_down(void **state) {
  (void)state;
  signer.close_key(signer.state, &keys[0]);
  signer.close_key(signer.state, &keys[1]);
  authd_token_cache_free(cache);
  return 0;
}

static authd_claims read;

static authd_token_state check(const char *token, int64_t now_s) {
  memset(&read, 0, sizeof read);
  return authd_token_cache_check(cache, &signer, keys, 2, token, now_s, &read);
}

static void assert_valid(const char *token) {
  assert_int_equal(check(token, 1999), AUTHD_TOKEN_VALID);
  assert_string_equal(read.credential_id, "dk_1");
  assert_string_equal(read.api_key_id, "ak_1");
  assert_int_equal(read.issued_s, 1000);
  assert_int_equal(read.expires_s, 2000);
}

static void our_own_are_not_checked(void **state) {
  (void)state;
  char *token = authd_token_cache_issue(cache, &signer, &keys[1], &claims);
  assert_valid(token);
  assert_int_equal(check(token, 2000), AUTHD_TOKEN_EXPIRED);
  assert_string_equal(read.credential_id, "dk_1");
  assert_valid(token);
  assert_int_equal(checks, 0);
  free(token);
}

/* Of another instance with the same keys, or from before a restart. */
static void others_are_checked_once(void **state) {
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    checks = 0;
    char *token = authd_token_issue(&signer, &keys[i], &claims);
    assert_int_equal(check(token, 2000), AUTHD_TOKEN_EXPIRED);
    assert_int_equal(checks, 1); /* what is over is not worth a place */
    for (int again = 0; again < 3; again++)
      assert_valid(token);
    assert_int_equal(checks, 2);
    free(token);
  }
}

static void what_is_bad_stays_bad(void **state) {
  (void)state;
  static char long_one[5000];
  char *token = authd_token_cache_issue(cache, &signer, &keys[0], &claims);
  for (size_t i = 0; i < strlen(token); i++) {
    char kept = token[i];
    token[i] = kept == 'A' ? 'B' : 'A';
    for (int again = 0; again < 2; again++)
      assert_int_equal(check(token, 1500), AUTHD_TOKEN_INVALID);
    token[i] = kept;
  }
  assert_true(checks > 300); /* each time anew */
  assert_valid(token);
  memset(long_one, 'A', sizeof long_one - 1);
  assert_int_equal(check(long_one, 1500), AUTHD_TOKEN_INVALID);
  assert_int_equal(check("", 1500), AUTHD_TOKEN_INVALID);
  free(token);
}

/* A key that is given up takes its tokens along, known or not. */
static void of_a_key_that_is_given_up(void **state) {
  (void)state;
  char *token = authd_token_cache_issue(cache, &signer, &keys[0], &claims);
  assert_valid(token);
  for (int again = 0; again < 2; again++)
    assert_int_equal(authd_token_cache_check(cache, &signer, &keys[1], 1, token, 1500, &read),
                     AUTHD_TOKEN_INVALID);
  assert_int_equal(authd_token_cache_check(cache, &signer, keys, 0, token, 1500, &read),
                   AUTHD_TOKEN_INVALID);
  assert_valid(token);
  free(token);
}

static bool no_hash(void *state, const void *data, size_t len,
                    unsigned char hash[AUTHD_HASH_SIZE]) {
  (void)state, (void)data, (void)len, (void)hash;
  return false;
}

static void without_a_hash_or_a_cache(void **state) {
  (void)state;
  authd_token_cache *kept = cache;
  signer.sha256 = no_hash;
  for (int i = 1; i <= 2; i++) {
    char *token = authd_token_cache_issue(cache, &signer, &keys[0], &claims);
    assert_valid(token);
    assert_int_equal(checks, i);
    free(token);
    signer.sha256 = openssl.sha256;
    cache = NULL;
  }
  cache = kept;
}

static bool quick_sign(void *state, const authd_key *key, const void *data, size_t len,
                       unsigned char signature[AUTHD_SIGNATURE_SIZE]) {
  (void)state, (void)key, (void)data, (void)len;
  memset(signature, 0, AUTHD_SIGNATURE_SIZE);
  return true;
}

static bool quick_verify(void *state, const authd_key *key, const void *data, size_t len,
                         const unsigned char signature[AUTHD_SIGNATURE_SIZE]) {
  (void)state, (void)key, (void)data, (void)len, (void)signature;
  checks++;
  return true;
}

/* Tokens that are asked for again and again stay, whatever number of others comes and goes. Of
 * those some are forgotten, and checked again; none is refused. */
static void more_than_fit(void **state) {
  (void)state;
  enum { TOKENS = 40000, OFTEN = 2000 };
  static char *tokens[TOKENS];
  signer.sign = quick_sign;
  signer.verify = quick_verify;
  for (int i = 0; i < TOKENS; i++) {
    tokens[i] = authd_token_cache_issue(cache, &signer, &keys[0], &claims);
    assert_non_null(tokens[i]);
    if (i % (OFTEN / 2) == OFTEN / 2 - 1)
      for (int often = 0; often < OFTEN && often <= i; often++)
        assert_valid(tokens[often]);
  }
  assert_in_range(checks, 0, OFTEN); /* of 80,000 */
  checks = 0;
  for (int i = OFTEN; i < TOKENS; i++)
    assert_valid(tokens[i]);
  assert_in_range(checks, TOKENS - OFTEN - AUTHD_TOKEN_CACHE_SIZE, TOKENS);
  for (int i = 0; i < TOKENS; i++)
    free(tokens[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(our_own_are_not_checked),   TEST(others_are_checked_once),   TEST(what_is_bad_stays_bad),
      TEST(of_a_key_that_is_given_up), TEST(without_a_hash_or_a_cache), TEST(more_than_fit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
