/* Tokens of a crowd: shared within a second and by the same claims, and only when many ask. */
#include "cmocka_all.h"
#include "server/token_pool.h"

#include <stdio.h>
#include <string.h>

static const unsigned char key[AUTHD_KEY_SIZE] = {1}, other_key[AUTHD_KEY_SIZE] = {2};
static const authd_claims claims = {"dk_1", "ak_1", 1000, 2200};
static authd_token_pool *pool;

static int set_up(void **state) {
  (void)state;
  pool = authd_token_pool_new();
  return pool != NULL ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  authd_token_pool_free(pool);
  return 0;
}

/* Puts so many tokens, "<id> 0" and so on, as a server does that finds none. */
static void fill(const authd_claims *of, int count) {
  char token[64];
  for (int i = 0; i < count; i++) {
    assert_null(authd_token_pool_take(pool, of, key, NULL));
    snprintf(token, sizeof token, "%s %d", of->credential_id, i);
    authd_token_pool_put(pool, of, key, token);
  }
}

static void few_share_nothing(void **state) {
  (void)state;
  fill(&claims, AUTHD_POOL_TOKENS - 1);
  assert_null(authd_token_pool_take(pool, &claims, key, NULL));
}

static void many_take_turns(void **state) {
  (void)state;
  char expected[64];
  fill(&claims, AUTHD_POOL_TOKENS);
  for (int i = 0; i < 3 * AUTHD_POOL_TOKENS; i++) {
    snprintf(expected, sizeof expected, "dk_1 %d", i % AUTHD_POOL_TOKENS);
    assert_string_equal(authd_token_pool_take(pool, &claims, key, NULL), expected);
  }
}

static void nobody_gets_back_what_was_shown(void **state) {
  (void)state;
  char shown[64];
  fill(&claims, AUTHD_POOL_TOKENS);
  for (int i = 0; i < 3 * AUTHD_POOL_TOKENS; i++) {
    snprintf(shown, sizeof shown, "dk_1 %d", i % AUTHD_POOL_TOKENS);
    assert_string_not_equal(authd_token_pool_take(pool, &claims, key, shown), shown);
  }
}

/* Whatever differs in what a token says, or who signs it. */
static void others_have_their_own(void **state) {
  (void)state;
  const authd_claims others[] = {{"dk_2", "ak_1", 1000, 2200},
                                 {"dk_1", "ak_2", 1000, 2200},
                                 {"dk_1", "ak_1", 1000, 2201},
                                 {"dk_1", "ak_1", 999, 2200},
                                 {"dk_1", "ak_1", 1001, 2200}};
  fill(&claims, AUTHD_POOL_TOKENS);
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    assert_null(authd_token_pool_take(pool, &others[i], key, NULL));
  assert_null(authd_token_pool_take(pool, &claims, other_key, NULL));
  assert_non_null(authd_token_pool_take(pool, &claims, key, NULL));
}

/* Each second begins with none, in the place of the one before. */
static void second_after_second(void **state) {
  (void)state;
  authd_claims now = claims;
  for (; now.issued_s < 1000 + 5000; now.issued_s++, now.expires_s++) {
    fill(&now, AUTHD_POOL_TOKENS);
    assert_string_equal(authd_token_pool_take(pool, &now, key, NULL), "dk_1 0");
  }
  assert_null(authd_token_pool_take(pool, &claims, key, NULL)); /* a clock that is set back */
}

/* There is room for many domain keys, not for any number; who has none is not given another's. */
static void more_domain_keys_than_places(void **state) {
  (void)state;
  enum { KEYS = 4000 };
  authd_claims one = claims;
  char token[64];
  int shared = 0;
  for (int i = 0; i < KEYS; i++) {
    snprintf(one.credential_id, sizeof one.credential_id, "dk_%d", i);
    fill(&one, AUTHD_POOL_TOKENS);
    const char *taken = authd_token_pool_take(pool, &one, key, NULL);
    snprintf(token, sizeof token, "dk_%d 0", i);
    if (taken != NULL)
      assert_string_equal(taken, token);
    shared += taken != NULL;
    if (i == 500)
      assert_in_range(shared, 480, 501);
  }
  assert_in_range(shared, 900, 1024);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(few_share_nothing),     TEST(many_take_turns),     TEST(nobody_gets_back_what_was_shown),
      TEST(others_have_their_own), TEST(second_after_second), TEST(more_domain_keys_than_places),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
