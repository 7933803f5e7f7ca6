/* Writes to an SQLite store for crash.test.js: creates domain keys and revokes every second one.
 *
 *   store_writer FILE WRITES
 *
 * Prints a line for each write that the store acknowledged ("made ID" or "revoked ID"), with one write(2). So each line
 * is complete, even if the process is killed. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "authapi/keys/credentials.h"

static int fail(const char *problem) {
  fprintf(stderr, "store_writer: %s\n", problem);
  return 1;
}

static bool acknowledge(const char *what, const char *id) {
  char line[64];
  int len = snprintf(line, sizeof line, "%s %s\n", what, id);
  return write(STDOUT_FILENO, line, (size_t)len) == len;
}

int main(int argc, char **argv) {
  static authapi_credential credential;
  authapi_store store;
  const authapi_signer signer = authd_signer_openssl();
  authapi_api_key key;
  char problem[512];
  if (argc != 3)
    return fail("give a file and a number of writes");
  if (!authapi_store_sqlite_open(&store, argv[1], true, problem, sizeof problem))
    return fail(problem);
  if (authapi_make_api_key(&store, &signer, "crash", 1, &key) != AUTHAPI_FOUND)
    return fail(store.problem(store.state));
  for (long left = atol(argv[2]); left > 0; left -= 2) {
    if (authapi_make_domain_key(&store, &signer, key.id, "a.example\n", 1, &credential) != AUTHAPI_FOUND)
      return fail(store.problem(store.state));
    if (!acknowledge("made", credential.id))
      return fail("nobody reads");
    if (store.revoke(store.state, AUTHAPI_DOMAIN_KEY, credential.id, 2) != AUTHAPI_FOUND)
      return fail(store.problem(store.state));
    if (!acknowledge("revoked", credential.id))
      return fail("nobody reads");
  }
  store.close(store.state);
  return 0;
}
