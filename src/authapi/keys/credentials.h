/* Makes credentials. Pure but for the store and the signer, which are parameters. */
#ifndef AUTHAPI_CREDENTIALS_H
#define AUTHAPI_CREDENTIALS_H

#include "authapi/store/store.h"

/* Room for a secret in clear text, with the NUL. The owner sees it once. It has 256 random bits. */
#define AUTHAPI_SECRET_SIZE 48

/* How long an old secret still works after a new one replaced it, in seconds: the default and the maximum. */
#define AUTHAPI_OVERLAP_S 86400
#define AUTHAPI_OVERLAP_MAX_S 31536000

/* Finds an API key by its value or its ID. */
authapi_found authapi_find_api_key(const authapi_store *store, const char *value_or_id, authapi_api_key *out);

/* Why an API key cannot have this name, as a sentence with the remedy; NULL if it can. `name` is NULL if none was
 * given. Static text. */
const char *authapi_name_problem(const char *name);

/* Makes a key, stores it and fills *out. AUTHAPI_STORE_ERROR if the store or the random source fails. */
authapi_found authapi_make_api_key(const authapi_store *store, const authapi_signer *signer, const char *name,
                                   int64_t now_s, authapi_api_key *out);

/* `domains` holds valid entries (authapi_domain_problem), one per line. */
authapi_found authapi_make_domain_key(const authapi_store *store, const authapi_signer *signer, const char *api_key_id,
                                      const char *domains, int64_t now_s, authapi_credential *out);

/* Stores only the hash. `secret` gets the clear text, which cannot be shown again later. */
authapi_found authapi_make_secret(const authapi_store *store, const authapi_signer *signer, const char *api_key_id,
                                  int64_t now_s, char secret[AUTHAPI_SECRET_SIZE], authapi_credential *out);

/* Why this secret cannot be rotated, as a sentence with the remedy; NULL if it can. Static text. */
const char *authapi_rotate_problem(const authapi_credential *secret, int64_t now_s);

/* Makes and stores a new secret for the same API key, and lets the old one expire after `overlap_s`. Sets
 * old->expires_s to the expiry. */
authapi_found authapi_rotate_secret(const authapi_store *store, const authapi_signer *signer, authapi_credential *old,
                                    int64_t overlap_s, int64_t now_s, char secret[AUTHAPI_SECRET_SIZE],
                                    authapi_credential *out);

/* True if the credential has expired. */
bool authapi_is_expired(const authapi_credential *credential, int64_t now_s);

/* The value under which a secret is stored: its SHA-256 in hexadecimal. A slow hash is not needed, because nobody
 * can guess 256 random bits. The time of a look-up by hash reveals nothing, because nobody can choose the hash of a
 * secret. */
bool authapi_hash_secret(const authapi_signer *signer, const char *secret, char value[AUTHAPI_VALUE_SIZE]);

/* Writes a text that a terminal does not act on. Control characters and bytes that are not UTF-8 become \\xNN. The text
 * is truncated to `size` bytes; `size` is at least 6. */
void authapi_escape(const char *text, char *out, size_t size);

#endif
