/* The keys that access tokens are signed with, and their rotation. Pure but for what is handed in.
 *
 * A new key is published in the JWK set at once, and signs only when verifiers have had time to
 * fetch it. The one before signs until then, and is accepted and published until the last token
 * that it signed has expired; then it is dropped. All of this follows from the times that the store
 * keeps with the keys, so that instances that share it agree without talking to each other. */
#ifndef AUTHAPI_SIGNING_KEYS_H
#define AUTHAPI_SIGNING_KEYS_H

#include "authapi/store/store.h"

#define AUTHAPI_SIGNING_KEYS_MAX 8 /* keys in use at once */

/* For how long a new key is published before it signs: whoever fetched the keys right before it
 * came fetches them again in time. */
#define AUTHAPI_PUBLISH_S (2 * AUTHAPI_JWKS_MAX_AGE_S)

/* How far clocks of instances may be apart. */
#define AUTHAPI_CLOCKS_APART_S 5

/* The keys in use, oldest first. Begins zeroed. */
typedef struct {
  authapi_key keys[AUTHAPI_SIGNING_KEYS_MAX];
  authapi_signing_key stored[AUTHAPI_SIGNING_KEYS_MAX]; /* what the store has of each; no private key */
  size_t count;
  size_t signing; /* which of them signs; what comes before is accepted, what comes after published */
  int64_t read_s; /* when the store was asked */
} authapi_signing_keys;

/* Reads the keys in use from the store. AUTHAPI_STORE_ERROR: it failed, AUTHAPI_MISSING: a key cannot
 * be used; the keys then stay as they were. */
authapi_found authapi_signing_keys_read(authapi_signing_keys *signing_keys, const authapi_store *store,
                                        const authapi_signer *signer, int64_t now_s);

/* The same for a server whose tokens live `lifetime_s`: makes the first key if there is none, and
 * reads again once the clock shows another second. While the store fails, keys that were read
 * before stay in use. */
authapi_found authapi_signing_keys_update(authapi_signing_keys *signing_keys, const authapi_store *store,
                                          const authapi_signer *signer, int64_t lifetime_s, int64_t now_s);

/* Adds the next key to the store, which signs after `publish_s` (the first one at once), and drops
 * those out of use; then the keys are read again, and the new key is the last one. AUTHAPI_MISSING: not
 * now, as authapi_signing_keys_not_now says. AUTHAPI_STORE_ERROR if the store or the random source fails. */
authapi_found authapi_signing_keys_rotate(authapi_signing_keys *signing_keys, const authapi_store *store,
                                          const authapi_signer *signer, int64_t publish_s, int64_t now_s);

/* Why a rotation is refused, as a sentence that says what to do. */
extern const char authapi_signing_keys_not_now[];

/* When a key is dropped, in Unix seconds; 0 if no other follows it yet. */
int64_t authapi_signing_keys_retires_s(const authapi_signing_keys *signing_keys, size_t which);

/* Closes the keys; *signing_keys is zeroed again. */
void authapi_signing_keys_clean_up(authapi_signing_keys *signing_keys, const authapi_signer *signer);

#endif
