/* The time when credentials were last used; see last_used.h. */
#include "authapi/last_used.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash_table.h"

struct authapi_last_used {
  iauth__hash_table *credentials; /* maps IDs to authapi_last_use */
};

authapi_last_used *authapi_last_used_new(void) {
  authapi_last_used *last_used = malloc(sizeof *last_used);
  if (last_used == NULL)
    return NULL;
  last_used->credentials = iauth__hash_table_new(sizeof(authapi_last_use));
  if (last_used->credentials != NULL)
    return last_used;
  free(last_used);
  return NULL;
}

void authapi_last_used_free(authapi_last_used *last_used) {
  if (last_used == NULL)
    return;
  iauth__hash_table_free(last_used->credentials);
  free(last_used);
}

void authapi_last_used_record(authapi_last_used *last_used, const authapi_credential *credential, int64_t now_s) {
  authapi_last_use *use = last_used != NULL ? iauth__hash_table_add(last_used->credentials, credential->id) : NULL;
  if (use == NULL || use->last_used_s >= now_s)
    return;
  memcpy(use->credential_id, credential->id, AUTHAPI_ID_SIZE);
  memcpy(use->api_key_id, credential->api_key_id, AUTHAPI_ID_SIZE);
  use->last_used_s = now_s;
}

struct search {
  const char *id;
  int64_t last_used_s;
};

static bool compare(void *user, void *value) {
  struct search *search = user;
  const authapi_last_use *use = value;
  if (use->last_used_s > search->last_used_s &&
      (strcmp(use->credential_id, search->id) == 0 || strcmp(use->api_key_id, search->id) == 0))
    search->last_used_s = use->last_used_s;
  return true;
}

int64_t authapi_last_used_get(const authapi_last_used *last_used, const char *id) {
  struct search search = {id, 0};
  if (last_used != NULL)
    iauth__hash_table_each(last_used->credentials, compare, &search);
  return search.last_used_s;
}

struct batch {
  int64_t until_s;
  authapi_last_use *copies;
  size_t count;
};

static bool copy(void *user, void *value) {
  struct batch *batch = user;
  const authapi_last_use *use = value;
  if (use->last_used_s <= batch->until_s)
    batch->copies[batch->count++] = *use;
  return batch->count < AUTHAPI_LAST_USED_MAX;
}

size_t authapi_last_used_copy(const authapi_last_used *last_used, int64_t until_s,
                              authapi_last_use copies[AUTHAPI_LAST_USED_MAX]) {
  struct batch batch = {until_s, copies, 0};
  iauth__hash_table_each(last_used->credentials, copy, &batch);
  return batch.count;
}

void authapi_last_used_forget(authapi_last_used *last_used, const authapi_last_use *written, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const authapi_last_use *use = iauth__hash_table_find(last_used->credentials, written[i].credential_id);
    if (use != NULL && use->last_used_s == written[i].last_used_s)
      iauth__hash_table_remove(last_used->credentials, written[i].credential_id);
  }
}
