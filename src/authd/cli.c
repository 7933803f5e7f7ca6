/* The commands of inbenta-authd: serve, and manage keys in the same store. See cli.h. */
#define _POSIX_C_SOURCE 200809L
#include "authd/cli.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "authapi/describe.h"
#include "authapi/endpoints.h"
#include "authapi/keys/credentials.h"
#include "authapi/keys/domains.h"
#include "authd/audit_file.h"
#include "authd/certificate.h"
#include "authd/http.h"
#include "authd/idna.h"
#include "base/base_url.h"
#include "base/dates.h"
#include "base/wipe.h"

static const char usage[] =
    "inbenta-authd: a local Auth API to develop and test against.\n"
    "\n"
    "  inbenta-authd serve [--listen 127.0.0.1:8080] [--lifetime SECONDS] [--api NAME=URL]... "
    "[--quiet | --log json]\n"
    "                      [--admin-token-file FILE] [--tls-cert FILE --tls-key FILE]\n"
    "                      [--throttle REQUESTS/SECONDS] [--quota REQUESTS/SECONDS] [--audit "
    "FILE]\n"
    "  inbenta-authd api-key create --name NAME\n"
    "  inbenta-authd api-key list\n"
    "  inbenta-authd secret create --api-key KEY\n"
    "  inbenta-authd secret list [--api-key KEY]\n"
    "  inbenta-authd secret rotate ID [--overlap SECONDS]\n"
    "  inbenta-authd secret revoke ID\n"
    "  inbenta-authd domain-key create --api-key KEY --domain DOMAIN [--domain DOMAIN]...\n"
    "  inbenta-authd domain-key list [--api-key KEY]\n"
    "  inbenta-authd domain-key set-domains ID --domain DOMAIN [--domain DOMAIN]...\n"
    "  inbenta-authd domain-key revoke ID-OR-KEY\n"
    "  inbenta-authd signing-key list\n"
    "  inbenta-authd signing-key rotate [--publish SECONDS]\n"
    "\n"
    "  --db FILE        where keys are kept; created if it is not there (inbenta-authd.db);\n"
    "                   postgres://USER@HOST/DATABASE for PostgreSQL, without a password: that "
    "comes\n"
    "                   from PGPASSFILE or PGPASSWORD\n"
    "  --json           print one JSON document\n"
    "  --audit          append to FILE a JSON line for each change of keys, and when serving also "
    "for\n"
    "                   each grant and refusal; on SIGHUP the server opens it anew\n"
    "  --listen         address and port to serve on; port 0 takes a free one\n"
    "  --lifetime       of access tokens, 1 to 31536000 seconds (1200)\n"
    "  --api            a product's base URL, as clients get it with their token\n"
    "  --quiet          no line for each request on standard error\n"
    "  --log            text or json: how those lines are written (text)\n"
    "  --admin-token-file\n"
    "                   also serve management and its page at /admin/, for who has the token in "
    "FILE\n"
    "  --throttle, --quota\n"
    "                   how much an API key may ask in each period, for example 100/10 and "
    "50000/86400;\n"
    "                   beyond that it is answered 429 with Retry-After (no limit)\n"
    "  --tls-cert, --tls-key\n"
    "                   serve https with this certificate (and its chain) and private key, both "
    "PEM;\n"
    "                   on SIGHUP the files are read again\n"
    "  --domain         www.example.com (https), *.example.com (its sub-domains), or a full "
    "origin\n"
    "                   such as http://localhost:8080\n"
    "  --overlap        for how long the old secret works beside the new one (86400)\n"
    "  --publish        for how long a new signing key is published before it signs, so that who\n"
    "                   verifies tokens has fetched it (120); the old one is accepted until its "
    "last\n"
    "                   token has expired\n"
    "\n"
    "A secret is shown once, when it is created or rotated; only its hash is kept.\n";

#define LIFETIME_MAX_S 31536000
#define ADMIN_TOKEN_SIZE (AUTHAPI_ADMIN_TOKEN_MAX + 3) /* with a line end, or a byte too many */

/* Options that only some commands take, and what is given without a name. */
enum {
  LISTEN = 1,
  LIFETIME = 2,
  API = 4,
  QUIET = 8,
  NAME = 16,
  API_KEY = 32,
  DOMAIN = 64,
  TARGET = 128,
  ADMIN = 256,
  TLS = 512,
  LOG = 1024,
  LIMITS = 2048,
  OVERLAP = 4096,
  PUBLISH = 8192,
  AUDIT = 16384,
};

struct cli {
  const char *noun, *verb; /* "domain-key", "create"; verb is NULL for serve */
  const char *target;      /* ID or key, where the verb takes one */
  const char *db, *listen, *name, *api_key, *admin_token_file, *tls_cert, *tls_key, *audit_path;
  char domains[AUTHAPI_DOMAINS_SIZE];
  cJSON *apis;
  long lifetime_s, overlap_s, publish_s;
  authapi_limit throttle, quota;
  bool json, quiet, log_json;
  unsigned given; /* which of the options below */
  authapi_store store;
  authapi_signer signer;
  authapi_audit *audit; /* NULL if there is none */
  authd_audit_file *audit_file;
};

/* ---------------------------------------------------------------------------------------------------
 * Telling people. */

static int complain(int status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("inbenta-authd: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  return status;
}

static int store_failed(const struct cli *cli) {
  return complain(1, "the store failed: %s", cli->store.problem(cli->store.state));
}

static int print_json(cJSON *json) {
  char *text = cJSON_PrintUnformatted(json);
  if (text != NULL)
    puts(text);
  cJSON_free(text);
  cJSON_Delete(json);
  return text != NULL ? 0 : complain(1, "out of memory");
}

/* ---------------------------------------------------------------------------------------------------
 * Arguments. */

static int add_domain(struct cli *cli, const char *entry) {
  const char *problem = authapi_add_domain(cli->domains, entry, authd_to_ascii);
  return problem == NULL ? 0 : complain(2, "--domain %s: %s", entry, problem);
}

static int add_api(struct cli *cli, const char *text) {
  const char *equals = strchr(text, '=');
  char *name = equals != NULL && equals > text ? strndup(text, (size_t)(equals - text)) : NULL;
  int status = 0;
  if (name == NULL)
    status = complain(2, "--api %s: write NAME=URL", text);
  else if (iauth__check_base_url(equals + 1, false) != IAUTH__BASE_URL_OK)
    status = complain(2, "--api %s: the URL must be https, or http on this machine", text);
  else if (cJSON_HasObjectItem(cli->apis, name))
    status = complain(2, "--api %s: this name was given before", text);
  else
    cJSON_AddStringToObject(cli->apis, name, equals + 1);
  free(name);
  return status;
}

/* A decimal number from `min` to `max` and nothing else, not even a sign. -1 if it is not. */
static long read_number(const char *text, long min, long max) {
  if (*text == '\0' || strlen(text) > 9 || strspn(text, "0123456789") != strlen(text))
    return -1;
  long number = strtol(text, NULL, 10);
  return number >= min && number <= max ? number : -1;
}

static int read_seconds(const char *option, const char *text, long min, long *seconds) {
  *seconds = read_number(text, min, LIFETIME_MAX_S);
  if (*seconds < 0)
    return complain(2, "%s %s: a whole number of seconds from %ld to %d", option, text, min, LIFETIME_MAX_S);
  return 0;
}

/* "100/10": so many requests in so many seconds. */
static int read_limit(const char *option, const char *text, authapi_limit *limit) {
  char requests[16] = "";
  const char *slash = strchr(text, '/');
  if (slash != NULL && slash - text < (long)sizeof requests)
    memcpy(requests, text, (size_t)(slash - text));
  limit->requests = read_number(requests, 1, 999999999);
  limit->period_s = slash != NULL ? read_number(slash + 1, 1, LIFETIME_MAX_S) : -1;
  if (limit->requests < 0 || limit->period_s < 0)
    return complain(2, "%s %s: write REQUESTS/SECONDS, for example 100/10", option, text);
  return 0;
}

static int read_log(struct cli *cli, const char *text) {
  cli->log_json = strcmp(text, "json") == 0;
  bool known = cli->log_json || strcmp(text, "text") == 0;
  return known ? 0 : complain(2, "--log %s: write text or json", text);
}

static const struct {
  const char *name;
  unsigned bit; /* 0: for all commands */
  bool has_value;
} options[] = {
    {"--db", 0, true},
    {"--json", 0, false},
    {"--listen", LISTEN, true},
    {"--lifetime", LIFETIME, true},
    {"--api", API, true},
    {"--quiet", QUIET, false},
    {"--name", NAME, true},
    {"--api-key", API_KEY, true},
    {"--domain", DOMAIN, true},
    {"--admin-token-file", ADMIN, true},
    {"--tls-cert", TLS, true},
    {"--tls-key", TLS, true},
    {"--log", LOG, true},
    {"--throttle", LIMITS, true},
    {"--quota", LIMITS, true},
    {"--overlap", OVERLAP, true},
    {"--publish", PUBLISH, true},
    {"--audit", AUDIT, true},
};

#define OPTIONS (sizeof options / sizeof *options)

/* The place of an option in the table, OPTIONS for any other word. */
static size_t find_option(const char *word) {
  size_t which = 0;
  while (which < OPTIONS && strcmp(word, options[which].name) != 0)
    which++;
  return which;
}

/* `value` is NULL for an option that has none. */
static int take_option(struct cli *cli, const char *option, const char *value) {
  if (strcmp(option, "--db") == 0)
    cli->db = value;
  else if (strcmp(option, "--json") == 0)
    cli->json = true;
  else if (strcmp(option, "--quiet") == 0)
    cli->quiet = true;
  else if (strcmp(option, "--listen") == 0)
    cli->listen = value;
  else if (strcmp(option, "--name") == 0)
    cli->name = value;
  else if (strcmp(option, "--api-key") == 0)
    cli->api_key = value;
  else if (strcmp(option, "--admin-token-file") == 0)
    cli->admin_token_file = value;
  else if (strcmp(option, "--tls-cert") == 0)
    cli->tls_cert = value;
  else if (strcmp(option, "--tls-key") == 0)
    cli->tls_key = value;
  else if (strcmp(option, "--throttle") == 0)
    return read_limit(option, value, &cli->throttle);
  else if (strcmp(option, "--quota") == 0)
    return read_limit(option, value, &cli->quota);
  else if (strcmp(option, "--log") == 0)
    return read_log(cli, value);
  else if (strcmp(option, "--domain") == 0)
    return add_domain(cli, value);
  else if (strcmp(option, "--api") == 0)
    return add_api(cli, value);
  else if (strcmp(option, "--audit") == 0)
    cli->audit_path = value;
  else if (strcmp(option, "--overlap") == 0)
    return read_seconds(option, value, 0, &cli->overlap_s);
  else if (strcmp(option, "--publish") == 0)
    return read_seconds(option, value, 0, &cli->publish_s);
  else
    return read_seconds(option, value, 1, &cli->lifetime_s);
  return 0;
}

static int take_word(struct cli *cli, const char *word) {
  if (cli->noun == NULL) {
    cli->noun = word;
  } else if (cli->verb == NULL && strcmp(cli->noun, "serve") != 0) {
    cli->verb = word;
  } else if (cli->target == NULL && cli->verb != NULL) {
    cli->target = word;
    cli->given |= TARGET;
  } else {
    return complain(2, "%s: one argument too many (see inbenta-authd --help)", word);
  }
  return 0;
}

static int take_arguments(struct cli *cli, int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    const char *word = argv[i], *value = NULL;
    int status;
    if (word[0] != '-') {
      status = take_word(cli, word);
    } else {
      size_t which = find_option(word);
      if (which == OPTIONS)
        return complain(2, "unknown option %s (see inbenta-authd --help)", word);
      /* Only another option is no value: a random key may well begin with "--". */
      if (options[which].has_value && ((value = argv[++i]) == NULL || find_option(value) != OPTIONS))
        return complain(2, "%s: its value is missing", word);
      cli->given |= options[which].bit;
      status = take_option(cli, word, value);
    }
    if (status != 0)
      return status;
  }
  return 0;
}

/* What is given and has no meaning here is a mistake that would go unseen. */
static int check_given(const struct cli *cli, unsigned taken) {
  unsigned stray = cli->given & ~taken;
  const char *verb = cli->verb != NULL ? cli->verb : "";
  const char *space = cli->verb != NULL ? " " : "";
  if (stray & TARGET)
    return complain(2, "%s: one argument too many (see inbenta-authd --help)", cli->target);
  for (size_t i = 0; i < OPTIONS; i++)
    if (stray & options[i].bit)
      return complain(2, "%s%s%s does not take %s (see inbenta-authd --help)", cli->noun, space, verb, options[i].name);
  return 0;
}

/* The API key named by --api-key. Returns 0 or the exit status. */
static int find_api_key(const struct cli *cli, authapi_api_key *key) {
  if (cli->api_key == NULL)
    return complain(2, "give the API key: --api-key KEY");
  switch (cli->store.find_api_key(cli->store.state, cli->api_key, key)) {
  case AUTHAPI_FOUND:
    return 0;
  case AUTHAPI_MISSING:
    return complain(1, "there is no such API key; inbenta-authd api-key list shows them");
  default:
    return store_failed(cli);
  }
}

/* ---------------------------------------------------------------------------------------------------
 * Commands. */

static int64_t now_s(void *state) {
  (void)state;
  return (int64_t)time(NULL);
}

/* The account that runs the command; the caller frees it. */
static char *account(void) {
  const struct passwd *entry = getpwuid(geteuid());
  char number[16];
  snprintf(number, sizeof number, "%u", (unsigned)geteuid());
  return strdup(entry != NULL ? entry->pw_name : number);
}

static void tell_audit(const struct cli *cli, const char *id, const cJSON *json) {
  char event[64], *user = account();
  cJSON *changed = authapi_audit_pick(json);
  snprintf(event, sizeof event, "%s %s", cli->noun, cli->verb);
  const authapi_audit_event told = {
      .when_s = now_s(NULL), .event = event, .by = "command", .user = user, .key = id, .changed = changed};
  authapi_audit_tell(cli->audit, &told);
  cJSON_Delete(changed);
  free(user);
}

/* After a change of the key with this id: tells the audit log and whoever gave the command, by
 * `json`, which it deletes, or by a text. Returns the exit status. */
__attribute__((format(printf, 4, 5))) static int tell_change(const struct cli *cli, const char *id, cJSON *json,
                                                             const char *format, ...) {
  va_list arguments;
  if (cli->audit != NULL)
    tell_audit(cli, id, json);
  if (cli->json)
    return print_json(json);
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
  cJSON_Delete(json);
  return 0;
}

static int create_api_key(const struct cli *cli) {
  authapi_api_key key;
  const char *problem = authapi_name_problem(cli->name);
  if (problem != NULL)
    return complain(2, "--name NAME: %s", problem);
  if (authapi_make_api_key(&cli->store, &cli->signer, cli->name, now_s(NULL), &key) != AUTHAPI_FOUND)
    return store_failed(cli);
  return tell_change(cli, key.id, authapi_describe_api_key(&key), "API key  %s\nid       %s\nname     %s\n", key.value,
                     key.id, key.name);
}

static int create_secret(const struct cli *cli) {
  authapi_api_key key;
  authapi_credential credential;
  char secret[AUTHAPI_SECRET_SIZE];
  int status = find_api_key(cli, &key);
  if (status != 0)
    return status;
  if (authapi_make_secret(&cli->store, &cli->signer, key.id, now_s(NULL), secret, &credential) != AUTHAPI_FOUND)
    return store_failed(cli);
  return tell_change(cli, credential.id, authapi_describe_new_secret(&credential, secret, NULL),
                     "secret   %s\nid       %s\n\nKeep it now: it is not shown again.\n", secret, credential.id);
}

/* The secret or domain key that was given, a domain key also by its value. Returns 0 or the exit
 * status. */
static int find_target(const struct cli *cli, authapi_credential_kind kind, authapi_credential *out) {
  const authapi_store *store = &cli->store;
  authapi_found found = store->get_credential(store->state, cli->target, out);
  if (found == AUTHAPI_FOUND && out->kind != kind)
    found = AUTHAPI_MISSING;
  if (found == AUTHAPI_MISSING && kind == AUTHAPI_DOMAIN_KEY)
    found = store->find_credential(store->state, kind, cli->target, out);
  if (found == AUTHAPI_STORE_ERROR)
    return store_failed(cli);
  return found == AUTHAPI_FOUND
             ? 0
             : complain(1, "there is no such %s; inbenta-authd %s list shows them", cli->noun, cli->noun);
}

static int rotate_secret(const struct cli *cli) {
  authapi_credential old, credential;
  char secret[AUTHAPI_SECRET_SIZE], until[IAUTH__DATE_SIZE];
  if (cli->target == NULL)
    return complain(2, "say which one: inbenta-authd secret rotate ID");
  int status = find_target(cli, AUTHAPI_SECRET, &old);
  if (status != 0)
    return status;
  const char *problem = authapi_rotate_problem(&old, now_s(NULL));
  if (problem != NULL)
    return complain(1, "%s: %s", old.id, problem);
  if (authapi_rotate_secret(&cli->store, &cli->signer, &old, cli->overlap_s, now_s(NULL), secret, &credential) !=
      AUTHAPI_FOUND)
    return store_failed(cli);
  iauth__write_date(old.expires_s, until);
  return tell_change(cli, credential.id, authapi_describe_new_secret(&credential, secret, &old),
                     "secret   %s\nid       %s\n\nKeep it now: it is not shown again. %s works until "
                     "%s.\n",
                     secret, credential.id, old.id, until);
}

static int create_domain_key(const struct cli *cli) {
  authapi_api_key key;
  authapi_credential credential;
  int status = find_api_key(cli, &key);
  if (status != 0)
    return status;
  if (cli->domains[0] == '\0')
    return complain(2, "give at least one domain: --domain www.example.com");
  if (authapi_make_domain_key(&cli->store, &cli->signer, key.id, cli->domains, now_s(NULL), &credential) !=
      AUTHAPI_FOUND)
    return store_failed(cli);
  return tell_change(cli, credential.id, authapi_describe(&credential), "domain key  %s\nid          %s\ndomains\n%s",
                     credential.value, credential.id, credential.domains);
}

static int set_domains(const struct cli *cli) {
  if (cli->target == NULL || cli->domains[0] == '\0')
    return complain(2, "write: inbenta-authd domain-key set-domains ID --domain DOMAIN");
  switch (cli->store.set_domains(cli->store.state, cli->target, cli->domains)) {
  case AUTHAPI_FOUND: {
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "id", cli->target);
    authapi_describe_domains(json, cli->domains);
    return tell_change(cli, cli->target, json, "%s now admits\n%s", cli->target, cli->domains);
  }
  case AUTHAPI_MISSING:
    return complain(1, "there is no domain key with this id");
  default:
    return store_failed(cli);
  }
}

static int revoke(const struct cli *cli, authapi_credential_kind kind) {
  authapi_credential credential;
  if (cli->target == NULL)
    return complain(2, "say which one: inbenta-authd %s revoke ID", cli->noun);
  int status = find_target(cli, kind, &credential);
  if (status != 0)
    return status;
  if (cli->store.revoke(cli->store.state, kind, credential.id, now_s(NULL)) != AUTHAPI_FOUND)
    return store_failed(cli);
  cJSON *json = cJSON_CreateObject();
  cJSON_AddBoolToObject(json, "revoked", true);
  return tell_change(cli, credential.id, json,
                     "Revoked. It is refused from now on, and so is the refresh of its tokens.\n");
}

/* A list for people: each entry's fields, a line each. */
static int print_list(const struct cli *cli, cJSON *list) {
  if (cli->json)
    return print_json(list);
  const cJSON *entry, *field, *item;
  cJSON_ArrayForEach(entry, list) {
    cJSON_ArrayForEach(field, entry) {
      if (cJSON_IsString(field))
        printf("%-13s %s\n", field->string, field->valuestring);
      else if (cJSON_IsBool(field))
        printf("%-13s %s\n", field->string, cJSON_IsTrue(field) ? "yes" : "no");
      else
        cJSON_ArrayForEach(item, field) printf("%-13s %s\n", "domain", item->valuestring);
    }
    puts("");
  }
  cJSON_Delete(list);
  return 0;
}

static int list_api_keys(const struct cli *cli) {
  cJSON *list;
  return authapi_list_api_keys(&cli->store, NULL, &list) == AUTHAPI_FOUND ? print_list(cli, list) : store_failed(cli);
}

static int list_credentials(const struct cli *cli, authapi_credential_kind kind) {
  authapi_api_key key = {.id = ""};
  if (cli->api_key != NULL) {
    int status = find_api_key(cli, &key);
    if (status != 0)
      return status;
  }
  cJSON *list;
  const char *api_key_id = cli->api_key != NULL ? key.id : NULL;
  return authapi_list_credentials(&cli->store, NULL, kind, api_key_id, &list) == AUTHAPI_FOUND ? print_list(cli, list)
                                                                                               : store_failed(cli);
}

static int list_signing_keys(const struct cli *cli) {
  authapi_signing_keys ring = {.count = 0};
  authapi_found found = authapi_signing_keys_read(&ring, &cli->store, &cli->signer, now_s(NULL));
  int status = found == AUTHAPI_FOUND ? print_list(cli, authapi_describe_ring(&ring)) : store_failed(cli);
  authapi_signing_keys_clean_up(&ring, &cli->signer);
  return status;
}

/* The newest one. */
static int tell_signing_key(const struct cli *cli, const authapi_signing_keys *ring) {
  char kid[AUTHAPI_KID_SIZE], from[IAUTH__DATE_SIZE];
  size_t added = ring->count - 1;
  authapi_key_id(&ring->keys[added], kid);
  iauth__write_date(ring->told[added].signs_from_s, from);
  return tell_change(cli, kid, authapi_describe_signing_key(ring, added),
                     "signing key  %s\nsigns from   %s\n\nIt is published from now on.\n", kid, from);
}

static int rotate_signing_key(const struct cli *cli) {
  authapi_signing_keys ring = {.count = 0};
  authapi_found found = authapi_signing_keys_rotate(&ring, &cli->store, &cli->signer, cli->publish_s, now_s(NULL));
  int status = found == AUTHAPI_MISSING       ? complain(1, "%s", authapi_signing_keys_not_now)
               : found == AUTHAPI_STORE_ERROR ? store_failed(cli)
                                              : tell_signing_key(cli, &ring);
  authapi_signing_keys_clean_up(&ring, &cli->signer);
  return status;
}

/* ---------------------------------------------------------------------------------------------------
 * Serving. */

/* "127.0.0.1:8080" or "[::1]:8080". */
static bool split_address(const char *text, char address[64], unsigned short *port) {
  const char *colon = strrchr(text, ':');
  if (colon == NULL || colon == text)
    return false;
  bool brackets = text[0] == '[' && colon[-1] == ']';
  size_t len = (size_t)(colon - text) - (brackets ? 2 : 0);
  long number = read_number(colon + 1, 0, 65535);
  if (number < 0 || len == 0 || len >= 64)
    return false;
  memcpy(address, text + brackets, len);
  address[len] = '\0';
  *port = (unsigned short)number;
  return true;
}

/* Reads the admin token, which the caller wipes. Returns 0 or the exit status. */
static int read_admin_token(const char *path, char token[ADMIN_TOKEN_SIZE]) {
  FILE *file = fopen(path, "r");
  if (file == NULL)
    return complain(1, "--admin-token-file %s: %s", path, strerror(errno));
  setvbuf(file, NULL, _IONBF, 0); /* else a copy stays in its buffer */
  size_t len = fread(token, 1, ADMIN_TOKEN_SIZE - 1, file);
  bool failed = ferror(file) != 0;
  fclose(file);
  if (failed)
    return complain(1, "--admin-token-file %s: cannot be read", path);
  while (len > 0 && strchr("\r\n", token[len - 1]) != NULL)
    len--;
  token[len] = '\0';
  const char *problem = authapi_management_token_problem(token);
  return problem == NULL ? 0 : complain(1, "--admin-token-file %s: %s", path, problem);
}

/* Returns 0 or the exit status. */
static int init_admin(const struct cli *cli, const authapi *api, authapi_management *admin) {
  char token[ADMIN_TOKEN_SIZE];
  int status = read_admin_token(cli->admin_token_file, token);
  if (status == 0 && !authapi_management_init(admin, api, token))
    status = complain(1, "no hash could be made");
  iauth__wipe(token, sizeof token);
  return status;
}

/* Shows the certificate in the files as they are now. Returns 0 or the exit status; then there is
 * nothing to release. */
static int load_tls(const struct cli *cli, authd_tls *tls) {
  char problem[512];
  if ((cli->tls_cert == NULL) != (cli->tls_key == NULL))
    return complain(2, "--tls-cert and --tls-key: give both");
  if (cli->tls_cert == NULL)
    return 0;
  if (!authd_tls_load(tls, cli->tls_cert, cli->tls_key, problem, sizeof problem))
    return complain(1, "%s", problem);
  if (authd_certificate_show(tls))
    return 0;
  authd_tls_clean_up(tls);
  return complain(1, "%s: GnuTLS cannot use it", cli->tls_cert);
}

static bool write_uses(void *user) {
  const authapi *api = user;
  return authapi_last_used_write(api->uses, &api->store);
}

static bool reopen_audit(void *user) {
  const struct cli *cli = user;
  return authd_audit_file_reopen(cli->audit_file);
}

/* Files may have been replaced: the log by a rotation, the certificate by a renewal. What cannot be
 * used is said, and the old one stays. */
static void read_files_again(const struct cli *cli, authd_http *http) {
  authd_tls tls = {0};
  if (cli->audit != NULL && !authd_http_between(http, reopen_audit, (void *)cli))
    complain(1, "--audit %s: %s; going on with the old file", cli->audit_path, strerror(errno));
  if (cli->tls_cert == NULL)
    return;
  if (load_tls(cli, &tls) != 0)
    complain(1, "the old certificate is shown on");
  authd_tls_clean_up(&tls);
}

/* Waits for a signal to stop, and does meanwhile what is to be done now and then. */
static void wait_to_stop(const struct cli *cli, const sigset_t *signals, authd_http *http, const authapi *api) {
  static const struct timespec pause = {.tv_sec = AUTHAPI_USES_WAIT_S};
  int taken;
  while ((taken = sigtimedwait(signals, NULL, &pause)) < 0 || taken == SIGHUP) {
    if (taken == SIGHUP)
      read_files_again(cli, http);
    else
      while (authd_http_between(http, write_uses, (void *)api))
        ;
  }
}

/* Serves until SIGINT or SIGTERM; plain http where `tls` is NULL. */
static int serve_api(const struct cli *cli, const authapi *api, const authd_tls *tls) {
  char address[64];
  unsigned short port;
  authapi_management admin;
  bool has_admin = cli->admin_token_file != NULL;
  sigset_t signals;
  if (!split_address(cli->listen, address, &port))
    return complain(2, "--listen %s: write ADDRESS:PORT, for example 127.0.0.1:8080", cli->listen);
  int status = has_admin ? init_admin(cli, api, &admin) : 0;
  if (status != 0)
    return status;
  /* Blocked before the serving thread is there, so that it inherits this; sigtimedwait takes
   * them. */
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  if (cli->audit != NULL || cli->tls_cert != NULL) /* else it ends with its terminal, as usual */
    sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, NULL);
  signal(SIGPIPE, SIG_IGN);
  const authapi_log log = {stderr, cli->log_json};
  errno = 0;
  authd_http *http = authd_http_start(api, has_admin ? &admin : NULL, tls, address, &port, cli->quiet ? NULL : &log);
  if (http == NULL)
    return complain(1, "cannot listen on %s: %s", cli->listen, errno != 0 ? strerror(errno) : "not an IP address");
  const char *scheme = tls != NULL ? "https" : "http";
  const char *open = strchr(address, ':') != NULL ? "[" : "", *close = *open != '\0' ? "]" : "";
  printf("inbenta-authd listening on %s://%s%s%s:%u/v1\n", scheme, open, address, close, port);
  if (has_admin)
    printf("administration on %s://%s%s%s:%u/admin/\n", scheme, open, address, close, port);
  fflush(stdout);
  wait_to_stop(cli, &signals, http, api);
  authd_http_stop(http);
  while (write_uses((void *)api))
    ;
  return 0;
}

static int serve_with(const struct cli *cli, const authd_tls *tls) {
  authapi_signing_keys ring = {.count = 0};
  authapi api = {
      .store = cli->store,
      .signer = cli->signer,
      .ring = &ring,
      .to_ascii = authd_to_ascii,
      .now_s = now_s,
      .lifetime_s = cli->lifetime_s,
      .audit = cli->audit,
  };
  authapi_found ready = authapi_signing_keys_update(&ring, &api.store, &api.signer, api.lifetime_s, now_s(NULL));
  if (ready == AUTHAPI_STORE_ERROR)
    return store_failed(cli);
  char *apis = cJSON_PrintUnformatted(cli->apis);
  api.apis_json = apis;
  bool limited = cli->throttle.requests != 0 || cli->quota.requests != 0;
  api.limiter = limited ? authapi_limiter_new(cli->throttle, cli->quota) : NULL;
  api.uses = authapi_last_used_new();
  bool good = ready == AUTHAPI_FOUND && apis != NULL && api.uses != NULL && limited == (api.limiter != NULL);
  int status = good ? serve_api(cli, &api, tls) : complain(1, "cannot use the signing key, or out of memory");
  authapi_last_used_free(api.uses);
  authapi_limiter_free(api.limiter);
  cJSON_free(apis);
  authapi_signing_keys_clean_up(&ring, &api.signer);
  return status;
}

static int serve(const struct cli *cli) {
  authd_tls tls = {0};
  int status = load_tls(cli, &tls);
  if (status == 0)
    status = serve_with(cli, tls.key != NULL ? &tls : NULL);
  authd_tls_clean_up(&tls);
  return status;
}

/* -------------------------------------------------------------------------------------------------
 */

static int list_secrets(const struct cli *cli) { return list_credentials(cli, AUTHAPI_SECRET); }
static int list_domain_keys(const struct cli *cli) { return list_credentials(cli, AUTHAPI_DOMAIN_KEY); }
static int revoke_secret(const struct cli *cli) { return revoke(cli, AUTHAPI_SECRET); }
static int revoke_domain_key(const struct cli *cli) { return revoke(cli, AUTHAPI_DOMAIN_KEY); }

typedef struct {
  const char *noun, *verb;
  int (*run)(const struct cli *cli);
  unsigned takes;
} command;

static const command commands[] = {
    {"serve", "", serve, LISTEN | LIFETIME | API | QUIET | ADMIN | TLS | LOG | LIMITS | AUDIT},
    {"api-key", "create", create_api_key, NAME | AUDIT},
    {"api-key", "list", list_api_keys, 0},
    {"secret", "create", create_secret, API_KEY | AUDIT},
    {"secret", "list", list_secrets, API_KEY},
    {"secret", "rotate", rotate_secret, TARGET | OVERLAP | AUDIT},
    {"secret", "revoke", revoke_secret, TARGET | AUDIT},
    {"domain-key", "create", create_domain_key, API_KEY | DOMAIN | AUDIT},
    {"domain-key", "list", list_domain_keys, API_KEY},
    {"domain-key", "set-domains", set_domains, TARGET | DOMAIN | AUDIT},
    {"domain-key", "revoke", revoke_domain_key, TARGET | AUDIT},
    {"signing-key", "list", list_signing_keys, 0},
    {"signing-key", "rotate", rotate_signing_key, PUBLISH | AUDIT},
};

static const command *find_command(const struct cli *cli) {
  const char *verb = cli->verb != NULL ? cli->verb : "";
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    if (strcmp(cli->noun, commands[i].noun) == 0 && strcmp(verb, commands[i].verb) == 0)
      return &commands[i];
  return NULL;
}

static bool open_store(authapi_store *store, const char *db, char *problem, size_t size) {
  bool postgres = strncmp(db, "postgres://", 11) == 0 || strncmp(db, "postgresql://", 13) == 0;
  return postgres ? authapi_store_postgres_open(store, db, problem, size)
                  : authapi_store_sqlite_open(store, db, problem, size);
}

static int run_with_store(struct cli *cli, const command *found) {
  char problem[512];
  if (!open_store(&cli->store, cli->db, problem, sizeof problem))
    return complain(1, "cannot open %s", problem);
  int status = found->run(cli);
  cli->store.close(cli->store.state);
  return status;
}

/* Without the audit log that was asked for, nothing is done. */
static int run_command(struct cli *cli, const command *found) {
  authd_audit_file file;
  authapi_audit audit = {.write = authd_audit_file_write, .state = &file};
  if (cli->audit_path == NULL)
    return run_with_store(cli, found);
  if (!authd_audit_file_open(&file, cli->audit_path))
    return complain(1, "--audit %s: %s", cli->audit_path, strerror(errno));
  cli->audit = &audit;
  cli->audit_file = &file;
  int status = run_with_store(cli, found);
  authd_audit_file_close(&file);
  return status;
}

int authd_cli(int argc, char **argv) {
  static struct cli cli; /* too large for a stack; zeroed */
  for (int i = 1; i < argc; i++)
    if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
      fputs(usage, stdout);
      return 0;
    }
  cli.db = "inbenta-authd.db";
  cli.listen = "127.0.0.1:8080";
  cli.lifetime_s = 1200;
  cli.overlap_s = AUTHAPI_OVERLAP_S;
  cli.publish_s = AUTHAPI_PUBLISH_S;
  cli.signer = authd_signer_openssl();
  cli.apis = cJSON_CreateObject();
  int status = take_arguments(&cli, argc, argv);
  if (status == 0 && cli.noun == NULL) {
    fputs(usage, stderr);
    status = 2;
  }
  const command *found = status == 0 ? find_command(&cli) : NULL;
  if (status == 0)
    status =
        found != NULL ? check_given(&cli, found->takes) : complain(2, "unknown command (see inbenta-authd --help)");
  if (status == 0)
    status = run_command(&cli, found);
  cJSON_Delete(cli.apis);
  return status;
}
