/* Keys in memory; see memory.h. The JSON document is the store: look-ups search its rows, so that memory and the saved
 * document cannot differ. A change is made in a copy. The copy replaces the document after it was saved. Look-ups and
 * changes walk all rows, which is fast enough for the few hundred keys of a test. Only one thread may use a store. */
#define _POSIX_C_SOURCE 200809L
#include "authapi/store/memory.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authapi/keys/origin_rules.h"
#include "base/base64url.h"
#include "base/wipe.h"

#define FORMAT "inbenta-auth-emulator"
#define VERSION 1
#define NO_ROW "a field is missing or has the wrong type"
#define NUMBER_MAX 9007199254740992.0 /* 2^53; up to this number, a double is exact */

typedef struct {
  cJSON *document;
  authapi_saver saver;
  char problem[256];
} memory_store;

/* ---------------------------------------------------------------------------------------------------
 * Rows. The table of each kind lists the members that are saved, under their own names. A missing number is read as 0,
 * so that a later version may add one. */

typedef enum {
  TEXT,   /* in an array of the size of the field */
  NUMBER, /* int64_t */
  KEY     /* AUTHAPI_KEY_SIZE bytes, in base64url */
} field_type;

typedef struct {
  const char *name;
  field_type type;
  size_t offset, size;
} field;

#define FIELD(type, row, member)                                                                                       \
  { #member, type, offsetof(row, member), sizeof((row *)0)->member }
#define NO_FIELD                                                                                                       \
  { NULL, TEXT, 0, 0 }

typedef struct {
  const char *name; /* the name of the array in the document */
  size_t row_size;
  const field *fields; /* ends with NO_FIELD */
} table;

static const field api_key_fields[] = {
    FIELD(TEXT, authapi_api_key, id),
    FIELD(TEXT, authapi_api_key, name),
    FIELD(TEXT, authapi_api_key, value),
    FIELD(NUMBER, authapi_api_key, created_s),
    FIELD(NUMBER, authapi_api_key, revoked_s),
    FIELD(NUMBER, authapi_api_key, last_used_s),
    NO_FIELD,
};

/* The kind of a credential is not a field: each kind has its own table. */
static const field credential_fields[] = {
    FIELD(TEXT, authapi_credential, id),
    FIELD(TEXT, authapi_credential, api_key_id),
    FIELD(TEXT, authapi_credential, value),
    FIELD(TEXT, authapi_credential, domains),
    FIELD(NUMBER, authapi_credential, created_s),
    FIELD(NUMBER, authapi_credential, revoked_s),
    FIELD(NUMBER, authapi_credential, expires_s),
    FIELD(NUMBER, authapi_credential, last_used_s),
    NO_FIELD,
};

static const field signing_key_fields[] = {
    FIELD(NUMBER, authapi_signing_key, number),     FIELD(KEY, authapi_signing_key, private_key),
    FIELD(NUMBER, authapi_signing_key, created_s),  FIELD(NUMBER, authapi_signing_key, signs_from_s),
    FIELD(NUMBER, authapi_signing_key, lifetime_s), NO_FIELD,
};

static const table api_keys = {"api_keys", sizeof(authapi_api_key), api_key_fields};
static const table secrets = {"secrets", sizeof(authapi_credential), credential_fields};
static const table domain_keys = {"domain_keys", sizeof(authapi_credential), credential_fields};
static const table signing_keys = {"signing_keys", sizeof(authapi_signing_key), signing_key_fields};
static const table *const tables[] = {&api_keys, &secrets, &domain_keys, &signing_keys};

#define TABLES (sizeof tables / sizeof *tables)

static const table *table_of(authapi_credential_kind kind) { return kind == AUTHAPI_SECRET ? &secrets : &domain_keys; }

static cJSON *member(const cJSON *object, const char *name) { return cJSON_GetObjectItemCaseSensitive(object, name); }

static cJSON *rows_of(const cJSON *document, const table *in) { return member(document, in->name); }

static bool read_field(const field *of, const cJSON *item, char *out) {
  const char *text = cJSON_GetStringValue(item);
  double number = item != NULL ? cJSON_GetNumberValue(item) : 0; /* NaN if it is not a number */
  switch (of->type) {
  case TEXT:
    return text != NULL && strlen(text) < of->size && strcpy(out, text) != NULL;
  case KEY:
    return text != NULL && iauth__base64url_decode(text, strlen(text), out, of->size) == AUTHAPI_KEY_SIZE;
  default:
    if (!(number >= 0 && number <= NUMBER_MAX) || number != (double)(int64_t)number)
      return false;
    memcpy(out, &(int64_t){(int64_t)number}, sizeof(int64_t));
    return true;
  }
}

/* False if `row` is not a valid row of this table. */
static bool read_row(const table *in, const cJSON *row, void *out) {
  memset(out, 0, in->row_size);
  for (const field *of = in->fields; of->name != NULL; of++)
    if (!read_field(of, member(row, of->name), (char *)out + of->offset))
      return false;
  return true;
}

static cJSON *add_field(const field *of, cJSON *row, const char *from) {
  char text[IAUTH__BASE64URL_LEN(AUTHAPI_KEY_SIZE) + 1];
  int64_t number;
  cJSON *added;
  switch (of->type) {
  case TEXT:
    return cJSON_AddStringToObject(row, of->name, from);
  case KEY:
    iauth__base64url_encode(from, AUTHAPI_KEY_SIZE, text);
    added = cJSON_AddStringToObject(row, of->name, text);
    iauth__wipe(text, sizeof text);
    return added;
  default:
    memcpy(&number, from, sizeof number);
    return cJSON_AddNumberToObject(row, of->name, (double)number);
  }
}

/* NULL if there is no memory. */
static cJSON *make_row(const table *in, const void *from) {
  cJSON *row = cJSON_CreateObject();
  for (const field *of = in->fields; row != NULL && of->name != NULL; of++)
    if (add_field(of, row, (const char *)from + of->offset) == NULL) {
      cJSON_Delete(row);
      row = NULL;
    }
  return row;
}

/* The row whose member `name` has this text, or NULL. */
static cJSON *find_row(const cJSON *document, const table *in, const char *name, const char *text) {
  cJSON *row;
  cJSON_ArrayForEach(row, rows_of(document, in)) {
    if (strcmp(member(row, name)->valuestring, text) == 0)
      return row;
  }
  return NULL;
}

static cJSON *find_credential_row(const cJSON *document, const char *id) {
  cJSON *row = find_row(document, &secrets, "id", id);
  return row != NULL ? row : find_row(document, &domain_keys, "id", id);
}

static double number_in(const cJSON *row, const char *name) { return member(row, name)->valuedouble; }

static void set_number(const cJSON *row, const char *name, int64_t number) {
  cJSON_SetNumberHelper(member(row, name), (double)number);
}

static void wipe_and_delete(cJSON *document) {
  const cJSON *row;
  cJSON_ArrayForEach(row, rows_of(document, &signing_keys)) {
    char *text = cJSON_GetStringValue(member(row, "private_key"));
    if (text != NULL)
      iauth__wipe(text, strlen(text));
  }
  cJSON_Delete(document);
}

/* ---------------------------------------------------------------------------------------------------
 * Changes. */

static authapi_found fail(memory_store *store, const char *problem) {
  snprintf(store->problem, sizeof store->problem, "%s", problem);
  return AUTHAPI_STORE_ERROR;
}

static authapi_found save(memory_store *store, const cJSON *document) {
  if (store->saver.save == NULL)
    return AUTHAPI_FOUND;
  char *json = cJSON_Print(document);
  if (json == NULL)
    return fail(store, "out of memory");
  bool saved = store->saver.save(store->saver.state, json, store->problem, sizeof store->problem);
  iauth__wipe(json, strlen(json));
  cJSON_free(json);
  return saved ? AUTHAPI_FOUND : AUTHAPI_STORE_ERROR;
}

/* A copy of the document for a change; NULL if there is no memory. The functions for rows accept NULL. */
static cJSON *begin(const memory_store *store) { return cJSON_Duplicate(store->document, true); }

/* Saves the changed copy and makes it the document. Drops the copy if it could not be saved. */
static authapi_found finish(memory_store *store, cJSON *copy) {
  authapi_found saved = copy != NULL ? save(store, copy) : fail(store, "out of memory");
  if (saved == AUTHAPI_FOUND) {
    cJSON *before = store->document;
    store->document = copy;
    copy = before;
  }
  wipe_and_delete(copy);
  return saved;
}

/* Drops a copy that could not be changed. store->problem has the reason. */
static authapi_found discard(cJSON *copy) {
  wipe_and_delete(copy);
  return AUTHAPI_STORE_ERROR;
}

/* ---------------------------------------------------------------------------------------------------
 * Adding rows to a document. On false, store->problem has the reason. */

static bool refuse(memory_store *store, const char *problem) {
  fail(store, problem);
  return false;
}

static bool add_row(memory_store *store, cJSON *document, const table *in, const void *from) {
  cJSON *row = make_row(in, from);
  return cJSON_AddItemToArray(rows_of(document, in), row) || refuse(store, "out of memory");
}

/* True if a row with this ID and this value may be added. Look-ups find a row by its value. */
static bool check_row(memory_store *store, const cJSON *document, const table *in, const char *id, const char *value) {
  if (*id == '\0' || *value == '\0')
    return refuse(store, "an ID or a key is empty");
  if (find_row(document, &api_keys, "id", id) != NULL || find_credential_row(document, id) != NULL)
    return refuse(store, "an ID occurs twice");
  return find_row(document, in, "value", value) == NULL || refuse(store, "a key occurs twice");
}

static bool insert_api_key(memory_store *store, cJSON *document, const authapi_api_key *key) {
  return check_row(store, document, &api_keys, key->id, key->value) && add_row(store, document, &api_keys, key);
}

static bool insert_credential(memory_store *store, cJSON *document, const authapi_credential *credential) {
  const table *in = table_of(credential->kind);
  if (find_row(document, &api_keys, "id", credential->api_key_id) == NULL)
    return refuse(store, "a key belongs to a missing API key");
  return check_row(store, document, in, credential->id, credential->value) && add_row(store, document, in, credential);
}

/* Finds a signing key by its number; NULL if there is none. */
static cJSON *find_signing_key(const cJSON *document, int64_t number) {
  cJSON *row;
  cJSON_ArrayForEach(row, rows_of(document, &signing_keys)) {
    if (number_in(row, "number") == (double)number)
      return row;
  }
  return NULL;
}

/* Inserts a signing key in the order of the numbers. */
static bool insert_signing_key(memory_store *store, cJSON *document, const authapi_signing_key *key) {
  cJSON *rows = rows_of(document, &signing_keys), *other, *row = make_row(&signing_keys, key);
  int place = 0;
  cJSON_ArrayForEach(other, rows) place += number_in(other, "number") < (double)key->number;
  return cJSON_InsertItemInArray(rows, place, row) || refuse(store, "out of memory");
}

/* ---------------------------------------------------------------------------------------------------
 * The interface. */

static authapi_found found_api_key(const cJSON *row, authapi_api_key *out) {
  return row != NULL && read_row(&api_keys, row, out) ? AUTHAPI_FOUND : AUTHAPI_MISSING;
}

static authapi_found found_credential(authapi_credential_kind kind, const cJSON *row, authapi_credential *out) {
  if (row == NULL || !read_row(table_of(kind), row, out))
    return AUTHAPI_MISSING;
  out->kind = kind;
  return AUTHAPI_FOUND;
}

static const cJSON *document_of(const void *state) { return ((const memory_store *)state)->document; }

static authapi_found find_api_key(void *state, const char *value, authapi_api_key *out) {
  return found_api_key(find_row(document_of(state), &api_keys, "value", value), out);
}

static authapi_found find_credential(void *state, authapi_credential_kind kind, const char *value,
                                     authapi_credential *out) {
  const cJSON *row = find_row(document_of(state), table_of(kind), "value", value);
  return found_credential(kind, row, out);
}

static authapi_found get_credential(void *state, const char *id, authapi_credential *out) {
  const cJSON *document = document_of(state);
  const cJSON *secret = find_row(document, &secrets, "id", id);
  if (secret != NULL)
    return found_credential(AUTHAPI_SECRET, secret, out);
  return found_credential(AUTHAPI_DOMAIN_KEY, find_row(document, &domain_keys, "id", id), out);
}

static authapi_found add_api_key(void *state, const authapi_api_key *key) {
  cJSON *copy = begin(state);
  return copy == NULL || insert_api_key(state, copy, key) ? finish(state, copy) : discard(copy);
}

static authapi_found add_credential(void *state, const authapi_credential *credential) {
  cJSON *copy = begin(state);
  return copy == NULL || insert_credential(state, copy, credential) ? finish(state, copy) : discard(copy);
}

static authapi_found set_domains(void *state, const char *id, const char *domains) {
  if (find_row(document_of(state), &domain_keys, "id", id) == NULL)
    return AUTHAPI_MISSING;
  cJSON *copy = begin(state);
  cJSON *item = member(find_row(copy, &domain_keys, "id", id), "domains");
  if (item != NULL && cJSON_SetValuestring(item, domains) == NULL) {
    fail(state, "out of memory");
    return discard(copy);
  }
  return finish(state, copy);
}

static cJSON *find_to_revoke(const cJSON *document, authapi_credential_kind kind, const char *id_or_value) {
  cJSON *row = find_row(document, table_of(kind), "id", id_or_value);
  return row == NULL && kind == AUTHAPI_DOMAIN_KEY ? find_row(document, &domain_keys, "value", id_or_value) : row;
}

static authapi_found revoke(void *state, authapi_credential_kind kind, const char *id_or_value, int64_t now_s) {
  const cJSON *row = find_to_revoke(document_of(state), kind, id_or_value);
  if (row == NULL)
    return AUTHAPI_MISSING;
  if (number_in(row, "revoked_s") != 0)
    return AUTHAPI_FOUND;
  cJSON *copy = begin(state);
  if (copy != NULL)
    set_number(find_to_revoke(copy, kind, id_or_value), "revoked_s", now_s);
  return finish(state, copy);
}

static authapi_found revoke_api_key(void *state, const char *id, int64_t now_s) {
  const cJSON *row = find_row(document_of(state), &api_keys, "id", id);
  if (row == NULL)
    return AUTHAPI_MISSING;
  if (number_in(row, "revoked_s") != 0)
    return AUTHAPI_FOUND;
  cJSON *copy = begin(state);
  if (copy != NULL)
    set_number(find_row(copy, &api_keys, "id", id), "revoked_s", now_s);
  return finish(state, copy);
}

static authapi_found expire(void *state, const char *id, int64_t expires_s) {
  const cJSON *row = find_credential_row(document_of(state), id);
  if (row == NULL)
    return AUTHAPI_MISSING;
  double before = number_in(row, "expires_s");
  if (before != 0 && before <= (double)expires_s)
    return AUTHAPI_FOUND;
  cJSON *copy = begin(state);
  if (copy != NULL)
    set_number(find_credential_row(copy, id), "expires_s", expires_s);
  return finish(state, copy);
}

static void record_use(const cJSON *row, int64_t last_used_s) {
  if (row != NULL && number_in(row, "last_used_s") < (double)last_used_s)
    set_number(row, "last_used_s", last_used_s);
}

static authapi_found record_last_used(void *state, const authapi_last_use *last_used, size_t count) {
  cJSON *copy = begin(state);
  for (size_t i = 0; i < count; i++) {
    record_use(find_credential_row(copy, last_used[i].credential_id), last_used[i].last_used_s);
    record_use(find_row(copy, &api_keys, "id", last_used[i].api_key_id), last_used[i].last_used_s);
  }
  return finish(state, copy);
}

static authapi_found list_api_keys(void *state, void (*each)(void *user, const authapi_api_key *), void *user) {
  const cJSON *row;
  authapi_api_key key;
  cJSON_ArrayForEach(row, rows_of(document_of(state), &api_keys)) {
    if (found_api_key(row, &key) == AUTHAPI_FOUND)
      each(user, &key);
  }
  return AUTHAPI_FOUND;
}

static authapi_found list_credentials(void *state, authapi_credential_kind kind, const char *api_key_id,
                                      void (*each)(void *user, const authapi_credential *), void *user) {
  const cJSON *row;
  authapi_credential credential;
  cJSON_ArrayForEach(row, rows_of(document_of(state), table_of(kind))) {
    if (found_credential(kind, row, &credential) == AUTHAPI_FOUND &&
        (api_key_id == NULL || strcmp(credential.api_key_id, api_key_id) == 0))
      each(user, &credential);
  }
  return AUTHAPI_FOUND;
}

static authapi_found add_signing_key(void *state, const authapi_signing_key *key) {
  if (find_signing_key(document_of(state), key->number) != NULL)
    return AUTHAPI_MISSING;
  cJSON *copy = begin(state);
  return copy == NULL || insert_signing_key(state, copy, key) ? finish(state, copy) : discard(copy);
}

static authapi_found list_signing_keys(void *state, void (*each)(void *user, const authapi_signing_key *), void *user) {
  const cJSON *row;
  authapi_signing_key key;
  cJSON_ArrayForEach(row, rows_of(document_of(state), &signing_keys)) {
    if (read_row(&signing_keys, row, &key))
      each(user, &key);
    iauth__wipe(&key, sizeof key);
  }
  return AUTHAPI_FOUND;
}

static authapi_found raise_lifetime(void *state, int64_t lifetime_s) {
  const cJSON *row;
  cJSON *copy = begin(state);
  cJSON_ArrayForEach(row, rows_of(copy, &signing_keys)) {
    if (number_in(row, "lifetime_s") < (double)lifetime_s)
      set_number(row, "lifetime_s", lifetime_s);
  }
  return finish(state, copy);
}

static authapi_found drop_signing_key(void *state, int64_t number) {
  if (find_signing_key(document_of(state), number) == NULL)
    return AUTHAPI_MISSING;
  cJSON *copy = begin(state);
  cJSON_Delete(cJSON_DetachItemViaPointer(rows_of(copy, &signing_keys), find_signing_key(copy, number)));
  return finish(state, copy);
}

static const char *problem_of(void *state) { return ((memory_store *)state)->problem; }

static void close_store(void *state) {
  memory_store *store = state;
  wipe_and_delete(store->document);
  free(store);
}

/* ---------------------------------------------------------------------------------------------------
 * Opening. The rows of a document are added to an empty one with the same checks as new rows. So a document that this
 * program could not have made is refused. */

static bool init(memory_store *store) {
  cJSON *document = store->document = cJSON_CreateObject();
  bool made = cJSON_AddStringToObject(document, "format", FORMAT) != NULL &&
              cJSON_AddNumberToObject(document, "version", VERSION) != NULL;
  for (size_t i = 0; made && i < TABLES; i++)
    made = cJSON_AddArrayToObject(document, tables[i]->name) != NULL;
  return made;
}

/* The document must not contain a secret in clear text, so a value that is not a hash is refused. */
static bool is_hash(const char *value) {
  return strlen(value) == 2 * AUTHAPI_HASH_SIZE && strspn(value, "0123456789abcdef") == strlen(value);
}

static bool are_domains(const char *domains) {
  size_t len = strlen(domains);
  bool good = len > 0 && domains[len - 1] == '\n';
  char *copy = strdup(domains), *entry = copy, *end;
  for (; good && copy != NULL && (end = strchr(entry, '\n')) != NULL; entry = end + 1) {
    *end = '\0';
    good = authapi_domain_problem(entry) == NULL;
  }
  free(copy);
  return good && copy != NULL;
}

static bool load_api_key(memory_store *store, const cJSON *row) {
  authapi_api_key key;
  return read_row(&api_keys, row, &key) ? insert_api_key(store, store->document, &key) : refuse(store, NO_ROW);
}

static bool load_credential(memory_store *store, authapi_credential_kind kind, const cJSON *row) {
  authapi_credential credential;
  if (found_credential(kind, row, &credential) != AUTHAPI_FOUND)
    return refuse(store, NO_ROW);
  if (kind == AUTHAPI_SECRET && !is_hash(credential.value))
    return refuse(store, "a secret must be stored as its hash");
  if (kind == AUTHAPI_DOMAIN_KEY && !are_domains(credential.domains))
    return refuse(store, "a domain is not in the form that browsers send");
  return insert_credential(store, store->document, &credential);
}

static bool load_signing_key(memory_store *store, const cJSON *row) {
  authapi_signing_key key;
  bool loaded = false;
  if (!read_row(&signing_keys, row, &key))
    refuse(store, NO_ROW);
  else if (find_signing_key(store->document, key.number) != NULL)
    refuse(store, "a number occurs twice");
  else
    loaded = insert_signing_key(store, store->document, &key);
  iauth__wipe(&key, sizeof key);
  return loaded;
}

static bool load_row(memory_store *store, const table *in, const cJSON *row) {
  if (in == &api_keys)
    return load_api_key(store, row);
  if (in == &signing_keys)
    return load_signing_key(store, row);
  return load_credential(store, in == &secrets ? AUTHAPI_SECRET : AUTHAPI_DOMAIN_KEY, row);
}

static bool load_table(memory_store *store, const cJSON *document, const table *in) {
  const cJSON *rows = rows_of(document, in), *row;
  char why[sizeof store->problem];
  int number = 0;
  if (!cJSON_IsArray(rows)) {
    snprintf(store->problem, sizeof store->problem, "there is no list of %s", in->name);
    return false;
  }
  cJSON_ArrayForEach(row, rows) {
    if (!load_row(store, in, row)) {
      memcpy(why, store->problem, sizeof why);
      snprintf(store->problem, sizeof store->problem, "%s[%d]: %.200s", in->name, number, why);
      return false;
    }
    number++;
  }
  return true;
}

static bool load(memory_store *store, const cJSON *document) {
  const char *format = cJSON_GetStringValue(member(document, "format"));
  if (format == NULL || strcmp(format, FORMAT) != 0)
    return refuse(store, "not a file of the emulator");
  if (cJSON_GetNumberValue(member(document, "version")) != VERSION)
    return refuse(store, "a file of another version of the emulator");
  bool loaded = true;
  for (size_t i = 0; loaded && i < TABLES; i++)
    loaded = load_table(store, document, tables[i]);
  return loaded;
}

/* Reads a document. No text may follow it. */
static bool load_text(memory_store *store, const char *json) {
  cJSON *document = cJSON_ParseWithOpts(json, NULL, true);
  bool loaded = document != NULL ? load(store, document) : refuse(store, "not JSON");
  wipe_and_delete(document);
  return loaded;
}

bool authapi_store_memory_open(authapi_store *store, const char *json, const authapi_saver *saver, char *problem,
                               size_t size) {
  memory_store *state = calloc(1, sizeof *state);
  if (state == NULL || !init(state)) {
    snprintf(problem, size, "out of memory");
    if (state != NULL)
      close_store(state);
    return false;
  }
  state->saver = *saver;
  if (json != NULL && !load_text(state, json)) {
    snprintf(problem, size, "%s", state->problem);
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
