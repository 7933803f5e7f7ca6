/* The numbers of docs/architecture.md "Rules of the state machine". */
#include "core/policy.h"
#include "fake_host.h"

static void refresh_lead(void **state) {
  (void)state;
  /* lifetime → lead without jitter: 15 %, at least 60 s, at most half */
  static const struct {
    int64_t lifetime_ms, lead_ms;
  } cases[] = {
      {0, 0},
      {1, 0},
      {1000, 500},
      {20000, 10000},
      {120000, 60000},
      {240000, 60000},
      {400000, 60000},
      {1200000, 180000},
      {3600000, 540000},
      {IAUTH__LIFETIME_MAX_MS, IAUTH__LIFETIME_MAX_MS / 20 * 3},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_int_equal(iauth__refresh_lead_ms(cases[i].lifetime_ms, 0), cases[i].lead_ms);
    int64_t last = iauth__refresh_lead_ms(cases[i].lifetime_ms, UINT32_MAX);
    assert_in_range(last, cases[i].lead_ms * 2 / 3, cases[i].lead_ms);
    /* a caller never waits for a refresh that was not due */
    assert_true(iauth__required_validity_ms(30000, cases[i].lifetime_ms) <= last);
  }
}

static void jitter_spreads(void **state) {
  (void)state;
  int64_t half = iauth__refresh_lead_ms(1200000, UINT32_MAX / 2);
  assert_in_range(half, 149000, 151000);
}

static void backoff(void **state) {
  (void)state;
  static const int64_t ceilings[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
  for (int i = 0; i < 8; i++) {
    assert_int_equal(iauth__backoff_ms(i + 1, UINT32_MAX), ceilings[i]);
    assert_int_equal(iauth__backoff_ms(i + 1, 0), ceilings[i] / 2);
    assert_int_equal(iauth__background_backoff_ms(i + 1, 0), ceilings[i]);
    assert_in_range(iauth__background_backoff_ms(i + 1, UINT32_MAX), ceilings[i] * 19 / 10, ceilings[i] * 197 / 100);
    assert_in_range(iauth__backoff_ms(i + 1, UINT32_MAX / 2), ceilings[i] * 3 / 4 - 2, ceilings[i] * 3 / 4 + 2);
  }
  assert_int_equal(iauth__backoff_ms(INT32_MAX, UINT32_MAX), 60000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(refresh_lead),
      cmocka_unit_test(jitter_spreads),
      cmocka_unit_test(backoff),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
