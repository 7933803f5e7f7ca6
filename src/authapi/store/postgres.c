/* Keys in PostgreSQL, for several instances behind a load balancer. Nothing is cached between calls, so a revocation on
 * one instance is effective immediately on all of them. Only one thread at a time may use the connection. If the
 * connection is lost, the next call opens a new one. */
#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authapi/store/store.h"
#include "base/wipe.h"

#define INVALID_TEXT "22021" /* SQLSTATE: bytes that are not valid text in the database's encoding */

/* Each entry updates the schema by one version. A new database goes through all of them. */
static const char *const migrations[] = {
    "CREATE TABLE api_keys (n BIGSERIAL, id TEXT PRIMARY KEY, name TEXT NOT NULL,"
    " value TEXT NOT NULL UNIQUE, created_s BIGINT NOT NULL);"
    "CREATE TABLE credentials (n BIGSERIAL, id TEXT PRIMARY KEY,"
    " api_key_id TEXT NOT NULL REFERENCES api_keys(id), kind INTEGER NOT NULL,"
    " value TEXT NOT NULL, domains TEXT NOT NULL, created_s BIGINT NOT NULL,"
    " revoked_s BIGINT NOT NULL DEFAULT 0, UNIQUE (kind, value));"
    "CREATE TABLE signing_keys (one BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (one),"
    " private_key BYTEA NOT NULL);",
    /* Adds expiry of secrets, last use, and several signing keys. Version 1 does not store its version number. It fails
     * on the new signing keys, as it should. */
    "CREATE TABLE authd_schema (version INTEGER NOT NULL);"
    "INSERT INTO authd_schema VALUES (2);"
    "ALTER TABLE api_keys ADD COLUMN last_used_s BIGINT NOT NULL DEFAULT 0;"
    "ALTER TABLE credentials ADD COLUMN expires_s BIGINT NOT NULL DEFAULT 0,"
    " ADD COLUMN last_used_s BIGINT NOT NULL DEFAULT 0;"
    "ALTER TABLE signing_keys DROP COLUMN one, ADD COLUMN number BIGINT NOT NULL DEFAULT 1,"
    " ADD COLUMN created_s BIGINT NOT NULL DEFAULT EXTRACT(EPOCH FROM now()),"
    " ADD COLUMN signs_from_s BIGINT NOT NULL DEFAULT EXTRACT(EPOCH FROM now()),"
    " ADD COLUMN lifetime_s BIGINT NOT NULL DEFAULT 0, ADD PRIMARY KEY (number);"
    "ALTER TABLE signing_keys ALTER number DROP DEFAULT, ALTER created_s DROP DEFAULT,"
    " ALTER signs_from_s DROP DEFAULT, ALTER lifetime_s DROP DEFAULT;",
    /* Adds revoked API keys. */
    "ALTER TABLE api_keys ADD COLUMN revoked_s BIGINT NOT NULL DEFAULT 0;"
    "UPDATE authd_schema SET version = 3;",
};

#define SCHEMA_VERSION ((int)(sizeof migrations / sizeof *migrations))

#define API_KEY_COLUMNS "id, name, value, created_s, last_used_s, revoked_s"
#define CREDENTIAL_COLUMNS "id, api_key_id, kind, value, domains, created_s, revoked_s, expires_s, last_used_s"

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

/* Stores the first line of the error. The details contain values, which are credentials. */
static void set_problem(postgres_store *store, const PGresult *result) {
  const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  snprintf(store->problem, sizeof store->problem, "%s", primary != NULL ? primary : PQerrorMessage(store->db));
  store->problem[strcspn(store->problem, "\n")] = '\0';
}

/* Runs one statement. If the connection was lost, runs it again on a new one. So a statement may run twice. A second
 * INSERT finds its own row and is reported as failed, which promises nothing. All other statements may be repeated. */
static PGresult *run(postgres_store *store, const char *sql, int count, const char *const *values) {
  PGresult *result = PQexecParams(store->db, sql, count, NULL, values, NULL, NULL, 0);
  if (PQstatus(store->db) == CONNECTION_BAD) {
    PQclear(result);
    PQreset(store->db);
    result = PQexecParams(store->db, sql, count, NULL, values, NULL, NULL, 0);
  }
  return result;
}

static authapi_found finish(postgres_store *store, PGresult *result, bool needs_row) {
  ExecStatusType status = PQresultStatus(result);
  authapi_found found = AUTHAPI_FOUND;
  if (status != PGRES_COMMAND_OK) {
    set_problem(store, result);
    found = AUTHAPI_STORE_ERROR;
  } else if (needs_row && strcmp(PQcmdTuples(result), "0") == 0) {
    found = AUTHAPI_MISSING;
  }
  PQclear(result);
  return found;
}

/* Checks if the result has a row. Bytes that are not valid text cannot be in the store, so they count as missing. */
static authapi_found check_rows(postgres_store *store, const PGresult *result) {
  if (PQresultStatus(result) == PGRES_TUPLES_OK)
    return PQntuples(result) > 0 ? AUTHAPI_FOUND : AUTHAPI_MISSING;
  const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  if (state != NULL && strcmp(state, INVALID_TEXT) == 0)
    return AUTHAPI_MISSING;
  set_problem(store, result);
  return AUTHAPI_STORE_ERROR;
}

/* ---------------------------------------------------------------------------------------------------
 * Rows. */

static void copy_text(const PGresult *rows, int row, int column, char *out, size_t size) {
  snprintf(out, size, "%s", PQgetvalue(rows, row, column));
}

static int64_t integer(const PGresult *rows, int row, int column) {
  return strtoll(PQgetvalue(rows, row, column), NULL, 10);
}

static void read_api_key(const PGresult *rows, int row, authapi_api_key *out) {
  copy_text(rows, row, 0, out->id, sizeof out->id);
  copy_text(rows, row, 1, out->name, sizeof out->name);
  copy_text(rows, row, 2, out->value, sizeof out->value);
  out->created_s = integer(rows, row, 3);
  out->last_used_s = integer(rows, row, 4);
  out->revoked_s = integer(rows, row, 5);
}

static void read_credential(const PGresult *rows, int row, authapi_credential *out) {
  copy_text(rows, row, 0, out->id, sizeof out->id);
  copy_text(rows, row, 1, out->api_key_id, sizeof out->api_key_id);
  out->kind = (authapi_credential_kind)integer(rows, row, 2);
  copy_text(rows, row, 3, out->value, sizeof out->value);
  copy_text(rows, row, 4, out->domains, sizeof out->domains);
  out->created_s = integer(rows, row, 5);
  out->revoked_s = integer(rows, row, 6);
  out->expires_s = integer(rows, row, 7);
  out->last_used_s = integer(rows, row, 8);
}

static authapi_found one_credential(postgres_store *store, PGresult *result, authapi_credential *out) {
  authapi_found found = check_rows(store, result);
  if (found == AUTHAPI_FOUND)
    read_credential(result, 0, out);
  PQclear(result);
  return found;
}

/* ---------------------------------------------------------------------------------------------------
 * The interface. */

static authapi_found find_api_key(void *state, const char *value, authapi_api_key *out) {
  PGresult *result = run(state, "SELECT " API_KEY_COLUMNS " FROM api_keys WHERE value = $1", 1, &value);
  authapi_found found = check_rows(state, result);
  if (found == AUTHAPI_FOUND)
    read_api_key(result, 0, out);
  PQclear(result);
  return found;
}

static authapi_found find_credential(void *state, authapi_credential_kind kind, const char *value,
                                     authapi_credential *out) {
  const number kind_text = text_of(kind);
  const char *values[] = {kind_text.text, value};
  return one_credential(
      state, run(state, "SELECT " CREDENTIAL_COLUMNS " FROM credentials WHERE kind = $1 AND value = $2", 2, values),
      out);
}

static authapi_found get_credential(void *state, const char *id, authapi_credential *out) {
  return one_credential(state, run(state, "SELECT " CREDENTIAL_COLUMNS " FROM credentials WHERE id = $1", 1, &id), out);
}

static authapi_found add_api_key(void *state, const authapi_api_key *key) {
  const number created = text_of(key->created_s), last_used = text_of(key->last_used_s),
               revoked = text_of(key->revoked_s);
  const char *values[] = {key->id, key->name, key->value, created.text, last_used.text, revoked.text};
  return finish(state,
                run(state, "INSERT INTO api_keys (" API_KEY_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6)", 6, values),
                false);
}

static authapi_found add_credential(void *state, const authapi_credential *credential) {
  const number kind = text_of(credential->kind), created = text_of(credential->created_s),
               revoked = text_of(credential->revoked_s), expires = text_of(credential->expires_s),
               last_used = text_of(credential->last_used_s);
  const char *values[] = {credential->id, credential->api_key_id, kind.text,    credential->value, credential->domains,
                          created.text,   revoked.text,           expires.text, last_used.text};
  return finish(state,
                run(state,
                    "INSERT INTO credentials (" CREDENTIAL_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)", 9,
                    values),
                false);
}

static authapi_found set_domains(void *state, const char *id, const char *domains) {
  const char *values[] = {id, domains};
  return finish(state, run(state, "UPDATE credentials SET domains = $2 WHERE id = $1 AND kind = 2", 2, values), true);
}

static authapi_found revoke(void *state, authapi_credential_kind kind, const char *id_or_value, int64_t now_s) {
  const number kind_text = text_of(kind), now = text_of(now_s);
  const char *values[] = {kind_text.text, id_or_value, now.text};
  return finish(state,
                run(state,
                    "UPDATE credentials SET revoked_s = CASE revoked_s WHEN 0 THEN $3 ELSE revoked_s"
                    " END WHERE kind = $1 AND (id = $2 OR (kind = 2 AND value = $2))",
                    3, values),
                true);
}

static authapi_found revoke_api_key(void *state, const char *id, int64_t now_s) {
  const number now = text_of(now_s);
  const char *values[] = {id, now.text};
  return finish(state,
                run(state,
                    "UPDATE api_keys SET revoked_s = CASE revoked_s WHEN 0 THEN $2 ELSE revoked_s END WHERE id = $1", 2,
                    values),
                true);
}

static authapi_found expire(void *state, const char *id, int64_t expires_s) {
  const number expires = text_of(expires_s);
  const char *values[] = {id, expires.text};
  return finish(state,
                run(state,
                    "UPDATE credentials SET expires_s = CASE WHEN expires_s = 0 OR expires_s > $2"
                    " THEN $2 ELSE expires_s END WHERE id = $1",
                    2, values),
                true);
}

/* Appends to an array in the syntax of PostgreSQL. IDs need no quotes. */
static void append(char *array, size_t size, const char *text) {
  size_t len = strlen(array);
  snprintf(array + len, size - len, "%s%s", len == 0 ? "{" : ",", text);
}

/* This is one statement, so that it may be repeated. */
static authapi_found record_last_used(void *state, const authapi_last_use *last_used, size_t count) {
  static const char sql[] = "WITH used AS (SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])"
                            " AS u (credential, api_key, at)),"
                            " recorded AS (UPDATE credentials SET last_used_s = greatest(last_used_s, at)"
                            " FROM used WHERE id = credential)"
                            " UPDATE api_keys SET last_used_s = greatest(last_used_s, latest) FROM"
                            " (SELECT api_key, max(at) AS latest FROM used GROUP BY api_key) AS l WHERE id = api_key";
  char arrays[3][AUTHAPI_LAST_USED_MAX * AUTHAPI_ID_SIZE + 2] = {"", "", ""};
  const char *values[] = {arrays[0], arrays[1], arrays[2]};
  if (count == 0)
    return AUTHAPI_FOUND;
  for (size_t i = 0; i < count && i < AUTHAPI_LAST_USED_MAX; i++) {
    append(arrays[0], sizeof arrays[0], last_used[i].credential_id);
    append(arrays[1], sizeof arrays[1], last_used[i].api_key_id);
    append(arrays[2], sizeof arrays[2], text_of(last_used[i].last_used_s).text);
  }
  for (size_t i = 0; i < 3; i++)
    strcat(arrays[i], "}");
  return finish(state, run(state, sql, 3, values), false);
}

static authapi_found list_api_keys(void *state, void (*each)(void *user, const authapi_api_key *), void *user) {
  PGresult *rows = run(state, "SELECT " API_KEY_COLUMNS " FROM api_keys ORDER BY n", 0, NULL);
  authapi_found found = check_rows(state, rows);
  authapi_api_key key;
  for (int row = 0; found == AUTHAPI_FOUND && row < PQntuples(rows); row++) {
    read_api_key(rows, row, &key);
    each(user, &key);
  }
  PQclear(rows);
  return found == AUTHAPI_MISSING ? AUTHAPI_FOUND : found;
}

static authapi_found list_credentials(void *state, authapi_credential_kind kind, const char *api_key_id,
                                      void (*each)(void *user, const authapi_credential *), void *user) {
  const number kind_text = text_of(kind);
  const char *values[] = {kind_text.text, api_key_id};
  PGresult *rows = run(state,
                       "SELECT " CREDENTIAL_COLUMNS " FROM credentials WHERE kind = $1 AND"
                       " ($2::text IS NULL OR api_key_id = $2) ORDER BY n",
                       2, values);
  authapi_found found = check_rows(state, rows);
  authapi_credential credential;
  for (int row = 0; found == AUTHAPI_FOUND && row < PQntuples(rows); row++) {
    read_credential(rows, row, &credential);
    each(user, &credential);
  }
  PQclear(rows);
  return found == AUTHAPI_MISSING ? AUTHAPI_FOUND : found;
}

static authapi_found add_signing_key(void *state, const authapi_signing_key *key) {
  const number number_text = text_of(key->number), created = text_of(key->created_s),
               signs_from = text_of(key->signs_from_s), lifetime = text_of(key->lifetime_s);
  char hex[2 * AUTHAPI_KEY_SIZE + 1];
  const char *values[] = {number_text.text, hex, created.text, signs_from.text, lifetime.text};
  for (size_t i = 0; i < AUTHAPI_KEY_SIZE; i++)
    snprintf(hex + 2 * i, 3, "%02x", key->private_key[i]);
  PGresult *result = run(state,
                         "INSERT INTO signing_keys (number, private_key, created_s, signs_from_s,"
                         " lifetime_s) VALUES ($1, decode($2, 'hex'), $3, $4, $5)"
                         " ON CONFLICT DO NOTHING",
                         5, values);
  iauth__wipe(hex, sizeof hex);
  return finish(state, result, true);
}

/* False if the row is not valid. */
static bool read_signing_key(const PGresult *rows, int row, authapi_signing_key *out) {
  const char *hex = PQgetvalue(rows, row, 1);
  if (strlen(hex) != 2 * AUTHAPI_KEY_SIZE)
    return false;
  for (size_t i = 0; i < AUTHAPI_KEY_SIZE; i++) {
    const char byte[] = {hex[2 * i], hex[2 * i + 1], '\0'};
    out->private_key[i] = (unsigned char)strtoul(byte, NULL, 16);
  }
  out->number = integer(rows, row, 0);
  out->created_s = integer(rows, row, 2);
  out->signs_from_s = integer(rows, row, 3);
  out->lifetime_s = integer(rows, row, 4);
  return true;
}

static authapi_found list_signing_keys(void *state, void (*each)(void *user, const authapi_signing_key *), void *user) {
  PGresult *rows = run(state,
                       "SELECT number, encode(private_key, 'hex'), created_s, signs_from_s,"
                       " lifetime_s FROM signing_keys ORDER BY number",
                       0, NULL);
  authapi_found found = check_rows(state, rows);
  authapi_signing_key key;
  for (int row = 0; found == AUTHAPI_FOUND && row < PQntuples(rows); row++) {
    if (read_signing_key(rows, row, &key))
      each(user, &key);
    else
      found = AUTHAPI_STORE_ERROR;
  }
  iauth__wipe(&key, sizeof key);
  PQclear(rows);
  return found == AUTHAPI_MISSING ? AUTHAPI_FOUND : found;
}

static authapi_found raise_lifetime(void *state, int64_t lifetime_s) {
  const number lifetime = text_of(lifetime_s);
  const char *values[] = {lifetime.text};
  return finish(state, run(state, "UPDATE signing_keys SET lifetime_s = $1 WHERE lifetime_s < $1", 1, values), false);
}

static authapi_found drop_signing_key(void *state, int64_t number_of_key) {
  const number number_text = text_of(number_of_key);
  const char *values[] = {number_text.text};
  return finish(state, run(state, "DELETE FROM signing_keys WHERE number = $1", 1, values), true);
}

static const char *problem_of(void *state) { return ((postgres_store *)state)->problem; }

static void close_store(void *state) {
  PQfinish(((postgres_store *)state)->db);
  free(state);
}

/* ---------------------------------------------------------------------------------------------------
 * Opening. */

/* Every account on the machine can read the arguments of a program. */
static bool has_password(const char *url) {
  PQconninfoOption *options = PQconninfoParse(url, NULL);
  bool found = false;
  for (PQconninfoOption *option = options; option != NULL && option->keyword != NULL; option++)
    found = found || (strcmp(option->keyword, "password") == 0 && option->val != NULL);
  PQconninfoFree(options);
  return found;
}

/* The number that the last statement of `sql` returns; 0 if it returns nothing, -1 on failure. */
static int query_number(postgres_store *store, const char *sql) {
  PGresult *result = PQexec(store->db, sql);
  authapi_found found = check_rows(store, result);
  int answer = found == AUTHAPI_FOUND ? (int)integer(result, 0, 0) : found == AUTHAPI_MISSING ? 0 : -1;
  PQclear(result);
  return answer;
}

static bool execute(postgres_store *store, const char *sql) {
  return finish(store, PQexec(store->db, sql), false) == AUTHAPI_FOUND;
}

/* The version of the schema; 0 for an empty database, -1 on failure. */
static int schema_version(postgres_store *store) {
  int version = query_number(store, "SELECT CASE WHEN to_regclass('authd_schema') IS NOT NULL THEN 2"
                                    " WHEN to_regclass('signing_keys') IS NOT NULL THEN 1 ELSE 0 END");
  return version == 2 ? query_number(store, "SELECT version FROM authd_schema") : version;
}

/* Several instances may start at the same time. With the lock, one after the other checks the schema and updates it. */
static bool update_schema(postgres_store *store) {
  if (!execute(store, "BEGIN") || query_number(store, "SELECT 1 FROM (SELECT"
                                                      " pg_advisory_xact_lock(6151204287)) AS l") < 0)
    return false;
  int version = schema_version(store);
  bool ok = version >= 0;
  if (version > SCHEMA_VERSION) {
    snprintf(store->problem, sizeof store->problem,
             "a newer version of inbenta-authd made its tables; use that version");
    ok = false;
  }
  for (; ok && version < SCHEMA_VERSION; version++)
    ok = execute(store, migrations[version]);
  if (ok)
    return execute(store, "COMMIT");
  PQclear(PQexec(store->db, "ROLLBACK"));
  return false;
}

bool authapi_store_postgres_open(authapi_store *store, const char *url, char *problem, size_t size) {
  /* The URL may override the options before it. */
  static const char *const names[] = {"connect_timeout", "options", "dbname", NULL};
  const char *values[] = {"5", "-c client_min_messages=warning -c statement_timeout=5000", url, NULL};
  if (has_password(url)) {
    snprintf(problem, size,
             "the database: other accounts can read the password in the URL;"
             " put it into a file and name that file in PGPASSFILE");
    return false;
  }
  postgres_store *state = calloc(1, sizeof *state);
  if (state == NULL) {
    snprintf(problem, size, "the database: out of memory");
    return false;
  }
  state->db = PQconnectdbParams(names, values, 1);
  bool connected = PQstatus(state->db) == CONNECTION_OK;
  if (!connected)
    set_problem(state, NULL);
  if (!connected || !update_schema(state)) {
    snprintf(problem, size, "the database: %s", state->problem);
    close_store(state);
    return false;
  }
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
      .problem = problem_of,
      .close = close_store,
  };
  return true;
}
