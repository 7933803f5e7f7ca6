/* Whether an SQLite file has changed; see wal_index.h. */
#include "server/wal_index.h"

#include <stdatomic.h>
#include <stddef.h>

#define REGION_SIZE 32768 /* bytes in which SQLite maps the wal-index */

void authd_wal_index_init(authd_wal_index *index, sqlite3 *db) {
  sqlite3_file *file = NULL;
  void volatile *region = NULL;
  *index = (authd_wal_index){.header = NULL};
  if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
      file == NULL || file->pMethods == NULL || file->pMethods->iVersion < 2 ||
      file->pMethods->xShmMap == NULL)
    return;
  if (file->pMethods->xShmMap(file, 0, REGION_SIZE, false, &region) == SQLITE_OK)
    index->header = region;
}

bool authd_wal_index_changed(authd_wal_index *index) {
  uint32_t first[AUTHD_WAL_INDEX_WORDS];
  bool same = index->is_seen;
  if (index->header == NULL)
    return true;
  for (size_t i = 0; i < AUTHD_WAL_INDEX_WORDS; i++) {
    first[i] = index->header[i];
    same = same && first[i] == index->seen[i];
  }
  if (same)
    return false;
  /* A second copy stands behind it, which a commit writes first: while they differ, neither is to
   * be relied on. */
  atomic_thread_fence(memory_order_acquire);
  index->is_seen = true;
  for (size_t i = 0; i < AUTHD_WAL_INDEX_WORDS; i++) {
    index->seen[i] = first[i];
    if (index->header[AUTHD_WAL_INDEX_WORDS + i] != first[i])
      index->is_seen = false;
  }
  atomic_thread_fence(memory_order_acquire);
  return true;
}
