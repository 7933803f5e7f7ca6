/* Where keys are kept, as an interface: the handlers know no database.
 *
 * Every function returns AUTHD_FOUND (or done), AUTHD_MISSING or AUTHD_STORE_ERROR; after the last,
 * `problem` tells the cause for a log, without any credential. A write that returned AUTHD_FOUND
 * survives a crash. A read sees every write that was acknowledged before it, also by another
 * process. */
#ifndef AUTHD_STORE_H
#define AUTHD_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "server/signer.h"
#include "server/token.h"

typedef enum { AUTHD_FOUND, AUTHD_MISSING, AUTHD_STORE_ERROR } authd_found;

#define AUTHD_NAME_SIZE 128
#define AUTHD_VALUE_SIZE 80 /* an API key, a domain key, or the hash of a secret in hexadecimal */
#define AUTHD_DOMAINS_SIZE 16384 /* all domains of a key, one a line */

typedef struct {
  char id[AUTHD_ID_SIZE];
  char name[AUTHD_NAME_SIZE];
  char value[AUTHD_VALUE_SIZE];
  int64_t created_s;
  int64_t last_used_s; /* 0: never, as far as was noted */
} authd_api_key;

typedef enum { AUTHD_SECRET = 1, AUTHD_DOMAIN_KEY = 2 } authd_credential_kind;

/* What is exchanged for an access token. */
typedef struct {
  char id[AUTHD_ID_SIZE];
  char api_key_id[AUTHD_ID_SIZE];
  authd_credential_kind kind;
  char value[AUTHD_VALUE_SIZE];
  char domains[AUTHD_DOMAINS_SIZE];
  int64_t created_s;
  int64_t revoked_s;   /* 0: not revoked */
  int64_t expires_s;   /* refused from then on; 0: never */
  int64_t last_used_s; /* 0: never, as far as was noted */
} authd_credential;

/* That a credential, and with it its API key, was used. */
typedef struct {
  char credential_id[AUTHD_ID_SIZE];
  char api_key_id[AUTHD_ID_SIZE];
  int64_t last_used_s;
} authd_use;

#define AUTHD_USES_MAX 256 /* in one call of note_uses */

/* A key that access tokens are signed with. The one with the highest number whose time has come
 * signs; the others are published, so that tokens can be verified (ring.h). */
typedef struct {
  int64_t number; /* 1, 2, …: in the order in which they were made */
  unsigned char private_key[AUTHD_KEY_SIZE];
  int64_t created_s;
  int64_t signs_from_s;
  int64_t lifetime_s; /* its tokens live at most so long */
} authd_signing_key;

typedef struct authd_store authd_store;
struct authd_store {
  void *state;

  authd_found (*find_api_key)(void *state, const char *value, authd_api_key *out);
  authd_found (*find_credential)(void *state, authd_credential_kind kind, const char *value,
                                 authd_credential *out);
  authd_found (*get_credential)(void *state, const char *id, authd_credential *out);

  authd_found (*add_api_key)(void *state, const authd_api_key *key);
  authd_found (*add_credential)(void *state, const authd_credential *credential);
  authd_found (*set_domains)(void *state, const char *id, const char *domains);
  /* By id or, for a domain key, by its value. Revoking again keeps the first time. */
  authd_found (*revoke)(void *state, authd_credential_kind kind, const char *id_or_value,
                        int64_t now_s);
  /* A credential, by id, is refused from `expires_s` on. It may end sooner than was said before,
   * never later. */
  authd_found (*expire)(void *state, const char *id, int64_t expires_s);
  /* At most AUTHD_USES_MAX, all of them or none. A later time that is there already stays; what is
   * not there is passed over. */
  authd_found (*note_uses)(void *state, const authd_use *uses, size_t count);

  /* Call `each` for every row, oldest first; `api_key_id` NULL means all. */
  authd_found (*list_api_keys)(void *state, void (*each)(void *user, const authd_api_key *),
                               void *user);
  authd_found (*list_credentials)(void *state, authd_credential_kind kind, const char *api_key_id,
                                  void (*each)(void *user, const authd_credential *), void *user);

  /* AUTHD_MISSING if the number is taken: so of two who add the next key at once one does. */
  authd_found (*add_signing_key)(void *state, const authd_signing_key *key);
  /* By number, lowest first. What `each` is handed is wiped when it returns. */
  authd_found (*list_signing_keys)(void *state, void (*each)(void *user, const authd_signing_key *),
                                   void *user);
  /* Raises the lifetime of all signing keys to this, where it is less. */
  authd_found (*raise_lifetime)(void *state, int64_t lifetime_s);
  authd_found (*drop_signing_key)(void *state, int64_t number);

  const char *(*problem)(void *state);
  void (*close)(void *state);
};

/* Opens the SQLite store in `path`, which is created with mode 0600 if it is not there; ":memory:"
 * for none. What an older version made is brought up to date first, in one transaction; what a
 * newer one made is refused. On false, `problem` (of `size` bytes) says why. Close it with
 * store->close. */
bool authd_store_sqlite_open(authd_store *store, const char *path, char *problem, size_t size);

/* The same for a PostgreSQL database, which several instances may share, by its URL
 * (postgres://user@host/database). A URL with a password is refused: libpq finds it by PGPASSFILE
 * or PGPASSWORD. */
bool authd_store_postgres_open(authd_store *store, const char *url, char *problem, size_t size);

#endif
