/* Keys to fill a store with, and what is asked to see that they are there, for tests of stores. */
#ifndef TEST_STORE_SAMPLES_H
#define TEST_STORE_SAMPLES_H

#include "authapi/keys/credentials.h"

/* What make_some made last. */
typedef struct {
  authapi_api_key api_key;
  authapi_credential domain_key, secret;
  char secret_text[AUTHAPI_SECRET_SIZE];
} samples;

extern samples made;
extern const authapi_signing_key sample_signing_key; /* number 1 */

/* Adds one of each, and the signing key. */
void make_some(authapi_store *store);

/* Fails the running test unless the store has all of it, unchanged. */
void has_what_was_made(authapi_store *store);

/* How many there are; `api_key_id` NULL means all. */
int count_api_keys(const authapi_store *store);
int count_credentials(const authapi_store *store, authapi_credential_kind kind, const char *api_key_id);

#endif
