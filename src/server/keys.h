/* Making credentials. Pure but for the store and the signer that are handed in. */
#ifndef AUTHD_KEYS_H
#define AUTHD_KEYS_H

#include "server/store.h"

/* A secret as its owner gets it, once; 256 random bits. */
#define AUTHD_SECRET_SIZE 48

/* For how long a secret works on beside the one that replaces it. */
#define AUTHD_OVERLAP_S 86400
#define AUTHD_OVERLAP_MAX_S 31536000

/* Why an API key cannot have this name (NULL: none was given), as a sentence that says what to do;
 * NULL if it can. Static text. */
const char *authd_name_problem(const char *name);

/* Each makes one, stores it and fills *out. AUTHD_STORE_ERROR if the store or the random source
 * fails. */
authd_found authd_make_api_key(const authd_store *store, const authd_signer *signer,
                               const char *name, int64_t now_s, authd_api_key *out);

/* `domains`: good entries (authd_domain_problem), one a line. */
authd_found authd_make_domain_key(const authd_store *store, const authd_signer *signer,
                                  const char *api_key_id, const char *domains, int64_t now_s,
                                  authd_credential *out);

/* Only the hash is stored; `secret` is the one time that the secret can be shown. */
authd_found authd_make_secret(const authd_store *store, const authd_signer *signer,
                              const char *api_key_id, int64_t now_s, char secret[AUTHD_SECRET_SIZE],
                              authd_credential *out);

/* Why this secret cannot be rotated, as a sentence that says what to do; NULL if it can. Static
 * text.
 */
const char *authd_rotate_problem(const authd_credential *secret, int64_t now_s);

/* Makes a new secret of the same API key, as above, and lets the old one expire after `overlap_s`;
 * old->expires_s is when. */
authd_found authd_rotate_secret(const authd_store *store, const authd_signer *signer,
                                authd_credential *old, int64_t overlap_s, int64_t now_s,
                                char secret[AUTHD_SECRET_SIZE], authd_credential *out);

/* Whether a credential's time is over. */
bool authd_is_expired(const authd_credential *credential, int64_t now_s);

/* The value under which a secret is stored: its SHA-256 in hexadecimal. A secret is 256 random
 * bits, so there is nothing to guess and no need for a slow hash; and a look-up by hash tells
 * nothing by its time, because nobody can choose what a secret hashes to. */
bool authd_hash_secret(const authd_signer *signer, const char *secret,
                       char value[AUTHD_VALUE_SIZE]);

#endif
