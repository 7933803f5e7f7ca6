/* The contract of a store (authapi/store/store.h): one list of cases for the three stores: in memory, SQLite, and
 * PostgreSQL if TEST_POSTGRES_URL names an empty database. Each case empties that database.
 * tests/node/authd/postgres.test.js starts one. */
#define _POSIX_C_SOURCE 200809L
#include "authapi/store/memory.h"
#include "cmocka_all.h"
#include "store_samples.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---------------------------------------------------------------------------------------------------
 * The stores. */

typedef struct {
  const char *name;
  bool (*empty)(void);
  bool (*open)(authapi_store *store, char *problem, size_t size);
} store_kind;

static const store_kind *kind; /* which one is tried */
static authapi_signer signer;

static char *saved; /* the document of the store in memory */

static bool save(void *state, const char *json, char *problem, size_t size) {
  (void)state, (void)problem, (void)size;
  free(saved);
  saved = strdup(json);
  return saved != NULL;
}

static bool empty_memory(void) {
  free(saved);
  saved = NULL;
  return true;
}

static bool open_memory(authapi_store *store, char *problem, size_t size) {
  static const authapi_saver saver = {NULL, save};
  return authapi_store_memory_open(store, saved, &saver, problem, size);
}

static char folder[] = "/tmp/test-contract-XXXXXX", path[64];

static bool empty_sqlite(void) {
  char name[80];
  static const char *const ends[] = {"", "-wal", "-shm"};
  for (size_t i = 0; i < 3; i++) {
    snprintf(name, sizeof name, "%s%s", path, ends[i]);
    unlink(name);
  }
  return true;
}

static bool open_sqlite(authapi_store *store, char *problem, size_t size) {
  return authapi_store_sqlite_open(store, path, true, problem, size);
}

static const char *postgres_url; /* NULL: there is none */

static bool empty_postgres(void) {
  PGconn *connection = PQconnectdb(postgres_url);
  PGresult *result =
      PQexec(connection, "SET client_min_messages = warning; DROP SCHEMA public CASCADE; CREATE SCHEMA public");
  bool done = PQresultStatus(result) == PGRES_COMMAND_OK;
  if (!done)
    fprintf(stderr, "%s", PQerrorMessage(connection));
  PQclear(result);
  PQfinish(connection);
  return done;
}

static bool open_postgres(authapi_store *store, char *problem, size_t size) {
  return authapi_store_postgres_open(store, postgres_url, problem, size);
}

static const store_kind memory = {"memory", empty_memory, open_memory};
static const store_kind sqlite = {"SQLite", empty_sqlite, open_sqlite};
static const store_kind postgres = {"PostgreSQL", empty_postgres, open_postgres};

static authapi_store open_store(void) {
  authapi_store store;
  char problem[256];
  if (!kind->open(&store, problem, sizeof problem))
    fail_msg("%s", problem);
  return store;
}

static int set_up(void **state) {
  (void)state;
  return kind->empty() ? 0 : -1;
}

/* ---------------------------------------------------------------------------------------------------
 * Cases for all stores. */

static void everything_is_saved(void **state) {
  (void)state;
  authapi_store store = open_store();
  add_samples(&store);
  assert_samples(&store);
  store.close(store.state);
  store = open_store();
  assert_samples(&store);
  store.close(store.state);
}

static void changes_are_saved(void **state) {
  (void)state;
  static authapi_credential found;
  authapi_store store = open_store();
  add_samples(&store);
  assert_int_equal(store.set_domains(store.state, samples.domain_key.id, "c.example\n"), AUTHAPI_FOUND);
  assert_int_equal(store.revoke(store.state, AUTHAPI_DOMAIN_KEY, samples.domain_key.value, 11), AUTHAPI_FOUND);
  assert_int_equal(store.revoke(store.state, AUTHAPI_SECRET, samples.secret.id, 12), AUTHAPI_FOUND);
  /* Revoking again keeps the first time. */
  assert_int_equal(store.revoke(store.state, AUTHAPI_SECRET, samples.secret.id, 13), AUTHAPI_FOUND);
  store.close(store.state);
  store = open_store();
  store.get_credential(store.state, samples.domain_key.id, &found);
  assert_string_equal(found.domains, "c.example\n");
  assert_int_equal(found.revoked_s, 11);
  store.get_credential(store.state, samples.secret.id, &found);
  assert_int_equal(found.revoked_s, 12);
  store.close(store.state);
}

static void an_api_key_is_revoked(void **state) {
  (void)state;
  authapi_api_key key;
  authapi_store store = open_store();
  add_samples(&store);
  assert_int_equal(store.find_api_key(store.state, samples.api_key.value, &key), AUTHAPI_FOUND);
  assert_int_equal(key.revoked_s, 0);
  assert_int_equal(store.revoke_api_key(store.state, samples.api_key.value, 11), AUTHAPI_MISSING); /* by id only */
  assert_int_equal(store.revoke_api_key(store.state, samples.api_key.id, 12), AUTHAPI_FOUND);
  assert_int_equal(store.revoke_api_key(store.state, samples.api_key.id, 13), AUTHAPI_FOUND);
  store.close(store.state);
  store = open_store();
  assert_int_equal(authapi_find_api_key(&store, samples.api_key.id, &key), AUTHAPI_FOUND);
  assert_string_equal(key.value, samples.api_key.value);
  assert_int_equal(key.revoked_s, 12); /* the first time */
  assert_int_equal(authapi_find_api_key(&store, "ak_unknown", &key), AUTHAPI_MISSING);
  store.close(store.state);
}

static void first_id(void *user, const authapi_credential *credential) {
  char *id = user;
  if (id[0] == '\0')
    memcpy(id, credential->id, AUTHAPI_ID_SIZE);
}

static void lists(void **state) {
  (void)state;
  authapi_store store = open_store();
  authapi_api_key one, two;
  static authapi_credential oldest, other;
  char id[AUTHAPI_ID_SIZE] = "";
  authapi_make_api_key(&store, &signer, "one", 1, &one);
  authapi_make_api_key(&store, &signer, "two", 1, &two);
  authapi_make_domain_key(&store, &signer, one.id, "a.example\n", 1, &oldest);
  authapi_make_domain_key(&store, &signer, two.id, "a.example\n", 1, &other);
  assert_int_equal(count_api_keys(&store), 2);
  assert_int_equal(count_credentials(&store, AUTHAPI_DOMAIN_KEY, NULL), 2);
  assert_int_equal(count_credentials(&store, AUTHAPI_DOMAIN_KEY, one.id), 1);
  assert_int_equal(count_credentials(&store, AUTHAPI_SECRET, NULL), 0);
  store.list_credentials(store.state, AUTHAPI_DOMAIN_KEY, NULL, first_id, id);
  assert_string_equal(id, oldest.id);
  store.close(store.state);
}

static void a_secret_is_found_by_its_hash(void **state) {
  (void)state;
  static authapi_credential found;
  char hash[AUTHAPI_VALUE_SIZE];
  authapi_store store = open_store();
  add_samples(&store);
  assert_true(authapi_hash_secret(&signer, samples.secret_text, hash));
  assert_int_equal(store.find_credential(store.state, AUTHAPI_SECRET, hash, &found), AUTHAPI_FOUND);
  assert_string_equal(found.id, samples.secret.id);
  assert_int_equal(store.find_credential(store.state, AUTHAPI_SECRET, samples.secret_text, &found), AUTHAPI_MISSING);
  store.close(store.state);
}

static void expiry_only_comes_nearer(void **state) {
  (void)state;
  static authapi_credential found;
  static const int64_t given[] = {500, 400, 600}, expected[] = {500, 400, 400};
  authapi_store store = open_store();
  add_samples(&store);
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(store.expire(store.state, samples.secret.id, given[i]), AUTHAPI_FOUND);
    assert_int_equal(store.get_credential(store.state, samples.secret.id, &found), AUTHAPI_FOUND);
    assert_int_equal(found.expires_s, expected[i]);
  }
  assert_int_equal(store.expire(store.state, "sk_unknown", 1), AUTHAPI_MISSING);
  store.close(store.state);
}

static void the_latest_use_is_kept(void **state) {
  (void)state;
  static authapi_credential found;
  authapi_api_key key;
  authapi_store store = open_store();
  add_samples(&store);
  authapi_last_use last_uses[3] = {{.last_used_s = 70}, {.last_used_s = 60}, {"dk_gone", "ak_gone", 90}};
  memcpy(last_uses[0].credential_id, samples.secret.id, AUTHAPI_ID_SIZE);
  memcpy(last_uses[1].credential_id, samples.domain_key.id, AUTHAPI_ID_SIZE);
  for (size_t i = 0; i < 2; i++)
    memcpy(last_uses[i].api_key_id, samples.api_key.id, AUTHAPI_ID_SIZE);
  assert_int_equal(store.record_last_used(store.state, last_uses, 0), AUTHAPI_FOUND);
  assert_int_equal(store.record_last_used(store.state, last_uses, 3), AUTHAPI_FOUND);
  last_uses[0].last_used_s = 50;
  assert_int_equal(store.record_last_used(store.state, last_uses, 1), AUTHAPI_FOUND);
  store.close(store.state);
  store = open_store();
  store.get_credential(store.state, samples.secret.id, &found);
  assert_int_equal(found.last_used_s, 70);
  store.get_credential(store.state, samples.domain_key.id, &found);
  assert_int_equal(found.last_used_s, 60);
  store.find_api_key(store.state, samples.api_key.value, &key);
  assert_int_equal(key.last_used_s, 70);
  store.close(store.state);
}

/* The signing keys that the store listed. */
typedef struct {
  authapi_signing_key keys[4];
  size_t count;
} key_list;

static void add_to_list(void *user, const authapi_signing_key *key) {
  key_list *list = user;
  assert_in_range(list->count, 0, 3);
  list->keys[list->count++] = *key;
}

static key_list list_keys(const authapi_store *store) {
  key_list list = {.count = 0};
  assert_int_equal(store->list_signing_keys(store->state, add_to_list, &list), AUTHAPI_FOUND);
  return list;
}

static void signing_keys_are_in_their_order(void **state) {
  (void)state;
  const authapi_signing_key second = {2, {4}, 30, 40, 60}, other = {2, {5}, 31, 41, 61};
  authapi_store store = open_store();
  assert_int_equal(list_keys(&store).count, 0);
  assert_int_equal(store.add_signing_key(store.state, &second), AUTHAPI_FOUND);
  assert_int_equal(store.add_signing_key(store.state, &sample_signing_key), AUTHAPI_FOUND);
  assert_int_equal(store.add_signing_key(store.state, &other), AUTHAPI_MISSING);
  store.close(store.state);
  store = open_store();
  key_list list = list_keys(&store);
  assert_int_equal(list.count, 2);
  assert_memory_equal(&list.keys[0], &sample_signing_key, sizeof sample_signing_key);
  assert_memory_equal(&list.keys[1], &second, sizeof second);
  assert_int_equal(store.raise_lifetime(store.state, 100), AUTHAPI_FOUND);
  list = list_keys(&store);
  assert_int_equal(list.keys[0].lifetime_s, 1200);
  assert_int_equal(list.keys[1].lifetime_s, 100);
  assert_int_equal(store.drop_signing_key(store.state, 1), AUTHAPI_FOUND);
  assert_int_equal(store.drop_signing_key(store.state, 1), AUTHAPI_MISSING);
  store.close(store.state);
  store = open_store();
  list = list_keys(&store);
  assert_int_equal(list.count, 1);
  assert_int_equal(list.keys[0].number, 2);
  store.close(store.state);
}

static void missing_and_duplicate_keys(void **state) {
  (void)state;
  static authapi_credential credential;
  authapi_api_key key;
  authapi_store store = open_store();
  add_samples(&store);
  assert_int_equal(store.find_api_key(store.state, "x", &key), AUTHAPI_MISSING);
  assert_int_equal(store.get_credential(store.state, "x", &credential), AUTHAPI_MISSING);
  assert_int_equal(store.set_domains(store.state, "x", "a\n"), AUTHAPI_MISSING);
  assert_int_equal(store.set_domains(store.state, samples.secret.id, "a\n"), AUTHAPI_MISSING);
  assert_int_equal(store.revoke(store.state, AUTHAPI_SECRET, "x", 1), AUTHAPI_MISSING);
  /* A secret is never revoked by what looks like its value. */
  assert_int_equal(store.revoke(store.state, AUTHAPI_SECRET, samples.secret.value, 1), AUTHAPI_MISSING);
  assert_int_equal(store.find_credential(store.state, AUTHAPI_SECRET, samples.domain_key.value, &credential),
                   AUTHAPI_MISSING);
  assert_int_equal(authapi_make_domain_key(&store, &signer, "no such key", "a\n", 1, &credential), AUTHAPI_STORE_ERROR);
  assert_non_null(strpbrk(store.problem(store.state), "abcdefghijklmnopqrstuvwxyz"));
  assert_int_equal(store.add_api_key(store.state, &samples.api_key), AUTHAPI_STORE_ERROR);
  assert_int_equal(store.add_credential(store.state, &samples.secret), AUTHAPI_STORE_ERROR);
  assert_non_null(strpbrk(store.problem(store.state), "abcdefghijklmnopqrstuvwxyz"));
  store.close(store.state);
}

/* ---------------------------------------------------------------------------------------------------
 * Cases for stores that several processes share. */

static void another_connection_sees_a_revocation_immediately(void **state) {
  (void)state;
  authapi_store server = open_store(), command = open_store();
  authapi_api_key api_key, found_key;
  static authapi_credential samples, found;
  assert_int_equal(authapi_make_api_key(&command, &signer, "shop", 7, &api_key), AUTHAPI_FOUND);
  assert_int_equal(server.find_api_key(server.state, api_key.value, &found_key), AUTHAPI_FOUND);
  assert_string_equal(found_key.name, "shop");
  assert_int_equal(authapi_make_domain_key(&command, &signer, api_key.id, "a.example\n", 8, &samples), AUTHAPI_FOUND);
  assert_int_equal(server.find_credential(server.state, AUTHAPI_DOMAIN_KEY, samples.value, &found), AUTHAPI_FOUND);
  assert_string_equal(found.domains, "a.example\n");
  assert_int_equal(found.revoked_s, 0);
  assert_int_equal(server.find_credential(server.state, AUTHAPI_SECRET, samples.value, &found), AUTHAPI_MISSING);
  assert_int_equal(command.set_domains(command.state, samples.id, "b.example\n"), AUTHAPI_FOUND);
  assert_int_equal(command.revoke(command.state, AUTHAPI_DOMAIN_KEY, samples.value, 9), AUTHAPI_FOUND);
  assert_int_equal(command.revoke(command.state, AUTHAPI_DOMAIN_KEY, samples.id, 10), AUTHAPI_FOUND);
  assert_int_equal(server.get_credential(server.state, samples.id, &found), AUTHAPI_FOUND);
  assert_string_equal(found.domains, "b.example\n");
  assert_int_equal(found.revoked_s, 9);
  server.close(server.state);
  command.close(command.state);
}

/* A change is visible from its acknowledgement on, also for a connection that read the row before, and for each
 * look-up. */
static void rows_that_were_read_before(void **state) {
  (void)state;
  enum { ROUNDS = 50 };
  authapi_store server = open_store(), command = open_store();
  authapi_api_key api_key, found_key;
  static authapi_credential samples, found;
  char domains[40];
  assert_int_equal(authapi_make_api_key(&command, &signer, "shop", 7, &api_key), AUTHAPI_FOUND);
  for (int i = 1; i <= ROUNDS; i++) {
    const authapi_store *writer = i % 5 == 0 ? &server : &command;
    assert_int_equal(authapi_make_domain_key(writer, &signer, api_key.id, "a.example\n", i, &samples), AUTHAPI_FOUND);
    for (int again = 0; again < 3; again++) {
      assert_int_equal(server.find_api_key(server.state, api_key.value, &found_key), AUTHAPI_FOUND);
      assert_string_equal(found_key.id, api_key.id);
      assert_int_equal(server.find_credential(server.state, AUTHAPI_DOMAIN_KEY, samples.value, &found), AUTHAPI_FOUND);
      assert_string_equal(found.domains, "a.example\n");
      assert_int_equal(server.get_credential(server.state, samples.id, &found), AUTHAPI_FOUND);
      assert_int_equal(found.revoked_s, 0);
    }
    snprintf(domains, sizeof domains, "%d.example\n", i);
    assert_int_equal(writer->set_domains(writer->state, samples.id, domains), AUTHAPI_FOUND);
    assert_int_equal(server.find_credential(server.state, AUTHAPI_DOMAIN_KEY, samples.value, &found), AUTHAPI_FOUND);
    assert_string_equal(found.domains, domains);
    assert_int_equal(writer->revoke(writer->state, AUTHAPI_DOMAIN_KEY, samples.id, i), AUTHAPI_FOUND);
    assert_int_equal(server.get_credential(server.state, samples.id, &found), AUTHAPI_FOUND);
    assert_int_equal(found.revoked_s, i);
    assert_int_equal(server.find_credential(server.state, AUTHAPI_DOMAIN_KEY, samples.value, &found), AUTHAPI_FOUND);
    assert_int_equal(found.revoked_s, i);
  }
  server.close(server.state);
  command.close(command.state);
}

/* ---------------------------------------------------------------------------------------------------
 */

#define TEST(name) cmocka_unit_test_setup(name, set_up)
#define FOR_ALL                                                                                                        \
  TEST(everything_is_saved), TEST(changes_are_saved), TEST(an_api_key_is_revoked), TEST(lists),                        \
      TEST(a_secret_is_found_by_its_hash), TEST(expiry_only_comes_nearer), TEST(the_latest_use_is_kept),               \
      TEST(signing_keys_are_in_their_order), TEST(missing_and_duplicate_keys)

static const struct CMUnitTest for_memory[] = {FOR_ALL};
static const struct CMUnitTest for_databases[] = {FOR_ALL, TEST(another_connection_sees_a_revocation_immediately),
                                                  TEST(rows_that_were_read_before)};

/* Returns the number of failed cases. */
static int try_kind(const store_kind *tried) {
  kind = tried;
  printf("%s\n", tried->name);
  fflush(stdout);
  return tried == &memory ? cmocka_run_group_tests_name(tried->name, for_memory, NULL, NULL)
                          : cmocka_run_group_tests_name(tried->name, for_databases, NULL, NULL);
}

int main(void) {
  signer = authd_signer_openssl();
  postgres_url = getenv("TEST_POSTGRES_URL");
  if (mkdtemp(folder) == NULL)
    return 1;
  snprintf(path, sizeof path, "%s/keys.db", folder);
  int failed = try_kind(&memory) + try_kind(&sqlite);
  if (postgres_url != NULL)
    failed += try_kind(&postgres);
  empty_memory();
  empty_sqlite();
  rmdir(folder);
  return failed;
}
