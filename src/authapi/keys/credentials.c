/* Making credentials; see credentials.h. */
#include "authapi/keys/credentials.h"

#include <stdio.h>
#include <string.h>

#include "base/base64url.h"

#define RANDOM_SIZE 32

/* Random printable text with a prefix that shows people, and scanners for leaked secrets, what it
 * is. */
static bool random_text(const authapi_signer *signer, const char *prefix, char *out) {
  unsigned char bytes[RANDOM_SIZE];
  size_t len = strlen(prefix);
  if (!signer->random(signer->state, bytes, sizeof bytes))
    return false;
  memcpy(out, prefix, len);
  iauth__base64url_encode(bytes, sizeof bytes, out + len);
  return true;
}

bool authapi_hash_secret(const authapi_signer *signer, const char *secret, char value[AUTHAPI_VALUE_SIZE]) {
  unsigned char hash[AUTHAPI_HASH_SIZE];
  if (!signer->sha256(signer->state, secret, strlen(secret), hash))
    return false;
  for (size_t i = 0; i < sizeof hash; i++)
    snprintf(value + 2 * i, 3, "%02x", hash[i]);
  return true;
}

const char *authapi_name_problem(const char *name) {
  if (name == NULL || *name == '\0')
    return "give the API key a name";
  return strlen(name) >= AUTHAPI_NAME_SIZE ? "a name has at most 127 bytes" : NULL;
}

authapi_found authapi_make_api_key(const authapi_store *store, const authapi_signer *signer, const char *name,
                                   int64_t now_s, authapi_api_key *out) {
  *out = (authapi_api_key){.created_s = now_s};
  snprintf(out->name, sizeof out->name, "%s", name);
  if (!authapi_new_id(signer, "ak_", out->id) || !random_text(signer, "", out->value))
    return AUTHAPI_STORE_ERROR;
  return store->add_api_key(store->state, out);
}

static bool init_credential(const authapi_signer *signer, authapi_credential_kind kind, const char *prefix,
                            const char *api_key_id, int64_t now_s, authapi_credential *out) {
  memset(out, 0, sizeof *out);
  out->kind = kind;
  out->created_s = now_s;
  snprintf(out->api_key_id, sizeof out->api_key_id, "%s", api_key_id);
  return authapi_new_id(signer, prefix, out->id);
}

authapi_found authapi_make_domain_key(const authapi_store *store, const authapi_signer *signer, const char *api_key_id,
                                      const char *domains, int64_t now_s, authapi_credential *out) {
  if (!init_credential(signer, AUTHAPI_DOMAIN_KEY, "dk_", api_key_id, now_s, out) ||
      !random_text(signer, "domain_", out->value))
    return AUTHAPI_STORE_ERROR;
  snprintf(out->domains, sizeof out->domains, "%s", domains);
  return store->add_credential(store->state, out);
}

authapi_found authapi_make_secret(const authapi_store *store, const authapi_signer *signer, const char *api_key_id,
                                  int64_t now_s, char secret[AUTHAPI_SECRET_SIZE], authapi_credential *out) {
  if (!init_credential(signer, AUTHAPI_SECRET, "sk_", api_key_id, now_s, out) || !random_text(signer, "", secret) ||
      !authapi_hash_secret(signer, secret, out->value))
    return AUTHAPI_STORE_ERROR;
  return store->add_credential(store->state, out);
}

bool authapi_is_expired(const authapi_credential *credential, int64_t now_s) {
  return credential->expires_s != 0 && now_s >= credential->expires_s;
}

const char *authapi_rotate_problem(const authapi_credential *secret, int64_t now_s) {
  if (secret->revoked_s != 0)
    return "this secret was revoked; create a new one";
  return authapi_is_expired(secret, now_s) ? "this secret has expired; create a new one" : NULL;
}

/* The new one is stored first: whatever fails then, the old one works as before. */
authapi_found authapi_rotate_secret(const authapi_store *store, const authapi_signer *signer, authapi_credential *old,
                                    int64_t overlap_s, int64_t now_s, char secret[AUTHAPI_SECRET_SIZE],
                                    authapi_credential *out) {
  authapi_found made = authapi_make_secret(store, signer, old->api_key_id, now_s, secret, out);
  if (made == AUTHAPI_FOUND)
    made = store->expire(store->state, old->id, now_s + overlap_s);
  return made == AUTHAPI_FOUND ? store->get_credential(store->state, old->id, old) : made;
}
