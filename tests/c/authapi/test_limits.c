/* Throttle and quota, second by second. */
#include <stdio.h>

#include "authapi/keys/access_token.h"
#include "authapi/limits.h"
#include "cmocka_all.h"

static authapi_limits_state state;

static bool ask(authapi_limiter *limiter, const char *key, authapi_group group, int64_t now_s) {
  authapi_limiter_count(limiter, key, group, now_s, &state);
  return state.exceeded == NULL;
}

static void requests_in_a_period(void **unused) {
  (void)unused;
  authapi_limiter *limiter = authapi_limiter_new((authapi_limit){4, 10}, (authapi_limit){0, 0});
  for (int i = 1; i <= 4; i++) {
    assert_true(ask(limiter, "ak_1", AUTHAPI_GROUP_AUTH, 1005));
    assert_int_equal(state.throttle.percent, i * 25);
    assert_int_equal(state.throttle.reset_s, 1010);
    assert_int_equal(state.quota.percent, -1);
  }
  assert_false(ask(limiter, "ak_1", AUTHAPI_GROUP_AUTH, 1009));
  assert_ptr_equal(state.exceeded, &state.throttle);
  assert_int_equal(state.throttle.percent, 100);
  assert_true(ask(limiter, "ak_1", AUTHAPI_GROUP_AUTH, 1010)); /* the next period */
  assert_int_equal(state.throttle.percent, 25);
  assert_int_equal(state.throttle.reset_s, 1020);
  assert_true(ask(limiter, "ak_1", AUTHAPI_GROUP_AUTH, 1001)); /* the clock was set back */
  assert_int_equal(state.throttle.percent, 25);
  authapi_limiter_free(limiter);
}

static void keys_and_groups_are_counted_separately(void **unused) {
  (void)unused;
  authapi_limiter *limiter = authapi_limiter_new((authapi_limit){1, 60}, (authapi_limit){0, 0});
  char key[AUTHAPI_ID_SIZE];
  for (int i = 0; i < 5000; i++) { /* more than there are buckets */
    snprintf(key, sizeof key, "ak_%d", i);
    assert_true(ask(limiter, key, AUTHAPI_GROUP_AUTH, 60));
    assert_true(ask(limiter, key, AUTHAPI_GROUP_REFRESH, 60));
  }
  for (int i = 0; i < 5000; i++) {
    snprintf(key, sizeof key, "ak_%d", i);
    assert_false(ask(limiter, key, AUTHAPI_GROUP_AUTH, 119));
    assert_false(ask(limiter, key, AUTHAPI_GROUP_REFRESH, 119));
  }
  authapi_limiter_free(limiter);
}

static void refused_requests_are_not_counted(void **unused) {
  (void)unused;
  authapi_limiter *limiter = authapi_limiter_new((authapi_limit){1, 10}, (authapi_limit){2, 100});
  assert_true(ask(limiter, "ak_1", AUTHAPI_GROUP_AUTH, 0));
  for (int i = 0; i < 5; i++)
    assert_false(ask(limiter, "ak_1", AUTHAPI_GROUP_AUTH, 1));
  assert_int_equal(state.quota.percent, 50);
  assert_true(ask(limiter, "ak_1", AUTHAPI_GROUP_AUTH, 10));
  assert_false(ask(limiter, "ak_1", AUTHAPI_GROUP_AUTH, 25));
  assert_ptr_equal(state.exceeded, &state.quota);
  assert_int_equal(state.quota.reset_s, 100);
  assert_int_equal(state.throttle.percent, 0);
  assert_true(ask(limiter, "ak_1", AUTHAPI_GROUP_AUTH, 100));
  authapi_limiter_free(limiter);
}

static void reading_the_usage_counts_nothing(void **unused) {
  (void)unused;
  authapi_limiter *limiter = authapi_limiter_new((authapi_limit){4, 10}, (authapi_limit){10, 100});
  authapi_limiter_usage(limiter, "ak_1", 1000, &state);
  assert_int_equal(state.throttle.percent, 0);
  assert_int_equal(state.throttle.reset_s, 1010);
  ask(limiter, "ak_1", AUTHAPI_GROUP_REFRESH, 1000);
  ask(limiter, "ak_1", AUTHAPI_GROUP_AUTH, 1000);
  ask(limiter, "ak_1", AUTHAPI_GROUP_AUTH, 1000);
  for (int i = 0; i < 5; i++) {
    authapi_limiter_usage(limiter, "ak_1", 1009, &state);
    assert_int_equal(state.throttle.percent, 50); /* of the group that asked more */
    assert_int_equal(state.quota.percent, 20);
    assert_null(state.exceeded);
  }
  authapi_limiter_usage(limiter, "ak_1", 1010, &state); /* the next period */
  assert_int_equal(state.throttle.percent, 0);
  assert_int_equal(state.quota.percent, 20);
  authapi_limiter_usage(limiter, "ak_2", 1009, &state);
  assert_int_equal(state.throttle.percent, 0);
  ask(limiter, "ak_1", AUTHAPI_GROUP_AUTH, 1009);
  assert_int_equal(state.throttle.percent, 75);
  authapi_limiter_free(limiter);
  limiter = authapi_limiter_new((authapi_limit){0, 0}, (authapi_limit){10, 100});
  authapi_limiter_usage(limiter, "ak_1", 1000, &state);
  assert_int_equal(state.throttle.percent, -1);
  authapi_limiter_free(limiter);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(requests_in_a_period),
      cmocka_unit_test(keys_and_groups_are_counted_separately),
      cmocka_unit_test(refused_requests_are_not_counted),
      cmocka_unit_test(reading_the_usage_counts_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
