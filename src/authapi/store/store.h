/* Where keys are kept, as an interface: the handlers know no database.
 *
 * Every function returns AUTHAPI_FOUND (or done), AUTHAPI_MISSING or AUTHAPI_STORE_ERROR; after the last,
 * `problem` says the cause for a log, without any credential. A write that returned AUTHAPI_FOUND
 * survives a crash. A read sees every write that was acknowledged before it, also by another
 * process. */
#ifndef AUTHAPI_STORE_H
#define AUTHAPI_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "authapi/keys/access_token.h"
#include "authapi/keys/signer.h"

typedef enum { AUTHAPI_FOUND, AUTHAPI_MISSING, AUTHAPI_STORE_ERROR } authapi_found;

#define AUTHAPI_NAME_SIZE 128
#define AUTHAPI_VALUE_SIZE 80      /* an API key, a domain key, or the hash of a secret in hexadecimal */
#define AUTHAPI_DOMAINS_SIZE 16384 /* all domains of a key, one a line */

typedef struct {
  char id[AUTHAPI_ID_SIZE];
  char name[AUTHAPI_NAME_SIZE];
  char value[AUTHAPI_VALUE_SIZE];
  int64_t created_s;
  int64_t last_used_s; /* 0: never, as far as was noted */
} authapi_api_key;

typedef enum { AUTHAPI_SECRET = 1, AUTHAPI_DOMAIN_KEY = 2 } authapi_credential_kind;

/* What is exchanged for an access token. */
typedef struct {
  char id[AUTHAPI_ID_SIZE];
  char api_key_id[AUTHAPI_ID_SIZE];
  authapi_credential_kind kind;
  char value[AUTHAPI_VALUE_SIZE];
  char domains[AUTHAPI_DOMAINS_SIZE];
  int64_t created_s;
  int64_t revoked_s;   /* 0: not revoked */
  int64_t expires_s;   /* refused from then on; 0: never */
  int64_t last_used_s; /* 0: never, as far as was noted */
} authapi_credential;

/* That a credential, and with it its API key, was used. */
typedef struct {
  char credential_id[AUTHAPI_ID_SIZE];
  char api_key_id[AUTHAPI_ID_SIZE];
  int64_t last_used_s;
} authapi_last_use;

#define AUTHAPI_LAST_USED_MAX 256 /* in one call of note_last_used */

/* A key that access tokens are signed with. The one with the highest number whose time has come
 * signs; the others are published, so that tokens can be verified (signing_keys.h). */
typedef struct {
  int64_t number; /* 1, 2, …: in the order in which they were made */
  unsigned char private_key[AUTHAPI_KEY_SIZE];
  int64_t created_s;
  int64_t signs_from_s;
  int64_t lifetime_s; /* its tokens live at most so long */
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
  /* By id or, for a domain key, by its value. Revoking again keeps the first time. */
  authapi_found (*revoke)(void *state, authapi_credential_kind kind, const char *id_or_value, int64_t now_s);
  /* A credential, by id, is refused from `expires_s` on. It may end sooner than was said before,
   * never later. */
  authapi_found (*expire)(void *state, const char *id, int64_t expires_s);
  /* At most AUTHAPI_LAST_USED_MAX, all of them or none. A later time that is there already stays; what is
   * not there is passed over. */
  authapi_found (*note_last_used)(void *state, const authapi_last_use *last_used, size_t count);

  /* Call `each` for every row, oldest first; `api_key_id` NULL means all. */
  authapi_found (*list_api_keys)(void *state, void (*each)(void *user, const authapi_api_key *), void *user);
  authapi_found (*list_credentials)(void *state, authapi_credential_kind kind, const char *api_key_id,
                                    void (*each)(void *user, const authapi_credential *), void *user);

  /* AUTHAPI_MISSING if the number is taken: so of two who add the next key at once one does. */
  authapi_found (*add_signing_key)(void *state, const authapi_signing_key *key);
  /* By number, lowest first. What `each` is handed is wiped when it returns. */
  authapi_found (*list_signing_keys)(void *state, void (*each)(void *user, const authapi_signing_key *), void *user);
  /* Raises the lifetime of all signing keys to this, where it is less. */
  authapi_found (*raise_lifetime)(void *state, int64_t lifetime_s);
  authapi_found (*drop_signing_key)(void *state, int64_t number);

  const char *(*problem)(void *state);
  void (*close)(void *state);
};

/* Opens the SQLite store in `path`, which is created with mode 0600 if it is not there; ":memory:"
 * for none. What an older version made is brought up to date first, in one transaction; what a
 * newer one made is refused. On false, `problem` (of `size` bytes) says why. Close it with
 * store->close. */
bool authapi_store_sqlite_open(authapi_store *store, const char *path, char *problem, size_t size);

/* The same for a PostgreSQL database, which several instances may share, by its URL
 * (postgres://user@host/database). A URL with a password is refused: libpq finds it by PGPASSFILE
 * or PGPASSWORD. */
bool authapi_store_postgres_open(authapi_store *store, const char *url, char *problem, size_t size);

#endif
