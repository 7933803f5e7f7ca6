/* Signing keys and their rotation; see ring.h. */
#include "server/ring.h"

#include <string.h>

#include "core/memory.h"

const char authd_ring_not_now[] =
    "a new signing key is published already, or too many are still in use; rotate again later";

/* What the store has, oldest first; there are private keys in it, so it is wiped after use. */
typedef struct {
  authd_signing_key
      keys[AUTHD_RING_MAX + 1]; /* those out of use are dropped by the next rotation */
  size_t count;
} rows;

/* Of more than fit the newest are taken. */
static void take_row(void *user, const authd_signing_key *key) {
  rows *all = user;
  if (all->count == sizeof all->keys / sizeof *all->keys)
    memmove(all->keys, all->keys + 1, sizeof *all->keys * --all->count);
  all->keys[all->count++] = *key;
}

/* When a key is dropped: `next` is the one that follows it. */
static int64_t retires_s(const authd_signing_key *key, const authd_signing_key *next) {
  return next->signs_from_s + key->lifetime_s + AUTHD_CLOCKS_APART_S;
}

/* How many of the oldest are out of use. */
static size_t count_retired(const rows *all, int64_t now_s) {
  size_t retired = 0;
  while (retired + 1 < all->count &&
         now_s >= retires_s(&all->keys[retired], &all->keys[retired + 1]))
    retired++;
  return retired;
}

static authd_found read_rows(const authd_store *store, rows *all) {
  all->count = 0;
  return store->list_signing_keys(store->state, take_row, all);
}

/* ---------------------------------------------------------------------------------------------------
 * The ring. */

static bool has_same_keys(const authd_ring *ring, const authd_signing_key *keys, size_t count) {
  bool same = ring->count == count;
  for (size_t i = 0; same && i < count; i++)
    same = ring->told[i].number == keys[i].number;
  return same;
}

static void close_keys(const authd_signer *signer, authd_key *keys, size_t count) {
  for (size_t i = 0; i < count; i++)
    signer->close_key(signer->state, &keys[i]);
}

/* Opens these keys in place of those of the ring. False, and nothing is changed, if one cannot be
 * used. */
static bool change_keys(authd_ring *ring, const authd_signer *signer, const authd_signing_key *keys,
                        size_t count) {
  authd_key opened[AUTHD_RING_MAX];
  for (size_t i = 0; i < count; i++)
    if (!signer->open_key(signer->state, keys[i].private_key, &opened[i])) {
      close_keys(signer, opened, i);
      return false;
    }
  close_keys(signer, ring->keys, ring->count);
  memcpy(ring->keys, opened, count * sizeof *opened);
  ring->count = count;
  return true;
}

/* Brings the ring to what the store has. */
static bool take_rows(authd_ring *ring, const authd_signer *signer, const rows *all,
                      int64_t now_s) {
  size_t first = count_retired(all, now_s);
  if (all->count - first > AUTHD_RING_MAX)
    first = all->count - AUTHD_RING_MAX;
  const authd_signing_key *keys = all->keys + first;
  size_t count = all->count - first;
  if (!has_same_keys(ring, keys, count) && !change_keys(ring, signer, keys, count))
    return false;
  ring->signing = 0; /* where this clock is behind the one that made the first key, too */
  for (size_t i = 0; i < count; i++) {
    ring->told[i] = keys[i];
    iauth__wipe(ring->told[i].private_key, AUTHD_KEY_SIZE);
    if (keys[i].signs_from_s <= now_s)
      ring->signing = i;
  }
  return true;
}

authd_found authd_ring_read(authd_ring *ring, const authd_store *store, const authd_signer *signer,
                            int64_t now_s) {
  rows all;
  authd_found found = read_rows(store, &all);
  if (found == AUTHD_FOUND && !take_rows(ring, signer, &all, now_s))
    found = AUTHD_MISSING;
  iauth__wipe(&all, sizeof all);
  return found;
}

/* Adds a key with a new private key. AUTHD_MISSING if its number is taken. */
static authd_found add_key(const authd_store *store, const authd_signer *signer,
                           authd_signing_key *key) {
  authd_found added = signer->random(signer->state, key->private_key, AUTHD_KEY_SIZE)
                          ? store->add_signing_key(store->state, key)
                          : AUTHD_STORE_ERROR;
  iauth__wipe(key->private_key, AUTHD_KEY_SIZE);
  return added;
}

/* Of several servers that start at once on an empty store, one makes the key. */
static authd_found make_first_key(const authd_store *store, const authd_signer *signer,
                                  int64_t lifetime_s, int64_t now_s) {
  authd_signing_key first = {
      .number = 1, .created_s = now_s, .signs_from_s = now_s, .lifetime_s = lifetime_s};
  return add_key(store, signer, &first) == AUTHD_STORE_ERROR ? AUTHD_STORE_ERROR : AUTHD_FOUND;
}

/* Before it signs with a key, a server has to have said how long its tokens live. */
static bool is_long_enough(const authd_ring *ring, int64_t lifetime_s) {
  bool enough = true;
  for (size_t i = 0; i < ring->count; i++)
    enough = enough && ring->told[i].lifetime_s >= lifetime_s;
  return enough;
}

static authd_found read_for_server(authd_ring *ring, const authd_store *store,
                                   const authd_signer *signer, int64_t lifetime_s, int64_t now_s) {
  authd_found found = authd_ring_read(ring, store, signer, now_s);
  if (found == AUTHD_FOUND && ring->count == 0) {
    found = make_first_key(store, signer, lifetime_s, now_s);
    if (found == AUTHD_FOUND)
      found = authd_ring_read(ring, store, signer, now_s);
  }
  if (found == AUTHD_FOUND && !is_long_enough(ring, lifetime_s))
    found = store->raise_lifetime(store->state, lifetime_s);
  return found;
}

authd_found authd_ring_update(authd_ring *ring, const authd_store *store,
                              const authd_signer *signer, int64_t lifetime_s, int64_t now_s) {
  if (ring->count > 0 && ring->read_s == now_s)
    return AUTHD_FOUND;
  authd_found found = read_for_server(ring, store, signer, lifetime_s, now_s);
  ring->read_s = now_s;
  if (ring->count > 0)
    return AUTHD_FOUND;
  return found == AUTHD_FOUND ? AUTHD_MISSING : found;
}

int64_t authd_ring_retires_s(const authd_ring *ring, size_t which) {
  return which + 1 < ring->count ? retires_s(&ring->told[which], &ring->told[which + 1]) : 0;
}

void authd_ring_clean_up(authd_ring *ring, const authd_signer *signer) {
  close_keys(signer, ring->keys, ring->count);
  *ring = (authd_ring){.count = 0};
}

/* ---------------------------------------------------------------------------------------------------
 * Rotation. */

/* The key that follows those that are there. */
static authd_signing_key next_key(const rows *all, int64_t publish_s, int64_t now_s) {
  authd_signing_key next = {.number = 1, .created_s = now_s, .signs_from_s = now_s};
  if (all->count > 0) {
    next.number = all->keys[all->count - 1].number + 1;
    next.signs_from_s = now_s + publish_s;
  }
  for (size_t i = 0; i < all->count; i++)
    if (next.lifetime_s < all->keys[i].lifetime_s)
      next.lifetime_s = all->keys[i].lifetime_s;
  return next;
}

static authd_found rotate(const authd_store *store, const authd_signer *signer, const rows *all,
                          int64_t publish_s, int64_t now_s) {
  size_t retired = count_retired(all, now_s);
  authd_signing_key next = next_key(all, publish_s, now_s);
  if (all->count - retired >= AUTHD_RING_MAX ||
      (all->count > 0 && all->keys[all->count - 1].signs_from_s > now_s))
    return AUTHD_MISSING;
  for (size_t i = 0; i < retired; i++)
    if (store->drop_signing_key(store->state, all->keys[i].number) == AUTHD_STORE_ERROR)
      return AUTHD_STORE_ERROR;
  return add_key(store, signer, &next);
}

authd_found authd_ring_rotate(authd_ring *ring, const authd_store *store,
                              const authd_signer *signer, int64_t publish_s, int64_t now_s) {
  rows all;
  authd_found found = read_rows(store, &all);
  if (found == AUTHD_FOUND)
    found = rotate(store, signer, &all, publish_s, now_s);
  iauth__wipe(&all, sizeof all);
  return found == AUTHD_FOUND ? authd_ring_read(ring, store, signer, now_s) : found;
}
