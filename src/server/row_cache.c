/* Rows that were read before; see row_cache.h. A table in which each text has one place. */
#include "server/row_cache.h"

#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

#define SLOTS 512

/* A row without what is empty in it: most lists of domains are short, and there is room for 16 KB.
 */
#define AFTER_DOMAINS (offsetof(authd_credential, domains) + AUTHD_DOMAINS_SIZE)

typedef struct {
  authd_row_by by;
  char text[AUTHD_VALUE_SIZE];
  unsigned char *row; /* NULL: nothing is kept here */
  size_t size;
} slot;

struct authd_row_cache {
  slot slots[SLOTS];
};

authd_row_cache *authd_row_cache_new(void) { return calloc(1, sizeof(authd_row_cache)); }

static void clear(slot *slot) {
  if (slot->row == NULL)
    return;
  iauth__wipe(slot->row, slot->size);
  free(slot->row);
  iauth__wipe(slot, sizeof *slot);
}

void authd_row_cache_forget(authd_row_cache *cache) {
  for (size_t i = 0; i < SLOTS; i++)
    clear(&cache->slots[i]);
}

void authd_row_cache_free(authd_row_cache *cache) {
  if (cache != NULL)
    authd_row_cache_forget(cache);
  free(cache);
}

/* Only rows that there are get in here, and nobody chooses their texts, so any hash will do:
 * FNV-1a.
 */
static size_t place_of(authd_row_by by, const char *text) {
  uint32_t hash = 2166136261u ^ (uint32_t)by;
  for (; *text != '\0'; text++)
    hash = (hash ^ (unsigned char)*text) * 16777619u;
  return (hash ^ hash >> 16) % SLOTS;
}

static const slot *find(const authd_row_cache *cache, authd_row_by by, const char *text) {
  const slot *slot = &cache->slots[place_of(by, text)];
  bool same = slot->row != NULL && slot->by == by && strcmp(slot->text, text) == 0;
  return same ? slot : NULL;
}

/* Makes room for a row of `size` bytes; NULL if it is not to be kept. */
static unsigned char *make_room(authd_row_cache *cache, authd_row_by by, const char *text,
                                size_t size) {
  slot *slot = &cache->slots[place_of(by, text)];
  size_t len = strlen(text);
  unsigned char *row = len < sizeof slot->text ? malloc(size) : NULL;
  if (row == NULL)
    return NULL;
  clear(slot);
  slot->by = by;
  memcpy(slot->text, text, len + 1);
  slot->row = row;
  slot->size = size;
  return row;
}

bool authd_row_cache_api_key(const authd_row_cache *cache, const char *text, authd_api_key *out) {
  const slot *slot = find(cache, AUTHD_BY_API_KEY, text);
  if (slot != NULL)
    memcpy(out, slot->row, sizeof *out);
  return slot != NULL;
}

void authd_row_cache_keep_api_key(authd_row_cache *cache, const char *text,
                                  const authd_api_key *row) {
  unsigned char *kept = make_room(cache, AUTHD_BY_API_KEY, text, sizeof *row);
  if (kept != NULL)
    memcpy(kept, row, sizeof *row);
}

bool authd_row_cache_credential(const authd_row_cache *cache, authd_row_by by, const char *text,
                                authd_credential *out) {
  const slot *slot = find(cache, by, text);
  if (slot == NULL)
    return false;
  size_t tail = sizeof *out - AFTER_DOMAINS, head = slot->size - tail;
  memcpy(out, slot->row, head);
  memcpy((unsigned char *)out + AFTER_DOMAINS, slot->row + head, tail);
  return true;
}

void authd_row_cache_keep_credential(authd_row_cache *cache, authd_row_by by, const char *text,
                                     const authd_credential *row) {
  size_t tail = sizeof *row - AFTER_DOMAINS;
  size_t head = offsetof(authd_credential, domains) + strlen(row->domains) + 1;
  unsigned char *kept = make_room(cache, by, text, head + tail);
  if (kept == NULL)
    return;
  memcpy(kept, row, head);
  memcpy(kept + head, (const unsigned char *)row + AFTER_DOMAINS, tail);
}
