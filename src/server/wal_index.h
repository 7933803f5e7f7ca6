/* Whether an SQLite file in WAL mode has changed, told without a system call.
 *
 * SQLite's own processes tell each other of commits by a header in shared memory, the wal-index
 * (sqlite.org/walformat.html, section 2.1): each commit writes a new one before it is acknowledged,
 * and each reader begins by comparing it with the one that it saw last. So do we. To ask SQLite,
 * with PRAGMA data_version, takes a read transaction: three system calls each time. */
#ifndef AUTHD_WAL_INDEX_H
#define AUTHD_WAL_INDEX_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#define AUTHD_WAL_INDEX_WORDS 12 /* of 32 bits: a header */

typedef struct {
  const volatile uint32_t *header; /* SQLite's; NULL: not in WAL mode */
  uint32_t seen[AUTHD_WAL_INDEX_WORDS];
  bool is_seen; /* there is one to compare with */
} authd_wal_index;

/* `db` is in WAL mode and was read from. It is borrowed: not to be used after sqlite3_close. For
 * other databases every call of authd_wal_index_changed says yes. */
void authd_wal_index_init(authd_wal_index *index, sqlite3 *db);

/* Whether something may have been committed since the last call, by any process. True the first
 * time. What is read from the database after this is not older than what it compared. */
bool authd_wal_index_changed(authd_wal_index *index);

#endif
