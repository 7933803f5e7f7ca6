/* The same work as inbenta-authd has, and nothing else: libmicrohttpd, and for each request two rows
 * of the same SQLite database and the same Ed25519 operations. POST /auth reads the API key and a
 * credential and signs; POST /refreshToken reads them, checks a signature and signs.
 *
 *   bare_mhd FILE
 *
 * libmicrohttpd has the options that src/authd/http.c gives it. Prints the port and serves until its
 * standard input ends. */
#include <microhttpd.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static const char body[] =
    "{\"accessToken\":\"eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9."
    "0123456789012345678901234567890123456789"
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123"
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123"
    "456789\",\"expiration\":1700000000,\"expires_in\":1200,\"apis\":{}}";

static EVP_PKEY *key;
static unsigned char signature[64];
static sqlite3_stmt *api_key, *credential;
static int credentials; /* how many there are; they are read in turn */

/* Signs as much as a token's header and claims are, or checks that signature. */
static bool sign(bool check) {
  const unsigned char *text = (const unsigned char *)body;
  size_t len = 200, size = sizeof signature;
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  bool ok = check ? EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
                        EVP_DigestVerify(context, signature, size, text, len) == 1
                  : EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
                        EVP_DigestSign(context, signature, &size, text, len) == 1;
  EVP_MD_CTX_free(context);
  return ok;
}

/* Reads all columns of the one row. */
static bool read_row(sqlite3_stmt *statement) {
  bool found = sqlite3_step(statement) == SQLITE_ROW;
  for (int i = 0; found && i < sqlite3_column_count(statement); i++)
    (void)sqlite3_column_text(statement, i);
  sqlite3_reset(statement);
  return found;
}

static bool read_rows(struct MHD_Connection *connection) {
  static int next;
  const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "x-inbenta-key");
  sqlite3_bind_text(api_key, 1, value, -1, SQLITE_TRANSIENT);
  sqlite3_bind_int(credential, 1, 1 + next++ % credentials);
  return read_row(api_key) && read_row(credential);
}

static bool work(struct MHD_Connection *connection, bool check) {
  static pthread_mutex_t in_use = PTHREAD_MUTEX_INITIALIZER; /* one connection to the database */
  pthread_mutex_lock(&in_use);
  bool done = read_rows(connection) && sign(false) && (!check || sign(true));
  pthread_mutex_unlock(&in_use);
  return done;
}

static enum MHD_Result answer(void *user, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *data, size_t *size, void **state) {
  static int started;
  (void)user, (void)method, (void)version, (void)data;
  if (*state == NULL || *size > 0) {
    *state = &started;
    *size = 0;
    return MHD_YES;
  }
  if (!work(connection, strcmp(url, "/v1/refreshToken") == 0))
    return MHD_NO;
  struct MHD_Response *response =
      MHD_create_response_from_buffer(sizeof body - 1, (void *)body, MHD_RESPMEM_PERSISTENT);
  MHD_add_response_header(response, "Content-Type", "application/json");
  enum MHD_Result result = MHD_queue_response(connection, 200, response);
  MHD_destroy_response(response);
  return result;
}

static bool open_database(const char *path, sqlite3 **db) {
  sqlite3_stmt *count;
  if (sqlite3_open_v2(path, db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
      sqlite3_prepare_v2(*db, "SELECT * FROM api_keys WHERE value = ?1", -1, &api_key, NULL) != SQLITE_OK ||
      sqlite3_prepare_v2(*db, "SELECT * FROM credentials WHERE rowid = ?1", -1, &credential, NULL) != SQLITE_OK ||
      sqlite3_prepare_v2(*db, "SELECT max(rowid) FROM credentials", -1, &count, NULL) != SQLITE_OK)
    return false;
  credentials = sqlite3_step(count) == SQLITE_ROW ? sqlite3_column_int(count, 0) : 0;
  sqlite3_finalize(count);
  return credentials > 0;
}

int main(int argc, char **argv) {
  sqlite3 *db;
  key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
  if (argc != 2 || key == NULL || !open_database(argv[1], &db))
    return 1;
  struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL, answer, NULL,
                                               MHD_OPTION_THREAD_POOL_SIZE, 4u, MHD_OPTION_LISTEN_BACKLOG_SIZE,
                                               (unsigned)SOMAXCONN, MHD_OPTION_CONNECTION_LIMIT, 10400u,
                                               MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)16384, MHD_OPTION_END);
  if (daemon == NULL)
    return 1;
  printf("%u\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
  fflush(stdout);
  while (getchar() != EOF)
    ;
  MHD_stop_daemon(daemon);
  sqlite3_finalize(api_key);
  sqlite3_finalize(credential);
  sqlite3_close(db);
  EVP_PKEY_free(key);
  return 0;
}
