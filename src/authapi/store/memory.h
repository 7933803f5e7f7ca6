/* Keys in memory, and as a JSON document that a host may keep: for the emulator, and for tests.
 *
 * After each change the whole document is handed to the keeper, which puts it where it survives;
 * only then is the change acknowledged. What the keeper refuses is undone. In the document secrets
 * are hashes, as in every store; the private signing key is itself, so it is for its owner only. */
#ifndef AUTHAPI_MEMORY_H
#define AUTHAPI_MEMORY_H

#include "authapi/store/store.h"

typedef struct {
  void *state;
  /* `json` is borrowed and wiped afterwards. On false, `problem` (of `size` bytes) says why. NULL:
   * nothing is kept. */
  bool (*keep)(void *state, const char *json, char *problem, size_t size);
} authapi_keeper;

/* Opens a store with what is in `json`, a document that was kept, or an empty one (NULL); this
 * alone keeps nothing. `keeper` is copied. On false, `problem` (of `size` bytes) says why: not a
 * document of this version, or where it is damaged. Close it with store->close. */
bool authapi_store_memory_open(authapi_store *store, const char *json, const authapi_keeper *keeper, char *problem,
                               size_t size);

#endif
