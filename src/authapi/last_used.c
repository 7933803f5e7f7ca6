/* Last uses; see uses.h. */
#include "authapi/last_used.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS 1024

struct entry {
  struct entry *next;
  authapi_use use;
};

struct authapi_last_used {
  struct entry *buckets[BUCKETS];
};

authapi_last_used *authapi_last_used_new(void) { return calloc(1, sizeof(authapi_last_used)); }

void authapi_last_used_free(authapi_last_used *uses) {
  if (uses == NULL)
    return;
  for (size_t i = 0; i < BUCKETS; i++)
    while (uses->buckets[i] != NULL) {
      struct entry *entry = uses->buckets[i];
      uses->buckets[i] = entry->next;
      free(entry);
    }
  free(uses);
}

/* Where the entry of a credential is, or would be. Nobody chooses an ID, so any hash will do:
 * FNV-1a.
 */
static struct entry **find(authapi_last_used *uses, const char *credential_id) {
  uint32_t hash = 2166136261u;
  for (const char *at = credential_id; *at != '\0'; at++)
    hash = (hash ^ (unsigned char)*at) * 16777619u;
  struct entry **link = &uses->buckets[hash % BUCKETS];
  while (*link != NULL && strcmp((*link)->use.credential_id, credential_id) != 0)
    link = &(*link)->next;
  return link;
}

void authapi_last_used_note(authapi_last_used *uses, const authapi_credential *credential, int64_t now_s) {
  if (uses == NULL)
    return;
  struct entry **link = find(uses, credential->id);
  if (*link == NULL) {
    *link = calloc(1, sizeof **link);
    if (*link == NULL)
      return;
    memcpy((*link)->use.credential_id, credential->id, AUTHAPI_ID_SIZE);
    memcpy((*link)->use.api_key_id, credential->api_key_id, AUTHAPI_ID_SIZE);
  }
  if ((*link)->use.last_used_s < now_s)
    (*link)->use.last_used_s = now_s;
}

int64_t authapi_last_used_last(const authapi_last_used *uses, const char *id) {
  int64_t last_s = 0;
  for (size_t i = 0; uses != NULL && i < BUCKETS; i++)
    for (const struct entry *entry = uses->buckets[i]; entry != NULL; entry = entry->next)
      if (entry->use.last_used_s > last_s &&
          (strcmp(entry->use.credential_id, id) == 0 || strcmp(entry->use.api_key_id, id) == 0))
        last_s = entry->use.last_used_s;
  return last_s;
}

bool authapi_last_used_write(authapi_last_used *uses, const authapi_store *store) {
  authapi_use batch[AUTHAPI_USES_MAX];
  size_t count = 0;
  for (size_t i = 0; i < BUCKETS && count < AUTHAPI_USES_MAX; i++)
    for (const struct entry *entry = uses->buckets[i]; entry != NULL && count < AUTHAPI_USES_MAX; entry = entry->next)
      batch[count++] = entry->use;
  if (count == 0 || store->note_uses(store->state, batch, count) != AUTHAPI_FOUND)
    return false;
  for (size_t i = 0; i < count; i++) {
    struct entry **link = find(uses, batch[i].credential_id), *written = *link;
    *link = written->next;
    free(written);
  }
  return count == AUTHAPI_USES_MAX;
}
