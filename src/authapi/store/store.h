/* The interface to the store of keys. The handlers do not depend on a database.
 *
 * Every function returns AUTHAPI_FOUND (also for success), AUTHAPI_MISSING or AUTHAPI_STORE_ERROR. After
 * AUTHAPI_STORE_ERROR, `problem` returns the reason for a log, without credentials. A write that returned AUTHAPI_FOUND
 * survives a crash. A read sees all writes that succeeded before it, also those of another process. */
#ifndef AUTHAPI_STORE_H
#define AUTHAPI_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "authapi/keys/access_token.h"
#include "authapi/keys/signer.h"

typedef enum { AUTHAPI_FOUND, AUTHAPI_MISSING, AUTHAPI_STORE_ERROR } authapi_found;

#define AUTHAPI_NAME_SIZE 128
#define AUTHAPI_VALUE_SIZE 80      /* an API key, a domain key, or the hash of a secret in hexadecimal */
#define AUTHAPI_DOMAINS_SIZE 16384 /* all domains of a key, one per line */

typedef struct {
  char id[AUTHAPI_ID_SIZE];
  char name[AUTHAPI_NAME_SIZE];
  char value[AUTHAPI_VALUE_SIZE];
  int64_t created_s;
  int64_t revoked_s;   /* 0: not revoked */
  int64_t last_used_s; /* 0: no use was recorded */
} authapi_api_key;

typedef enum { AUTHAPI_SECRET = 1, AUTHAPI_DOMAIN_KEY = 2 } authapi_credential_kind;

/* A secret or a domain key. Clients exchange it for an access token. */
typedef struct {
  char id[AUTHAPI_ID_SIZE];
  char api_key_id[AUTHAPI_ID_SIZE];
  authapi_credential_kind kind;
  char value[AUTHAPI_VALUE_SIZE];
  char domains[AUTHAPI_DOMAINS_SIZE];
  int64_t created_s;
  int64_t revoked_s;   /* 0: not revoked */
  int64_t expires_s;   /* refused from this time on; 0: never */
  int64_t last_used_s; /* 0: no use was recorded */
} authapi_credential;

/* The last use of a credential, and with it of its API key. */
typedef struct {
  char credential_id[AUTHAPI_ID_SIZE];
  char api_key_id[AUTHAPI_ID_SIZE];
  int64_t last_used_s;
} authapi_last_use;

#define AUTHAPI_LAST_USED_MAX 256 /* entries in one call of record_last_used */

/* A key that signs access tokens. Among the keys whose time has come, the one with the highest number signs. The others
 * are published, so that tokens can be verified (signing_keys.h). */
typedef struct {
  int64_t number; /* 1, 2, …: the order of creation */
  unsigned char private_key[AUTHAPI_KEY_SIZE];
  int64_t created_s;
  int64_t signs_from_s;
  int64_t lifetime_s; /* the longest lifetime of its tokens */
} authapi_signing_key;

typedef struct authapi_store authapi_store;
struct authapi_store {
  void *state;

  authapi_found (*find_api_key)(void *state, const char *value, authapi_api_key *out);
  authapi_found (*find_credential)(void *state, authapi_credential_kind kind, const char *value,
                                   authapi_credential *out);
  authapi_found (*get_credential)(void *state, const char *id, authapi_credential *out);

  authapi_found (*add_api_key)(void *state, const authapi_api_key *key);
  authapi_found (*add_credential)(void *state, const authapi_credential *credential);
  authapi_found (*set_domains)(void *state, const char *id, const char *domains);
  /* Revokes a credential by ID, or a domain key by its value. Revoking it again keeps the first time. */
  authapi_found (*revoke)(void *state, authapi_credential_kind kind, const char *id_or_value, int64_t now_s);
  /* Revokes an API key by ID, with everything that belongs to it. Revoking it again keeps the first time. */
  authapi_found (*revoke_api_key)(void *state, const char *id, int64_t now_s);
  /* Lets a credential expire, by ID: it is refused from `expires_s` on. An earlier expiry replaces a stored one; a
   * later expiry does not. */
  authapi_found (*expire)(void *state, const char *id, int64_t expires_s);
  /* Stores at most AUTHAPI_LAST_USED_MAX uses, all of them or none. A later time in the store stays. Credentials that
   * do not exist are ignored. */
  authapi_found (*record_last_used)(void *state, const authapi_last_use *last_used, size_t count);

  /* These call `each` for every row, oldest first. `api_key_id` selects one API key; NULL means all. */
  authapi_found (*list_api_keys)(void *state, void (*each)(void *user, const authapi_api_key *), void *user);
  authapi_found (*list_credentials)(void *state, authapi_credential_kind kind, const char *api_key_id,
                                    void (*each)(void *user, const authapi_credential *), void *user);

  /* AUTHAPI_MISSING if the number exists already. So if two callers add the next key at the same time, one succeeds. */
  authapi_found (*add_signing_key)(void *state, const authapi_signing_key *key);
  /* Calls `each` for all keys, lowest number first. The key is wiped when `each` returns. */
  authapi_found (*list_signing_keys)(void *state, void (*each)(void *user, const authapi_signing_key *), void *user);
  /* Sets the lifetime of all signing keys with a shorter one to `lifetime_s`. */
  authapi_found (*raise_lifetime)(void *state, int64_t lifetime_s);
  authapi_found (*drop_signing_key)(void *state, int64_t number);

  /* Checks that the database can still be used. While it cannot, other processes are kept from writing to it, as far as
   * possible. NULL if a store needs no check between requests. */
  authapi_found (*check)(void *state);
  const char *(*problem)(void *state);
  void (*close)(void *state);
};

/* Opens the SQLite store at `path`. If `create`, a missing file is created with mode 0600, unless its log (`path`-wal)
 * is there; else it is refused. A file without a byte counts as missing: a copy that failed leaves one. ":memory:" uses no file. A file of an older version is updated first, in one
 * transaction. A file of a newer version is refused. On false, `problem` (of `size` bytes) has the reason. Close the
 * store with store->close. */
bool authapi_store_sqlite_open(authapi_store *store, const char *path, bool create, char *problem, size_t size);

/* True if another process uses the database at `path`, but the file, its log or the index of the log is no longer the one
 * that it has opened. With a new file or log, changes would be mixed or lost. With a new index, neither process would see
 * the changes of the other. Then `problem` (of `size` bytes) says what to do. May wait for a second. Call this before the
 * process opens a store, because it drops the locks of the process on the file. */
bool authapi_store_sqlite_replaced(const char *path, char *problem, size_t size);

/* Opens a PostgreSQL database by its URL (postgres://user@host/database). Several instances may share it. A URL
 * with a password is refused: libpq reads the password through PGPASSFILE or PGPASSWORD. `problem` and closing as
 * for SQLite. */
bool authapi_store_postgres_open(authapi_store *store, const char *url, char *problem, size_t size);

#endif
