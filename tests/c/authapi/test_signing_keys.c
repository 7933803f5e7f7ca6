/* Signing keys: which of them signs, which are accepted, and when one is dropped. Two objects on one
 * store represent two instances. */
#include "authapi/keys/signing_keys.h"
#include "cmocka_all.h"

#include <string.h>

#define LIFETIME_S 1200

static authapi_store store;
static authapi_signer signer;
static authapi_signing_keys one, two, spare; /* the last is the one that rotates */

static int set_up(void **state) {
  (void)state;
  char problem[256];
  signer = authd_signer_openssl();
  return authapi_store_sqlite_open(&store, ":memory:", true, problem, sizeof problem) ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  authapi_signing_keys_clean_up(&one, &signer);
  authapi_signing_keys_clean_up(&two, &signer);
  authapi_signing_keys_clean_up(&spare, &signer);
  store.close(store.state);
  return 0;
}

static void update(authapi_signing_keys *signing_keys, int64_t lifetime_s, int64_t now_s) {
  assert_int_equal(authapi_signing_keys_update(signing_keys, &store, &signer, lifetime_s, now_s), AUTHAPI_FOUND);
}

/* Checks both instances: the numbers of the oldest, the signing and the newest key. */
static void assert_both(int64_t now_s, int64_t oldest, int64_t signing, int64_t newest) {
  authapi_signing_keys *const both[] = {&one, &two};
  for (size_t i = 0; i < 2; i++) {
    update(both[i], LIFETIME_S, now_s);
    assert_int_equal(both[i]->stored[0].number, oldest);
    assert_int_equal(both[i]->stored[both[i]->signing].number, signing);
    assert_int_equal(both[i]->stored[both[i]->count - 1].number, newest);
  }
}

static authapi_found rotate(int64_t now_s) {
  return authapi_signing_keys_rotate(&spare, &store, &signer, AUTHAPI_PUBLISH_S, now_s);
}

static void the_first_key_is_made_once(void **state) {
  (void)state;
  assert_both(1000, 1, 1, 1);
  assert_memory_equal(one.keys[0].public_key, two.keys[0].public_key, AUTHAPI_KEY_SIZE);
  static const unsigned char none[AUTHAPI_KEY_SIZE];
  assert_memory_equal(one.stored[0].private_key, none, AUTHAPI_KEY_SIZE);
}

static void from_the_first_key_to_the_second(void **state) {
  (void)state;
  assert_both(1000, 1, 1, 1);
  assert_int_equal(rotate(2000), AUTHAPI_FOUND);
  assert_both(2000, 1, 1, 2); /* published at once */
  assert_int_equal(spare.stored[spare.count - 1].number, 2);
  assert_both(2119, 1, 1, 2);
  assert_int_equal(rotate(2119), AUTHAPI_MISSING);
  assert_both(2120, 1, 2, 2); /* now it signs */
  assert_int_equal(authapi_signing_keys_retires_s(&one, 0), 2120 + LIFETIME_S + AUTHAPI_CLOCK_SKEW_S);
  assert_int_equal(authapi_signing_keys_retires_s(&one, 1), 0);
  assert_both(2120 + LIFETIME_S + AUTHAPI_CLOCK_SKEW_S - 1, 1, 2, 2);
  assert_both(2120 + LIFETIME_S + AUTHAPI_CLOCK_SKEW_S, 2, 2, 2);
  assert_int_equal(rotate(10000), AUTHAPI_FOUND);
  assert_both(10000, 2, 2, 3);
  assert_int_equal(store.drop_signing_key(store.state, 1), AUTHAPI_MISSING); /* it was */
}

/* A key is accepted for the longest lifetime of all instances. So every instance accepts every token. */
static void a_key_is_accepted_for_the_longest_lifetime(void **state) {
  (void)state;
  update(&one, 60, 1000);
  update(&two, 5000, 1000);
  assert_int_equal(authapi_signing_keys_rotate(&spare, &store, &signer, 0, 2000), AUTHAPI_FOUND);
  update(&one, 60, 7004);
  assert_int_equal(one.count, 2);
  update(&one, 60, 7005);
  assert_int_equal(one.count, 1);
  assert_int_equal(one.stored[0].lifetime_s, 5000);
}

static void the_store_is_read_once_per_second(void **state) {
  (void)state;
  update(&one, LIFETIME_S, 1000);
  assert_int_equal(authapi_signing_keys_rotate(&spare, &store, &signer, 0, 1000), AUTHAPI_FOUND);
  update(&one, LIFETIME_S, 1000);
  assert_int_equal(one.count, 1);
  update(&one, LIFETIME_S, 1001);
  assert_int_equal(one.count, 2);
  update(&one, LIFETIME_S, 900); /* a clock that was set back */
  assert_int_equal(one.stored[one.signing].number, 1);
}

static void not_more_than_fit(void **state) {
  (void)state;
  update(&one, LIFETIME_S, 1000);
  for (int i = 1; i < AUTHAPI_SIGNING_KEYS_MAX; i++)
    assert_int_equal(authapi_signing_keys_rotate(&spare, &store, &signer, 0, 1000), AUTHAPI_FOUND);
  assert_int_equal(authapi_signing_keys_rotate(&spare, &store, &signer, 0, 1000), AUTHAPI_MISSING);
  update(&one, LIFETIME_S, 1001);
  assert_int_equal(one.count, AUTHAPI_SIGNING_KEYS_MAX);
  assert_int_equal(one.signing, AUTHAPI_SIGNING_KEYS_MAX - 1);
  assert_int_equal(authapi_signing_keys_rotate(&spare, &store, &signer, 0, 1000 + LIFETIME_S + 5), AUTHAPI_FOUND);
  assert_both(1000 + LIFETIME_S + 5, AUTHAPI_SIGNING_KEYS_MAX, AUTHAPI_SIGNING_KEYS_MAX + 1,
              AUTHAPI_SIGNING_KEYS_MAX + 1);
}

static void the_first_rotation_of_an_empty_store(void **state) {
  (void)state;
  assert_int_equal(authapi_signing_keys_read(&one, &store, &signer, 1000), AUTHAPI_FOUND);
  assert_int_equal(one.count, 0);
  assert_int_equal(rotate(1000), AUTHAPI_FOUND);
  assert_both(1000, 1, 1, 1);
  assert_int_equal(one.stored[0].lifetime_s, 0); /* as it was read: nobody had said */
  update(&one, LIFETIME_S, 1001);
  assert_int_equal(one.stored[0].lifetime_s, LIFETIME_S);
}

static authapi_found revoke_number(int64_t number, int64_t now_s) {
  char kid[AUTHAPI_KID_SIZE] = "unknown";
  authapi_signing_keys_read(&spare, &store, &signer, now_s);
  for (size_t i = 0; i < spare.count; i++)
    if (spare.stored[i].number == number)
      authapi_key_id(&spare.keys[i], kid);
  return authapi_signing_keys_revoke(&spare, &store, &signer, kid, now_s);
}

static void cut_off(void **state) {
  (void)state;
  assert_both(1000, 1, 1, 1);
  assert_int_equal(rotate(1001), AUTHAPI_FOUND); /* 2 is published */
  assert_int_equal(revoke_number(1, 1001), AUTHAPI_FOUND);
  assert_both(1002, 2, 3, 3); /* the new one signs at once, though 2 was to be next */
  assert_int_equal(revoke_number(2, 1002), AUTHAPI_FOUND);
  assert_both(1003, 3, 3, 3);
  assert_int_equal(rotate(1003), AUTHAPI_FOUND);
  assert_int_equal(revoke_number(4, 1003), AUTHAPI_FOUND); /* published only: another takes its place */
  assert_both(1004, 3, 3, 5);
  assert_int_equal(revoke_number(4, 1004), AUTHAPI_MISSING);
  assert_int_equal(authapi_signing_keys_replace(&spare, &store, &signer, 1004), AUTHAPI_FOUND);
  assert_both(1005, 6, 6, 6);
}

static void cut_off_with_as_many_as_fit(void **state) {
  (void)state;
  assert_both(1000, 1, 1, 1);
  for (int64_t i = 1; i < AUTHAPI_SIGNING_KEYS_MAX; i++)
    assert_int_equal(authapi_signing_keys_rotate(&spare, &store, &signer, 0, 1000), AUTHAPI_FOUND);
  assert_int_equal(revoke_number(AUTHAPI_SIGNING_KEYS_MAX, 1000), AUTHAPI_FOUND);
  assert_both(1001, 1, AUTHAPI_SIGNING_KEYS_MAX + 1, AUTHAPI_SIGNING_KEYS_MAX + 1);
  assert_int_equal(authapi_signing_keys_replace(&spare, &store, &signer, 1001), AUTHAPI_FOUND);
  assert_both(1002, AUTHAPI_SIGNING_KEYS_MAX + 2, AUTHAPI_SIGNING_KEYS_MAX + 2, AUTHAPI_SIGNING_KEYS_MAX + 2);
}

static authapi_found broken_list(void *state, void (*each)(void *user, const authapi_signing_key *), void *user) {
  (void)state, (void)each, (void)user;
  return AUTHAPI_STORE_ERROR;
}

static void a_store_that_fails(void **state) {
  (void)state;
  authapi_store broken = store;
  broken.list_signing_keys = broken_list;
  assert_int_equal(authapi_signing_keys_update(&one, &broken, &signer, LIFETIME_S, 1000), AUTHAPI_STORE_ERROR);
  update(&one, LIFETIME_S, 1000);
  assert_int_equal(authapi_signing_keys_update(&one, &broken, &signer, LIFETIME_S, 1001), AUTHAPI_FOUND);
  assert_int_equal(one.count, 1);
  assert_int_equal(authapi_signing_keys_rotate(&spare, &broken, &signer, 0, 1001), AUTHAPI_STORE_ERROR);
  assert_int_equal(authapi_signing_keys_revoke(&spare, &broken, &signer, "x", 1001), AUTHAPI_STORE_ERROR);
  assert_int_equal(authapi_signing_keys_replace(&spare, &broken, &signer, 1001), AUTHAPI_STORE_ERROR);
}

static bool no_random(void *state, void *out, size_t len) {
  (void)state, (void)out, (void)len;
  return false;
}

static bool no_key(void *state, const unsigned char private_key[AUTHAPI_KEY_SIZE], authapi_key *key) {
  (void)state, (void)private_key, (void)key;
  return false;
}

static void a_signer_that_fails(void **state) {
  (void)state;
  authapi_signer broken = signer;
  broken.random = no_random;
  assert_int_equal(authapi_signing_keys_update(&one, &store, &broken, LIFETIME_S, 1000), AUTHAPI_STORE_ERROR);
  update(&one, LIFETIME_S, 1000);
  assert_int_equal(authapi_signing_keys_rotate(&spare, &store, &broken, 0, 1000), AUTHAPI_STORE_ERROR);
  broken.open_key = no_key;
  assert_int_equal(authapi_signing_keys_update(&two, &store, &broken, LIFETIME_S, 1000), AUTHAPI_MISSING);
  assert_int_equal(authapi_signing_keys_rotate(&spare, &store, &signer, 0, 1000), AUTHAPI_FOUND);
  assert_int_equal(authapi_signing_keys_update(&one, &store, &broken, LIFETIME_S, 1001), AUTHAPI_FOUND);
  assert_int_equal(one.count, 1); /* the keys stay as they were */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(the_first_key_is_made_once),
      TEST(from_the_first_key_to_the_second),
      TEST(a_key_is_accepted_for_the_longest_lifetime),
      TEST(the_store_is_read_once_per_second),
      TEST(not_more_than_fit),
      TEST(the_first_rotation_of_an_empty_store),
      TEST(cut_off),
      TEST(cut_off_with_as_many_as_fit),
      TEST(a_store_that_fails),
      TEST(a_signer_that_fails),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
