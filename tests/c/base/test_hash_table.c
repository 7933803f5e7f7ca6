/* Compares the hash table with a slow list. */
#include "base/hash_table.h"
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = 5000 }; /* several in each bucket */

static size_t visited;
static long sum;

/* The linker puts these in place of calloc and free (CMakeLists.txt). */
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void __real_free(void *ptr);
void __wrap_free(void *ptr);
static bool out_of_memory;
static int live; /* blocks that were not freed */

void *__wrap_calloc(size_t count, size_t size) {
  if (out_of_memory)
    return NULL;
  live++;
  return __real_calloc(count, size);
}

void __wrap_free(void *ptr) {
  live--;
  __real_free(ptr);
}

static bool add_up(void *user, void *value) {
  (void)user;
  visited++;
  sum += *(int *)value;
  return true;
}

static bool only_one(void *user, void *value) {
  (void)user;
  (void)value;
  visited++;
  return false;
}

static void many_keys(void **state) {
  (void)state;
  char key[32];
  iauth__hash_table *table = iauth__hash_table_new(sizeof(int));
  assert_non_null(table);
  assert_null(iauth__hash_table_find(table, ""));
  for (int i = 0; i < KEYS; i++) {
    snprintf(key, sizeof key, "key %d", i);
    int *value = iauth__hash_table_add(table, key);
    assert_non_null(value);
    assert_int_equal(*value, 0);
    *value = i;
    assert_ptr_equal(iauth__hash_table_add(table, key), value);
  }
  memset(key, 'x', sizeof key - 1); /* the table has copies of its own */
  for (int i = 0; i < KEYS; i += 2) {
    snprintf(key, sizeof key, "key %d", i);
    iauth__hash_table_remove(table, key);
    iauth__hash_table_remove(table, key);
  }
  long expected = 0;
  for (int i = 0; i < KEYS; i++) {
    snprintf(key, sizeof key, "key %d", i);
    const int *value = iauth__hash_table_find(table, key);
    assert_true((value != NULL) == (i % 2 == 1));
    if (value != NULL)
      expected += *value;
  }
  visited = 0;
  sum = 0;
  iauth__hash_table_each(table, add_up, NULL);
  assert_int_equal(visited, KEYS / 2);
  assert_int_equal(sum, expected);
  visited = 0;
  iauth__hash_table_each(table, only_one, NULL);
  assert_int_equal(visited, 1);
  assert_int_equal(live, 1 + KEYS / 2); /* the table, and an entry for each key that is left */
  iauth__hash_table_free(table);
  iauth__hash_table_free(NULL);
  assert_int_equal(live, 0);
}

static void without_memory(void **state) {
  (void)state;
  out_of_memory = true;
  assert_null(iauth__hash_table_new(sizeof(int)));
  out_of_memory = false;
  iauth__hash_table *table = iauth__hash_table_new(sizeof(int));
  out_of_memory = true;
  assert_null(iauth__hash_table_add(table, "key"));
  out_of_memory = false;
  assert_null(iauth__hash_table_find(table, "key"));
  assert_non_null(iauth__hash_table_add(table, "key"));
  iauth__hash_table_free(table);
  assert_int_equal(live, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(many_keys), cmocka_unit_test(without_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
