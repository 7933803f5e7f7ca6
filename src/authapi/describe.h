/* Keys as JSON: the command prints it, and management over HTTP returns it. It contains no stored secret. */
#ifndef AUTHAPI_DESCRIBE_H
#define AUTHAPI_DESCRIBE_H

#include <cjson/cJSON.h>

#include "authapi/keys/signing_keys.h"
#include "authapi/last_used.h"
#include "authapi/limits.h"

/* What a running server knows about its keys and the store does not know yet. Each field may be NULL. */
typedef struct {
  const authapi_last_used *last_used;
  authapi_limiter *limiter;
  int64_t now_s;
} authapi_live;

/* These functions return JSON that the caller deletes. If memory runs out, fields are missing, or the result is
 * NULL. */
cJSON *authapi_describe_api_key(const authapi_api_key *key);

/* The public description of a credential. A domain key is public and included. The store has only a hash of a secret,
 * which is left out. */
cJSON *authapi_describe(const authapi_credential *credential);

/* A new secret. This is the only time that it is shown. `replaces` is the secret that it replaces, or NULL. `secret` is
 * borrowed until the JSON is deleted. */
cJSON *authapi_describe_new_secret(const authapi_credential *credential, const char *secret,
                                   const authapi_credential *replaces);

/* Adds the array "domains". In `domains`, each line is one entry. */
void authapi_describe_domains(cJSON *json, const char *domains);

/* Sets *list to a new array of keys, oldest first. On AUTHAPI_STORE_ERROR, *list is NULL. `api_key_id` selects one API
 * key; NULL means all. `live` may be NULL. It adds the usage that this server has counted, in percent, and uses that
 * are not in the store yet. */
authapi_found authapi_list_api_keys(const authapi_store *store, const authapi_live *live, cJSON **list);
authapi_found authapi_list_credentials(const authapi_store *store, const authapi_live *live,
                                       authapi_credential_kind kind, const char *api_key_id, cJSON **list);

/* Describes a signing key: its name ("kid"), its state (accepted, signing or published), and its times. */
cJSON *authapi_describe_signing_key(const authapi_signing_keys *signing_keys, size_t index);

/* Describes all signing keys, oldest first, in a new array. */
cJSON *authapi_describe_signing_keys(const authapi_signing_keys *signing_keys);

#endif
