/* The keys that access tokens are signed with, and their rotation. Pure but for the store and the signer, which are
 * parameters.
 *
 * A new key is published in the JWK set immediately. It starts to sign after verifiers had time to fetch it; until
 * then, the previous key signs. The previous key stays accepted and published until the last token that it signed has
 * expired. Then it is dropped. All of these times follow from the times that the store keeps with the keys. So
 * instances that share a store agree without any communication. */
#ifndef AUTHAPI_SIGNING_KEYS_H
#define AUTHAPI_SIGNING_KEYS_H

#include "authapi/store/store.h"

#define AUTHAPI_SIGNING_KEYS_MAX 8 /* keys in use at once */

/* The time between publishing a new key and signing with it. A verifier that fetched the keys just before must have
 * time to fetch them again. */
#define AUTHAPI_PUBLISH_S (2 * AUTHAPI_JWKS_MAX_AGE_S)

/* The largest difference between the clocks of instances, in seconds. */
#define AUTHAPI_CLOCK_SKEW_S 5

/* The keys in use, oldest first. All zero at first. */
typedef struct {
  authapi_key keys[AUTHAPI_SIGNING_KEYS_MAX];
  authapi_signing_key stored[AUTHAPI_SIGNING_KEYS_MAX]; /* the store's rows, without private keys */
  size_t count;
  size_t signing; /* index of the key that signs; earlier keys are accepted, later ones published */
  int64_t read_s; /* time of the last read from the store, in Unix seconds */
} authapi_signing_keys;

/* Reads the keys in use from the store. AUTHAPI_STORE_ERROR if the store failed, AUTHAPI_MISSING if a key cannot be
 * used. In both cases the keys stay as they were. */
authapi_found authapi_signing_keys_read(authapi_signing_keys *signing_keys, const authapi_store *store,
                                        const authapi_signer *signer, int64_t now_s);

/* Updates the keys of a server whose tokens live `lifetime_s`. Makes the first key if there is none. Reads the store at
 * most once per second. If the store fails, keys that were read before stay in use. */
authapi_found authapi_signing_keys_update(authapi_signing_keys *signing_keys, const authapi_store *store,
                                          const authapi_signer *signer, int64_t lifetime_s, int64_t now_s);

/* Adds the next key to the store and drops retired keys. The new key signs after `publish_s`; the first key of a store
 * signs immediately. Then reads the keys again; the new key is the last one. AUTHAPI_MISSING if a rotation is not
 * possible now (authapi_signing_keys_conflict). AUTHAPI_STORE_ERROR if the store or the random source fails. */
authapi_found authapi_signing_keys_rotate(authapi_signing_keys *signing_keys, const authapi_store *store,
                                          const authapi_signer *signer, int64_t publish_s, int64_t now_s);

/* Why a rotation is refused, as a sentence with the remedy. */
extern const char authapi_signing_keys_conflict[];

/* Revokes one key by its name, for use after a private key leaked. Instances read the keys again after at most one
 * second. Then they no longer accept what the key signed. If the key was the one that signs, a new key signs in its
 * place immediately. Verifiers that cache the JWK set accept the old key for up to AUTHAPI_JWKS_MAX_AGE_S.
 * AUTHAPI_MISSING if no such key is in use. AUTHAPI_STORE_ERROR: the key may still be accepted. */
authapi_found authapi_signing_keys_revoke(authapi_signing_keys *signing_keys, const authapi_store *store,
                                          const authapi_signer *signer, const char *kid, int64_t now_s);

/* Revokes all keys. A new key signs immediately. All tokens that were granted before are refused. */
authapi_found authapi_signing_keys_replace(authapi_signing_keys *signing_keys, const authapi_store *store,
                                           const authapi_signer *signer, int64_t now_s);

/* The time when a key is dropped, in Unix seconds; 0 if no other key follows it yet. */
int64_t authapi_signing_keys_retires_s(const authapi_signing_keys *signing_keys, size_t index);

/* Closes the keys and zeroes *signing_keys. */
void authapi_signing_keys_clean_up(authapi_signing_keys *signing_keys, const authapi_signer *signer);

#endif
