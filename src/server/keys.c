/* Making credentials; see keys.h. */
#include "server/keys.h"

#include <stdio.h>
#include <string.h>

#include "server/base64url.h"

#define RANDOM_SIZE 32

/* Random printable text with a prefix that tells people, and scanners for leaked secrets, what it
 * is. */
static bool random_text(const authd_signer *signer, const char *prefix, char *out) {
  unsigned char bytes[RANDOM_SIZE];
  size_t len = strlen(prefix);
  if (!signer->random(signer->state, bytes, sizeof bytes))
    return false;
  memcpy(out, prefix, len);
  authd_base64url_encode(bytes, sizeof bytes, out + len);
  return true;
}

bool authd_hash_secret(const authd_signer *signer, const char *secret,
                       char value[AUTHD_VALUE_SIZE]) {
  unsigned char hash[AUTHD_HASH_SIZE];
  if (!signer->sha256(signer->state, secret, strlen(secret), hash))
    return false;
  for (size_t i = 0; i < sizeof hash; i++)
    snprintf(value + 2 * i, 3, "%02x", hash[i]);
  return true;
}

const char *authd_name_problem(const char *name) {
  if (name == NULL || *name == '\0')
    return "give the API key a name";
  return strlen(name) >= AUTHD_NAME_SIZE ? "a name has at most 127 bytes" : NULL;
}

authd_found authd_make_api_key(const authd_store *store, const authd_signer *signer,
                               const char *name, int64_t now_s, authd_api_key *out) {
  *out = (authd_api_key){.created_s = now_s};
  snprintf(out->name, sizeof out->name, "%s", name);
  if (!authd_new_id(signer, "ak_", out->id) || !random_text(signer, "", out->value))
    return AUTHD_STORE_ERROR;
  return store->add_api_key(store->state, out);
}

static bool init_credential(const authd_signer *signer, authd_credential_kind kind,
                            const char *prefix, const char *api_key_id, int64_t now_s,
                            authd_credential *out) {
  memset(out, 0, sizeof *out);
  out->kind = kind;
  out->created_s = now_s;
  snprintf(out->api_key_id, sizeof out->api_key_id, "%s", api_key_id);
  return authd_new_id(signer, prefix, out->id);
}

authd_found authd_make_domain_key(const authd_store *store, const authd_signer *signer,
                                  const char *api_key_id, const char *domains, int64_t now_s,
                                  authd_credential *out) {
  if (!init_credential(signer, AUTHD_DOMAIN_KEY, "dk_", api_key_id, now_s, out) ||
      !random_text(signer, "domain_", out->value))
    return AUTHD_STORE_ERROR;
  snprintf(out->domains, sizeof out->domains, "%s", domains);
  return store->add_credential(store->state, out);
}

authd_found authd_make_secret(const authd_store *store, const authd_signer *signer,
                              const char *api_key_id, int64_t now_s, char secret[AUTHD_SECRET_SIZE],
                              authd_credential *out) {
  if (!init_credential(signer, AUTHD_SECRET, "sk_", api_key_id, now_s, out) ||
      !random_text(signer, "", secret) || !authd_hash_secret(signer, secret, out->value))
    return AUTHD_STORE_ERROR;
  return store->add_credential(store->state, out);
}

bool authd_is_expired(const authd_credential *credential, int64_t now_s) {
  return credential->expires_s != 0 && now_s >= credential->expires_s;
}

const char *authd_rotate_problem(const authd_credential *secret, int64_t now_s) {
  if (secret->revoked_s != 0)
    return "this secret was revoked; create a new one";
  return authd_is_expired(secret, now_s) ? "this secret has expired; create a new one" : NULL;
}

/* The new one is stored first: whatever fails then, the old one works as before. */
authd_found authd_rotate_secret(const authd_store *store, const authd_signer *signer,
                                authd_credential *old, int64_t overlap_s, int64_t now_s,
                                char secret[AUTHD_SECRET_SIZE], authd_credential *out) {
  authd_found made = authd_make_secret(store, signer, old->api_key_id, now_s, secret, out);
  if (made == AUTHD_FOUND)
    made = store->expire(store->state, old->id, now_s + overlap_s);
  return made == AUTHD_FOUND ? store->get_credential(store->state, old->id, old) : made;
}
