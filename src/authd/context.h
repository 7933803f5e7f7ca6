/* What all commands of inbenta-authd use. */
#ifndef AUTHD_CONTEXT_H
#define AUTHD_CONTEXT_H

#include "authapi/audit.h"
#include "authapi/keys/signer.h"
#include "authapi/store/store.h"
#include "authd/audit_file.h"
#include "authd/command_line.h"

/* Everything in it is borrowed while the command runs. */
typedef struct {
  const authd_command_line *line;
  authapi_store store;
  authapi_signer signer;
  authapi_audit *audit; /* NULL if there is no audit log */
  authd_audit_file *audit_file;
} authd_context;

typedef struct {
  const char *noun, *verb;                  /* for example "domain-key", "create"; the verb of "serve" is "" */
  int (*run)(const authd_context *context); /* returns the exit status */
  unsigned allowed;                         /* allowed options: authd_option, ORed */
  bool creates_db;                          /* creates a missing database; any other command refuses */
} authd_command;

/* Opens the store of --db: a file for SQLite, or a URL for PostgreSQL. If `create`, a missing file is created. On false,
 * `problem` (of `size` bytes) has the reason. Close the store with store->close. */
bool authd_open_store(authapi_store *store, const char *db, bool create, char *problem, size_t size);

/* Prints the store's last failure on standard error. Returns the exit status. */
int authd_store_failed(const authd_context *context);

/* Unix seconds, for authapi.now_s. */
int64_t authd_now_s(void *state);

#endif
