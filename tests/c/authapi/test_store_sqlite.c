/* The SQLite store: its file, older versions of it, and processes that share it or are killed. Tests for all
 * stores are in test_store_contract.c. */
#define _POSIX_C_SOURCE 200809L
#include "cmocka_all.h"
#include "store_samples.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/test-store-XXXXXX";
static char path[64];
static authapi_signer signer;

static void remove_files(void) {
  char name[80];
  static const char *const ends[] = {"", "-wal", "-shm"};
  for (size_t i = 0; i < 3; i++) {
    snprintf(name, sizeof name, "%s%s", path, ends[i]);
    unlink(name);
  }
}

static int set_up(void **state) {
  (void)state;
  signer = authd_signer_openssl();
  remove_files();
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  remove_files();
  return 0;
}

static authapi_store open_store(void) {
  authapi_store store;
  char problem[256];
  if (!authapi_store_sqlite_open(&store, path, true, problem, sizeof problem))
    fail_msg("%s", problem);
  return store;
}

static void a_secret_is_not_in_the_file(void **state) {
  (void)state;
  authapi_store store = open_store();
  authapi_api_key key;
  static authapi_credential credential;
  char secret[AUTHAPI_SECRET_SIZE];
  assert_int_equal(authapi_make_api_key(&store, &signer, "x", 1, &key), AUTHAPI_FOUND);
  assert_int_equal(authapi_make_secret(&store, &signer, key.id, 1, secret, &credential), AUTHAPI_FOUND);
  struct stat info;
  assert_int_equal(stat(path, &info), 0);
  assert_int_equal(info.st_mode & 0777, 0600);
  store.close(store.state);
  char name[80];
  static const char *const ends[] = {"", "-wal"};
  for (size_t i = 0; i < 2; i++) {
    snprintf(name, sizeof name, "%s%s", path, ends[i]);
    FILE *file = fopen(name, "rb");
    if (file == NULL)
      continue;
    static char content[1 << 20];
    size_t len = fread(content, 1, sizeof content, file);
    fclose(file);
    for (size_t at = 0; at + strlen(secret) <= len; at++)
      assert_int_not_equal(memcmp(content + at, secret, strlen(secret)), 0);
  }
}

/* The signing keys that the store listed. */
typedef struct {
  authapi_signing_key keys[4];
  size_t count;
} signing_keys;

static void take_signing_key(void *user, const authapi_signing_key *key) {
  signing_keys *list = user;
  assert_in_range(list->count, 0, 3);
  list->keys[list->count++] = *key;
}

static signing_keys list_signing_keys(const authapi_store *store) {
  signing_keys list = {.count = 0};
  assert_int_equal(store->list_signing_keys(store->state, take_signing_key, &list), AUTHAPI_FOUND);
  return list;
}

/* If the file is locked for too long, recording fails, and the reason is that of the first failure. */
static void uses_that_cannot_be_recorded(void **state) {
  (void)state;
  authapi_store store = open_store();
  authapi_api_key key;
  static authapi_credential used, found;
  sqlite3 *other;
  authapi_make_api_key(&store, &signer, "x", 1, &key);
  authapi_make_domain_key(&store, &signer, key.id, "a\n", 1, &used);
  authapi_last_use use = {.last_used_s = 70};
  memcpy(use.credential_id, used.id, AUTHAPI_ID_SIZE);
  memcpy(use.api_key_id, key.id, AUTHAPI_ID_SIZE);
  assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
  sqlite3_exec(other,
               "CREATE TRIGGER full BEFORE UPDATE ON api_keys BEGIN SELECT RAISE(FAIL, 'full');"
               " END",
               NULL, NULL, NULL);
  assert_int_equal(store.record_last_used(store.state, &use, 1), AUTHAPI_STORE_ERROR);
  assert_string_equal(store.problem(store.state), "full");
  assert_int_equal(store.get_credential(store.state, used.id, &found), AUTHAPI_FOUND);
  assert_int_equal(found.last_used_s, 0); /* nor the half of it */
  sqlite3_exec(other, "DROP TRIGGER full", NULL, NULL, NULL);
  sqlite3_close(other);
  assert_int_equal(store.record_last_used(store.state, &use, 1), AUTHAPI_FOUND);
  store.close(store.state);
}

/* A file as the first version made it. */
static const char first_version[] =
    "CREATE TABLE api_keys (id TEXT PRIMARY KEY, name TEXT NOT NULL, value TEXT NOT NULL UNIQUE,"
    " created_s INTEGER NOT NULL);"
    "CREATE TABLE credentials (id TEXT PRIMARY KEY, api_key_id TEXT NOT NULL REFERENCES"
    " api_keys(id), kind INTEGER NOT NULL, value TEXT NOT NULL, domains TEXT NOT NULL,"
    " created_s INTEGER NOT NULL, revoked_s INTEGER NOT NULL DEFAULT 0, UNIQUE (kind, value));"
    "CREATE TABLE signing_keys (private_key BLOB NOT NULL);"
    "PRAGMA user_version = 1;"
    "INSERT INTO api_keys VALUES ('ak_1', 'shop', 'K', 7);"
    "INSERT INTO credentials VALUES ('sk_1', 'ak_1', 1, 'hash', '', 8, 0);"
    "INSERT INTO credentials VALUES ('dk_1', 'ak_1', 2, 'D', 'a.example' || char(10), 8, 9);"
    "INSERT INTO signing_keys VALUES (x'"
    "0102030000000000000000000000000000000000000000000000000000000000');";

static void make_first_version(void) {
  sqlite3 *db;
  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, first_version, NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(db);
}

static void a_file_of_the_first_version(void **state) {
  (void)state;
  static const unsigned char private_key[AUTHAPI_KEY_SIZE] = {1, 2, 3};
  authapi_api_key key;
  static authapi_credential found;
  make_first_version();
  for (int opened = 0; opened < 2; opened++) {
    authapi_store store = open_store();
    assert_int_equal(store.find_api_key(store.state, "K", &key), AUTHAPI_FOUND);
    assert_string_equal(key.name, "shop");
    assert_int_equal(key.last_used_s, 0);
    assert_int_equal(store.find_credential(store.state, AUTHAPI_SECRET, "hash", &found), AUTHAPI_FOUND);
    assert_int_equal(found.revoked_s, 0);
    assert_int_equal(found.expires_s, 0);
    assert_int_equal(store.get_credential(store.state, "dk_1", &found), AUTHAPI_FOUND);
    assert_string_equal(found.domains, "a.example\n");
    assert_int_equal(found.revoked_s, 9);
    signing_keys kept = list_signing_keys(&store);
    assert_int_equal(kept.count, 1);
    assert_int_equal(kept.keys[0].number, 1);
    assert_memory_equal(kept.keys[0].private_key, private_key, AUTHAPI_KEY_SIZE);
    assert_true(kept.keys[0].signs_from_s > 1700000000);
    assert_int_equal(kept.keys[0].created_s, kept.keys[0].signs_from_s);
    store.close(store.state);
  }
}

/* If a step fails in the middle, all of it is undone, and the file still has the old version. */
static void a_step_that_fails_is_undone(void **state) {
  (void)state;
  authapi_store store;
  char problem[256];
  sqlite3 *db;
  make_first_version();
  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  sqlite3_exec(db, "CREATE TABLE old_signing_keys (in_the_way)", NULL, NULL, NULL);
  assert_false(authapi_store_sqlite_open(&store, path, true, problem, sizeof problem));
  assert_non_null(strstr(problem, "old_signing_keys"));
  sqlite3_exec(db, "DROP TABLE old_signing_keys", NULL, NULL, NULL);
  sqlite3_close(db);
  store = open_store();
  assert_int_equal(list_signing_keys(&store).count, 1);
  store.close(store.state);
}

static void a_file_of_another_kind(void **state) {
  (void)state;
  authapi_store store;
  char problem[256];
  FILE *file = fopen(path, "w");
  for (int i = 0; i < 1000; i++)
    fputs("not a database ", file);
  fclose(file);
  assert_false(authapi_store_sqlite_open(&store, path, true, problem, sizeof problem));
  assert_non_null(strstr(problem, path));
  assert_false(authapi_store_sqlite_open(&store, "/no/such/folder/x", true, problem, sizeof problem));
  assert_non_null(strstr(problem, "/no/such/folder/x"));
}

/* A database of another program, or of a newer version of this one, is left untouched. */
static void a_database_of_another_program(void **state) {
  (void)state;
  static const char *const made_by[] = {"CREATE TABLE theirs (x)", "PRAGMA user_version = 1000"};
  static const char *const said[] = {"not a file of inbenta-authd", "a newer version of inbenta-authd"};
  for (size_t i = 0; i < 2; i++) {
    authapi_store store;
    char problem[256];
    sqlite3 *db;
    sqlite3_stmt *mode;
    remove_files();
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, made_by[i], NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_false(authapi_store_sqlite_open(&store, path, true, problem, sizeof problem));
    assert_non_null(strstr(problem, said[i]));
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA journal_mode", -1, &mode, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(mode), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(mode, 0), "delete");
    sqlite3_finalize(mode);
    sqlite3_close(db);
  }
}

/* A log without its file belongs to a file that was moved away. */
static void a_missing_file(void **state) {
  (void)state;
  authapi_store store;
  char problem[256], log[80];
  assert_false(authapi_store_sqlite_open(&store, path, false, problem, sizeof problem));
  assert_non_null(strstr(problem, "there is no database"));
  snprintf(log, sizeof log, "%s-wal", path);
  fclose(fopen(log, "w"));
  for (int create = 0; create < 2; create++) {
    assert_false(authapi_store_sqlite_open(&store, path, create, problem, sizeof problem));
    assert_non_null(strstr(problem, "its log"));
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(access(log, F_OK), 0);
  }
}

/* Many processes open a missing file at the same time. */
static void opened_by_many_at_once(void **state) {
  (void)state;
  enum { PROCESSES = 8 };
  int status;
  for (int i = 0; i < PROCESSES; i++)
    if (fork() == 0) {
      authapi_store store;
      authapi_api_key key;
      char problem[256];
      if (!authapi_store_sqlite_open(&store, path, true, problem, sizeof problem)) {
        fprintf(stderr, "%s\n", problem);
        _exit(1);
      }
      authapi_found samples = authapi_make_api_key(&store, &signer, "x", 1, &key);
      store.close(store.state);
      _exit(samples == AUTHAPI_FOUND ? 0 : 1);
    }
  for (int i = 0; i < PROCESSES; i++) {
    assert_true(wait(&status) > 0);
    assert_int_equal(status, 0);
  }
  authapi_store store = open_store();
  assert_int_equal(count_api_keys(&store), PROCESSES);
  store.close(store.state);
}

/* A process that is killed while it writes loses no acknowledged change. */
static void killed_while_writing(void **state) {
  (void)state;
  int acknowledged[2], count = 0;
  char byte;
  assert_int_equal(pipe(acknowledged), 0);
  pid_t child = fork();
  if (child == 0) {
    authapi_store store = open_store();
    authapi_api_key key;
    while (authapi_make_api_key(&store, &signer, "x", 1, &key) == AUTHAPI_FOUND)
      if (write(acknowledged[1], "", 1) != 1)
        break;
    _exit(1);
  }
  close(acknowledged[1]);
  while (count < 100 && read(acknowledged[0], &byte, 1) == 1)
    count++;
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  while (read(acknowledged[0], &byte, 1) == 1)
    count++;
  close(acknowledged[0]);
  authapi_store store = open_store();
  assert_in_range(count_api_keys(&store), count, count + 1);
  store.close(store.state);
}

/* Another program holds the lock for longer than the store waits. A write fails with the reason, reads still work, and
 * writes work again when the lock is free. */
static void locked_by_another_program(void **state) {
  (void)state;
  authapi_store store = open_store();
  sqlite3 *other;
  authapi_api_key key;
  add_samples(&store);
  assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
  assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
  assert_int_equal(store.revoke(store.state, AUTHAPI_SECRET, samples.secret.id, 5), AUTHAPI_STORE_ERROR);
  assert_string_equal(store.problem(store.state),
                      "database is locked by another program; if that is inbenta-authd, its log has the reason");
  assert_int_equal(store.find_api_key(store.state, samples.api_key.value, &key), AUTHAPI_FOUND);
  assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
  assert_int_equal(store.revoke(store.state, AUTHAPI_SECRET, samples.secret.id, 6), AUTHAPI_FOUND);
  assert_int_equal(authapi_make_api_key(&store, &signer, "y", 1, &key), AUTHAPI_FOUND);
  sqlite3_close(other);
  store.close(store.state);
}

/* The path is a link, and the link was changed to another database. */
static void a_changed_link(void **state) {
  (void)state;
  char link[80], next[80], problem[256];
  authapi_store store, unused = open_store();
  authapi_api_key key;
  unused.close(unused.state);
  snprintf(link, sizeof link, "%s.link", path);
  snprintf(next, sizeof next, "%s.next", path);
  assert_int_equal(symlink(path, link), 0);
  assert_true(authapi_store_sqlite_open(&store, link, true, problem, sizeof problem));
  assert_int_equal(authapi_make_api_key(&store, &signer, "x", 1, &key), AUTHAPI_FOUND);
  assert_true(authapi_store_sqlite_open(&unused, next, true, problem, sizeof problem));
  unused.close(unused.state);
  assert_int_equal(unlink(link), 0);
  assert_int_equal(symlink(next, link), 0);
  assert_int_equal(store.find_api_key(store.state, key.value, &key), AUTHAPI_STORE_ERROR);
  assert_non_null(strstr(store.problem(store.state), "was moved, replaced or deleted"));
  assert_int_equal(store.record_last_used(store.state, &(authapi_last_use){.last_used_s = 1}, 1), AUTHAPI_STORE_ERROR);
  assert_int_equal(authapi_make_api_key(&store, &signer, "y", 1, &key), AUTHAPI_STORE_ERROR);
  store.close(store.state);
  unlink(link);
  unlink(next);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_secret_is_not_in_the_file, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_missing_file, set_up, tear_down),
      cmocka_unit_test_setup_teardown(uses_that_cannot_be_recorded, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_file_of_the_first_version, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_step_that_fails_is_undone, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_file_of_another_kind, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_database_of_another_program, set_up, tear_down),
      cmocka_unit_test_setup_teardown(opened_by_many_at_once, set_up, tear_down),
      cmocka_unit_test_setup_teardown(killed_while_writing, set_up, tear_down),
      cmocka_unit_test_setup_teardown(locked_by_another_program, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_changed_link, set_up, tear_down),
  };
  if (mkdtemp(folder) == NULL)
    return 1;
  snprintf(path, sizeof path, "%s/keys.db", folder);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  rmdir(folder);
  return failed;
}
