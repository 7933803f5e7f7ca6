/* The store in memory: acknowledged changes are saved, changes that cannot be saved are undone, and a
 * document that this program could not have made is rejected. Tests for all stores are in test_store_contract.c. */
#define _POSIX_C_SOURCE 200809L
#include "authapi/store/memory.h"
#include "cmocka_all.h"
#include "store_samples.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static authapi_signer signer;

/* A saver that remembers the last document, or fails. */
static struct {
  char *json;
  int times;
  bool refuses;
} saved;

static bool save(void *state, const char *json, char *problem, size_t size) {
  assert_ptr_equal(state, &saved);
  if (saved.refuses) {
    snprintf(problem, size, "the disk is full");
    return false;
  }
  free(saved.json);
  saved.json = strdup(json);
  saved.times++;
  return true;
}

static const authapi_saver saver = {&saved, save};

static int set_up(void **state) {
  (void)state;
  memset(&saved, 0, sizeof saved);
  signer = authd_signer_openssl();
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  free(saved.json);
  return 0;
}

static authapi_store open_store(const char *json) {
  authapi_store store;
  char problem[256];
  if (!authapi_store_memory_open(&store, json, &saver, problem, sizeof problem))
    fail_msg("%s", problem);
  return store;
}

static void everything_is_saved(void **state) {
  (void)state;
  authapi_store store = open_store(NULL);
  assert_int_equal(saved.times, 0);
  add_samples(&store);
  assert_int_equal(saved.times, 4);
  assert_samples(&store);
  store.close(store.state);
  char *json = strdup(saved.json);
  store = open_store(json);
  assert_samples(&store);
  assert_int_equal(saved.times, 4);
  authapi_api_key another;
  assert_int_equal(authapi_make_api_key(&store, &signer, "x", 1, &another), AUTHAPI_FOUND);
  assert_non_null(strstr(saved.json, samples.domain_key.value));
  assert_non_null(strstr(saved.json, samples.secret.value));
  assert_null(strstr(saved.json, samples.secret_text));
  free(json);
  store.close(store.state);
}

/* Each change is saved once. A call that changes nothing saves nothing. */
static void each_change_is_saved_once(void **state) {
  (void)state;
  authapi_store store = open_store(NULL);
  add_samples(&store);
  assert_int_equal(saved.times, 4);
  assert_int_equal(store.set_domains(store.state, samples.domain_key.id, "c.example\n"), AUTHAPI_FOUND);
  assert_int_equal(store.revoke(store.state, AUTHAPI_SECRET, samples.secret.id, 12), AUTHAPI_FOUND);
  assert_int_equal(store.revoke(store.state, AUTHAPI_SECRET, samples.secret.id, 13), AUTHAPI_FOUND);
  assert_int_equal(saved.times, 6);
  assert_int_equal(store.expire(store.state, samples.domain_key.id, 500), AUTHAPI_FOUND);
  assert_int_equal(store.expire(store.state, samples.domain_key.id, 600), AUTHAPI_FOUND);
  assert_int_equal(store.set_domains(store.state, "x", "a\n"), AUTHAPI_MISSING);
  assert_int_equal(store.add_api_key(store.state, &samples.api_key), AUTHAPI_STORE_ERROR);
  assert_non_null(strstr(store.problem(store.state), "twice"));
  assert_int_equal(saved.times, 7);
  store.close(store.state);
}

static void a_change_that_cannot_be_saved_is_undone(void **state) {
  (void)state;
  static authapi_credential credential;
  authapi_api_key key;
  char secret[AUTHAPI_SECRET_SIZE];
  authapi_last_use use = {.last_used_s = 70};
  authapi_store store = open_store(NULL);
  add_samples(&store);
  memcpy(use.credential_id, samples.secret.id, AUTHAPI_ID_SIZE);
  memcpy(use.api_key_id, samples.api_key.id, AUTHAPI_ID_SIZE);
  saved.refuses = true;
  assert_int_equal(authapi_make_api_key(&store, &signer, "x", 1, &key), AUTHAPI_STORE_ERROR);
  assert_string_equal(store.problem(store.state), "the disk is full");
  const char *id = samples.api_key.id;
  assert_int_equal(authapi_make_secret(&store, &signer, id, 1, secret, &credential), AUTHAPI_STORE_ERROR);
  assert_int_equal(authapi_make_domain_key(&store, &signer, id, "a\n", 1, &credential), AUTHAPI_STORE_ERROR);
  assert_int_equal(store.set_domains(store.state, samples.domain_key.id, "c.example\n"), AUTHAPI_STORE_ERROR);
  assert_int_equal(store.revoke(store.state, AUTHAPI_SECRET, samples.secret.id, 1), AUTHAPI_STORE_ERROR);
  assert_int_equal(store.expire(store.state, samples.secret.id, 1), AUTHAPI_STORE_ERROR);
  assert_int_equal(store.record_last_used(store.state, &use, 1), AUTHAPI_STORE_ERROR);
  assert_int_equal(store.add_signing_key(store.state, &(authapi_signing_key){2, {4}, 30, 40, 60}), AUTHAPI_STORE_ERROR);
  assert_int_equal(store.raise_lifetime(store.state, 5000), AUTHAPI_STORE_ERROR);
  assert_int_equal(store.drop_signing_key(store.state, 1), AUTHAPI_STORE_ERROR);
  assert_int_equal(count_api_keys(&store), 1);
  assert_int_equal(count_credentials(&store, AUTHAPI_DOMAIN_KEY, NULL), 1);
  assert_int_equal(count_credentials(&store, AUTHAPI_SECRET, NULL), 1);
  assert_samples(&store);
  saved.refuses = false;
  assert_int_equal(store.revoke(store.state, AUTHAPI_SECRET, samples.secret.id, 5), AUTHAPI_FOUND);
  store.get_credential(store.state, samples.secret.id, &credential);
  assert_int_equal(credential.revoked_s, 5);
  store.close(store.state);
}

/* ---------------------------------------------------------------------------------------------------
 * Documents. */

static void not_taken(const char *json, const char *why) {
  authapi_store store;
  char problem[256];
  if (authapi_store_memory_open(&store, json, &saver, problem, sizeof problem))
    fail_msg("taken: %s", json);
  if (strstr(problem, why) == NULL)
    fail_msg("\"%s\" is not in \"%s\"", why, problem);
}

/* The document of the samples, with the first `from` replaced by `to`. */
static void damage(const char *from, const char *to, const char *why) {
  const char *at = strstr(saved.json, from);
  assert_non_null(at);
  char *json = malloc(strlen(saved.json) + strlen(to) + 1);
  sprintf(json, "%.*s%s%s", (int)(at - saved.json), saved.json, to, at + strlen(from));
  not_taken(json, why);
  free(json);
}

static void invalid_documents(void **state) {
  (void)state;
  static const char *const foreign[] = {"null", "[]", "{}", "{\"name\":\"inbenta-auth\"}", "{\"format\":1}"};
  not_taken("", "not JSON");
  not_taken("SQLite format 3", "not JSON");
  for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
    not_taken(foreign[i], "not a file of the emulator");
  authapi_store store = open_store(NULL);
  add_samples(&store);
  store.close(store.state);
  damage("\"version\":\t1", "\"version\":\t2", "another version");
  damage("\"version\":\t1", "\"version\":\t\"1\"", "another version");
  damage("\"api_keys\"", "\"x\"", "no list of api_keys");
  damage("\"name\"", "\"x\"", "api_keys[0]: a field is missing");
  damage("\"created_s\":\t7", "\"created_s\":\t\"7\"", "api_keys[0]: a field");
  damage("\"created_s\":\t7", "\"created_s\":\t-7", "api_keys[0]: a field");
  damage("\"created_s\":\t7", "\"created_s\":\t7.5", "api_keys[0]: a field");
  damage("\"created_s\":\t7", "\"created_s\":\t1e300", "api_keys[0]: a field");
  damage(samples.api_key.id, "", "api_keys[0]: an ID or a key is empty");
  damage(samples.api_key.id, "ak_other", "secrets[0]: a key belongs to a missing API key");
  damage(samples.api_key.id, "ak_12345678901234567890123", "api_keys[0]: a field");
  damage(samples.secret.value, samples.secret_text, "secrets[0]: a secret must be stored as its hash");
  damage(samples.secret.id, samples.domain_key.id, "domain_keys[0]: an ID occurs twice");
  damage("a.example\\n", "a.example/path\\n", "domain_keys[0]: a domain");
  damage("a.example\\n", "\\n", "domain_keys[0]: a domain");
  damage("b.example\\n", "b.example", "domain_keys[0]: a domain");
  damage("\"private_key\":\t\"", "\"private_key\":\t\"x", "signing_keys[0]: a field");
  damage("\"number\":\t1", "\"number\":\tnull", "signing_keys[0]: a field");
  char *rest = strdup(saved.json);
  rest[strlen(rest) / 2] = '\0';
  not_taken(rest, "not JSON");
  free(rest);
  char *more = malloc(strlen(saved.json) + 2);
  sprintf(more, "%s}", saved.json);
  not_taken(more, "not JSON");
  free(more);
  store = open_store(saved.json); /* undamaged it is fine */
  assert_samples(&store);
  store.close(store.state);
}

/* A missing number is 0. Unknown members are ignored. */
static void documents_of_another_program(void **state) {
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
 * Memory: each allocation of cJSON fails in turn. */

static long allocations, fail_at;

static void *failing_alloc(size_t size) { return ++allocations == fail_at ? NULL : malloc(size); }

/* Each failure is reported and changes nothing. True if nothing failed. */
static bool try_all(const char *json) {
  static authapi_credential credential;
  authapi_api_key key;
  authapi_store store;
  char problem[256], secret[AUTHAPI_SECRET_SIZE];
  if (!authapi_store_memory_open(&store, json, &saver, problem, sizeof problem))
    return false;
  const authapi_signing_key next = {2, {4}, 30, 40, 60};
  bool signing = store.add_signing_key(store.state, &next) == AUTHAPI_FOUND;
  assert_int_equal(store.drop_signing_key(store.state, 3), AUTHAPI_MISSING);
  int before = count_credentials(&store, AUTHAPI_SECRET, NULL);
  bool all = authapi_make_api_key(&store, &signer, "x", 1, &key) == AUTHAPI_FOUND;
  bool added = authapi_make_secret(&store, &signer, samples.api_key.id, 1, secret, &credential) == AUTHAPI_FOUND;
  assert_int_equal(count_credentials(&store, AUTHAPI_SECRET, NULL), before + added);
  bool changed = store.set_domains(store.state, samples.domain_key.id, "new.example\n") == AUTHAPI_FOUND;
  store.get_credential(store.state, samples.domain_key.id, &credential);
  assert_string_equal(credential.domains, changed ? "new.example\n" : samples.domain_key.domains);
  bool revoked = store.revoke(store.state, AUTHAPI_SECRET, samples.secret.id, 4) == AUTHAPI_FOUND;
  store.get_credential(store.state, samples.secret.id, &credential);
  assert_int_equal(credential.revoked_s, revoked ? 4 : 0);
  bool expired = store.expire(store.state, samples.domain_key.id, 9) == AUTHAPI_FOUND;
  store.get_credential(store.state, samples.domain_key.id, &credential);
  assert_int_equal(credential.expires_s, expired ? 9 : 0);
  store.close(store.state);
  return signing && all && added && changed && revoked && expired;
}

static void without_memory(void **state) {
  (void)state;
  authapi_store store = open_store(NULL);
  add_samples(&store);
  store.close(store.state);
  char *json = strdup(saved.json);
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
      cmocka_unit_test_setup_teardown(everything_is_saved, set_up, tear_down),
      cmocka_unit_test_setup_teardown(each_change_is_saved_once, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_change_that_cannot_be_saved_is_undone, set_up, tear_down),
      cmocka_unit_test_setup_teardown(invalid_documents, set_up, tear_down),
      cmocka_unit_test_setup_teardown(documents_of_another_program, set_up, tear_down),
      cmocka_unit_test_setup_teardown(without_memory, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
