/* Keys in memory; see store_memory.h. The document is the store: its rows are what is searched, so
 * there is nothing that could differ from what is kept. Searching walks the rows, which is quick
 * for the some hundred keys of a test. Used by one thread. */
#define _POSIX_C_SOURCE 200809L
#include "server/store_memory.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "server/base64url.h"
#include "server/origin.h"

#define FORMAT "inbenta-auth-emulator"
#define VERSION 1
#define SECONDS_MAX 9007199254740992.0 /* 2^53: up to there a double is exact */

typedef struct {
  cJSON *document;
  authd_keeper keeper;
  char problem[256];
} memory_store;

/* ---------------------------------------------------------------------------------------------------
 * Rows: one table a kind says which members are kept, under their own names. A number that is
 * missing is 0, so that a later version may add one. */

typedef struct {
  const char *name;
  size_t offset, size; /* size 0: an int64_t, else text in an array of that size */
} field;

#define TEXT(type, member)                                                                         \
  { #member, offsetof(type, member), sizeof((type *)0)->member }
#define NUMBER(type, member)                                                                       \
  { #member, offsetof(type, member), 0 }

typedef struct {
  const char *name; /* of the array in the document */
  size_t row_size;
  const field *fields; /* ends with a NULL name */
} table;

static const field api_key_fields[] = {
    TEXT(authd_api_key, id),
    TEXT(authd_api_key, name),
    TEXT(authd_api_key, value),
    NUMBER(authd_api_key, created_s),
    {NULL, 0, 0},
};

/* A credential's kind is the table that it is in. */
static const field credential_fields[] = {
    TEXT(authd_credential, id),
    TEXT(authd_credential, api_key_id),
    TEXT(authd_credential, value),
    TEXT(authd_credential, domains),
    NUMBER(authd_credential, created_s),
    NUMBER(authd_credential, revoked_s),
    {NULL, 0, 0},
};

static const table api_keys = {"api_keys", sizeof(authd_api_key), api_key_fields};
static const table secrets = {"secrets", sizeof(authd_credential), credential_fields};
static const table domain_keys = {"domain_keys", sizeof(authd_credential), credential_fields};

static const table *table_of(authd_credential_kind kind) {
  return kind == AUTHD_SECRET ? &secrets : &domain_keys;
}

static cJSON *member(const cJSON *object, const char *name) {
  return cJSON_GetObjectItemCaseSensitive(object, name);
}

static cJSON *rows_of(const memory_store *store, const table *in) {
  return member(store->document, in->name);
}

/* False for what is no row of this table. */
static bool read_row(const table *in, const cJSON *row, void *out) {
  memset(out, 0, in->row_size);
  for (const field *at = in->fields; at->name != NULL; at++) {
    const cJSON *item = member(row, at->name);
    char *to = (char *)out + at->offset;
    if (at->size > 0) {
      const char *text = cJSON_GetStringValue(item);
      if (text == NULL || strlen(text) >= at->size)
        return false;
      strcpy(to, text);
    } else if (item != NULL) {
      double number = cJSON_GetNumberValue(item); /* NaN if it is none */
      if (!(number >= 0 && number <= SECONDS_MAX) || number != (double)(int64_t)number)
        return false;
      memcpy(to, &(int64_t){(int64_t)number}, sizeof(int64_t));
    }
  }
  return true;
}

/* NULL without memory. */
static cJSON *make_row(const table *in, const void *from) {
  cJSON *row = cJSON_CreateObject();
  for (const field *at = in->fields; row != NULL && at->name != NULL; at++) {
    const char *value = (const char *)from + at->offset;
    int64_t number;
    if (at->size == 0)
      memcpy(&number, value, sizeof number);
    if ((at->size > 0 ? cJSON_AddStringToObject(row, at->name, value)
                      : cJSON_AddNumberToObject(row, at->name, (double)number)) == NULL) {
      cJSON_Delete(row);
      row = NULL;
    }
  }
  return row;
}

/* The row whose member is this text, or NULL. */
static cJSON *find_row(const memory_store *store, const table *in, const char *name,
                       const char *text) {
  cJSON *row;
  cJSON_ArrayForEach(row, rows_of(store, in)) {
    if (strcmp(member(row, name)->valuestring, text) == 0)
      return row;
  }
  return NULL;
}

/* ---------------------------------------------------------------------------------------------------
 * Changes: made, kept, and undone if they could not be kept. */

static authd_found fail(memory_store *store, const char *problem) {
  snprintf(store->problem, sizeof store->problem, "%s", problem);
  return AUTHD_STORE_ERROR;
}

static authd_found keep(memory_store *store) {
  if (store->keeper.keep == NULL)
    return AUTHD_FOUND;
  char *json = cJSON_Print(store->document);
  if (json == NULL)
    return fail(store, "out of memory");
  bool kept = store->keeper.keep(store->keeper.state, json, store->problem, sizeof store->problem);
  iauth__wipe(json, strlen(json));
  cJSON_free(json);
  return kept ? AUTHD_FOUND : AUTHD_STORE_ERROR;
}

/* Why a row cannot be added, or NULL. `value` is what it is found by. */
static const char *row_problem(const memory_store *store, const table *in, const char *id,
                               const char *value) {
  if (*id == '\0' || *value == '\0')
    return "an id or a key is empty";
  static const table *const tables[] = {&api_keys, &secrets, &domain_keys};
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
    if (find_row(store, tables[i], "id", id) != NULL)
      return "an id is there twice";
  return find_row(store, in, "value", value) != NULL ? "a key is there twice" : NULL;
}

/* Adds a row without keeping it. NULL: store->problem says why not. */
static cJSON *insert(memory_store *store, const table *in, const char *problem, const void *from) {
  cJSON *row = problem == NULL ? make_row(in, from) : NULL;
  if (row == NULL)
    fail(store, problem != NULL ? problem : "out of memory");
  else
    cJSON_AddItemToArray(rows_of(store, in), row);
  return row;
}

static cJSON *insert_api_key(memory_store *store, const authd_api_key *key) {
  return insert(store, &api_keys, row_problem(store, &api_keys, key->id, key->value), key);
}

static cJSON *insert_credential(memory_store *store, const authd_credential *credential) {
  const table *in = table_of(credential->kind);
  const char *problem = row_problem(store, in, credential->id, credential->value);
  if (find_row(store, &api_keys, "id", credential->api_key_id) == NULL)
    problem = "a key belongs to an API key that is not there";
  return insert(store, in, problem, credential);
}

static authd_found keep_row(memory_store *store, const table *in, cJSON *row) {
  if (row == NULL)
    return AUTHD_STORE_ERROR;
  authd_found kept = keep(store);
  if (kept != AUTHD_FOUND)
    cJSON_Delete(cJSON_DetachItemViaPointer(rows_of(store, in), row));
  return kept;
}

/* ---------------------------------------------------------------------------------------------------
 * The interface. */

static authd_found found_api_key(const cJSON *row, authd_api_key *out) {
  return row != NULL && read_row(&api_keys, row, out) ? AUTHD_FOUND : AUTHD_MISSING;
}

static authd_found found_credential(authd_credential_kind kind, const cJSON *row,
                                    authd_credential *out) {
  if (row == NULL || !read_row(table_of(kind), row, out))
    return AUTHD_MISSING;
  out->kind = kind;
  return AUTHD_FOUND;
}

static authd_found find_api_key(void *state, const char *value, authd_api_key *out) {
  return found_api_key(find_row(state, &api_keys, "value", value), out);
}

static authd_found find_credential(void *state, authd_credential_kind kind, const char *value,
                                   authd_credential *out) {
  return found_credential(kind, find_row(state, table_of(kind), "value", value), out);
}

static authd_found get_credential(void *state, const char *id, authd_credential *out) {
  authd_found found = found_credential(AUTHD_SECRET, find_row(state, &secrets, "id", id), out);
  return found == AUTHD_FOUND
             ? found
             : found_credential(AUTHD_DOMAIN_KEY, find_row(state, &domain_keys, "id", id), out);
}

static authd_found add_api_key(void *state, const authd_api_key *key) {
  return keep_row(state, &api_keys, insert_api_key(state, key));
}

static authd_found add_credential(void *state, const authd_credential *credential) {
  return keep_row(state, table_of(credential->kind), insert_credential(state, credential));
}

static authd_found set_domains(void *state, const char *id, const char *domains) {
  cJSON *row = find_row(state, &domain_keys, "id", id);
  if (row == NULL)
    return AUTHD_MISSING;
  cJSON *copy = cJSON_CreateString(domains), *item = member(row, "domains");
  if (copy == NULL)
    return fail(state, "out of memory");
  char *before = item->valuestring;
  item->valuestring = copy->valuestring;
  copy->valuestring = before;
  authd_found kept = keep(state);
  if (kept != AUTHD_FOUND) {
    copy->valuestring = item->valuestring;
    item->valuestring = before;
  }
  cJSON_Delete(copy);
  return kept;
}

static authd_found revoke(void *state, authd_credential_kind kind, const char *id_or_value,
                          int64_t now_s) {
  cJSON *row = find_row(state, table_of(kind), "id", id_or_value);
  if (row == NULL && kind == AUTHD_DOMAIN_KEY)
    row = find_row(state, &domain_keys, "value", id_or_value);
  if (row == NULL)
    return AUTHD_MISSING;
  cJSON *revoked_s = member(row, "revoked_s");
  if (revoked_s->valuedouble != 0)
    return AUTHD_FOUND;
  cJSON_SetNumberValue(revoked_s, (double)now_s);
  authd_found kept = keep(state);
  if (kept != AUTHD_FOUND)
    cJSON_SetNumberValue(revoked_s, 0);
  return kept;
}

static authd_found list_api_keys(void *state, void (*each)(void *user, const authd_api_key *),
                                 void *user) {
  const cJSON *row;
  authd_api_key key;
  cJSON_ArrayForEach(row, rows_of(state, &api_keys)) {
    if (found_api_key(row, &key) == AUTHD_FOUND)
      each(user, &key);
  }
  return AUTHD_FOUND;
}

static authd_found list_credentials(void *state, authd_credential_kind kind, const char *api_key_id,
                                    void (*each)(void *user, const authd_credential *),
                                    void *user) {
  const cJSON *row;
  authd_credential credential;
  cJSON_ArrayForEach(row, rows_of(state, table_of(kind))) {
    if (found_credential(kind, row, &credential) == AUTHD_FOUND &&
        (api_key_id == NULL || strcmp(credential.api_key_id, api_key_id) == 0))
      each(user, &credential);
  }
  return AUTHD_FOUND;
}

#define SIGNING_KEY "signing_key"
#define SIGNING_KEY_LEN AUTHD_BASE64URL_LEN(AUTHD_KEY_SIZE)

static bool read_signing_key(const cJSON *document, unsigned char out[AUTHD_KEY_SIZE]) {
  const char *text = cJSON_GetStringValue(member(document, SIGNING_KEY));
  return text != NULL &&
         authd_base64url_decode(text, strlen(text), out, AUTHD_KEY_SIZE) == AUTHD_KEY_SIZE;
}

/* False without memory. */
static bool add_signing_key(memory_store *store, const unsigned char key[AUTHD_KEY_SIZE]) {
  char text[SIGNING_KEY_LEN + 1];
  authd_base64url_encode(key, AUTHD_KEY_SIZE, text);
  bool added = cJSON_AddStringToObject(store->document, SIGNING_KEY, text) != NULL;
  iauth__wipe(text, sizeof text);
  return added;
}

static void wipe_signing_key(const cJSON *document) {
  char *text = cJSON_GetStringValue(member(document, SIGNING_KEY));
  if (text != NULL)
    iauth__wipe(text, strlen(text));
}

static authd_found signing_key(void *state, const unsigned char fresh[AUTHD_KEY_SIZE],
                               unsigned char out[AUTHD_KEY_SIZE]) {
  memory_store *store = state;
  if (read_signing_key(store->document, out))
    return AUTHD_FOUND;
  if (!add_signing_key(store, fresh))
    return fail(store, "out of memory");
  authd_found kept = keep(store);
  if (kept == AUTHD_FOUND)
    memcpy(out, fresh, AUTHD_KEY_SIZE);
  else
    cJSON_DeleteItemFromObjectCaseSensitive(store->document, SIGNING_KEY);
  return kept;
}

static const char *problem_of(void *state) { return ((memory_store *)state)->problem; }

static void close_store(void *state) {
  memory_store *store = state;
  wipe_signing_key(store->document);
  cJSON_Delete(store->document);
  free(store);
}

/* ---------------------------------------------------------------------------------------------------
 * Opening. A document is read by adding its rows to an empty one, so that what could not have been
 * made is not taken either. */

static bool init(memory_store *store) {
  cJSON *document = store->document = cJSON_CreateObject();
  return cJSON_AddStringToObject(document, "format", FORMAT) != NULL &&
         cJSON_AddNumberToObject(document, "version", VERSION) != NULL &&
         cJSON_AddArrayToObject(document, api_keys.name) != NULL &&
         cJSON_AddArrayToObject(document, secrets.name) != NULL &&
         cJSON_AddArrayToObject(document, domain_keys.name) != NULL;
}

/* A secret as it is must not lie there, so what is no hash is not taken. */
static bool is_hash(const char *value) {
  return strlen(value) == 2 * AUTHD_HASH_SIZE && strspn(value, "0123456789abcdef") == strlen(value);
}

static bool are_domains(const char *domains) {
  size_t len = strlen(domains);
  bool good = len > 0 && domains[len - 1] == '\n';
  char *copy = strdup(domains), *entry = copy, *end;
  for (; good && copy != NULL && (end = strchr(entry, '\n')) != NULL; entry = end + 1) {
    *end = '\0';
    good = authd_domain_problem(entry) == NULL;
  }
  free(copy);
  return good && copy != NULL;
}

static bool load_api_key(memory_store *store, const cJSON *row) {
  authd_api_key key;
  if (read_row(&api_keys, row, &key))
    return insert_api_key(store, &key) != NULL;
  fail(store, "a member is missing or of another kind");
  return false;
}

static bool load_credential(memory_store *store, authd_credential_kind kind, const cJSON *row) {
  authd_credential credential;
  if (found_credential(kind, row, &credential) != AUTHD_FOUND)
    fail(store, "a member is missing or of another kind");
  else if (kind == AUTHD_SECRET && !is_hash(credential.value))
    fail(store, "a secret is kept as its hash");
  else if (kind == AUTHD_DOMAIN_KEY && !are_domains(credential.domains))
    fail(store, "a domain is not one that a browser sends");
  else
    return insert_credential(store, &credential) != NULL;
  return false;
}

static bool load_table(memory_store *store, const cJSON *document, const table *in) {
  const cJSON *rows = member(document, in->name), *row;
  char why[sizeof store->problem];
  int number = 0;
  if (!cJSON_IsArray(rows)) {
    snprintf(store->problem, sizeof store->problem, "there is no list of %s", in->name);
    return false;
  }
  cJSON_ArrayForEach(row, rows) {
    if (in == &api_keys
            ? !load_api_key(store, row)
            : !load_credential(store, in == &secrets ? AUTHD_SECRET : AUTHD_DOMAIN_KEY, row)) {
      memcpy(why, store->problem, sizeof why);
      snprintf(store->problem, sizeof store->problem, "%s[%d]: %.200s", in->name, number, why);
      return false;
    }
    number++;
  }
  return true;
}

static bool load(memory_store *store, const cJSON *document) {
  unsigned char key[AUTHD_KEY_SIZE];
  const char *format = cJSON_GetStringValue(member(document, "format"));
  if (format == NULL || strcmp(format, FORMAT) != 0) {
    fail(store, "not a file of the emulator");
    return false;
  }
  if (cJSON_GetNumberValue(member(document, "version")) != VERSION) {
    fail(store, "a file of another version of the emulator");
    return false;
  }
  if (!load_table(store, document, &api_keys) || !load_table(store, document, &secrets) ||
      !load_table(store, document, &domain_keys))
    return false;
  if (member(document, SIGNING_KEY) == NULL)
    return true;
  bool added = read_signing_key(document, key);
  if (!added)
    fail(store, SIGNING_KEY " is not a key");
  else if (!(added = add_signing_key(store, key)))
    fail(store, "out of memory");
  iauth__wipe(key, sizeof key);
  return added;
}

/* Nothing may follow the document. */
static bool load_text(memory_store *store, const char *json) {
  cJSON *document = cJSON_ParseWithOpts(json, NULL, true);
  bool loaded = document != NULL && load(store, document);
  if (document == NULL)
    fail(store, "not JSON");
  wipe_signing_key(document);
  cJSON_Delete(document);
  return loaded;
}

bool authd_store_memory_open(authd_store *store, const char *json, const authd_keeper *keeper,
                             char *problem, size_t size) {
  memory_store *state = calloc(1, sizeof *state);
  if (state == NULL || !init(state)) {
    snprintf(problem, size, "out of memory");
    if (state != NULL)
      close_store(state);
    return false;
  }
  state->keeper = *keeper;
  if (json != NULL && !load_text(state, json)) {
    snprintf(problem, size, "%s", state->problem);
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
