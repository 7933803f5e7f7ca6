/* The store in memory: what was acknowledged was kept, what could not be kept did not happen, and a
 * document that could not have been made is not taken. */
#define _POSIX_C_SOURCE 200809L
#include "authapi/keys/credentials.h"
#include "authapi/store/memory.h"
#include "cmocka_all.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static authapi_signer signer;

/* A keeper that remembers the last document, or refuses. */
static struct {
  char *json;
  int times;
  bool refuses;
} kept;

static bool keep(void *state, const char *json, char *problem, size_t size) {
  assert_ptr_equal(state, &kept);
  if (kept.refuses) {
    snprintf(problem, size, "the disk is full");
    return false;
  }
  free(kept.json);
  kept.json = strdup(json);
  kept.times++;
  return true;
}

static const authapi_keeper keeper = {&kept, keep};

static int set_up(void **state) {
  (void)state;
  memset(&kept, 0, sizeof kept);
  signer = authd_signer_openssl();
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  free(kept.json);
  return 0;
}

static authapi_store open_store(const char *json) {
  authapi_store store;
  char problem[256];
  if (!authapi_store_memory_open(&store, json, &keeper, problem, sizeof problem))
    fail_msg("%s", problem);
  return store;
}

/* One of each, and a signing key. */
static struct {
  authapi_api_key api_key;
  authapi_credential domain_key, secret;
  char secret_text[AUTHAPI_SECRET_SIZE];
} made;

static const authapi_signing_key signing_key = {1, {1, 2, 3}, 10, 20, 1200};

static void take_signing_key(void *user, const authapi_signing_key *key) {
  assert_memory_equal(key, user, sizeof *key);
}

static void make_some(authapi_store *store) {
  assert_int_equal(authapi_make_api_key(store, &signer, "a \"shop\" b\303\274", 7, &made.api_key), AUTHAPI_FOUND);
  assert_int_equal(
      authapi_make_domain_key(store, &signer, made.api_key.id, "a.example\nb.example\n", 8, &made.domain_key),
      AUTHAPI_FOUND);
  assert_int_equal(authapi_make_secret(store, &signer, made.api_key.id, 9, made.secret_text, &made.secret),
                   AUTHAPI_FOUND);
  assert_int_equal(store->add_signing_key(store->state, &signing_key), AUTHAPI_FOUND);
}

static void has_what_was_made(authapi_store *store) {
  authapi_api_key api_key;
  static authapi_credential found;
  authapi_signing_key expected = signing_key;
  assert_int_equal(store->find_api_key(store->state, made.api_key.value, &api_key), AUTHAPI_FOUND);
  assert_memory_equal(&api_key, &made.api_key, sizeof api_key);
  assert_int_equal(store->find_credential(store->state, AUTHAPI_DOMAIN_KEY, made.domain_key.value, &found),
                   AUTHAPI_FOUND);
  assert_memory_equal(&found, &made.domain_key, sizeof found);
  assert_int_equal(store->get_credential(store->state, made.secret.id, &found), AUTHAPI_FOUND);
  assert_memory_equal(&found, &made.secret, sizeof found);
  assert_int_equal(store->list_signing_keys(store->state, take_signing_key, &expected), AUTHAPI_FOUND);
  assert_int_equal(store->add_signing_key(store->state, &signing_key), AUTHAPI_MISSING);
}

static void all_of_it_is_kept(void **state) {
  (void)state;
  authapi_store store = open_store(NULL);
  assert_int_equal(kept.times, 0);
  make_some(&store);
  assert_int_equal(kept.times, 4);
  has_what_was_made(&store);
  store.close(store.state);
  char *json = strdup(kept.json);
  store = open_store(json);
  has_what_was_made(&store);
  assert_int_equal(kept.times, 4);
  authapi_api_key another;
  assert_int_equal(authapi_make_api_key(&store, &signer, "x", 1, &another), AUTHAPI_FOUND);
  assert_non_null(strstr(kept.json, made.domain_key.value));
  assert_non_null(strstr(kept.json, made.secret.value));
  assert_null(strstr(kept.json, made.secret_text));
  free(json);
  store.close(store.state);
}

static void changes_are_kept(void **state) {
  (void)state;
  static authapi_credential found;
  authapi_store store = open_store(NULL);
  make_some(&store);
  assert_int_equal(store.set_domains(store.state, made.domain_key.id, "c.example\n"), AUTHAPI_FOUND);
  assert_int_equal(store.revoke(store.state, AUTHAPI_DOMAIN_KEY, made.domain_key.value, 11), AUTHAPI_FOUND);
  assert_int_equal(store.revoke(store.state, AUTHAPI_SECRET, made.secret.id, 12), AUTHAPI_FOUND);
  assert_int_equal(kept.times, 7);
  /* Revoking again keeps the first time, and needs no file. */
  assert_int_equal(store.revoke(store.state, AUTHAPI_SECRET, made.secret.id, 13), AUTHAPI_FOUND);
  assert_int_equal(kept.times, 7);
  store.close(store.state);
  store = open_store(kept.json);
  store.get_credential(store.state, made.domain_key.id, &found);
  assert_string_equal(found.domains, "c.example\n");
  assert_int_equal(found.revoked_s, 11);
  store.get_credential(store.state, made.secret.id, &found);
  assert_int_equal(found.revoked_s, 12);
  store.close(store.state);
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
  authapi_store store = open_store(NULL);
  authapi_api_key one, two;
  static authapi_credential credential;
  int keys = 0, all = 0, of_one = 0, secrets = 0;
  authapi_make_api_key(&store, &signer, "one", 1, &one);
  authapi_make_api_key(&store, &signer, "two", 1, &two);
  authapi_make_domain_key(&store, &signer, one.id, "a.example\n", 1, &credential);
  authapi_make_domain_key(&store, &signer, two.id, "a.example\n", 1, &credential);
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

static void expiry_only_comes_nearer(void **state) {
  (void)state;
  static authapi_credential found;
  static const int64_t given[] = {500, 400, 600}, expected[] = {500, 400, 400};
  authapi_store store = open_store(NULL);
  make_some(&store);
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(store.expire(store.state, made.secret.id, given[i]), AUTHAPI_FOUND);
    assert_int_equal(store.get_credential(store.state, made.secret.id, &found), AUTHAPI_FOUND);
    assert_int_equal(found.expires_s, expected[i]);
  }
  assert_int_equal(kept.times, 6);
  assert_int_equal(store.expire(store.state, "sk_unknown", 1), AUTHAPI_MISSING);
  store.close(store.state);
}

static void the_latest_use_is_kept(void **state) {
  (void)state;
  static authapi_credential found;
  authapi_api_key key;
  authapi_store store = open_store(NULL);
  make_some(&store);
  authapi_last_use last_uses[3] = {{.last_used_s = 70}, {.last_used_s = 60}, {"dk_gone", "ak_gone", 90}};
  memcpy(last_uses[0].credential_id, made.secret.id, AUTHAPI_ID_SIZE);
  memcpy(last_uses[1].credential_id, made.domain_key.id, AUTHAPI_ID_SIZE);
  for (size_t i = 0; i < 2; i++)
    memcpy(last_uses[i].api_key_id, made.api_key.id, AUTHAPI_ID_SIZE);
  assert_int_equal(store.note_last_used(store.state, last_uses, 0), AUTHAPI_FOUND);
  assert_int_equal(store.note_last_used(store.state, last_uses, 3), AUTHAPI_FOUND);
  last_uses[0].last_used_s = 50;
  assert_int_equal(store.note_last_used(store.state, last_uses, 1), AUTHAPI_FOUND);
  store.close(store.state);
  store = open_store(kept.json);
  store.get_credential(store.state, made.secret.id, &found);
  assert_int_equal(found.last_used_s, 70);
  store.get_credential(store.state, made.domain_key.id, &found);
  assert_int_equal(found.last_used_s, 60);
  store.find_api_key(store.state, made.api_key.value, &key);
  assert_int_equal(key.last_used_s, 70);
  store.close(store.state);
}

/* What a list of signing keys was handed. */
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
  authapi_store store = open_store(NULL);
  assert_int_equal(list_keys(&store).count, 0);
  assert_int_equal(store.add_signing_key(store.state, &second), AUTHAPI_FOUND);
  assert_int_equal(store.add_signing_key(store.state, &signing_key), AUTHAPI_FOUND);
  assert_int_equal(store.add_signing_key(store.state, &other), AUTHAPI_MISSING);
  store.close(store.state);
  store = open_store(kept.json);
  key_list list = list_keys(&store);
  assert_int_equal(list.count, 2);
  assert_memory_equal(&list.keys[0], &signing_key, sizeof signing_key);
  assert_memory_equal(&list.keys[1], &second, sizeof second);
  assert_int_equal(store.raise_lifetime(store.state, 100), AUTHAPI_FOUND);
  list = list_keys(&store);
  assert_int_equal(list.keys[0].lifetime_s, 1200);
  assert_int_equal(list.keys[1].lifetime_s, 100);
  assert_int_equal(store.drop_signing_key(store.state, 1), AUTHAPI_FOUND);
  assert_int_equal(store.drop_signing_key(store.state, 1), AUTHAPI_MISSING);
  store.close(store.state);
  store = open_store(kept.json);
  list = list_keys(&store);
  assert_int_equal(list.count, 1);
  assert_int_equal(list.keys[0].number, 2);
  store.close(store.state);
}

static void what_is_not_there_or_twice(void **state) {
  (void)state;
  static authapi_credential credential;
  authapi_api_key key;
  authapi_store store = open_store(NULL);
  make_some(&store);
  assert_int_equal(store.find_api_key(store.state, "x", &key), AUTHAPI_MISSING);
  assert_int_equal(store.get_credential(store.state, "x", &credential), AUTHAPI_MISSING);
  assert_int_equal(store.set_domains(store.state, "x", "a\n"), AUTHAPI_MISSING);
  assert_int_equal(store.set_domains(store.state, made.secret.id, "a\n"), AUTHAPI_MISSING);
  assert_int_equal(store.revoke(store.state, AUTHAPI_SECRET, "x", 1), AUTHAPI_MISSING);
  /* A secret is never revoked by what looks like its value. */
  assert_int_equal(store.revoke(store.state, AUTHAPI_SECRET, made.secret.value, 1), AUTHAPI_MISSING);
  assert_int_equal(store.find_credential(store.state, AUTHAPI_SECRET, made.domain_key.value, &credential),
                   AUTHAPI_MISSING);
  assert_int_equal(authapi_make_domain_key(&store, &signer, "no such key", "a\n", 1, &credential), AUTHAPI_STORE_ERROR);
  assert_non_null(strstr(store.problem(store.state), "API key that is not there"));
  assert_int_equal(store.add_api_key(store.state, &made.api_key), AUTHAPI_STORE_ERROR);
  assert_int_equal(store.add_credential(store.state, &made.secret), AUTHAPI_STORE_ERROR);
  assert_non_null(strstr(store.problem(store.state), "twice"));
  assert_int_equal(kept.times, 4);
  store.close(store.state);
}

static void what_cannot_be_kept_did_not_happen(void **state) {
  (void)state;
  static authapi_credential credential;
  authapi_api_key key;
  char secret[AUTHAPI_SECRET_SIZE];
  authapi_last_use use = {.last_used_s = 70};
  int keys = 0, domain_keys = 0, secrets = 0;
  authapi_store store = open_store(NULL);
  make_some(&store);
  memcpy(use.credential_id, made.secret.id, AUTHAPI_ID_SIZE);
  memcpy(use.api_key_id, made.api_key.id, AUTHAPI_ID_SIZE);
  kept.refuses = true;
  assert_int_equal(authapi_make_api_key(&store, &signer, "x", 1, &key), AUTHAPI_STORE_ERROR);
  assert_string_equal(store.problem(store.state), "the disk is full");
  const char *id = made.api_key.id;
  assert_int_equal(authapi_make_secret(&store, &signer, id, 1, secret, &credential), AUTHAPI_STORE_ERROR);
  assert_int_equal(authapi_make_domain_key(&store, &signer, id, "a\n", 1, &credential), AUTHAPI_STORE_ERROR);
  assert_int_equal(store.set_domains(store.state, made.domain_key.id, "c.example\n"), AUTHAPI_STORE_ERROR);
  assert_int_equal(store.revoke(store.state, AUTHAPI_SECRET, made.secret.id, 1), AUTHAPI_STORE_ERROR);
  assert_int_equal(store.expire(store.state, made.secret.id, 1), AUTHAPI_STORE_ERROR);
  assert_int_equal(store.note_last_used(store.state, &use, 1), AUTHAPI_STORE_ERROR);
  assert_int_equal(store.add_signing_key(store.state, &(authapi_signing_key){2, {4}, 30, 40, 60}), AUTHAPI_STORE_ERROR);
  assert_int_equal(store.raise_lifetime(store.state, 5000), AUTHAPI_STORE_ERROR);
  assert_int_equal(store.drop_signing_key(store.state, 1), AUTHAPI_STORE_ERROR);
  store.list_api_keys(store.state, count_key, &keys);
  store.list_credentials(store.state, AUTHAPI_DOMAIN_KEY, NULL, count_credential, &domain_keys);
  store.list_credentials(store.state, AUTHAPI_SECRET, NULL, count_credential, &secrets);
  assert_int_equal(keys, 1);
  assert_int_equal(domain_keys, 1);
  assert_int_equal(secrets, 1);
  has_what_was_made(&store);
  kept.refuses = false;
  assert_int_equal(store.revoke(store.state, AUTHAPI_SECRET, made.secret.id, 5), AUTHAPI_FOUND);
  store.get_credential(store.state, made.secret.id, &credential);
  assert_int_equal(credential.revoked_s, 5);
  store.close(store.state);
}

/* ---------------------------------------------------------------------------------------------------
 * Documents. */

static void not_taken(const char *json, const char *why) {
  authapi_store store;
  char problem[256];
  if (authapi_store_memory_open(&store, json, &keeper, problem, sizeof problem))
    fail_msg("taken: %s", json);
  if (strstr(problem, why) == NULL)
    fail_msg("\"%s\" is not in \"%s\"", why, problem);
}

/* The document of make_some with its first `from` replaced; "" for `to` cuts it out. */
static void damage(const char *from, const char *to, const char *why) {
  const char *at = strstr(kept.json, from);
  assert_non_null(at);
  char *json = malloc(strlen(kept.json) + strlen(to) + 1);
  sprintf(json, "%.*s%s%s", (int)(at - kept.json), kept.json, to, at + strlen(from));
  not_taken(json, why);
  free(json);
}

static void documents_that_are_none(void **state) {
  (void)state;
  static const char *const foreign[] = {"null", "[]", "{}", "{\"name\":\"inbenta-auth\"}", "{\"format\":1}"};
  not_taken("", "not JSON");
  not_taken("SQLite format 3", "not JSON");
  for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
    not_taken(foreign[i], "not a file of the emulator");
  authapi_store store = open_store(NULL);
  make_some(&store);
  store.close(store.state);
  damage("\"version\":\t1", "\"version\":\t2", "another version");
  damage("\"version\":\t1", "\"version\":\t\"1\"", "another version");
  damage("\"api_keys\"", "\"x\"", "no list of api_keys");
  damage("\"name\"", "\"x\"", "api_keys[0]: a member is missing");
  damage("\"created_s\":\t7", "\"created_s\":\t\"7\"", "api_keys[0]: a member");
  damage("\"created_s\":\t7", "\"created_s\":\t-7", "api_keys[0]: a member");
  damage("\"created_s\":\t7", "\"created_s\":\t7.5", "api_keys[0]: a member");
  damage("\"created_s\":\t7", "\"created_s\":\t1e300", "api_keys[0]: a member");
  damage(made.api_key.id, "", "api_keys[0]: an id or a key is empty");
  damage(made.api_key.id, "ak_other", "secrets[0]: a key belongs to an API key");
  damage(made.api_key.id, "ak_12345678901234567890123", "api_keys[0]: a member");
  damage(made.secret.value, made.secret_text, "secrets[0]: a secret is kept as its hash");
  damage(made.secret.id, made.domain_key.id, "domain_keys[0]: an id is there twice");
  damage("a.example\\n", "a.example/path\\n", "domain_keys[0]: a domain");
  damage("a.example\\n", "\\n", "domain_keys[0]: a domain");
  damage("b.example\\n", "b.example", "domain_keys[0]: a domain");
  damage("\"private_key\":\t\"", "\"private_key\":\t\"x", "signing_keys[0]: a member");
  damage("\"number\":\t1", "\"number\":\tnull", "signing_keys[0]: a member");
  char *rest = strdup(kept.json);
  rest[strlen(rest) / 2] = '\0';
  not_taken(rest, "not JSON");
  free(rest);
  char *more = malloc(strlen(kept.json) + 2);
  sprintf(more, "%s}", kept.json);
  not_taken(more, "not JSON");
  free(more);
  store = open_store(kept.json); /* undamaged it is fine */
  has_what_was_made(&store);
  store.close(store.state);
}

/* A number that this version does not find is 0, and a member that it does not know is let be. */
static void documents_of_a_neighbour(void **state) {
  (void)state;
  static authapi_credential found;
  authapi_store store = open_store("{\"format\":\"inbenta-auth-emulator\",\"version\":1,\"api_keys\":"
                                   "[{\"id\":\"a\",\"name\":\"\",\"value\":\"k\",\"more\":true}],"
                                   "\"secrets\":[],\"signing_keys\":[],\"domain_keys\":[{\"id\":\"d\",\"api_key_id\":"
                                   "\"a\",\"value\":\"v\",\"domains\":\"a.example\\n\"}]}");
  assert_int_equal(store.get_credential(store.state, "d", &found), AUTHAPI_FOUND);
  assert_int_equal(found.revoked_s, 0);
  assert_int_equal(store.revoke(store.state, AUTHAPI_DOMAIN_KEY, "v", 3), AUTHAPI_FOUND);
  store.get_credential(store.state, "d", &found);
  assert_int_equal(found.revoked_s, 3);
  store.close(store.state);
}

/* ---------------------------------------------------------------------------------------------------
 * Memory: every allocation of cJSON is made to fail in turn. */

static long allocations, fail_at;

static void *failing_alloc(size_t size) { return ++allocations == fail_at ? NULL : malloc(size); }

/* Whatever fails is reported, and changes nothing. Returns whether all went well. */
static bool try_all(const char *json) {
  static authapi_credential credential;
  authapi_api_key key;
  authapi_store store;
  char problem[256], secret[AUTHAPI_SECRET_SIZE];
  int before = 0, after = 0;
  if (!authapi_store_memory_open(&store, json, &keeper, problem, sizeof problem))
    return false;
  const authapi_signing_key next = {2, {4}, 30, 40, 60};
  bool signing = store.add_signing_key(store.state, &next) == AUTHAPI_FOUND;
  assert_int_equal(store.drop_signing_key(store.state, 3), AUTHAPI_MISSING);
  store.list_credentials(store.state, AUTHAPI_SECRET, NULL, count_credential, &before);
  bool all = authapi_make_api_key(&store, &signer, "x", 1, &key) == AUTHAPI_FOUND;
  bool added = authapi_make_secret(&store, &signer, made.api_key.id, 1, secret, &credential) == AUTHAPI_FOUND;
  store.list_credentials(store.state, AUTHAPI_SECRET, NULL, count_credential, &after);
  assert_int_equal(after, before + added);
  bool changed = store.set_domains(store.state, made.domain_key.id, "new.example\n") == AUTHAPI_FOUND;
  store.get_credential(store.state, made.domain_key.id, &credential);
  assert_string_equal(credential.domains, changed ? "new.example\n" : made.domain_key.domains);
  bool revoked = store.revoke(store.state, AUTHAPI_SECRET, made.secret.id, 4) == AUTHAPI_FOUND;
  store.get_credential(store.state, made.secret.id, &credential);
  assert_int_equal(credential.revoked_s, revoked ? 4 : 0);
  bool expired = store.expire(store.state, made.domain_key.id, 9) == AUTHAPI_FOUND;
  store.get_credential(store.state, made.domain_key.id, &credential);
  assert_int_equal(credential.expires_s, expired ? 9 : 0);
  store.close(store.state);
  return signing && all && added && changed && revoked && expired;
}

static void without_memory(void **state) {
  (void)state;
  authapi_store store = open_store(NULL);
  make_some(&store);
  store.close(store.state);
  char *json = strdup(kept.json);
  cJSON_InitHooks(&(cJSON_Hooks){failing_alloc, free});
  bool all_went_well = false;
  int failures = 0;
  for (fail_at = 1; !all_went_well; fail_at++) {
    allocations = 0;
    all_went_well = try_all(json);
    failures += !all_went_well;
    assert_true(all_went_well == (allocations < fail_at));
  }
  cJSON_InitHooks(NULL);
  assert_true(failures > 100);
  free(json);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(all_of_it_is_kept, set_up, tear_down),
      cmocka_unit_test_setup_teardown(changes_are_kept, set_up, tear_down),
      cmocka_unit_test_setup_teardown(lists, set_up, tear_down),
      cmocka_unit_test_setup_teardown(expiry_only_comes_nearer, set_up, tear_down),
      cmocka_unit_test_setup_teardown(the_latest_use_is_kept, set_up, tear_down),
      cmocka_unit_test_setup_teardown(signing_keys_are_in_their_order, set_up, tear_down),
      cmocka_unit_test_setup_teardown(what_is_not_there_or_twice, set_up, tear_down),
      cmocka_unit_test_setup_teardown(what_cannot_be_kept_did_not_happen, set_up, tear_down),
      cmocka_unit_test_setup_teardown(documents_that_are_none, set_up, tear_down),
      cmocka_unit_test_setup_teardown(documents_of_a_neighbour, set_up, tear_down),
      cmocka_unit_test_setup_teardown(without_memory, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
