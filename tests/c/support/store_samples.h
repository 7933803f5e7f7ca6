/* Sample keys for tests of stores, and the checks that a store has them. */
#ifndef TEST_STORE_SAMPLES_H
#define TEST_STORE_SAMPLES_H

#include "authapi/keys/credentials.h"

/* The keys that add_samples added last. */
typedef struct {
  authapi_api_key api_key;
  authapi_credential domain_key, secret;
  char secret_text[AUTHAPI_SECRET_SIZE];
} sample_keys;

extern sample_keys samples;
extern const authapi_signing_key sample_signing_key; /* number 1 */

/* Adds one key of each kind, and the signing key. */
void add_samples(authapi_store *store);

/* Fails the test unless the store has all samples, unchanged. */
void assert_samples(authapi_store *store);

/* The number of keys. `api_key_id` selects one API key; NULL means all. */
int count_api_keys(const authapi_store *store);
int count_credentials(const authapi_store *store, authapi_credential_kind kind, const char *api_key_id);

#endif
