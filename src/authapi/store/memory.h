/* Keys in memory, and as a JSON document that a host may keep. For the emulator and for tests.
 *
 * After each change the keeper gets the complete document and keeps it where it survives a crash. Only then does the
 * change succeed. If the keeper fails, the change is undone. The document contains secrets only as hashes, like every
 * store. It contains the private signing key in clear text, so only its owner may read it. */
#ifndef AUTHAPI_MEMORY_H
#define AUTHAPI_MEMORY_H

#include "authapi/store/store.h"

typedef struct {
  void *state;
  /* `json` is borrowed, and wiped afterwards. On false, `problem` (of `size` bytes) has the reason. If `keep` is NULL,
   * nothing is kept. */
  bool (*keep)(void *state, const char *json, char *problem, size_t size);
} authapi_keeper;

/* Opens a store. `json` is a document that was kept; NULL opens an empty store. Opening keeps nothing. `keeper` is
 * copied. On false, `problem` (of `size` bytes) has the reason: not a document of this version, or where the document
 * is damaged. Close the store with store->close. */
bool authapi_store_memory_open(authapi_store *store, const char *json, const authapi_keeper *keeper, char *problem,
                               size_t size);

#endif
