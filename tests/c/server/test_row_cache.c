/* Rows that are kept: the right one or none, however many there are. */
#include "cmocka_all.h"
#include "server/row_cache.h"

#include <stdio.h>
#include <string.h>

static authd_row_cache *cache;

static int set_up(void **state) {
  (void)state;
  cache = authd_row_cache_new();
  return cache != NULL ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  authd_row_cache_free(cache);
  return 0;
}

static authd_credential found, row;

static void make_row(const char *id, const char *domains) {
  memset(&row, 0, sizeof row);
  row.kind = AUTHD_DOMAIN_KEY;
  row.created_s = 11;
  row.revoked_s = 12;
  row.expires_s = 13;
  row.last_used_s = 14;
  snprintf(row.id, sizeof row.id, "%s", id);
  snprintf(row.api_key_id, sizeof row.api_key_id, "ak_%s", id);
  snprintf(row.value, sizeof row.value, "domain_%s", id);
  snprintf(row.domains, sizeof row.domains, "%s", domains);
}

static void assert_found(authd_row_by by, const char *text) {
  memset(&found, 'x', sizeof found);
  assert_true(authd_row_cache_credential(cache, by, text, &found));
  assert_string_equal(found.id, row.id);
  assert_string_equal(found.api_key_id, row.api_key_id);
  assert_string_equal(found.value, row.value);
  assert_string_equal(found.domains, row.domains);
  assert_int_equal(found.kind, row.kind);
  assert_int_equal(found.created_s, row.created_s);
  assert_int_equal(found.revoked_s, row.revoked_s);
  assert_int_equal(found.expires_s, row.expires_s);
  assert_int_equal(found.last_used_s, row.last_used_s);
}

static void kept_and_forgotten(void **state) {
  (void)state;
  const authd_api_key key = {"ak_1", "shop", "KEY", 7, 8};
  authd_api_key found_key;
  make_row("dk_1", "a.example\nb.example\n");
  assert_false(authd_row_cache_api_key(cache, "KEY", &found_key));
  assert_false(authd_row_cache_credential(cache, AUTHD_BY_ID, "dk_1", &found));
  authd_row_cache_keep_api_key(cache, "KEY", &key);
  authd_row_cache_keep_credential(cache, AUTHD_BY_ID, "dk_1", &row);
  assert_true(authd_row_cache_api_key(cache, "KEY", &found_key));
  assert_memory_equal(&found_key, &key, sizeof key);
  assert_found(AUTHD_BY_ID, "dk_1");
  row.revoked_s = 99;
  authd_row_cache_keep_credential(cache, AUTHD_BY_ID, "dk_1", &row);
  assert_found(AUTHD_BY_ID, "dk_1");
  authd_row_cache_forget(cache);
  assert_false(authd_row_cache_api_key(cache, "KEY", &found_key));
  assert_false(authd_row_cache_credential(cache, AUTHD_BY_ID, "dk_1", &found));
}

/* The same text means something else wherever it stands. */
static void by_what_it_was_looked_up(void **state) {
  (void)state;
  static const authd_row_by others[] = {AUTHD_BY_ID, AUTHD_BY_SECRET};
  authd_api_key key;
  make_row("same", "");
  authd_row_cache_keep_credential(cache, AUTHD_BY_DOMAIN_KEY, "same", &row);
  assert_found(AUTHD_BY_DOMAIN_KEY, "same");
  for (size_t i = 0; i < 2; i++)
    assert_false(authd_row_cache_credential(cache, others[i], "same", &found));
  assert_false(authd_row_cache_api_key(cache, "same", &key));
}

static void the_longest_texts(void **state) {
  (void)state;
  char text[AUTHD_VALUE_SIZE + 1];
  make_row("dk_1", "");
  memset(row.domains, 'd', sizeof row.domains - 1);
  memset(text, 't', sizeof text);
  text[AUTHD_VALUE_SIZE] = '\0'; /* one too many */
  authd_row_cache_keep_credential(cache, AUTHD_BY_ID, text, &row);
  assert_false(authd_row_cache_credential(cache, AUTHD_BY_ID, text, &found));
  text[AUTHD_VALUE_SIZE - 1] = '\0';
  authd_row_cache_keep_credential(cache, AUTHD_BY_ID, text, &row);
  assert_found(AUTHD_BY_ID, text);
}

/* The newest is always there; of the others some, and each is itself. */
static void more_rows_than_places(void **state) {
  (void)state;
  enum { ROWS = 5000 };
  char id[AUTHD_ID_SIZE];
  int kept = 0;
  for (int i = 0; i < ROWS; i++) {
    snprintf(id, sizeof id, "dk_%d", i);
    make_row(id, id);
    authd_row_cache_keep_credential(cache, AUTHD_BY_ID, id, &row);
    assert_found(AUTHD_BY_ID, id);
  }
  for (int i = 0; i < ROWS; i++) {
    snprintf(id, sizeof id, "dk_%d", i);
    make_row(id, id);
    if (!authd_row_cache_credential(cache, AUTHD_BY_ID, id, &found))
      continue;
    assert_found(AUTHD_BY_ID, id);
    kept++;
  }
  assert_in_range(kept, 400, 512);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {TEST(kept_and_forgotten), TEST(by_what_it_was_looked_up),
                                     TEST(the_longest_texts), TEST(more_rows_than_places)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
