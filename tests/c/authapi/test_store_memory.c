/* The store in memory: what was acknowledged was kept, what could not be kept did not happen, and a
 * document that could not have been made is not taken. What all stores have in common is in
 * test_store_contract.c. */
#define _POSIX_C_SOURCE 200809L
#include "authapi/store/memory.h"
#include "cmocka_all.h"
#include "store_samples.h"

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

/* Each change is kept once; what changes nothing needs no file. */
static void each_change_is_kept_once(void **state) {
  (void)state;
  authapi_store store = open_store(NULL);
  make_some(&store);
  assert_int_equal(kept.times, 4);
  assert_int_equal(store.set_domains(store.state, made.domain_key.id, "c.example\n"), AUTHAPI_FOUND);
  assert_int_equal(store.revoke(store.state, AUTHAPI_SECRET, made.secret.id, 12), AUTHAPI_FOUND);
  assert_int_equal(store.revoke(store.state, AUTHAPI_SECRET, made.secret.id, 13), AUTHAPI_FOUND);
  assert_int_equal(kept.times, 6);
  assert_int_equal(store.expire(store.state, made.domain_key.id, 500), AUTHAPI_FOUND);
  assert_int_equal(store.expire(store.state, made.domain_key.id, 600), AUTHAPI_FOUND);
  assert_int_equal(store.set_domains(store.state, "x", "a\n"), AUTHAPI_MISSING);
  assert_int_equal(store.add_api_key(store.state, &made.api_key), AUTHAPI_STORE_ERROR);
  assert_non_null(strstr(store.problem(store.state), "twice"));
  assert_int_equal(kept.times, 7);
  store.close(store.state);
}

static void what_cannot_be_kept_did_not_happen(void **state) {
  (void)state;
  static authapi_credential credential;
  authapi_api_key key;
  char secret[AUTHAPI_SECRET_SIZE];
  authapi_last_use use = {.last_used_s = 70};
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
  assert_int_equal(count_api_keys(&store), 1);
  assert_int_equal(count_credentials(&store, AUTHAPI_DOMAIN_KEY, NULL), 1);
  assert_int_equal(count_credentials(&store, AUTHAPI_SECRET, NULL), 1);
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
  if (!authapi_store_memory_open(&store, json, &keeper, problem, sizeof problem))
    return false;
  const authapi_signing_key next = {2, {4}, 30, 40, 60};
  bool signing = store.add_signing_key(store.state, &next) == AUTHAPI_FOUND;
  assert_int_equal(store.drop_signing_key(store.state, 3), AUTHAPI_MISSING);
  int before = count_credentials(&store, AUTHAPI_SECRET, NULL);
  bool all = authapi_make_api_key(&store, &signer, "x", 1, &key) == AUTHAPI_FOUND;
  bool added = authapi_make_secret(&store, &signer, made.api_key.id, 1, secret, &credential) == AUTHAPI_FOUND;
  assert_int_equal(count_credentials(&store, AUTHAPI_SECRET, NULL), before + added);
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
      cmocka_unit_test_setup_teardown(each_change_is_kept_once, set_up, tear_down),
      cmocka_unit_test_setup_teardown(what_cannot_be_kept_did_not_happen, set_up, tear_down),
      cmocka_unit_test_setup_teardown(documents_that_are_none, set_up, tear_down),
      cmocka_unit_test_setup_teardown(documents_of_a_neighbour, set_up, tear_down),
      cmocka_unit_test_setup_teardown(without_memory, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
