/* Making credentials. Pure but for the store and the signer that are handed in. */
#ifndef AUTHAPI_CREDENTIALS_H
#define AUTHAPI_CREDENTIALS_H

#include "authapi/store/store.h"

/* A secret as its owner gets it, once; 256 random bits. */
#define AUTHAPI_SECRET_SIZE 48

/* For how long a secret works on beside the one that replaces it. */
#define AUTHAPI_OVERLAP_S 86400
#define AUTHAPI_OVERLAP_MAX_S 31536000

/* An API key by its value or its id. */
authapi_found authapi_find_api_key(const authapi_store *store, const char *value_or_id, authapi_api_key *out);

/* Why an API key cannot have this name (NULL: none was given), as a sentence that says what to do;
 * NULL if it can. Static text. */
const char *authapi_name_problem(const char *name);

/* Each makes one, stores it and fills *out. AUTHAPI_STORE_ERROR if the store or the random source
 * fails. */
authapi_found authapi_make_api_key(const authapi_store *store, const authapi_signer *signer, const char *name,
                                   int64_t now_s, authapi_api_key *out);

/* `domains`: good entries (authapi_domain_problem), one a line. */
authapi_found authapi_make_domain_key(const authapi_store *store, const authapi_signer *signer, const char *api_key_id,
                                      const char *domains, int64_t now_s, authapi_credential *out);

/* Only the hash is stored; `secret` is the one time that the secret can be shown. */
authapi_found authapi_make_secret(const authapi_store *store, const authapi_signer *signer, const char *api_key_id,
                                  int64_t now_s, char secret[AUTHAPI_SECRET_SIZE], authapi_credential *out);

/* Why this secret cannot be rotated, as a sentence that says what to do; NULL if it can. Static
 * text.
 */
const char *authapi_rotate_problem(const authapi_credential *secret, int64_t now_s);

/* Makes a new secret of the same API key, as above, and lets the old one expire after `overlap_s`;
 * old->expires_s is when. */
authapi_found authapi_rotate_secret(const authapi_store *store, const authapi_signer *signer, authapi_credential *old,
                                    int64_t overlap_s, int64_t now_s, char secret[AUTHAPI_SECRET_SIZE],
                                    authapi_credential *out);

/* Whether a credential's time is over. */
bool authapi_is_expired(const authapi_credential *credential, int64_t now_s);

/* The value under which a secret is stored: its SHA-256 in hexadecimal. A secret is 256 random
 * bits, so there is nothing to guess and no need for a slow hash; and a look-up by hash gives
 * nothing by its time, because nobody can choose what a secret hashes to. */
bool authapi_hash_secret(const authapi_signer *signer, const char *secret, char value[AUTHAPI_VALUE_SIZE]);

/* Writes a text so that a terminal does not act on it: control characters, and what is not UTF-8, as
 * \\xNN. What does not fit into `size` bytes, at least 6, is left out. */
void authapi_escape(const char *text, char *out, size_t size);

#endif
