/* Signing keys and their rotation; see signing_keys.h. */
#include "authapi/keys/signing_keys.h"

#include <string.h>

#include "base/wipe.h"

const char authapi_signing_keys_conflict[] =
    "a new signing key is published already, or too many are still in use; rotate again later";

/* All keys in the store, oldest first. They contain private keys, so wipe this after use. */
typedef struct {
  authapi_signing_key keys[AUTHAPI_SIGNING_KEYS_MAX + 1]; /* the next rotation drops retired keys */
  size_t count;
} rows;

/* If there are too many keys, the newest ones are taken. */
static void add_row(void *user, const authapi_signing_key *key) {
  rows *all = user;
  if (all->count == sizeof all->keys / sizeof *all->keys)
    memmove(all->keys, all->keys + 1, sizeof *all->keys * --all->count);
  all->keys[all->count++] = *key;
}

/* The time when a key is dropped. `next` is the key that follows it. */
static int64_t retires_s(const authapi_signing_key *key, const authapi_signing_key *next) {
  return next->signs_from_s + key->lifetime_s + AUTHAPI_CLOCK_SKEW_S;
}

/* The number of retired keys. They are the oldest ones. */
static size_t count_retired(const rows *all, int64_t now_s) {
  size_t retired = 0;
  while (retired + 1 < all->count && now_s >= retires_s(&all->keys[retired], &all->keys[retired + 1]))
    retired++;
  return retired;
}

static authapi_found read_rows(const authapi_store *store, rows *all) {
  all->count = 0;
  return store->list_signing_keys(store->state, add_row, all);
}

/* ---------------------------------------------------------------------------------------------------
 * The keys in use. */

/* A restored database may have another key under the same number, so the time of creation is compared as well. */
static bool has_same_keys(const authapi_signing_keys *signing_keys, const authapi_signing_key *keys, size_t count) {
  bool same = signing_keys->count == count;
  for (size_t i = 0; same && i < count; i++)
    same = signing_keys->stored[i].number == keys[i].number && signing_keys->stored[i].created_s == keys[i].created_s;
  return same;
}

static void close_keys(const authapi_signer *signer, authapi_key *keys, size_t count) {
  for (size_t i = 0; i < count; i++)
    signer->close_key(signer->state, &keys[i]);
}

/* Opens these keys and closes the previous ones. If one cannot be opened, returns false and changes nothing. */
static bool change_keys(authapi_signing_keys *signing_keys, const authapi_signer *signer,
                        const authapi_signing_key *keys, size_t count) {
  authapi_key opened[AUTHAPI_SIGNING_KEYS_MAX];
  for (size_t i = 0; i < count; i++)
    if (!signer->open_key(signer->state, keys[i].private_key, &opened[i])) {
      close_keys(signer, opened, i);
      return false;
    }
  close_keys(signer, signing_keys->keys, signing_keys->count);
  memcpy(signing_keys->keys, opened, count * sizeof *opened);
  signing_keys->count = count;
  return true;
}

/* Updates the keys in use from the store. */
static bool use_rows(authapi_signing_keys *signing_keys, const authapi_signer *signer, const rows *all, int64_t now_s) {
  size_t first = count_retired(all, now_s);
  if (all->count - first > AUTHAPI_SIGNING_KEYS_MAX)
    first = all->count - AUTHAPI_SIGNING_KEYS_MAX;
  const authapi_signing_key *keys = all->keys + first;
  size_t count = all->count - first;
  if (!has_same_keys(signing_keys, keys, count) && !change_keys(signing_keys, signer, keys, count))
    return false;
  signing_keys->signing = 0; /* the first key signs even if this clock is behind the clock of the server that made it */
  for (size_t i = 0; i < count; i++) {
    signing_keys->stored[i] = keys[i];
    iauth__wipe(signing_keys->stored[i].private_key, AUTHAPI_KEY_SIZE);
    if (keys[i].signs_from_s <= now_s)
      signing_keys->signing = i;
  }
  return true;
}

authapi_found authapi_signing_keys_read(authapi_signing_keys *signing_keys, const authapi_store *store,
                                        const authapi_signer *signer, int64_t now_s) {
  rows all;
  authapi_found found = read_rows(store, &all);
  if (found == AUTHAPI_FOUND && !use_rows(signing_keys, signer, &all, now_s))
    found = AUTHAPI_MISSING;
  iauth__wipe(&all, sizeof all);
  return found;
}

/* Adds a key with a new private key. AUTHAPI_MISSING if its number exists already. */
static authapi_found add_key(const authapi_store *store, const authapi_signer *signer, authapi_signing_key *key) {
  authapi_found added = signer->random(signer->state, key->private_key, AUTHAPI_KEY_SIZE)
                            ? store->add_signing_key(store->state, key)
                            : AUTHAPI_STORE_ERROR;
  iauth__wipe(key->private_key, AUTHAPI_KEY_SIZE);
  return added;
}

/* If several servers start at the same time on an empty store, only one of them makes the key. */
static authapi_found make_first_key(const authapi_store *store, const authapi_signer *signer, int64_t lifetime_s,
                                    int64_t now_s) {
  authapi_signing_key first = {.number = 1, .created_s = now_s, .signs_from_s = now_s, .lifetime_s = lifetime_s};
  return add_key(store, signer, &first) == AUTHAPI_STORE_ERROR ? AUTHAPI_STORE_ERROR : AUTHAPI_FOUND;
}

/* A server must store the lifetime of its tokens before it signs with a key. */
static bool is_long_enough(const authapi_signing_keys *signing_keys, int64_t lifetime_s) {
  bool enough = true;
  for (size_t i = 0; i < signing_keys->count; i++)
    enough = enough && signing_keys->stored[i].lifetime_s >= lifetime_s;
  return enough;
}

static authapi_found update_from_store(authapi_signing_keys *signing_keys, const authapi_store *store,
                                       const authapi_signer *signer, int64_t lifetime_s, int64_t now_s) {
  authapi_found found = authapi_signing_keys_read(signing_keys, store, signer, now_s);
  if (found == AUTHAPI_FOUND && signing_keys->count == 0) {
    found = make_first_key(store, signer, lifetime_s, now_s);
    if (found == AUTHAPI_FOUND)
      found = authapi_signing_keys_read(signing_keys, store, signer, now_s);
  }
  if (found == AUTHAPI_FOUND && !is_long_enough(signing_keys, lifetime_s))
    found = store->raise_lifetime(store->state, lifetime_s);
  return found;
}

authapi_found authapi_signing_keys_update(authapi_signing_keys *signing_keys, const authapi_store *store,
                                          const authapi_signer *signer, int64_t lifetime_s, int64_t now_s) {
  if (signing_keys->count > 0 && signing_keys->read_s == now_s)
    return AUTHAPI_FOUND;
  authapi_found found = update_from_store(signing_keys, store, signer, lifetime_s, now_s);
  signing_keys->read_s = now_s;
  if (signing_keys->count > 0)
    return AUTHAPI_FOUND;
  return found == AUTHAPI_FOUND ? AUTHAPI_MISSING : found;
}

int64_t authapi_signing_keys_retires_s(const authapi_signing_keys *signing_keys, size_t index) {
  return index + 1 < signing_keys->count ? retires_s(&signing_keys->stored[index], &signing_keys->stored[index + 1])
                                         : 0;
}

void authapi_signing_keys_clean_up(authapi_signing_keys *signing_keys, const authapi_signer *signer) {
  close_keys(signer, signing_keys->keys, signing_keys->count);
  *signing_keys = (authapi_signing_keys){.count = 0};
}

/* ---------------------------------------------------------------------------------------------------
 * Rotation. */

/* The key that follows the existing ones. */
static authapi_signing_key next_key(const rows *all, int64_t publish_s, int64_t now_s) {
  authapi_signing_key next = {.number = 1, .created_s = now_s, .signs_from_s = now_s};
  if (all->count > 0) {
    next.number = all->keys[all->count - 1].number + 1;
    next.signs_from_s = now_s + publish_s;
  }
  for (size_t i = 0; i < all->count; i++)
    if (next.lifetime_s < all->keys[i].lifetime_s)
      next.lifetime_s = all->keys[i].lifetime_s;
  return next;
}

static authapi_found rotate(const authapi_store *store, const authapi_signer *signer, const rows *all,
                            int64_t publish_s, int64_t now_s) {
  size_t retired = count_retired(all, now_s);
  authapi_signing_key next = next_key(all, publish_s, now_s);
  if (all->count - retired >= AUTHAPI_SIGNING_KEYS_MAX ||
      (all->count > 0 && all->keys[all->count - 1].signs_from_s > now_s))
    return AUTHAPI_MISSING;
  for (size_t i = 0; i < retired; i++)
    if (store->drop_signing_key(store->state, all->keys[i].number) == AUTHAPI_STORE_ERROR)
      return AUTHAPI_STORE_ERROR;
  return add_key(store, signer, &next);
}

authapi_found authapi_signing_keys_rotate(authapi_signing_keys *signing_keys, const authapi_store *store,
                                          const authapi_signer *signer, int64_t publish_s, int64_t now_s) {
  rows all;
  authapi_found found = read_rows(store, &all);
  if (found == AUTHAPI_FOUND)
    found = rotate(store, signer, &all, publish_s, now_s);
  iauth__wipe(&all, sizeof all);
  return found == AUTHAPI_FOUND ? authapi_signing_keys_read(signing_keys, store, signer, now_s) : found;
}

/* ---------------------------------------------------------------------------------------------------
 * Revoking keys. The new key is added first, so that there is always a key that signs, and no number is used twice. */

/* Adds a key, even if another one is published already. If another program takes the number first, tries the next
 * number. */
static authapi_found add_next(const authapi_store *store, const authapi_signer *signer, int64_t publish_s,
                              int64_t now_s) {
  authapi_found added = AUTHAPI_MISSING;
  for (int attempts = 0; attempts < 8 && added == AUTHAPI_MISSING; attempts++) {
    rows all;
    added = read_rows(store, &all);
    authapi_signing_key next = next_key(&all, publish_s, now_s);
    iauth__wipe(&all, sizeof all);
    if (added == AUTHAPI_FOUND)
      added = add_key(store, signer, &next);
  }
  return added == AUTHAPI_FOUND ? AUTHAPI_FOUND : AUTHAPI_STORE_ERROR;
}

authapi_found authapi_signing_keys_revoke(authapi_signing_keys *signing_keys, const authapi_store *store,
                                          const authapi_signer *signer, const char *kid, int64_t now_s) {
  char name[AUTHAPI_KID_SIZE] = "";
  size_t index = 0;
  authapi_found found = authapi_signing_keys_read(signing_keys, store, signer, now_s);
  if (found != AUTHAPI_FOUND)
    return AUTHAPI_STORE_ERROR;
  for (; index < signing_keys->count; index++) {
    authapi_key_id(&signing_keys->keys[index], name);
    if (strcmp(name, kid) == 0)
      break;
  }
  if (index == signing_keys->count)
    return AUTHAPI_MISSING;
  if (index == signing_keys->signing)
    found = add_next(store, signer, 0, now_s);
  else if (index + 1 == signing_keys->count)
    found = add_next(store, signer, AUTHAPI_PUBLISH_S, now_s);
  if (found == AUTHAPI_FOUND)
    found = store->drop_signing_key(store->state, signing_keys->stored[index].number);
  if (found == AUTHAPI_STORE_ERROR)
    return AUTHAPI_STORE_ERROR;
  return authapi_signing_keys_read(signing_keys, store, signer, now_s);
}

/* Drops all keys except the newest one. There may be more keys than one read returns. */
static authapi_found drop_older(const authapi_store *store) {
  rows all;
  authapi_found found = read_rows(store, &all);
  while (found == AUTHAPI_FOUND && all.count > 1) {
    for (size_t i = 0; found != AUTHAPI_STORE_ERROR && i + 1 < all.count; i++)
      found = store->drop_signing_key(store->state, all.keys[i].number);
    if (found != AUTHAPI_STORE_ERROR)
      found = read_rows(store, &all);
  }
  iauth__wipe(&all, sizeof all);
  return found;
}

authapi_found authapi_signing_keys_replace(authapi_signing_keys *signing_keys, const authapi_store *store,
                                           const authapi_signer *signer, int64_t now_s) {
  authapi_found found = add_next(store, signer, 0, now_s);
  if (found == AUTHAPI_FOUND)
    found = drop_older(store);
  return found == AUTHAPI_FOUND ? authapi_signing_keys_read(signing_keys, store, signer, now_s) : found;
}
