/* Keys in an SQLite file. The mode is WAL with synchronous=FULL: readers never wait for a writer, and an acknowledged
 * revocation is on disk. Only one thread at a time may use the connection.
 *
 * If the file is moved, replaced, deleted or written over after it was opened, every call fails until the file is back
 * or the program is restarted. The old file is not used, because it would still grant keys that the new file has revoked.
 * The new file is not opened, because it may lie next to the log of the old one.
 *
 * SQLite does not notice a file that was written over (cp backup.db keys.db): it is still the same file. So each change
 * raises a number in the table `changes`, and before each call the number is read from the file itself, without the log.
 * There it can only be the number of the last look, or a later one that the log was copied with. */
#define _XOPEN_SOURCE 700 /* realpath */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "authapi/store/store.h"
#include "base/shown.h"
#include "base/wipe.h"

#define BUSY_TIMEOUT_MS 5000
#define RETRY_MS 10
#define OPENING_MS 1000  /* how long another process may take to open or close the file */
#define CHUNK_SIZE 32768 /* bytes by which the file grows */

#define COUNT_CHANGE " BEGIN UPDATE changes SET number = number + 1 + (random() & 1023); END;"

/* Each entry updates the schema by one version. A new file goes through all of them. */
static const char *const migrations[] = {
    "CREATE TABLE api_keys (id TEXT PRIMARY KEY, name TEXT NOT NULL, value TEXT NOT NULL UNIQUE,"
    " created_s INTEGER NOT NULL);"
    "CREATE TABLE credentials (id TEXT PRIMARY KEY, api_key_id TEXT NOT NULL REFERENCES "
    "api_keys(id),"
    " kind INTEGER NOT NULL, value TEXT NOT NULL, domains TEXT NOT NULL, created_s INTEGER NOT "
    "NULL,"
    " revoked_s INTEGER NOT NULL DEFAULT 0, UNIQUE (kind, value));"
    "CREATE TABLE signing_keys (private_key BLOB NOT NULL);"
    "PRAGMA user_version = 1;",
    /* Adds expiry of secrets, last use, and several signing keys. */
    "ALTER TABLE api_keys ADD COLUMN last_used_s INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE credentials ADD COLUMN expires_s INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE credentials ADD COLUMN last_used_s INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE signing_keys RENAME TO old_signing_keys;"
    "CREATE TABLE signing_keys (number INTEGER PRIMARY KEY, private_key BLOB NOT NULL,"
    " created_s INTEGER NOT NULL, signs_from_s INTEGER NOT NULL, lifetime_s INTEGER NOT NULL);"
    "INSERT INTO signing_keys SELECT 1, private_key, CAST(strftime('%s') AS INTEGER),"
    " CAST(strftime('%s') AS INTEGER), 0 FROM old_signing_keys ORDER BY rowid LIMIT 1;"
    "DROP TABLE old_signing_keys;"
    "PRAGMA user_version = 2;",
    /* Adds revoked API keys. */
    "ALTER TABLE api_keys ADD COLUMN revoked_s INTEGER NOT NULL DEFAULT 0;"
    "PRAGMA user_version = 3;",
    /* Adds the number of changes. It begins at random, so that two databases have different ones, and grows at random,
     * so that two copies of a database differ after a change. It always takes six bytes. */
    "CREATE TABLE changes (number INTEGER NOT NULL);"
    "INSERT INTO changes VALUES (0x400000000000 + (random() & 0xffffffffff));"
    "CREATE TRIGGER api_key_added AFTER INSERT ON api_keys" COUNT_CHANGE
    "CREATE TRIGGER api_key_changed AFTER UPDATE ON api_keys" COUNT_CHANGE
    "CREATE TRIGGER credential_added AFTER INSERT ON credentials" COUNT_CHANGE
    "CREATE TRIGGER credential_changed AFTER UPDATE ON credentials" COUNT_CHANGE
    "CREATE TRIGGER signing_key_added AFTER INSERT ON signing_keys" COUNT_CHANGE
    "CREATE TRIGGER signing_key_changed AFTER UPDATE ON signing_keys" COUNT_CHANGE
    "CREATE TRIGGER signing_key_dropped AFTER DELETE ON signing_keys" COUNT_CHANGE "PRAGMA user_version = 4;",
};

#define SCHEMA_VERSION ((int)(sizeof migrations / sizeof *migrations))

#define API_KEY_COLUMNS "id, name, value, created_s, last_used_s, revoked_s"
#define CREDENTIAL_COLUMNS "id, api_key_id, kind, value, domains, created_s, revoked_s, expires_s, last_used_s"
#define SIGNING_KEY_COLUMNS "number, private_key, created_s, signs_from_s, lifetime_s"

/* ---------------------------------------------------------------------------------------------------
 * Statements. Each is prepared when it is first used. */

typedef enum {
  FIND_API_KEY,
  FIND_CREDENTIAL,
  GET_CREDENTIAL,
  ADD_API_KEY,
  ADD_CREDENTIAL,
  SET_DOMAINS,
  REVOKE,
  REVOKE_API_KEY,
  EXPIRE,
  RECORD_CREDENTIAL,
  RECORD_API_KEY,
  LIST_API_KEYS,
  LIST_CREDENTIALS,
  ADD_SIGNING_KEY,
  LIST_SIGNING_KEYS,
  RAISE_LIFETIME,
  DROP_SIGNING_KEY,
  STATEMENTS
} statement_id;

static const char *const sql[STATEMENTS] = {
    [FIND_API_KEY] = "SELECT " API_KEY_COLUMNS " FROM api_keys WHERE value = ?1",
    [FIND_CREDENTIAL] = "SELECT " CREDENTIAL_COLUMNS " FROM credentials WHERE kind = ?1 AND value = ?2",
    [GET_CREDENTIAL] = "SELECT " CREDENTIAL_COLUMNS " FROM credentials WHERE id = ?1",
    [ADD_API_KEY] = "INSERT INTO api_keys (" API_KEY_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [ADD_CREDENTIAL] = "INSERT INTO credentials (" CREDENTIAL_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [SET_DOMAINS] = "UPDATE credentials SET domains = ?2 WHERE id = ?1 AND kind = 2",
    [REVOKE] = "UPDATE credentials SET revoked_s = CASE revoked_s WHEN 0 THEN ?3 ELSE revoked_s END"
               " WHERE kind = ?1 AND (id = ?2 OR (kind = 2 AND value = ?2))",
    [REVOKE_API_KEY] = "UPDATE api_keys SET revoked_s = CASE revoked_s WHEN 0 THEN ?2 ELSE revoked_s END"
                       " WHERE id = ?1",
    [EXPIRE] = "UPDATE credentials SET expires_s ="
               " CASE WHEN expires_s = 0 OR expires_s > ?2 THEN ?2 ELSE expires_s END WHERE id = "
               "?1",
    [RECORD_CREDENTIAL] = "UPDATE credentials SET last_used_s = max(last_used_s, ?2) WHERE id = ?1",
    [RECORD_API_KEY] = "UPDATE api_keys SET last_used_s = max(last_used_s, ?2) WHERE id = ?1",
    [LIST_API_KEYS] = "SELECT " API_KEY_COLUMNS " FROM api_keys ORDER BY rowid",
    [LIST_CREDENTIALS] = "SELECT " CREDENTIAL_COLUMNS " FROM credentials WHERE kind = ?1 AND"
                         " (?2 IS NULL OR api_key_id = ?2) ORDER BY rowid",
    [ADD_SIGNING_KEY] = "INSERT OR IGNORE INTO signing_keys (" SIGNING_KEY_COLUMNS ")"
                        " VALUES (?1, ?2, ?3, ?4, ?5)",
    [LIST_SIGNING_KEYS] = "SELECT " SIGNING_KEY_COLUMNS " FROM signing_keys ORDER BY number",
    [RAISE_LIFETIME] = "UPDATE signing_keys SET lifetime_s = ?1 WHERE lifetime_s < ?1",
    [DROP_SIGNING_KEY] = "DELETE FROM signing_keys WHERE number = ?1",
};

/* Identifies a file. While the file is open, no other file gets its number. */
typedef struct {
  bool exists;
  dev_t device;
  ino_t number;
} file_identity;

typedef struct {
  sqlite3 *db;
  sqlite3_stmt *statements[STATEMENTS];
  char problem[320]; /* of the last call, if SQLite itself does not know it; else "" */
  bool holds_lock;   /* a transaction is open, so that no other process writes */
  char *path, *wal_path, *shm_path;
  file_identity file, wal, shm; /* as they were opened; .exists is false for ":memory:" */
  sqlite3_stmt *changes;        /* reads the number of changes */
  int64_t changes_offset;       /* where its page is in the file */
  int64_t changes_seen;         /* the number that was last read from the file, or -1 */
  bool opened;                  /* completely: the log was in use here */
  bool is_foreign;              /* another file is at the path, or the file has another content: its log is not ours */
} sqlite_store;

static file_identity identify(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 ? (file_identity){true, info.st_dev, info.st_ino} : (file_identity){.exists = false};
}

static bool is_same_file(const file_identity *opened, const char *path) {
  file_identity now = identify(path);
  return now.exists && now.device == opened->device && now.number == opened->number;
}

/* The result of a statement that returns one number; -1 if it fails. */
static int64_t number_of(sqlite3_stmt *statement) {
  int64_t number = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : -1;
  sqlite3_reset(statement);
  return number;
}

/* The number of changes in the file itself, or -1 if its page is not there. It is read through SQLite's own descriptor,
 * because closing another one would drop the locks. The format is that of "Database File Format", 1.6 and 2.1: a leaf of
 * a table (13) with one cell. The cell has 8 bytes of payload, ID 1, 2 bytes of header, and an integer of type 5. */
static int64_t changes_in_file(const sqlite_store *store) {
  static const unsigned char row[] = {8, 1, 2, 5};
  unsigned char page[10], cell[sizeof row + 6];
  sqlite3_file *file = NULL;
  sqlite3_file_control(store->db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  if (file->pMethods->xRead(file, page, sizeof page, store->changes_offset) != SQLITE_OK || page[0] != 13 ||
      page[3] != 0 || page[4] != 1)
    return -1;
  int offset = page[8] << 8 | page[9];
  if (file->pMethods->xRead(file, cell, sizeof cell, store->changes_offset + offset) != SQLITE_OK ||
      memcmp(cell, row, sizeof row) != 0)
    return -1;
  int64_t number = 0;
  for (size_t i = sizeof row; i < sizeof cell; i++)
    number = number << 8 | cell[i];
  return number;
}

/* Sets store->problem if another program wrote over the file. Then it has any content, for example that of a backup. */
static void check_changes(sqlite_store *store) {
  int64_t number = changes_in_file(store);
  if (number == store->changes_seen)
    return;
  /* The log was copied to the file if the number is a later one, but not later than the last change. */
  int64_t last = number_of(store->changes);
  if (last < 0)
    snprintf(store->problem, sizeof store->problem, "%s", sqlite3_errmsg(store->db));
  else if (number < store->changes_seen || number > last) {
    store->is_foreign = true;
    snprintf(store->problem, sizeof store->problem,
             "another program wrote over %.100s; stop inbenta-authd, delete the -wal and -shm files, copy the file "
             "again, and start; changes that commands make until then are lost",
             store->path);
  } else
    store->changes_seen = number;
}

/* False if the file, its log or the index of its log is no longer at its path, or if the file has another content. Then
 * store->problem has the reason. Without the same index, processes do not see each other's changes and locks. */
static bool check_file(sqlite_store *store) {
  store->problem[0] = '\0';
  if (!store->file.exists)
    return true;
  bool moved = !is_same_file(&store->file, store->path);
  store->is_foreign = moved && identify(store->path).exists;
  if (moved || (store->wal.exists && !is_same_file(&store->wal, store->wal_path)))
    snprintf(store->problem, sizeof store->problem,
             "%.150s was moved, replaced or deleted; put it back, or, to use another file, stop inbenta-authd, delete "
             "the -wal and -shm files, and start",
             moved ? store->path : store->wal_path);
  else if (store->shm.exists && !is_same_file(&store->shm, store->shm_path))
    snprintf(store->problem, sizeof store->problem,
             "%.200s was moved, replaced or deleted; stop inbenta-authd and start it again", store->shm_path);
  else
    check_changes(store);
  bool good = store->problem[0] == '\0';
  if (good && store->holds_lock)
    store->holds_lock = sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL) != SQLITE_OK;
  return good;
}

/* Other processes, such as a command, open the file together with the log that does not belong to it, and cannot notice
 * that. What they write would be lost. So while the file cannot be used, this process holds the lock for writing. */
static authapi_found check(void *state) {
  sqlite_store *store = state;
  if (check_file(store))
    return AUTHAPI_FOUND;
  if (!store->holds_lock) {
    sqlite3_busy_timeout(store->db, 0); /* the next check tries again */
    store->holds_lock = sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;
    sqlite3_busy_timeout(store->db, BUSY_TIMEOUT_MS);
  }
  return AUTHAPI_STORE_ERROR;
}

static sqlite3_stmt *prepare_unchecked(sqlite_store *store, statement_id id) {
  if (store->statements[id] == NULL)
    sqlite3_prepare_v3(store->db, sql[id], -1, SQLITE_PREPARE_PERSISTENT, &store->statements[id], NULL);
  return store->statements[id];
}

/* NULL if the statement must not run. Then store->problem has the reason. */
static sqlite3_stmt *prepare(sqlite_store *store, statement_id id) {
  return check_file(store) ? prepare_unchecked(store, id) : NULL;
}

static void bind_text(sqlite3_stmt *statement, int index, const char *text) {
  sqlite3_bind_text(statement, index, text, -1, SQLITE_TRANSIENT);
}

/* True if there was no space for a write. If the process hit a limit of its own, SQLite only knows that the write
 * failed. */
static bool is_full(int result) { return result == SQLITE_FULL || (result & 0xff) == SQLITE_IOERR; }

/* Runs a statement that returns no row. A revocation should work even on a full disk. So if there is no space, the log
 * is copied to the file, and the statement runs again with an empty log. */
static authapi_found finish(sqlite3_stmt *statement) {
  if (statement == NULL)
    return AUTHAPI_STORE_ERROR;
  sqlite3 *db = sqlite3_db_handle(statement);
  bool alone = sqlite3_get_autocommit(db) != 0; /* in a failed transaction, a statement must not run alone */
  int result = sqlite3_step(statement);
  if (is_full(result) && alone) {
    sqlite3_reset(statement);
    sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
    result = sqlite3_step(statement);
  }
  authapi_found found = result == SQLITE_DONE ? AUTHAPI_FOUND : AUTHAPI_STORE_ERROR;
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  return found;
}

/* Runs a change that must match a row. AUTHAPI_MISSING if no row matched. */
static authapi_found finish_update(sqlite_store *store, sqlite3_stmt *statement) {
  authapi_found found = finish(statement);
  if (found == AUTHAPI_FOUND && sqlite3_changes(store->db) == 0)
    return AUTHAPI_MISSING;
  return found;
}

static bool run(sqlite3 *db, const char *text) { return sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK; }

/* Ends a transaction. If it was not `ok` or cannot be committed, returns false and rolls all of it back. */
static bool end_transaction(sqlite_store *store, bool ok) {
  if (ok && run(store->db, "COMMIT"))
    return true;
  if (store->problem[0] == '\0')
    snprintf(store->problem, sizeof store->problem, "%s", sqlite3_errmsg(store->db));
  run(store->db, "ROLLBACK");
  return false;
}

/* Reserves space in the file for the log and for this transaction. So the log can be copied to the file later, even on
 * a full disk, and a revocation then has space in the log. */
static bool reserve(sqlite_store *store) {
  static const char query[] = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
  sqlite3_stmt *statement;
  sqlite3_int64 size = 0;
  if (sqlite3_prepare_v2(store->db, query, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
    size = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  if (!store->file.exists) /* ":memory:" */
    return true;
  int result = sqlite3_file_control(store->db, "main", SQLITE_FCNTL_SIZE_HINT, &size);
  if (size > 0 && result == SQLITE_OK)
    return true;
  snprintf(store->problem, sizeof store->problem, "no space for another key: %s", sqlite3_errstr(result));
  return false;
}

/* Begins a statement that adds a key. finish_insert must follow. */
static sqlite3_stmt *begin_insert(sqlite_store *store, statement_id id) {
  sqlite3_stmt *statement = prepare(store, id);
  return statement != NULL && run(store->db, "BEGIN IMMEDIATE") ? statement : NULL;
}

static authapi_found finish_insert(sqlite_store *store, sqlite3_stmt *statement) {
  if (statement == NULL)
    return AUTHAPI_STORE_ERROR;
  bool ok = finish(statement) == AUTHAPI_FOUND && reserve(store);
  return end_transaction(store, ok) ? AUTHAPI_FOUND : AUTHAPI_STORE_ERROR;
}

/* ---------------------------------------------------------------------------------------------------
 * Rows. */

static void copy_text(sqlite3_stmt *row, int column, char *out, size_t size) {
  const unsigned char *text = sqlite3_column_text(row, column);
  snprintf(out, size, "%s", text != NULL ? (const char *)text : ""); /* NULL: no memory */
}

static void read_api_key(sqlite3_stmt *row, authapi_api_key *out) {
  copy_text(row, 0, out->id, sizeof out->id);
  copy_text(row, 1, out->name, sizeof out->name);
  copy_text(row, 2, out->value, sizeof out->value);
  out->created_s = sqlite3_column_int64(row, 3);
  out->last_used_s = sqlite3_column_int64(row, 4);
  out->revoked_s = sqlite3_column_int64(row, 5);
}

static void read_credential(sqlite3_stmt *row, authapi_credential *out) {
  copy_text(row, 0, out->id, sizeof out->id);
  copy_text(row, 1, out->api_key_id, sizeof out->api_key_id);
  out->kind = (authapi_credential_kind)sqlite3_column_int(row, 2);
  copy_text(row, 3, out->value, sizeof out->value);
  copy_text(row, 4, out->domains, sizeof out->domains);
  out->created_s = sqlite3_column_int64(row, 5);
  out->revoked_s = sqlite3_column_int64(row, 6);
  out->expires_s = sqlite3_column_int64(row, 7);
  out->last_used_s = sqlite3_column_int64(row, 8);
}

/* False if the row is not valid, or if there is no memory. */
static bool read_signing_key(sqlite3_stmt *row, authapi_signing_key *out) {
  const void *private_key = sqlite3_column_blob(row, 1);
  if (private_key == NULL || sqlite3_column_bytes(row, 1) != AUTHAPI_KEY_SIZE)
    return false;
  memcpy(out->private_key, private_key, AUTHAPI_KEY_SIZE);
  out->number = sqlite3_column_int64(row, 0);
  out->created_s = sqlite3_column_int64(row, 2);
  out->signs_from_s = sqlite3_column_int64(row, 3);
  out->lifetime_s = sqlite3_column_int64(row, 4);
  return true;
}

static authapi_found one_credential(sqlite3_stmt *statement, authapi_credential *out) {
  int step = sqlite3_step(statement);
  if (step == SQLITE_ROW)
    read_credential(statement, out);
  sqlite3_reset(statement);
  return step == SQLITE_ROW ? AUTHAPI_FOUND : step == SQLITE_DONE ? AUTHAPI_MISSING : AUTHAPI_STORE_ERROR;
}

/* ---------------------------------------------------------------------------------------------------
 * The interface. */

static authapi_found find_api_key(void *state, const char *value, authapi_api_key *out) {
  sqlite_store *store = state;
  sqlite3_stmt *statement = prepare(store, FIND_API_KEY);
  bind_text(statement, 1, value);
  int step = sqlite3_step(statement);
  if (step == SQLITE_ROW)
    read_api_key(statement, out);
  sqlite3_reset(statement);
  return step == SQLITE_ROW ? AUTHAPI_FOUND : step == SQLITE_DONE ? AUTHAPI_MISSING : AUTHAPI_STORE_ERROR;
}

static authapi_found find_credential(void *state, authapi_credential_kind kind, const char *value,
                                     authapi_credential *out) {
  sqlite_store *store = state;
  /* A request reads its API key first. That has checked the file, and a check takes as long as the read itself. */
  sqlite3_stmt *statement = prepare_unchecked(store, FIND_CREDENTIAL);
  sqlite3_bind_int(statement, 1, (int)kind);
  bind_text(statement, 2, value);
  return one_credential(statement, out);
}

static authapi_found get_credential(void *state, const char *id, authapi_credential *out) {
  sqlite_store *store = state;
  sqlite3_stmt *statement = prepare(store, GET_CREDENTIAL);
  bind_text(statement, 1, id);
  return one_credential(statement, out);
}

static authapi_found add_api_key(void *state, const authapi_api_key *key) {
  sqlite3_stmt *statement = begin_insert(state, ADD_API_KEY);
  bind_text(statement, 1, key->id);
  bind_text(statement, 2, key->name);
  bind_text(statement, 3, key->value);
  sqlite3_bind_int64(statement, 4, key->created_s);
  sqlite3_bind_int64(statement, 5, key->last_used_s);
  sqlite3_bind_int64(statement, 6, key->revoked_s);
  return finish_insert(state, statement);
}

static authapi_found add_credential(void *state, const authapi_credential *credential) {
  sqlite3_stmt *statement = begin_insert(state, ADD_CREDENTIAL);
  bind_text(statement, 1, credential->id);
  bind_text(statement, 2, credential->api_key_id);
  sqlite3_bind_int(statement, 3, (int)credential->kind);
  bind_text(statement, 4, credential->value);
  bind_text(statement, 5, credential->domains);
  sqlite3_bind_int64(statement, 6, credential->created_s);
  sqlite3_bind_int64(statement, 7, credential->revoked_s);
  sqlite3_bind_int64(statement, 8, credential->expires_s);
  sqlite3_bind_int64(statement, 9, credential->last_used_s);
  return finish_insert(state, statement);
}

static authapi_found set_domains(void *state, const char *id, const char *domains) {
  sqlite3_stmt *statement = prepare(state, SET_DOMAINS);
  bind_text(statement, 1, id);
  bind_text(statement, 2, domains);
  return finish_update(state, statement);
}

static authapi_found revoke(void *state, authapi_credential_kind kind, const char *id_or_value, int64_t now_s) {
  sqlite3_stmt *statement = prepare(state, REVOKE);
  sqlite3_bind_int(statement, 1, (int)kind);
  bind_text(statement, 2, id_or_value);
  sqlite3_bind_int64(statement, 3, now_s);
  return finish_update(state, statement);
}

static authapi_found revoke_api_key(void *state, const char *id, int64_t now_s) {
  sqlite3_stmt *statement = prepare(state, REVOKE_API_KEY);
  bind_text(statement, 1, id);
  sqlite3_bind_int64(statement, 2, now_s);
  return finish_update(state, statement);
}

static authapi_found expire(void *state, const char *id, int64_t expires_s) {
  sqlite3_stmt *statement = prepare(state, EXPIRE);
  bind_text(statement, 1, id);
  sqlite3_bind_int64(statement, 2, expires_s);
  return finish_update(state, statement);
}

static bool record_use(sqlite_store *store, statement_id update, const char *id, int64_t last_used_s) {
  sqlite3_stmt *statement = prepare(store, update);
  bind_text(statement, 1, id);
  sqlite3_bind_int64(statement, 2, last_used_s);
  return finish(statement) == AUTHAPI_FOUND;
}

static authapi_found record_last_used(void *state, const authapi_last_use *last_used, size_t count) {
  sqlite_store *store = state;
  if (!check_file(store) || !run(store->db, "BEGIN IMMEDIATE"))
    return AUTHAPI_STORE_ERROR;
  bool ok = true;
  for (size_t i = 0; ok && i < count; i++)
    ok = record_use(store, RECORD_CREDENTIAL, last_used[i].credential_id, last_used[i].last_used_s) &&
         record_use(store, RECORD_API_KEY, last_used[i].api_key_id, last_used[i].last_used_s);
  return end_transaction(store, ok) ? AUTHAPI_FOUND : AUTHAPI_STORE_ERROR;
}

static authapi_found list_api_keys(void *state, void (*each)(void *user, const authapi_api_key *), void *user) {
  sqlite3_stmt *statement = prepare(state, LIST_API_KEYS);
  authapi_api_key key;
  int step;
  while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
    read_api_key(statement, &key);
    each(user, &key);
  }
  sqlite3_reset(statement);
  return step == SQLITE_DONE ? AUTHAPI_FOUND : AUTHAPI_STORE_ERROR;
}

static authapi_found list_credentials(void *state, authapi_credential_kind kind, const char *api_key_id,
                                      void (*each)(void *user, const authapi_credential *), void *user) {
  sqlite3_stmt *statement = prepare(state, LIST_CREDENTIALS);
  authapi_credential credential;
  int step;
  sqlite3_bind_int(statement, 1, (int)kind);
  bind_text(statement, 2, api_key_id);
  while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
    read_credential(statement, &credential);
    each(user, &credential);
  }
  sqlite3_reset(statement);
  return step == SQLITE_DONE ? AUTHAPI_FOUND : AUTHAPI_STORE_ERROR;
}

static authapi_found add_signing_key(void *state, const authapi_signing_key *key) {
  sqlite3_stmt *statement = prepare(state, ADD_SIGNING_KEY);
  sqlite3_bind_int64(statement, 1, key->number);
  sqlite3_bind_blob(statement, 2, key->private_key, AUTHAPI_KEY_SIZE, SQLITE_TRANSIENT);
  sqlite3_bind_int64(statement, 3, key->created_s);
  sqlite3_bind_int64(statement, 4, key->signs_from_s);
  sqlite3_bind_int64(statement, 5, key->lifetime_s);
  return finish_update(state, statement);
}

static authapi_found list_signing_keys(void *state, void (*each)(void *user, const authapi_signing_key *), void *user) {
  sqlite3_stmt *statement = prepare(state, LIST_SIGNING_KEYS);
  authapi_signing_key key;
  int step;
  while ((step = sqlite3_step(statement)) == SQLITE_ROW && read_signing_key(statement, &key))
    each(user, &key);
  iauth__wipe(&key, sizeof key);
  sqlite3_reset(statement);
  return step == SQLITE_DONE ? AUTHAPI_FOUND : AUTHAPI_STORE_ERROR;
}

static authapi_found raise_lifetime(void *state, int64_t lifetime_s) {
  sqlite3_stmt *statement = prepare(state, RAISE_LIFETIME);
  sqlite3_bind_int64(statement, 1, lifetime_s);
  return finish(statement);
}

static authapi_found drop_signing_key(void *state, int64_t number) {
  sqlite3_stmt *statement = prepare(state, DROP_SIGNING_KEY);
  sqlite3_bind_int64(statement, 1, number);
  return finish_update(state, statement);
}

static const char *problem_of(void *state) {
  const sqlite_store *store = state;
  if (store->problem[0] != '\0')
    return store->problem;
  return sqlite3_errcode(store->db) == SQLITE_BUSY
             ? "database is locked by another program; if that is inbenta-authd, its log has the reason"
             : sqlite3_errmsg(store->db);
}

/* The next program that opens the file would mix it with a log that does not belong to it. The log is kept, because it
 * has the last changes of the other file. */
static void put_log_aside(const char *wal_path) {
  size_t size = strlen(wal_path) + sizeof ".old";
  char *aside = malloc(size);
  if (aside == NULL)
    return;
  snprintf(aside, size, "%s.old", wal_path);
  (void)rename(wal_path, aside);
  free(aside);
}

static void close_store(void *state) {
  sqlite_store *store = state;
  /* The last one who closes a file copies its log into it, which must not happen to the file of somebody else. */
  if (store->changes != NULL && !check_file(store))
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  sqlite3_finalize(store->changes);
  for (int i = 0; i < STATEMENTS; i++)
    sqlite3_finalize(store->statements[i]);
  sqlite3_close(store->db);
  if (store->opened && store->is_foreign && is_same_file(&store->wal, store->wal_path))
    put_log_aside(store->wal_path);
  free(store->path);
  free(store->wal_path);
  free(store->shm_path);
  free(store);
}

/* ---------------------------------------------------------------------------------------------------
 * Opening. */

#define VERSION_FOREIGN (-1)    /* a database of another program */
#define VERSION_UNREADABLE (-2) /* sqlite3_errmsg has the reason */

/* The version of the schema; 0 for a file without one, or one of the values above. */
static int schema_version(sqlite3 *db) {
  static const char query[] = "SELECT CASE WHEN user_version = 0 AND EXISTS (SELECT 1 FROM sqlite_schema) THEN -1"
                              " ELSE user_version END FROM pragma_user_version";
  sqlite3_stmt *statement;
  int version = VERSION_UNREADABLE;
  if (sqlite3_prepare_v2(db, query, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
    version = sqlite3_column_int(statement, 0);
  sqlite3_finalize(statement);
  return version;
}

/* SQLite does not wait here. If two processes both read a new file and convert it to WAL, they would wait for each
 * other, so SQLite immediately refuses one of them. Outside of a transaction it is safe to try again. */
static bool use_wal(sqlite3 *db) {
  for (int waited_ms = 0; waited_ms < BUSY_TIMEOUT_MS; waited_ms += RETRY_MS) {
    if (run(db, "PRAGMA journal_mode = WAL"))
      return true;
    if (sqlite3_errcode(db) != SQLITE_BUSY)
      return false;
    sqlite3_sleep(RETRY_MS);
  }
  return false;
}

/* Two processes may open a file at the same time. The second one finds the schema up to date. */
static bool update_schema(sqlite_store *store) {
  if (schema_version(store->db) == SCHEMA_VERSION)
    return true;
  if (!run(store->db, "BEGIN IMMEDIATE"))
    return false;
  bool ok = true;
  for (int version = schema_version(store->db); ok && version < SCHEMA_VERSION; version++)
    ok = version >= 0 && run(store->db, migrations[version]);
  return end_transaction(store, ok);
}

/* Checks that the file is ours. A file of another kind is not changed. */
static bool is_ours(sqlite3 *db, const char *path, char *problem, size_t size) {
  int version = schema_version(db);
  if (version == VERSION_UNREADABLE)
    snprintf(problem, size, "%s: %s", path, sqlite3_errmsg(db));
  else if (version < 0)
    snprintf(problem, size, "%s: not a file of inbenta-authd", path);
  else if (version > SCHEMA_VERSION)
    snprintf(problem, size, "%s: a newer version of inbenta-authd made this file; use that version", path);
  return version >= 0 && version <= SCHEMA_VERSION;
}

/* Finds the page of the number of changes. A new page is only in the log, so the log is copied to the file, if possible. */
static bool find_changes(sqlite_store *state) {
  static const char query[] = "SELECT (rootpage - 1) * page_size FROM sqlite_schema, pragma_page_size"
                              " WHERE name = 'changes'";
  sqlite3_stmt *statement = NULL;
  if (sqlite3_prepare_v2(state->db, query, -1, &statement, NULL) == SQLITE_OK)
    state->changes_offset = number_of(statement);
  sqlite3_finalize(statement);
  sqlite3_prepare_v3(state->db, "SELECT number FROM changes", -1, SQLITE_PREPARE_PERSISTENT, &state->changes, NULL);
  if (state->changes == NULL || state->changes_offset <= 0)
    return false;
  state->changes_seen = -1;
  if (changes_in_file(state) < 0)
    sqlite3_wal_checkpoint_v2(state->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
  return true;
}

/* Stores which files are open. If they were replaced while they were opened, returns false, and state->problem has the
 * reason. */
static bool save_identity(sqlite_store *state, const char *path) {
  const char *resolved = sqlite3_db_filename(state->db, "main"); /* `path` may be a link */
  int moved = 0;
  if (resolved == NULL || resolved[0] == '\0')
    return true;
  size_t size = strlen(resolved) + sizeof "-wal";
  state->path = strdup(path);
  state->wal_path = malloc(size);
  state->shm_path = malloc(size);
  if (state->path == NULL || state->wal_path == NULL || state->shm_path == NULL)
    return false;
  snprintf(state->wal_path, size, "%s-wal", resolved);
  snprintf(state->shm_path, size, "%s-shm", resolved);
  /* The first read creates the log and its index. */
  if (!run(state->db, "SELECT count(*) FROM api_keys"))
    return false;
  if (!find_changes(state))
    return false;
  state->file = identify(path);
  state->wal = identify(state->wal_path);
  state->shm = identify(state->shm_path);
  sqlite3_file_control(state->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  if (moved || !state->file.exists)
    snprintf(state->problem, sizeof state->problem, "the file was moved while it was opened");
  return state->problem[0] == '\0';
}

/* SQLite opens a file that it may only read, and fails at the first write. By then it has made a log that may only be
 * read as well, and stays so when the file's mode is mended. So all of them are checked first. `path` may not exist. */
static bool can_be_written(const char *path, char *problem, size_t size) {
  static const char *const ends[] = {"", "-wal", "-shm"};
  char *resolved = realpath(path, NULL);
  bool good = true;
  for (size_t i = 0; good && resolved != NULL && i < sizeof ends / sizeof *ends; i++) {
    char name[PATH_MAX + sizeof "-wal"];
    snprintf(name, sizeof name, "%s%s", resolved, ends[i]);
    good = access(name, W_OK) == 0 || errno == ENOENT;
    int reason = errno;
    struct stat info;
    if (!good && stat(name, &info) == 0 && info.st_uid != geteuid())
      snprintf(problem, size, "%s: %s; run: chown %u %s", name, strerror(reason), (unsigned)geteuid(), name);
    else if (!good)
      snprintf(problem, size, "%s: %s; run: chmod 600 %s", name, strerror(reason), name);
  }
  free(resolved);
  return good;
}

/* A file that is missing while its log is there was moved away, for example under a running server. An empty database must
 * not take its place: SQLite would delete the log, and with it changes that were acknowledged. */
static bool is_there_or_new(const char *path, bool create, char *problem, size_t size) {
  char log[PATH_MAX + sizeof "-wal"];
  snprintf(log, sizeof log, "%s-wal", path);
  bool has_log = access(log, F_OK) == 0; /* looked at first, because another process creates the file before its log */
  struct stat info;
  bool exists = stat(path, &info) == 0;
  if (strcmp(path, ":memory:") == 0 || (exists && info.st_size > 0) || (!exists && errno != ENOENT))
    return true;
  if (has_log)
    snprintf(
        problem, size,
        "%s: it is missing or empty, but its log %s is there; put the file back, or, to begin with an empty database, "
        "delete %s and %s-shm",
        path, log, log, path);
  else if (!create && exists)
    snprintf(
        problem, size,
        "%s: the file is empty; put the database in its place, or create one: inbenta-authd api-key create --name NAME",
        path);
  else if (!create)
    snprintf(problem, size,
             "%s: there is no database; give its file with --db, or create one: inbenta-authd api-key create --name "
             "NAME",
             iauth__shown(path));
  return create && !has_log;
}

/* True if another process has a lock on these bytes of the file. */
static bool is_locked(const char *path, off_t start, off_t len) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = len};
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not be waited for */
  bool locked = file >= 0 && fcntl(file, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  if (file >= 0)
    close(file);
  return locked;
}

/* The size that the log has at least, according to its index ("WAL-mode File Format", 2.1: mxFrame and szPage; each frame
 * is a page with 24 bytes before it, and 32 bytes are before all of them). */
static off_t size_of_log(const char *index) {
  struct {
    unsigned char before[14];
    uint16_t page_size;
    uint32_t frames;
  } header = {.frames = 0};
  int file = open(index, O_RDONLY | O_CLOEXEC);
  bool known = file >= 0 && read(file, &header, sizeof header) == (ssize_t)sizeof header && header.frames > 0;
  if (file >= 0)
    close(file);
  off_t page_size = header.page_size == 1 ? 65536 : header.page_size;
  return known ? 32 + header.frames * (page_size + 24) : 0;
}

static bool is_short(const char *log, const char *index) {
  struct stat info;
  return stat(log, &info) != 0 || info.st_size < size_of_log(index);
}

typedef enum { WHOLE, FILE_REPLACED, LOG_MOVED, INDEX_MOVED } file_state;

/* While a connection is open, it has a lock on the file and one on the index of the log (SQLite's os_unix.c: SHARED_FIRST,
 * SHARED_SIZE and UNIX_SHM_DMS). It takes the first one first and releases it last. */
static file_state look(const char *path, const char *log, const char *index) {
  bool index_used = is_locked(index, 128, 1), file_used = is_locked(path, 0x40000002, 510);
  if (index_used && !file_used)
    return FILE_REPLACED;
  if (index_used && is_short(log, index))
    return LOG_MOVED;
  return file_used && !index_used ? INDEX_MOVED : WHOLE;
}

/* What is no longer as the processes that use the database have opened it. A process that opens or closes it now looks
 * like that for a moment. */
static file_state look_for_a_while(const char *path, const char *log, const char *index) {
  file_state state = look(path, log, index);
  for (int waited_ms = 0; state != WHOLE && waited_ms < OPENING_MS; waited_ms += RETRY_MS) {
    sqlite3_sleep(RETRY_MS);
    state = look(path, log, index);
  }
  return state;
}

bool authapi_store_sqlite_replaced(const char *path, char *problem, size_t size) {
  char *resolved = realpath(path, NULL), log[PATH_MAX + sizeof "-wal"], index[PATH_MAX + sizeof "-shm"];
  if (resolved == NULL)
    return false;
  snprintf(log, sizeof log, "%s-wal", resolved);
  snprintf(index, sizeof index, "%s-shm", resolved);
  file_state state = look_for_a_while(resolved, log, index);
  free(resolved);
  if (state == FILE_REPLACED)
    snprintf(
        problem, size,
        "%s: it was put in place of the file that a running inbenta-authd uses; put that file back, or, to use this "
        "one, stop inbenta-authd, and delete %s and %s",
        path, index, log);
  else if (state == LOG_MOVED)
    snprintf(problem, size, "%s: its log %s was moved, replaced or deleted while inbenta-authd uses it; put it back",
             path, log);
  else if (state == INDEX_MOVED)
    snprintf(problem, size,
             "%s: %s was moved or deleted while inbenta-authd uses it; stop inbenta-authd and start it again", path,
             index);
  return state != WHOLE;
}

bool authapi_store_sqlite_open(authapi_store *store, const char *path, bool create, char *problem, size_t size) {
  if (!is_there_or_new(path, create, problem, size) || !can_be_written(path, problem, size))
    return false;
  sqlite_store *state = calloc(1, sizeof *state);
  if (state == NULL) {
    snprintf(problem, size, "%s: out of memory", path);
    return false;
  }
  /* SQLite would create the file readable for everybody, but it contains the signing key. An existing file is not
   * opened here: closing it would drop the locks that other connections of this process hold on it (fcntl(2)), and
   * another process could then remove the WAL that they use. */
  if (create && strcmp(path, ":memory:") != 0) {
    int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file >= 0)
      close(file);
  }
  if (sqlite3_open_v2(path, &state->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
    int reason = sqlite3_system_errno(state->db); /* SQLite's own message does not say why the file cannot be opened */
    snprintf(problem, size, "%s: %s", iauth__shown(path), reason != 0 ? strerror(reason) : sqlite3_errmsg(state->db));
    close_store(state);
    return false;
  }
  sqlite3_busy_timeout(state->db, BUSY_TIMEOUT_MS);
  sqlite3_file_control(state->db, "main", SQLITE_FCNTL_CHUNK_SIZE, &(int){CHUNK_SIZE});
  bool opened = is_ours(state->db, path, problem, size);
  if (opened && !(use_wal(state->db) && run(state->db, "PRAGMA synchronous = FULL") &&
                  run(state->db, "PRAGMA foreign_keys = ON") && update_schema(state))) {
    snprintf(problem, size, "%s: %s", path, problem_of(state));
    opened = false;
  }
  if (opened && !save_identity(state, path)) {
    snprintf(problem, size, "%s: %s", path, problem_of(state));
    opened = false;
  }
  for (int i = 0; opened && i < STATEMENTS; i++)
    if (prepare(state, (statement_id)i) == NULL) {
      snprintf(problem, size, "%s: %s", path, problem_of(state));
      opened = false;
    }
  if (!opened) {
    close_store(state);
    return false;
  }
  state->opened = true;
  *store = (authapi_store){
      .state = state,
      .find_api_key = find_api_key,
      .find_credential = find_credential,
      .get_credential = get_credential,
      .add_api_key = add_api_key,
      .add_credential = add_credential,
      .set_domains = set_domains,
      .revoke = revoke,
      .revoke_api_key = revoke_api_key,
      .expire = expire,
      .record_last_used = record_last_used,
      .list_api_keys = list_api_keys,
      .list_credentials = list_credentials,
      .add_signing_key = add_signing_key,
      .list_signing_keys = list_signing_keys,
      .raise_lifetime = raise_lifetime,
      .drop_signing_key = drop_signing_key,
      .check = check,
      .problem = problem_of,
      .close = close_store,
  };
  return true;
}
