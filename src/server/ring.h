/* The keys that access tokens are signed with, and their rotation. Pure but for what is handed in.
 *
 * A new key is published in the JWK set at once, and signs only when verifiers have had time to
 * fetch it. The one before signs until then, and is accepted and published until the last token
 * that it signed has expired; then it is dropped. All of this follows from the times that the store
 * keeps with the keys, so that instances that share it agree without talking to each other. */
#ifndef AUTHD_RING_H
#define AUTHD_RING_H

#include "server/store.h"

#define AUTHD_RING_MAX 8 /* keys in use at once */

/* For how long a new key is published before it signs: whoever fetched the keys right before it
 * came fetches them again in time. */
#define AUTHD_PUBLISH_S (2 * AUTHD_JWKS_MAX_AGE_S)

/* How far clocks of instances may be apart. */
#define AUTHD_CLOCKS_APART_S 5

/* The keys in use, oldest first. Begins zeroed. */
typedef struct {
  authd_key keys[AUTHD_RING_MAX];
  authd_signing_key told[AUTHD_RING_MAX]; /* what the store tells of each; no private key */
  size_t count;
  size_t
      signing; /* which of them signs; what comes before is accepted, what comes after published */
  int64_t read_s; /* when the store was asked */
} authd_ring;

/* Reads the keys in use from the store. AUTHD_STORE_ERROR: it failed, AUTHD_MISSING: a key cannot
 * be used; the ring then stays as it was. */
authd_found authd_ring_read(authd_ring *ring, const authd_store *store, const authd_signer *signer,
                            int64_t now_s);

/* The same for a server whose tokens live `lifetime_s`: makes the first key if there is none, and
 * reads again once the clock shows another second. While the store fails, keys that were read
 * before stay in use. */
authd_found authd_ring_update(authd_ring *ring, const authd_store *store,
                              const authd_signer *signer, int64_t lifetime_s, int64_t now_s);

/* Adds the next key to the store, which signs after `publish_s` (the first one at once), and drops
 * those out of use; then the ring is read again, and the new key is its last. AUTHD_MISSING: not
 * now, as authd_ring_not_now says. AUTHD_STORE_ERROR if the store or the random source fails. */
authd_found authd_ring_rotate(authd_ring *ring, const authd_store *store,
                              const authd_signer *signer, int64_t publish_s, int64_t now_s);

/* Why a rotation is refused, as a sentence that says what to do. */
extern const char authd_ring_not_now[];

/* When a key of the ring is dropped, in Unix seconds; 0 if no other follows it yet. */
int64_t authd_ring_retires_s(const authd_ring *ring, size_t which);

/* Closes the keys; the ring is as at first. */
void authd_ring_clean_up(authd_ring *ring, const authd_signer *signer);

#endif
