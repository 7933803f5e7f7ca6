/* Keys in memory, and as a JSON document that a host may save. For the emulator and for tests.
 *
 * After each change, the saver gets the complete document and stores it where it survives a crash. Only then does the
 * change succeed. If the saver fails, the change is undone. The document contains secrets only as hashes, like every
 * store. It contains the private signing key in clear text, so only its owner may read it. */
#ifndef AUTHAPI_MEMORY_H
#define AUTHAPI_MEMORY_H

#include "authapi/store/store.h"

typedef struct {
  void *state;
  /* `json` is borrowed, and wiped afterwards. On false, `problem` (of `size` bytes) has the reason. If `save` is NULL,
   * nothing is saved. */
  bool (*save)(void *state, const char *json, char *problem, size_t size);
} authapi_saver;

/* Opens a store. `json` is a document that was saved; NULL opens an empty store. Opening saves nothing. `saver` is
 * copied. On false, `problem` (of `size` bytes) has the reason: not a document of this version, or where the document
 * is damaged. Close the store with store->close. */
bool authapi_store_memory_open(authapi_store *store, const char *json, const authapi_saver *saver, char *problem,
                               size_t size);

#endif
