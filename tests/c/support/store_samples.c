/* Sample keys; see store_samples.h. */
#include "store_samples.h"

#include <string.h>

#include "cmocka_all.h"

sample_keys samples;
const authapi_signing_key sample_signing_key = {1, {1, 2, 3}, 10, 20, 1200};

void add_samples(authapi_store *store) {
  const authapi_signer signer = authd_signer_openssl();
  memset(&samples, 0, sizeof samples);
  assert_int_equal(authapi_make_api_key(store, &signer, "a \"shop\" b\303\274", 7, &samples.api_key), AUTHAPI_FOUND);
  assert_int_equal(
      authapi_make_domain_key(store, &signer, samples.api_key.id, "a.example\nb.example\n", 8, &samples.domain_key),
      AUTHAPI_FOUND);
  assert_int_equal(authapi_make_secret(store, &signer, samples.api_key.id, 9, samples.secret_text, &samples.secret),
                   AUTHAPI_FOUND);
  assert_int_equal(store->add_signing_key(store->state, &sample_signing_key), AUTHAPI_FOUND);
}

static void compare_signing_key(void *user, const authapi_signing_key *key) {
  assert_memory_equal(key, user, sizeof *key);
}

/* Compares field by field, because the bytes after the end of a text do not matter. */
static void is_same(const authapi_credential *found, const authapi_credential *expected) {
  assert_string_equal(found->id, expected->id);
  assert_string_equal(found->api_key_id, expected->api_key_id);
  assert_int_equal(found->kind, expected->kind);
  assert_string_equal(found->value, expected->value);
  assert_string_equal(found->domains, expected->domains);
  assert_int_equal(found->created_s, expected->created_s);
  assert_int_equal(found->revoked_s, expected->revoked_s);
  assert_int_equal(found->expires_s, expected->expires_s);
  assert_int_equal(found->last_used_s, expected->last_used_s);
}

void assert_samples(authapi_store *store) {
  authapi_api_key key;
  static authapi_credential found;
  authapi_signing_key expected = sample_signing_key;
  assert_int_equal(store->find_api_key(store->state, samples.api_key.value, &key), AUTHAPI_FOUND);
  assert_string_equal(key.id, samples.api_key.id);
  assert_string_equal(key.name, samples.api_key.name);
  assert_string_equal(key.value, samples.api_key.value);
  assert_int_equal(key.created_s, samples.api_key.created_s);
  assert_int_equal(key.last_used_s, 0);
  assert_int_equal(store->find_credential(store->state, AUTHAPI_DOMAIN_KEY, samples.domain_key.value, &found),
                   AUTHAPI_FOUND);
  is_same(&found, &samples.domain_key);
  assert_int_equal(store->get_credential(store->state, samples.secret.id, &found), AUTHAPI_FOUND);
  is_same(&found, &samples.secret);
  assert_int_equal(store->list_signing_keys(store->state, compare_signing_key, &expected), AUTHAPI_FOUND);
  assert_int_equal(store->add_signing_key(store->state, &sample_signing_key), AUTHAPI_MISSING);
}

static void count_key(void *user, const authapi_api_key *key) {
  (void)key;
  ++*(int *)user;
}

static void count_credential(void *user, const authapi_credential *credential) {
  (void)credential;
  ++*(int *)user;
}

int count_api_keys(const authapi_store *store) {
  int count = 0;
  assert_int_equal(store->list_api_keys(store->state, count_key, &count), AUTHAPI_FOUND);
  return count;
}

int count_credentials(const authapi_store *store, authapi_credential_kind kind, const char *api_key_id) {
  int count = 0;
  assert_int_equal(store->list_credentials(store->state, kind, api_key_id, count_credential, &count), AUTHAPI_FOUND);
  return count;
}
