/* When keys were last used: recorded uses are copied in batches, and kept until they are in the store. */
#include "authapi/last_used.h"
#include "cmocka_all.h"

#include <stdio.h>
#include <string.h>

#define MANY (2 * AUTHAPI_LAST_USED_MAX + 10)

static authapi_last_used *last_used;
static authapi_last_use batch[AUTHAPI_LAST_USED_MAX];

static int set_up(void **state) {
  (void)state;
  last_used = authapi_last_used_new();
  return last_used != NULL ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  authapi_last_used_free(last_used);
  return 0;
}

/* A use of credential number `n`. Two credentials each belong to one API key. */
static void note(int n, int64_t now_s) {
  static authapi_credential credential;
  snprintf(credential.id, sizeof credential.id, "sk_%d", n);
  snprintf(credential.api_key_id, sizeof credential.api_key_id, "ak_%d", n / 2);
  authapi_last_used_record(last_used, &credential, now_s);
}

static void the_last_use_is_recorded(void **state) {
  (void)state;
  note(0, 100);
  note(1, 300);
  note(0, 200);
  note(0, 150); /* a clock that was set back */
  assert_int_equal(authapi_last_used_get(last_used, "sk_0"), 200);
  assert_int_equal(authapi_last_used_get(last_used, "ak_0"), 300);
  assert_int_equal(authapi_last_used_get(last_used, "sk_2"), 0);
  assert_int_equal(authapi_last_used_copy(last_used, 300, batch), 2);
  assert_int_equal(batch[0].last_used_s + batch[1].last_used_s, 500);
  assert_string_equal(batch[0].api_key_id, "ak_0");
  authapi_last_used_forget(last_used, batch, 2);
  assert_int_equal(authapi_last_used_get(last_used, "sk_0"), 0); /* now it is in the store */
  assert_int_equal(authapi_last_used_copy(last_used, 300, batch), 0);
}

static void used_again_while_it_is_written(void **state) {
  (void)state;
  note(0, 100);
  note(1, 100);
  assert_int_equal(authapi_last_used_copy(last_used, 100, batch), 2);
  note(0, 101);
  assert_int_equal(authapi_last_used_get(last_used, "sk_1"), 100); /* a write that fails loses nothing */
  authapi_last_used_forget(last_used, batch, 2);
  assert_int_equal(authapi_last_used_get(last_used, "sk_0"), 101);
  assert_int_equal(authapi_last_used_get(last_used, "sk_1"), 0);
  /* Else a writer would not come to an end while keys are in use. */
  assert_int_equal(authapi_last_used_copy(last_used, 100, batch), 0);
  assert_int_equal(authapi_last_used_copy(last_used, 101, batch), 1);
}

static void many_in_batches(void **state) {
  (void)state;
  size_t copies = 0, batches = 0, count;
  for (int i = 0; i < MANY; i++)
    note(i, 1);
  do {
    count = authapi_last_used_copy(last_used, 1, batch);
    authapi_last_used_forget(last_used, batch, count);
    copies += count;
    batches++;
  } while (count == AUTHAPI_LAST_USED_MAX);
  assert_int_equal(batches, 3);
  assert_int_equal(copies, MANY);
}

static void nowhere(void **state) {
  (void)state;
  static const authapi_credential credential;
  authapi_last_used_record(NULL, &credential, 1);
  assert_int_equal(authapi_last_used_get(NULL, "sk_0"), 0);
  authapi_last_used_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(the_last_use_is_recorded),
      TEST(many_in_batches),
      TEST(used_again_while_it_is_written),
      TEST(nowhere),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
