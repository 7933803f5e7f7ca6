/* Wrong admin tokens: who waits, and for how long. */
#include <stdio.h>

#include "authapi/attempts.h"
#include "cmocka_all.h"

static authapi_attempts attempts;

static int set_up(void **state) {
  (void)state;
  attempts = (authapi_attempts){0};
  return 0;
}

static int64_t fail_at(const char *client, int64_t now_s) {
  authapi_attempts_failed(&attempts, client, now_s);
  return authapi_attempts_wait_s(&attempts, client, now_s);
}

static void each_wait_is_twice_as_long(void **state) {
  (void)state;
  static const int64_t waits_s[] = {0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60};
  int64_t now_s = 1000;
  for (size_t i = 0; i < sizeof waits_s / sizeof *waits_s; i++) {
    assert_int_equal(fail_at("192.0.2.1", now_s), waits_s[i]);
    now_s += waits_s[i];
    assert_int_equal(authapi_attempts_wait_s(&attempts, "192.0.2.1", now_s), 0);
  }
  assert_int_equal(authapi_attempts_wait_s(&attempts, "192.0.2.2", now_s), 0);
  authapi_attempts_succeeded(&attempts, "192.0.2.1");
  assert_int_equal(fail_at("192.0.2.1", now_s), 0);
}

/* Otherwise somebody who mistyped the token would wait for as long as the clock was wrong. */
static void a_clock_that_was_set_back_ends_the_wait(void **state) {
  (void)state;
  for (int i = 0; i < 8; i++)
    fail_at("192.0.2.1", 1000000);
  assert_int_equal(authapi_attempts_wait_s(&attempts, "192.0.2.1", 1000000 - 30), 38);
  assert_int_equal(authapi_attempts_wait_s(&attempts, "192.0.2.1", 1000000 - 3600), 0);
  assert_int_equal(fail_at("192.0.2.1", 1000000 - 3600), 16); /* the count goes on */
}

static void when_the_table_is_full_the_shortest_wait_is_dropped(void **state) {
  (void)state;
  char client[32];
  for (int i = 0; i < 8; i++)
    fail_at("192.0.2.1", 1000);
  for (int i = 0; i < 200; i++) {
    snprintf(client, sizeof client, "2001:db8::%d", i);
    assert_int_equal(fail_at(client, 1000), 0);
  }
  assert_int_equal(authapi_attempts_wait_s(&attempts, "192.0.2.1", 1000), 8);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(each_wait_is_twice_as_long, set_up),
      cmocka_unit_test_setup(a_clock_that_was_set_back_ends_the_wait, set_up),
      cmocka_unit_test_setup(when_the_table_is_full_the_shortest_wait_is_dropped, set_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
