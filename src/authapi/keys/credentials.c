/* Makes credentials; see credentials.h. */
#include "authapi/keys/credentials.h"

#include <stdio.h>
#include <string.h>

#include "base/base64url.h"

#define RANDOM_SIZE 32

/* Random printable text. The prefix shows its kind to people, and to scanners for leaked secrets. */
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

/* The length of the character at `p` in bytes. 0 if it is a control character or not UTF-8 (RFC 3629). */
static size_t printable_len(const unsigned char *p) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  size_t len = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : p[0] >> 3 == 30 ? 4 : 0;
  if (len < 2)
    return len == 1 && p[0] >= ' ' && p[0] != 127 ? 1 : 0;
  uint32_t code = p[0] & (0x7fu >> len);
  for (size_t i = 1; i < len; i++) {
    if (p[i] >> 6 != 2)
      return 0;
    code = code << 6 | (p[i] & 0x3fu);
  }
  bool direction = (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
  bool surrogate = code >= 0xd800 && code <= 0xdfff;
  return code < least[len] || code > 0x10ffff || code < 0xa0 || direction || surrogate ? 0 : len;
}

void authapi_escape(const char *text, char *out, size_t size) {
  size_t used = 0;
  for (const unsigned char *p = (const unsigned char *)text; *p != '\0' && used + 5 <= size;) {
    size_t len = printable_len(p);
    if (len == 0)
      used += (size_t)snprintf(out + used, size - used, "\\x%02x", *p++);
    for (; len > 0; len--)
      out[used++] = (char)*p++;
  }
  out[used] = '\0';
}

const char *authapi_name_problem(const char *name) {
  if (name == NULL || *name == '\0')
    return "give the API key a name";
  if (strlen(name) >= AUTHAPI_NAME_SIZE)
    return "a name has at most 127 bytes";
  for (const unsigned char *p = (const unsigned char *)name; *p != '\0';) {
    size_t len = printable_len(p);
    if (len == 0)
      return "a name is text in UTF-8, without control characters";
    p += len;
  }
  return NULL;
}

struct search {
  const char *id;
  authapi_api_key *out;
  bool found;
};

static void compare(void *user, const authapi_api_key *key) {
  struct search *search = user;
  if (strcmp(key->id, search->id) != 0)
    return;
  *search->out = *key;
  search->found = true;
}

authapi_found authapi_find_api_key(const authapi_store *store, const char *value_or_id, authapi_api_key *out) {
  struct search search = {value_or_id, out, false};
  authapi_found found = store->find_api_key(store->state, value_or_id, out);
  if (found != AUTHAPI_MISSING)
    return found;
  found = store->list_api_keys(store->state, compare, &search);
  return found == AUTHAPI_FOUND && !search.found ? AUTHAPI_MISSING : found;
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

/* The new secret is stored first. If a later step fails, the old secret still works as before. */
authapi_found authapi_rotate_secret(const authapi_store *store, const authapi_signer *signer, authapi_credential *old,
                                    int64_t overlap_s, int64_t now_s, char secret[AUTHAPI_SECRET_SIZE],
                                    authapi_credential *out) {
  authapi_found made = authapi_make_secret(store, signer, old->api_key_id, now_s, secret, out);
  if (made == AUTHAPI_FOUND)
    made = store->expire(store->state, old->id, now_s + overlap_s);
  return made == AUTHAPI_FOUND ? store->get_credential(store->state, old->id, old) : made;
}
