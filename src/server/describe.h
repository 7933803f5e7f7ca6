/* Keys in JSON, as the command prints them and as management over HTTP answers. No secret is in
 * here. */
#ifndef AUTHD_DESCRIBE_H
#define AUTHD_DESCRIBE_H

#include <cjson/cJSON.h>

#include "server/limits.h"
#include "server/ring.h"
#include "server/uses.h"

/* What a running server knows of its keys beyond the store. Each may be NULL. */
typedef struct {
  const authd_uses *uses;
  authd_limiter *limiter;
  int64_t now_s;
} authd_live;

/* The caller deletes what these return. Without memory, fields or the whole are missing. */
cJSON *authd_describe_api_key(const authd_api_key *key);

/* What may be shown of a credential at any time: a domain key is public, of a secret there is only
 * a hash, which is left out. */
cJSON *authd_describe(const authd_credential *credential);

/* A secret as it is shown the one time, after it was made; `replaces` is the one that it replaces,
 * or NULL. `secret` is borrowed until the JSON is deleted. */
cJSON *authd_describe_new_secret(const authd_credential *credential, const char *secret,
                                 const authd_credential *replaces);

/* Adds "domains", an array of what is one a line. */
void authd_describe_domains(cJSON *json, const char *domains);

/* All keys, oldest first, in a new array in *list. On AUTHD_STORE_ERROR it is NULL. `api_key_id`
 * NULL means all. With `live`, which may be NULL, also what this server counts, in percent, and
 * uses that it has not written yet. */
authd_found authd_list_api_keys(const authd_store *store, const authd_live *live, cJSON **list);
authd_found authd_list_credentials(const authd_store *store, const authd_live *live,
                                   authd_credential_kind kind, const char *api_key_id,
                                   cJSON **list);

/* A signing key of the ring: its name ("kid"), its state (accepted, signing or published), and the
 * times of its life. */
cJSON *authd_describe_signing_key(const authd_ring *ring, size_t which);

/* All of them, oldest first, in a new array. */
cJSON *authd_describe_ring(const authd_ring *ring);

#endif
