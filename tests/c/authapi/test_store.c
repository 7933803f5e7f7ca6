/* The SQLite store: what one handle wrote, another one sees, and nothing is lost. */
#define _POSIX_C_SOURCE 200809L
#include "authapi/keys/credentials.h"
#include "cmocka_all.h"

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
  if (!authapi_store_sqlite_open(&store, path, problem, sizeof problem))
    fail_msg("%s", problem);
  return store;
}

static void another_handle_sees_a_revocation_at_once(void **state) {
  (void)state;
  authapi_store server = open_store(), command = open_store();
  authapi_api_key api_key, found_key;
  static authapi_credential made, found;
  assert_int_equal(authapi_make_api_key(&command, &signer, "shop", 7, &api_key), AUTHAPI_FOUND);
  assert_int_equal(server.find_api_key(server.state, api_key.value, &found_key), AUTHAPI_FOUND);
  assert_string_equal(found_key.name, "shop");
  assert_int_equal(authapi_make_domain_key(&command, &signer, api_key.id, "a.example\n", 8, &made), AUTHAPI_FOUND);
  assert_int_equal(server.find_credential(server.state, AUTHAPI_DOMAIN_KEY, made.value, &found), AUTHAPI_FOUND);
  assert_string_equal(found.domains, "a.example\n");
  assert_int_equal(found.revoked_s, 0);
  assert_int_equal(server.find_credential(server.state, AUTHAPI_SECRET, made.value, &found), AUTHAPI_MISSING);
  assert_int_equal(command.set_domains(command.state, made.id, "b.example\n"), AUTHAPI_FOUND);
  assert_int_equal(command.revoke(command.state, AUTHAPI_DOMAIN_KEY, made.value, 9), AUTHAPI_FOUND);
  assert_int_equal(command.revoke(command.state, AUTHAPI_DOMAIN_KEY, made.id, 10), AUTHAPI_FOUND);
  assert_int_equal(server.get_credential(server.state, made.id, &found), AUTHAPI_FOUND);
  assert_string_equal(found.domains, "b.example\n");
  assert_int_equal(found.revoked_s, 9);
  server.close(server.state);
  command.close(command.state);
}

/* Rows that this handle read are kept in memory: a change counts from its acknowledgement on, for
 * each way to ask. */
static void rows_that_were_read_before(void **state) {
  (void)state;
  enum { ROUNDS = 50 };
  authapi_store server = open_store(), command = open_store();
  authapi_api_key api_key, found_key;
  static authapi_credential made, found;
  char domains[40];
  assert_int_equal(authapi_make_api_key(&command, &signer, "shop", 7, &api_key), AUTHAPI_FOUND);
  for (int i = 1; i <= ROUNDS; i++) {
    const authapi_store *writer = i % 5 == 0 ? &server : &command;
    assert_int_equal(authapi_make_domain_key(writer, &signer, api_key.id, "a.example\n", i, &made), AUTHAPI_FOUND);
    for (int again = 0; again < 3; again++) {
      assert_int_equal(server.find_api_key(server.state, api_key.value, &found_key), AUTHAPI_FOUND);
      assert_string_equal(found_key.id, api_key.id);
      assert_int_equal(server.find_credential(server.state, AUTHAPI_DOMAIN_KEY, made.value, &found), AUTHAPI_FOUND);
      assert_string_equal(found.domains, "a.example\n");
      assert_int_equal(server.get_credential(server.state, made.id, &found), AUTHAPI_FOUND);
      assert_int_equal(found.revoked_s, 0);
    }
    snprintf(domains, sizeof domains, "%d.example\n", i);
    assert_int_equal(writer->set_domains(writer->state, made.id, domains), AUTHAPI_FOUND);
    assert_int_equal(server.find_credential(server.state, AUTHAPI_DOMAIN_KEY, made.value, &found), AUTHAPI_FOUND);
    assert_string_equal(found.domains, domains);
    assert_int_equal(writer->revoke(writer->state, AUTHAPI_DOMAIN_KEY, made.id, i), AUTHAPI_FOUND);
    assert_int_equal(server.get_credential(server.state, made.id, &found), AUTHAPI_FOUND);
    assert_int_equal(found.revoked_s, i);
    assert_int_equal(server.find_credential(server.state, AUTHAPI_DOMAIN_KEY, made.value, &found), AUTHAPI_FOUND);
    assert_int_equal(found.revoked_s, i);
  }
  server.close(server.state);
  command.close(command.state);
}

static void what_is_not_there(void **state) {
  (void)state;
  authapi_store store = open_store();
  authapi_api_key key;
  static authapi_credential credential;
  assert_int_equal(store.find_api_key(store.state, "x", &key), AUTHAPI_MISSING);
  assert_int_equal(store.get_credential(store.state, "x", &credential), AUTHAPI_MISSING);
  assert_int_equal(store.set_domains(store.state, "x", "a\n"), AUTHAPI_MISSING);
  assert_int_equal(store.revoke(store.state, AUTHAPI_SECRET, "x", 1), AUTHAPI_MISSING);
  assert_int_equal(authapi_make_domain_key(&store, &signer, "no such key", "a\n", 1, &credential), AUTHAPI_STORE_ERROR);
  assert_non_null(strstr(store.problem(store.state), "FOREIGN KEY"));
  store.close(store.state);
}

static void a_secret_is_not_in_the_file(void **state) {
  (void)state;
  authapi_store store = open_store();
  authapi_api_key key;
  static authapi_credential made, found;
  char secret[AUTHAPI_SECRET_SIZE], hash[AUTHAPI_VALUE_SIZE];
  assert_int_equal(authapi_make_api_key(&store, &signer, "x", 1, &key), AUTHAPI_FOUND);
  assert_int_equal(authapi_make_secret(&store, &signer, key.id, 1, secret, &made), AUTHAPI_FOUND);
  assert_true(authapi_hash_secret(&signer, secret, hash));
  assert_int_equal(store.find_credential(store.state, AUTHAPI_SECRET, hash, &found), AUTHAPI_FOUND);
  assert_string_equal(found.id, made.id);
  assert_int_equal(store.find_credential(store.state, AUTHAPI_SECRET, secret, &found), AUTHAPI_MISSING);
  /* A secret is never revoked by what looks like its value. */
  assert_int_equal(store.revoke(store.state, AUTHAPI_SECRET, hash, 1), AUTHAPI_MISSING);
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

static void count_key(void *user, const authapi_api_key *key) {
  (void)key;
  ++*(int *)user;
}

static void count_credential(void *user, const authapi_credential *credential) {
  (void)credential;
  ++*(int *)user;
}

static void lists(void **state) {
  (void)state;
  authapi_store store = open_store();
  authapi_api_key one, two;
  static authapi_credential made;
  int keys = 0, all = 0, of_one = 0, secrets = 0;
  authapi_make_api_key(&store, &signer, "one", 1, &one);
  authapi_make_api_key(&store, &signer, "two", 1, &two);
  authapi_make_domain_key(&store, &signer, one.id, "a\n", 1, &made);
  authapi_make_domain_key(&store, &signer, two.id, "a\n", 1, &made);
  assert_int_equal(store.list_api_keys(store.state, count_key, &keys), AUTHAPI_FOUND);
  store.list_credentials(store.state, AUTHAPI_DOMAIN_KEY, NULL, count_credential, &all);
  store.list_credentials(store.state, AUTHAPI_DOMAIN_KEY, one.id, count_credential, &of_one);
  store.list_credentials(store.state, AUTHAPI_SECRET, NULL, count_credential, &secrets);
  assert_int_equal(keys, 2);
  assert_int_equal(all, 2);
  assert_int_equal(of_one, 1);
  assert_int_equal(secrets, 0);
  store.close(store.state);
}

/* What a list of signing keys was handed. */
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

static void signing_keys_stay(void **state) {
  (void)state;
  const authapi_signing_key first = {1, {1, 2, 3}, 10, 20, 1200}, second = {2, {4}, 30, 40, 60},
                            other = {2, {5}, 31, 41, 61};
  authapi_store store = open_store();
  assert_int_equal(list_signing_keys(&store).count, 0);
  assert_int_equal(store.add_signing_key(store.state, &second), AUTHAPI_FOUND);
  assert_int_equal(store.add_signing_key(store.state, &first), AUTHAPI_FOUND);
  assert_int_equal(store.add_signing_key(store.state, &other), AUTHAPI_MISSING);
  store.close(store.state);
  store = open_store();
  signing_keys kept = list_signing_keys(&store);
  assert_int_equal(kept.count, 2);
  assert_memory_equal(&kept.keys[0], &first, sizeof first);
  assert_memory_equal(&kept.keys[1], &second, sizeof second);
  assert_int_equal(store.raise_lifetime(store.state, 100), AUTHAPI_FOUND);
  kept = list_signing_keys(&store);
  assert_int_equal(kept.keys[0].lifetime_s, 1200);
  assert_int_equal(kept.keys[1].lifetime_s, 100);
  assert_int_equal(store.drop_signing_key(store.state, 1), AUTHAPI_FOUND);
  assert_int_equal(store.drop_signing_key(store.state, 1), AUTHAPI_MISSING);
  kept = list_signing_keys(&store);
  assert_int_equal(kept.count, 1);
  assert_int_equal(kept.keys[0].number, 2);
  store.close(store.state);
  struct stat info;
  assert_int_equal(stat(path, &info), 0);
  assert_int_equal(info.st_mode & 0777, 0600);
}

static void expiry_only_comes_nearer(void **state) {
  (void)state;
  authapi_store store = open_store();
  authapi_api_key key;
  static authapi_credential made, found;
  char secret[AUTHAPI_SECRET_SIZE];
  static const int64_t given[] = {500, 400, 600}, expected[] = {500, 400, 400};
  assert_int_equal(authapi_make_api_key(&store, &signer, "x", 1, &key), AUTHAPI_FOUND);
  assert_int_equal(authapi_make_secret(&store, &signer, key.id, 1, secret, &made), AUTHAPI_FOUND);
  assert_int_equal(made.expires_s, 0);
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(store.expire(store.state, made.id, given[i]), AUTHAPI_FOUND);
    assert_int_equal(store.get_credential(store.state, made.id, &found), AUTHAPI_FOUND);
    assert_int_equal(found.expires_s, expected[i]);
  }
  assert_int_equal(store.expire(store.state, "sk_unknown", 1), AUTHAPI_MISSING);
  store.close(store.state);
}

static void the_latest_use_is_kept(void **state) {
  (void)state;
  authapi_store store = open_store();
  authapi_api_key key, found_key;
  static authapi_credential one, two, found;
  authapi_make_api_key(&store, &signer, "x", 1, &key);
  authapi_make_domain_key(&store, &signer, key.id, "a\n", 1, &one);
  authapi_make_domain_key(&store, &signer, key.id, "a\n", 1, &two);
  authapi_last_use last_uses[3] = {{.last_used_s = 70}, {.last_used_s = 60}, {"dk_gone", "ak_gone", 90}};
  memcpy(last_uses[0].credential_id, one.id, AUTHAPI_ID_SIZE);
  memcpy(last_uses[1].credential_id, two.id, AUTHAPI_ID_SIZE);
  for (size_t i = 0; i < 2; i++)
    memcpy(last_uses[i].api_key_id, key.id, AUTHAPI_ID_SIZE);
  assert_int_equal(store.note_last_used(store.state, last_uses, 0), AUTHAPI_FOUND);
  assert_int_equal(store.note_last_used(store.state, last_uses, 3), AUTHAPI_FOUND);
  last_uses[0].last_used_s = 50; /* of an instance that writes it late */
  assert_int_equal(store.note_last_used(store.state, last_uses, 1), AUTHAPI_FOUND);
  assert_int_equal(store.get_credential(store.state, one.id, &found), AUTHAPI_FOUND);
  assert_int_equal(found.last_used_s, 70);
  assert_int_equal(store.get_credential(store.state, two.id, &found), AUTHAPI_FOUND);
  assert_int_equal(found.last_used_s, 60);
  assert_int_equal(store.find_api_key(store.state, key.value, &found_key), AUTHAPI_FOUND);
  assert_int_equal(found_key.last_used_s, 70);
  store.close(store.state);
}

/* Noting is given up when the file is locked for too long; the reason is reported, not what became of that. */
static void uses_that_cannot_be_noted(void **state) {
  (void)state;
  authapi_store store = open_store();
  authapi_api_key key;
  static authapi_credential made, found;
  sqlite3 *other;
  authapi_make_api_key(&store, &signer, "x", 1, &key);
  authapi_make_domain_key(&store, &signer, key.id, "a\n", 1, &made);
  authapi_last_use use = {.last_used_s = 70};
  memcpy(use.credential_id, made.id, AUTHAPI_ID_SIZE);
  memcpy(use.api_key_id, key.id, AUTHAPI_ID_SIZE);
  assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
  sqlite3_exec(other,
               "CREATE TRIGGER full BEFORE UPDATE ON api_keys BEGIN SELECT RAISE(FAIL, 'full');"
               " END",
               NULL, NULL, NULL);
  assert_int_equal(store.note_last_used(store.state, &use, 1), AUTHAPI_STORE_ERROR);
  assert_string_equal(store.problem(store.state), "full");
  assert_int_equal(store.get_credential(store.state, made.id, &found), AUTHAPI_FOUND);
  assert_int_equal(found.last_used_s, 0); /* nor the half of it */
  sqlite3_exec(other, "DROP TRIGGER full", NULL, NULL, NULL);
  sqlite3_close(other);
  assert_int_equal(store.note_last_used(store.state, &use, 1), AUTHAPI_FOUND);
  store.close(store.state);
}

/* As the first version made it. */
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

/* Nothing of a step that fails in its middle is kept, and the file is still the old one. */
static void a_step_that_fails_is_undone(void **state) {
  (void)state;
  authapi_store store;
  char problem[256];
  sqlite3 *db;
  make_first_version();
  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  sqlite3_exec(db, "CREATE TABLE old_signing_keys (in_the_way)", NULL, NULL, NULL);
  assert_false(authapi_store_sqlite_open(&store, path, problem, sizeof problem));
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
  assert_false(authapi_store_sqlite_open(&store, path, problem, sizeof problem));
  assert_non_null(strstr(problem, path));
  assert_false(authapi_store_sqlite_open(&store, "/no/such/folder/x", problem, sizeof problem));
  assert_non_null(strstr(problem, "/no/such/folder/x"));
}

/* SQLite's, but of another program, or of a later version of this one: left as it is. */
static void a_database_of_somebody_else(void **state) {
  (void)state;
  static const char *const made_by[] = {"CREATE TABLE theirs (x)", "PRAGMA user_version = 3"};
  static const char *const said[] = {"not a file of inbenta-authd", "a newer inbenta-authd"};
  for (size_t i = 0; i < 2; i++) {
    authapi_store store;
    char problem[256];
    sqlite3 *db;
    sqlite3_stmt *mode;
    remove_files();
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, made_by[i], NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_false(authapi_store_sqlite_open(&store, path, problem, sizeof problem));
    assert_non_null(strstr(problem, said[i]));
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA journal_mode", -1, &mode, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(mode), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(mode, 0), "delete");
    sqlite3_finalize(mode);
    sqlite3_close(db);
  }
}

/* Many processes meet at a file that is not there yet. */
static void opened_by_many_at_once(void **state) {
  (void)state;
  enum { PROCESSES = 8 };
  int status, kept = 0;
  for (int i = 0; i < PROCESSES; i++)
    if (fork() == 0) {
      authapi_store store;
      authapi_api_key key;
      char problem[256];
      if (!authapi_store_sqlite_open(&store, path, problem, sizeof problem)) {
        fprintf(stderr, "%s\n", problem);
        _exit(1);
      }
      authapi_found made = authapi_make_api_key(&store, &signer, "x", 1, &key);
      store.close(store.state);
      _exit(made == AUTHAPI_FOUND ? 0 : 1);
    }
  for (int i = 0; i < PROCESSES; i++) {
    assert_true(wait(&status) > 0);
    assert_int_equal(status, 0);
  }
  authapi_store store = open_store();
  store.list_api_keys(store.state, count_key, &kept);
  assert_int_equal(kept, PROCESSES);
  store.close(store.state);
}

/* A process that is killed in the middle of writing loses nothing that it acknowledged. */
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
  int kept = 0;
  store.list_api_keys(store.state, count_key, &kept);
  assert_in_range(kept, count, count + 1);
  store.close(store.state);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(another_handle_sees_a_revocation_at_once, set_up, tear_down),
      cmocka_unit_test_setup_teardown(rows_that_were_read_before, set_up, tear_down),
      cmocka_unit_test_setup_teardown(what_is_not_there, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_secret_is_not_in_the_file, set_up, tear_down),
      cmocka_unit_test_setup_teardown(lists, set_up, tear_down),
      cmocka_unit_test_setup_teardown(signing_keys_stay, set_up, tear_down),
      cmocka_unit_test_setup_teardown(expiry_only_comes_nearer, set_up, tear_down),
      cmocka_unit_test_setup_teardown(the_latest_use_is_kept, set_up, tear_down),
      cmocka_unit_test_setup_teardown(uses_that_cannot_be_noted, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_file_of_the_first_version, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_step_that_fails_is_undone, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_file_of_another_kind, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_database_of_somebody_else, set_up, tear_down),
      cmocka_unit_test_setup_teardown(opened_by_many_at_once, set_up, tear_down),
      cmocka_unit_test_setup_teardown(killed_while_writing, set_up, tear_down),
  };
  if (mkdtemp(folder) == NULL)
    return 1;
  snprintf(path, sizeof path, "%s/keys.db", folder);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  rmdir(folder);
  return failed;
}
