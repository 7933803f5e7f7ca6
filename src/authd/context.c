/* What all commands use; see context.h. */
#define _POSIX_C_SOURCE 200809L
#include "authd/context.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/private_file.h"

bool authd_open_store(authapi_store *store, const char *db, bool create, char *problem, size_t size) {
  if (authd_is_postgres(db))
    return authapi_store_postgres_open(store, db, problem, size);
  struct stat info;
  if (stat(db, &info) == 0 && !S_ISREG(info.st_mode)) {
    snprintf(problem, size, "%s: not a regular file", db);
    return false;
  }
  return iauth__private_file_check(db, problem, size) && authapi_store_sqlite_open(store, db, create, problem, size);
}

int authd_store_failed(const authd_context *context) {
  return authd_print_error(1, "the store failed: %s", context->store.problem(context->store.state));
}

int64_t authd_now_s(void *state) {
  (void)state;
  return (int64_t)time(NULL);
}
