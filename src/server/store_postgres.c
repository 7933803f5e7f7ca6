/* Keys in PostgreSQL, for several instances behind a load balancer. Nothing is kept between calls,
 * so a revocation on one instance counts at once on all of them. The connection is used by one
 * thread at a time; if it is lost, the next call makes a new one. */
#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/store.h"

#define INVALID_TEXT "22021" /* SQLSTATE: bytes that are no text in the database's encoding */

/* Instances may start at once, and "if not exists" alone does not wait for another one's creation;
 * the lock does. One string is one transaction. */
static const char schema[] =
    "SELECT pg_advisory_xact_lock(6151204287);"
    "CREATE TABLE IF NOT EXISTS api_keys (n BIGSERIAL, id TEXT PRIMARY KEY, name TEXT NOT NULL,"
    " value TEXT NOT NULL UNIQUE, created_s BIGINT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS credentials (n BIGSERIAL, id TEXT PRIMARY KEY,"
    " api_key_id TEXT NOT NULL REFERENCES api_keys(id), kind INTEGER NOT NULL,"
    " value TEXT NOT NULL, domains TEXT NOT NULL, created_s BIGINT NOT NULL,"
    " revoked_s BIGINT NOT NULL DEFAULT 0, UNIQUE (kind, value));"
    "CREATE TABLE IF NOT EXISTS signing_keys (one BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (one),"
    " private_key BYTEA NOT NULL);";

#define API_KEY_COLUMNS "id, name, value, created_s"
#define CREDENTIAL_COLUMNS "id, api_key_id, kind, value, domains, created_s, revoked_s"

typedef struct {
  PGconn *db;
  char problem[256];
} postgres_store;

typedef struct {
  char text[24];
} number;

static number text_of(int64_t value) {
  number out;
  snprintf(out.text, sizeof out.text, "%" PRId64, value);
  return out;
}

/* The result's first line: details would name the values, which are credentials. */
static void note_problem(postgres_store *store, const PGresult *result) {
  const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  snprintf(store->problem, sizeof store->problem, "%s",
           primary != NULL ? primary : PQerrorMessage(store->db));
  store->problem[strcspn(store->problem, "\n")] = '\0';
}

/* Runs one statement, on a new connection if the old one turns out to be lost. So it may run twice:
 * an INSERT then meets its own row and is reported as failed, which promises nothing; all others
 * may be repeated. With `bytes` the only value is that many bytes, and so is the result. */
static PGresult *run(postgres_store *store, const char *sql, int count, const char *const *values,
                     int bytes) {
  const int binary = bytes > 0;
  const int *lengths = binary ? &bytes : NULL, *formats = binary ? &binary : NULL;
  PGresult *result = PQexecParams(store->db, sql, count, NULL, values, lengths, formats, binary);
  if (PQstatus(store->db) == CONNECTION_BAD) {
    PQclear(result);
    PQreset(store->db);
    result = PQexecParams(store->db, sql, count, NULL, values, lengths, formats, binary);
  }
  return result;
}

static authd_found finish(postgres_store *store, PGresult *result, bool must_meet_a_row) {
  ExecStatusType status = PQresultStatus(result);
  authd_found found = AUTHD_FOUND;
  if (status != PGRES_COMMAND_OK) {
    note_problem(store, result);
    found = AUTHD_STORE_ERROR;
  } else if (must_meet_a_row && strcmp(PQcmdTuples(result), "0") == 0) {
    found = AUTHD_MISSING;
  }
  PQclear(result);
  return found;
}

/* Whether the result has a row; what is no text at all is not in the store. */
static authd_found look(postgres_store *store, const PGresult *result) {
  if (PQresultStatus(result) == PGRES_TUPLES_OK)
    return PQntuples(result) > 0 ? AUTHD_FOUND : AUTHD_MISSING;
  const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  if (state != NULL && strcmp(state, INVALID_TEXT) == 0)
    return AUTHD_MISSING;
  note_problem(store, result);
  return AUTHD_STORE_ERROR;
}

/* ---------------------------------------------------------------------------------------------------
 * Rows. */

static void copy_text(const PGresult *rows, int row, int column, char *out, size_t size) {
  snprintf(out, size, "%s", PQgetvalue(rows, row, column));
}

static int64_t integer(const PGresult *rows, int row, int column) {
  return strtoll(PQgetvalue(rows, row, column), NULL, 10);
}

static void read_api_key(const PGresult *rows, int row, authd_api_key *out) {
  copy_text(rows, row, 0, out->id, sizeof out->id);
  copy_text(rows, row, 1, out->name, sizeof out->name);
  copy_text(rows, row, 2, out->value, sizeof out->value);
  out->created_s = integer(rows, row, 3);
}

static void read_credential(const PGresult *rows, int row, authd_credential *out) {
  copy_text(rows, row, 0, out->id, sizeof out->id);
  copy_text(rows, row, 1, out->api_key_id, sizeof out->api_key_id);
  out->kind = (authd_credential_kind)integer(rows, row, 2);
  copy_text(rows, row, 3, out->value, sizeof out->value);
  copy_text(rows, row, 4, out->domains, sizeof out->domains);
  out->created_s = integer(rows, row, 5);
  out->revoked_s = integer(rows, row, 6);
}

static authd_found one_credential(postgres_store *store, PGresult *result, authd_credential *out) {
  authd_found found = look(store, result);
  if (found == AUTHD_FOUND)
    read_credential(result, 0, out);
  PQclear(result);
  return found;
}

/* ---------------------------------------------------------------------------------------------------
 * The interface. */

static authd_found find_api_key(void *state, const char *value, authd_api_key *out) {
  PGresult *result =
      run(state, "SELECT " API_KEY_COLUMNS " FROM api_keys WHERE value = $1", 1, &value, 0);
  authd_found found = look(state, result);
  if (found == AUTHD_FOUND)
    read_api_key(result, 0, out);
  PQclear(result);
  return found;
}

static authd_found find_credential(void *state, authd_credential_kind kind, const char *value,
                                   authd_credential *out) {
  const number kind_text = text_of(kind);
  const char *values[] = {kind_text.text, value};
  return one_credential(
      state,
      run(state, "SELECT " CREDENTIAL_COLUMNS " FROM credentials WHERE kind = $1 AND value = $2", 2,
          values, 0),
      out);
}

static authd_found get_credential(void *state, const char *id, authd_credential *out) {
  return one_credential(
      state, run(state, "SELECT " CREDENTIAL_COLUMNS " FROM credentials WHERE id = $1", 1, &id, 0),
      out);
}

static authd_found add_api_key(void *state, const authd_api_key *key) {
  const number created = text_of(key->created_s);
  const char *values[] = {key->id, key->name, key->value, created.text};
  return finish(state,
                run(state, "INSERT INTO api_keys (" API_KEY_COLUMNS ") VALUES ($1, $2, $3, $4)", 4,
                    values, 0),
                false);
}

static authd_found add_credential(void *state, const authd_credential *credential) {
  const number kind = text_of(credential->kind), created = text_of(credential->created_s),
               revoked = text_of(credential->revoked_s);
  const char *values[] = {credential->id,    credential->api_key_id, kind.text,
                          credential->value, credential->domains,    created.text,
                          revoked.text};
  return finish(state,
                run(state,
                    "INSERT INTO credentials (" CREDENTIAL_COLUMNS
                    ") VALUES ($1, $2, $3, $4, $5, $6, $7)",
                    7, values, 0),
                false);
}

static authd_found set_domains(void *state, const char *id, const char *domains) {
  const char *values[] = {id, domains};
  return finish(
      state,
      run(state, "UPDATE credentials SET domains = $2 WHERE id = $1 AND kind = 2", 2, values, 0),
      true);
}

static authd_found revoke(void *state, authd_credential_kind kind, const char *id_or_value,
                          int64_t now_s) {
  const number kind_text = text_of(kind), now = text_of(now_s);
  const char *values[] = {kind_text.text, id_or_value, now.text};
  return finish(
      state,
      run(state,
          "UPDATE credentials SET revoked_s = CASE revoked_s WHEN 0 THEN $3 ELSE revoked_s"
          " END WHERE kind = $1 AND (id = $2 OR (kind = 2 AND value = $2))",
          3, values, 0),
      true);
}

static authd_found list_api_keys(void *state, void (*each)(void *user, const authd_api_key *),
                                 void *user) {
  PGresult *rows = run(state, "SELECT " API_KEY_COLUMNS " FROM api_keys ORDER BY n", 0, NULL, 0);
  authd_found found = look(state, rows);
  authd_api_key key;
  for (int row = 0; found == AUTHD_FOUND && row < PQntuples(rows); row++) {
    read_api_key(rows, row, &key);
    each(user, &key);
  }
  PQclear(rows);
  return found == AUTHD_MISSING ? AUTHD_FOUND : found;
}

static authd_found list_credentials(void *state, authd_credential_kind kind, const char *api_key_id,
                                    void (*each)(void *user, const authd_credential *),
                                    void *user) {
  const number kind_text = text_of(kind);
  const char *values[] = {kind_text.text, api_key_id};
  PGresult *rows = run(state,
                       "SELECT " CREDENTIAL_COLUMNS " FROM credentials WHERE kind = $1 AND"
                       " ($2::text IS NULL OR api_key_id = $2) ORDER BY n",
                       2, values, 0);
  authd_found found = look(state, rows);
  authd_credential credential;
  for (int row = 0; found == AUTHD_FOUND && row < PQntuples(rows); row++) {
    read_credential(rows, row, &credential);
    each(user, &credential);
  }
  PQclear(rows);
  return found == AUTHD_MISSING ? AUTHD_FOUND : found;
}

static authd_found signing_key(void *state, const unsigned char fresh[AUTHD_KEY_SIZE],
                               unsigned char out[AUTHD_KEY_SIZE]) {
  const char *value = (const char *)fresh;
  PGresult *result =
      run(state, "INSERT INTO signing_keys (private_key) VALUES ($1) ON CONFLICT DO NOTHING", 1,
          &value, AUTHD_KEY_SIZE);
  if (finish(state, result, false) != AUTHD_FOUND)
    return AUTHD_STORE_ERROR;
  result = run(state, "SELECT private_key FROM signing_keys WHERE $1::bytea IS NOT NULL", 1, &value,
               AUTHD_KEY_SIZE);
  bool ok = look(state, result) == AUTHD_FOUND && PQgetlength(result, 0, 0) == AUTHD_KEY_SIZE;
  if (ok)
    memcpy(out, PQgetvalue(result, 0, 0), AUTHD_KEY_SIZE);
  PQclear(result);
  return ok ? AUTHD_FOUND : AUTHD_STORE_ERROR;
}

static const char *problem_of(void *state) { return ((postgres_store *)state)->problem; }

static void close_store(void *state) {
  PQfinish(((postgres_store *)state)->db);
  free(state);
}

/* ---------------------------------------------------------------------------------------------------
 * Opening. */

/* Everybody on the machine may read a program's arguments. */
static bool has_password(const char *url) {
  PQconninfoOption *options = PQconninfoParse(url, NULL);
  bool found = false;
  for (PQconninfoOption *at = options; at != NULL && at->keyword != NULL; at++)
    found = found || (strcmp(at->keyword, "password") == 0 && at->val != NULL);
  PQconninfoFree(options);
  return found;
}

bool authd_store_postgres_open(authd_store *store, const char *url, char *problem, size_t size) {
  /* What comes first is what the URL may change. */
  static const char *const names[] = {"connect_timeout", "options", "dbname", NULL};
  const char *values[] = {"5", "-c client_min_messages=warning -c statement_timeout=5000", url,
                          NULL};
  if (has_password(url)) {
    snprintf(problem, size,
             "the database: leave the password out of the URL, where others see it;"
             " put it into a file that PGPASSFILE names");
    return false;
  }
  postgres_store *state = calloc(1, sizeof *state);
  if (state == NULL) {
    snprintf(problem, size, "the database: out of memory");
    return false;
  }
  state->db = PQconnectdbParams(names, values, 1);
  PGresult *made = PQstatus(state->db) == CONNECTION_OK ? PQexec(state->db, schema) : NULL;
  bool opened = PQresultStatus(made) == PGRES_COMMAND_OK;
  if (!opened) {
    note_problem(state, made);
    snprintf(problem, size, "the database: %s", state->problem);
  }
  PQclear(made);
  if (!opened) {
    close_store(state);
    return false;
  }
  *store = (authd_store){
      .state = state,
      .find_api_key = find_api_key,
      .find_credential = find_credential,
      .get_credential = get_credential,
      .add_api_key = add_api_key,
      .add_credential = add_credential,
      .set_domains = set_domains,
      .revoke = revoke,
      .list_api_keys = list_api_keys,
      .list_credentials = list_credentials,
      .signing_key = signing_key,
      .problem = problem_of,
      .close = close_store,
  };
  return true;
}
