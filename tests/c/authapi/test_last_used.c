/* Last uses: what is noted is written once, in batches, and outlives a store that fails. */
#include "authapi/last_used.h"
#include "cmocka_all.h"

#include <stdio.h>
#include <string.h>

#define MANY (2 * AUTHAPI_USES_MAX + 10)

static authapi_last_used *uses;
static authapi_store store; /* counts and sums up what it is told */
static size_t writes, told;
static int64_t sum;
static bool broken;

static authapi_found note_uses(void *state, const authapi_use *noted, size_t count) {
  (void)state;
  writes++;
  if (broken)
    return AUTHAPI_STORE_ERROR;
  assert_in_range(count, 1, AUTHAPI_USES_MAX);
  for (size_t i = 0; i < count; i++)
    sum += noted[i].last_used_s;
  told += count;
  return AUTHAPI_FOUND;
}

static int set_up(void **state) {
  (void)state;
  store = (authapi_store){.note_uses = note_uses};
  writes = told = 0;
  sum = 0;
  broken = false;
  uses = authapi_last_used_new();
  return uses != NULL ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  authapi_last_used_free(uses);
  return 0;
}

/* A use of credential number `n`, each pair of which is of one API key. */
static void note(int n, int64_t now_s) {
  static authapi_credential credential;
  snprintf(credential.id, sizeof credential.id, "sk_%d", n);
  snprintf(credential.api_key_id, sizeof credential.api_key_id, "ak_%d", n / 2);
  authapi_last_used_note(uses, &credential, now_s);
}

static void the_last_use_counts(void **state) {
  (void)state;
  note(0, 100);
  note(1, 300);
  note(0, 200);
  note(0, 150); /* a clock that was set back */
  assert_int_equal(authapi_last_used_last(uses, "sk_0"), 200);
  assert_int_equal(authapi_last_used_last(uses, "ak_0"), 300);
  assert_int_equal(authapi_last_used_last(uses, "sk_2"), 0);
  assert_false(authapi_last_used_write(uses, &store));
  assert_int_equal(writes, 1);
  assert_int_equal(told, 2);
  assert_int_equal(sum, 500);
  assert_int_equal(authapi_last_used_last(uses, "sk_0"), 0); /* now it is in the store */
  assert_false(authapi_last_used_write(uses, &store));
  assert_int_equal(writes, 1);
}

static void many_in_batches(void **state) {
  (void)state;
  for (int i = 0; i < MANY; i++)
    note(i, 1);
  while (authapi_last_used_write(uses, &store))
    ;
  assert_int_equal(writes, 3);
  assert_int_equal(told, MANY);
  assert_int_equal(sum, MANY);
}

static void a_store_that_fails(void **state) {
  (void)state;
  note(0, 100);
  broken = true;
  assert_false(authapi_last_used_write(uses, &store));
  note(1, 200);
  broken = false;
  assert_false(authapi_last_used_write(uses, &store));
  assert_int_equal(told, 2);
  assert_int_equal(sum, 300);
}

static void nowhere(void **state) {
  (void)state;
  static const authapi_credential credential;
  authapi_last_used_note(NULL, &credential, 1);
  assert_int_equal(authapi_last_used_last(NULL, "sk_0"), 0);
  authapi_last_used_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(the_last_use_counts),
      TEST(many_in_batches),
      TEST(a_store_that_fails),
      TEST(nowhere),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
