/* The SQLite store: what one handle was told, another one sees, and nothing is lost. */
#define _POSIX_C_SOURCE 200809L
#include "cmocka_all.h"
#include "server/keys.h"

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
static authd_signer signer;

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
  static const unsigned char key[AUTHD_KEY_SIZE];
  remove_files();
  return authd_signer_openssl_init(&signer, key) ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  authd_signer_openssl_clean_up(&signer);
  remove_files();
  return 0;
}

static authd_store open_store(void) {
  authd_store store;
  char problem[256];
  if (!authd_store_sqlite_open(&store, path, problem, sizeof problem))
    fail_msg("%s", problem);
  return store;
}

static void another_handle_sees_a_revocation_at_once(void **state) {
  (void)state;
  authd_store server = open_store(), command = open_store();
  authd_api_key api_key, found_key;
  static authd_credential made, found;
  assert_int_equal(authd_make_api_key(&command, &signer, "shop", 7, &api_key), AUTHD_FOUND);
  assert_int_equal(server.find_api_key(server.state, api_key.value, &found_key), AUTHD_FOUND);
  assert_string_equal(found_key.name, "shop");
  assert_int_equal(authd_make_domain_key(&command, &signer, api_key.id, "a.example\n", 8, &made),
                   AUTHD_FOUND);
  assert_int_equal(server.find_credential(server.state, AUTHD_DOMAIN_KEY, made.value, &found),
                   AUTHD_FOUND);
  assert_string_equal(found.domains, "a.example\n");
  assert_int_equal(found.revoked_s, 0);
  assert_int_equal(server.find_credential(server.state, AUTHD_SECRET, made.value, &found),
                   AUTHD_MISSING);
  assert_int_equal(command.set_domains(command.state, made.id, "b.example\n"), AUTHD_FOUND);
  assert_int_equal(command.revoke(command.state, AUTHD_DOMAIN_KEY, made.value, 9), AUTHD_FOUND);
  assert_int_equal(command.revoke(command.state, AUTHD_DOMAIN_KEY, made.id, 10), AUTHD_FOUND);
  assert_int_equal(server.get_credential(server.state, made.id, &found), AUTHD_FOUND);
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
  authd_store server = open_store(), command = open_store();
  authd_api_key api_key, found_key;
  static authd_credential made, found;
  char domains[40];
  assert_int_equal(authd_make_api_key(&command, &signer, "shop", 7, &api_key), AUTHD_FOUND);
  for (int i = 1; i <= ROUNDS; i++) {
    const authd_store *writer = i % 5 == 0 ? &server : &command;
    assert_int_equal(authd_make_domain_key(writer, &signer, api_key.id, "a.example\n", i, &made),
                     AUTHD_FOUND);
    for (int again = 0; again < 3; again++) {
      assert_int_equal(server.find_api_key(server.state, api_key.value, &found_key), AUTHD_FOUND);
      assert_string_equal(found_key.id, api_key.id);
      assert_int_equal(server.find_credential(server.state, AUTHD_DOMAIN_KEY, made.value, &found),
                       AUTHD_FOUND);
      assert_string_equal(found.domains, "a.example\n");
      assert_int_equal(server.get_credential(server.state, made.id, &found), AUTHD_FOUND);
      assert_int_equal(found.revoked_s, 0);
    }
    snprintf(domains, sizeof domains, "%d.example\n", i);
    assert_int_equal(writer->set_domains(writer->state, made.id, domains), AUTHD_FOUND);
    assert_int_equal(server.find_credential(server.state, AUTHD_DOMAIN_KEY, made.value, &found),
                     AUTHD_FOUND);
    assert_string_equal(found.domains, domains);
    assert_int_equal(writer->revoke(writer->state, AUTHD_DOMAIN_KEY, made.id, i), AUTHD_FOUND);
    assert_int_equal(server.get_credential(server.state, made.id, &found), AUTHD_FOUND);
    assert_int_equal(found.revoked_s, i);
    assert_int_equal(server.find_credential(server.state, AUTHD_DOMAIN_KEY, made.value, &found),
                     AUTHD_FOUND);
    assert_int_equal(found.revoked_s, i);
  }
  server.close(server.state);
  command.close(command.state);
}

static void what_is_not_there(void **state) {
  (void)state;
  authd_store store = open_store();
  authd_api_key key;
  static authd_credential credential;
  assert_int_equal(store.find_api_key(store.state, "x", &key), AUTHD_MISSING);
  assert_int_equal(store.get_credential(store.state, "x", &credential), AUTHD_MISSING);
  assert_int_equal(store.set_domains(store.state, "x", "a\n"), AUTHD_MISSING);
  assert_int_equal(store.revoke(store.state, AUTHD_SECRET, "x", 1), AUTHD_MISSING);
  assert_int_equal(authd_make_domain_key(&store, &signer, "no such key", "a\n", 1, &credential),
                   AUTHD_STORE_ERROR);
  assert_non_null(strstr(store.problem(store.state), "FOREIGN KEY"));
  store.close(store.state);
}

static void a_secret_is_not_in_the_file(void **state) {
  (void)state;
  authd_store store = open_store();
  authd_api_key key;
  static authd_credential made, found;
  char secret[AUTHD_SECRET_SIZE], hash[AUTHD_VALUE_SIZE];
  assert_int_equal(authd_make_api_key(&store, &signer, "x", 1, &key), AUTHD_FOUND);
  assert_int_equal(authd_make_secret(&store, &signer, key.id, 1, secret, &made), AUTHD_FOUND);
  assert_true(authd_hash_secret(&signer, secret, hash));
  assert_int_equal(store.find_credential(store.state, AUTHD_SECRET, hash, &found), AUTHD_FOUND);
  assert_string_equal(found.id, made.id);
  assert_int_equal(store.find_credential(store.state, AUTHD_SECRET, secret, &found), AUTHD_MISSING);
  /* A secret is never revoked by what looks like its value. */
  assert_int_equal(store.revoke(store.state, AUTHD_SECRET, hash, 1), AUTHD_MISSING);
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

static void count_key(void *user, const authd_api_key *key) {
  (void)key;
  ++*(int *)user;
}

static void count_credential(void *user, const authd_credential *credential) {
  (void)credential;
  ++*(int *)user;
}

static void lists(void **state) {
  (void)state;
  authd_store store = open_store();
  authd_api_key one, two;
  static authd_credential made;
  int keys = 0, all = 0, of_one = 0, secrets = 0;
  authd_make_api_key(&store, &signer, "one", 1, &one);
  authd_make_api_key(&store, &signer, "two", 1, &two);
  authd_make_domain_key(&store, &signer, one.id, "a\n", 1, &made);
  authd_make_domain_key(&store, &signer, two.id, "a\n", 1, &made);
  assert_int_equal(store.list_api_keys(store.state, count_key, &keys), AUTHD_FOUND);
  store.list_credentials(store.state, AUTHD_DOMAIN_KEY, NULL, count_credential, &all);
  store.list_credentials(store.state, AUTHD_DOMAIN_KEY, one.id, count_credential, &of_one);
  store.list_credentials(store.state, AUTHD_SECRET, NULL, count_credential, &secrets);
  assert_int_equal(keys, 2);
  assert_int_equal(all, 2);
  assert_int_equal(of_one, 1);
  assert_int_equal(secrets, 0);
  store.close(store.state);
}

static void the_signing_key_stays(void **state) {
  (void)state;
  unsigned char first[AUTHD_KEY_SIZE] = {1}, second[AUTHD_KEY_SIZE] = {2}, kept[AUTHD_KEY_SIZE];
  authd_store store = open_store();
  assert_int_equal(store.signing_key(store.state, first, kept), AUTHD_FOUND);
  assert_memory_equal(kept, first, AUTHD_KEY_SIZE);
  store.close(store.state);
  store = open_store();
  assert_int_equal(store.signing_key(store.state, second, kept), AUTHD_FOUND);
  assert_memory_equal(kept, first, AUTHD_KEY_SIZE);
  store.close(store.state);
  struct stat info;
  assert_int_equal(stat(path, &info), 0);
  assert_int_equal(info.st_mode & 0777, 0600);
}

static void a_file_of_another_kind(void **state) {
  (void)state;
  authd_store store;
  char problem[256];
  FILE *file = fopen(path, "w");
  for (int i = 0; i < 1000; i++)
    fputs("not a database ", file);
  fclose(file);
  assert_false(authd_store_sqlite_open(&store, path, problem, sizeof problem));
  assert_non_null(strstr(problem, path));
  assert_false(authd_store_sqlite_open(&store, "/no/such/folder/x", problem, sizeof problem));
  assert_non_null(strstr(problem, "/no/such/folder/x"));
}

/* SQLite's, but of another program, or of a later version of this one: left as it is. */
static void a_database_of_somebody_else(void **state) {
  (void)state;
  static const char *const made_by[] = {"CREATE TABLE theirs (x)", "PRAGMA user_version = 2"};
  for (size_t i = 0; i < 2; i++) {
    authd_store store;
    char problem[256];
    sqlite3 *db;
    sqlite3_stmt *mode;
    remove_files();
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, made_by[i], NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_false(authd_store_sqlite_open(&store, path, problem, sizeof problem));
    assert_non_null(strstr(problem, "not a file of this version"));
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
      authd_store store;
      authd_api_key key;
      char problem[256];
      if (!authd_store_sqlite_open(&store, path, problem, sizeof problem)) {
        fprintf(stderr, "%s\n", problem);
        _exit(1);
      }
      authd_found made = authd_make_api_key(&store, &signer, "x", 1, &key);
      store.close(store.state);
      _exit(made == AUTHD_FOUND ? 0 : 1);
    }
  for (int i = 0; i < PROCESSES; i++) {
    assert_true(wait(&status) > 0);
    assert_int_equal(status, 0);
  }
  authd_store store = open_store();
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
    authd_store store = open_store();
    authd_api_key key;
    while (authd_make_api_key(&store, &signer, "x", 1, &key) == AUTHD_FOUND)
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
  authd_store store = open_store();
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
      cmocka_unit_test_setup_teardown(the_signing_key_stays, set_up, tear_down),
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
