/* What every command of inbenta-authd is handed, and what all of them need. */
#ifndef AUTHD_CONTEXT_H
#define AUTHD_CONTEXT_H

#include "authapi/audit.h"
#include "authapi/keys/signer.h"
#include "authapi/store/store.h"
#include "authd/audit_file.h"
#include "authd/command_line.h"

/* All of it is borrowed for the command. */
typedef struct {
  const authd_command_line *line;
  authapi_store store;
  authapi_signer signer;
  authapi_audit *audit; /* NULL without an audit log */
  authd_audit_file *audit_file;
} authd_context;

typedef struct {
  const char *noun, *verb;                  /* "domain-key", "create"; "serve" has the verb "" */
  int (*run)(const authd_context *context); /* returns the exit status */
  unsigned takes;                           /* which options: authd_option, ORed */
} authd_command;

/* Opens the store that --db names: a file for SQLite, or a URL for PostgreSQL. On false `problem`
 * (of `size` bytes) says why. Close it with store->close. */
bool authd_open_store(authapi_store *store, const char *db, char *problem, size_t size);

/* Says on standard error why the store failed. Returns the exit status. */
int authd_store_failed(const authd_context *context);

/* Unix seconds, as authapi.now_s wants it. */
int64_t authd_now_s(void *state);

#endif
