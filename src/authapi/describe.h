/* Keys in JSON, as the command prints them and as management over HTTP answers. No secret is in
 * here. */
#ifndef AUTHAPI_DESCRIBE_H
#define AUTHAPI_DESCRIBE_H

#include <cjson/cJSON.h>

#include "authapi/keys/signing_keys.h"
#include "authapi/last_used.h"
#include "authapi/limits.h"

/* What a running server knows of its keys beyond the store. Each may be NULL. */
typedef struct {
  const authapi_last_used *last_used;
  authapi_limiter *limiter;
  int64_t now_s;
} authapi_live;

/* The caller deletes what these return. Without memory, fields or the whole are missing. */
cJSON *authapi_describe_api_key(const authapi_api_key *key);

/* What may be shown of a credential at any time: a domain key is public, of a secret there is only
 * a hash, which is left out. */
cJSON *authapi_describe(const authapi_credential *credential);

/* A secret as it is shown the one time, after it was made; `replaces` is the one that it replaces,
 * or NULL. `secret` is borrowed until the JSON is deleted. */
cJSON *authapi_describe_new_secret(const authapi_credential *credential, const char *secret,
                                   const authapi_credential *replaces);

/* Adds "domains", an array of what is one a line. */
void authapi_describe_domains(cJSON *json, const char *domains);

/* All keys, oldest first, in a new array in *list. On AUTHAPI_STORE_ERROR it is NULL. `api_key_id`
 * NULL means all. With `live`, which may be NULL, also what this server counts, in percent, and
 * uses that it has not written yet. */
authapi_found authapi_list_api_keys(const authapi_store *store, const authapi_live *live, cJSON **list);
authapi_found authapi_list_credentials(const authapi_store *store, const authapi_live *live,
                                       authapi_credential_kind kind, const char *api_key_id, cJSON **list);

/* A signing key: its name ("kid"), its state (accepted, signing or published), and the
 * times of its life. */
cJSON *authapi_describe_signing_key(const authapi_signing_keys *signing_keys, size_t which);

/* All of them, oldest first, in a new array. */
cJSON *authapi_describe_signing_keys(const authapi_signing_keys *signing_keys);

#endif
