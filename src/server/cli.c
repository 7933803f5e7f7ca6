/* The commands of inbenta-authd: serve, and manage keys in the same store. See cli.h. */
#define _POSIX_C_SOURCE 200809L
#include "server/cli.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <idn2.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/endpoint.h"
#include "server/api.h"
#include "server/http.h"
#include "server/keys.h"
#include "server/origin.h"

static const char usage[] =
    "inbenta-authd: a local Auth API to develop and test against.\n"
    "\n"
    "  inbenta-authd serve [--listen 127.0.0.1:8080] [--lifetime SECONDS] [--api NAME=URL]... "
    "[--quiet]\n"
    "  inbenta-authd api-key create --name NAME\n"
    "  inbenta-authd api-key list\n"
    "  inbenta-authd secret create --api-key KEY\n"
    "  inbenta-authd secret list [--api-key KEY]\n"
    "  inbenta-authd secret revoke ID\n"
    "  inbenta-authd domain-key create --api-key KEY --domain DOMAIN [--domain DOMAIN]...\n"
    "  inbenta-authd domain-key list [--api-key KEY]\n"
    "  inbenta-authd domain-key set-domains ID --domain DOMAIN [--domain DOMAIN]...\n"
    "  inbenta-authd domain-key revoke ID-OR-KEY\n"
    "\n"
    "  --db FILE        where keys are kept; created if it is not there (inbenta-authd.db)\n"
    "  --json           print one JSON document\n"
    "  --listen         address and port to serve on; port 0 takes a free one\n"
    "  --lifetime       of access tokens, 1 to 31536000 seconds (1200)\n"
    "  --api            a product's base URL, as clients get it with their token\n"
    "  --quiet          no line for each request on standard error\n"
    "  --domain         www.example.com (https), *.example.com (its sub-domains), or a full "
    "origin\n"
    "                   such as http://localhost:8080\n"
    "\n"
    "A secret is shown once, when it is created; only its hash is kept.\n";

#define LIFETIME_MAX_S 31536000

typedef struct {
  const char *noun, *verb; /* "domain-key", "create"; verb is NULL for serve */
  const char *target;      /* ID or key, where the verb takes one */
  const char *db, *listen, *name, *api_key;
  char domains[AUTHD_DOMAINS_SIZE];
  cJSON *apis;
  long lifetime_s;
  bool json, quiet;
  authd_store store;
  authd_signer random; /* just its random source and hash are used by commands */
} cli;

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

static int store_failed(const cli *cli) {
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

static void add_time(cJSON *json, const char *name, int64_t unix_s) {
  char text[32];
  struct tm utc;
  time_t when = (time_t)unix_s;
  gmtime_r(&when, &utc);
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  cJSON_AddStringToObject(json, name, text);
}

static void add_domains(cJSON *json, const char *domains) {
  cJSON *array = cJSON_AddArrayToObject(json, "domains");
  char copy[AUTHD_DOMAINS_SIZE], *rest = copy, *line;
  snprintf(copy, sizeof copy, "%s", domains);
  while ((line = strtok_r(rest, "\n", &rest)) != NULL)
    cJSON_AddItemToArray(array, cJSON_CreateString(line));
}

/* What may be shown of a credential at any time: a domain key is public, of a secret there is only
 * a hash. */
static cJSON *describe(const authd_credential *credential) {
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "id", credential->id);
  cJSON_AddStringToObject(json, "apiKeyId", credential->api_key_id);
  if (credential->kind == AUTHD_DOMAIN_KEY) {
    cJSON_AddStringToObject(json, "domainKey", credential->value);
    add_domains(json, credential->domains);
  }
  add_time(json, "created", credential->created_s);
  cJSON_AddBoolToObject(json, "revoked", credential->revoked_s != 0);
  return json;
}

/* ---------------------------------------------------------------------------------------------------
 * Arguments. */

/* Brings a domain with other letters than ASCII to what browsers send (punycode), where the host
 * is. */
static char *to_ascii(const char *entry) {
  const char *host = strstr(entry, "://");
  host = host != NULL ? host + 3 : strncmp(entry, "*.", 2) == 0 ? entry + 2 : entry;
  size_t head = (size_t)(host - entry), len = strcspn(host, ":/");
  char *name = strndup(host, len), *ascii = NULL, *joined = NULL;
  if (name != NULL && idn2_to_ascii_8z(name, &ascii, IDN2_NONTRANSITIONAL) == IDN2_OK) {
    size_t size = strlen(entry) + strlen(ascii) + 1;
    joined = malloc(size);
    if (joined != NULL)
      snprintf(joined, size, "%.*s%s%s", (int)head, entry, ascii, host + len);
  }
  free(name);
  idn2_free(ascii);
  return joined;
}

static bool is_ascii(const char *text) {
  for (; *text != '\0'; text++)
    if ((unsigned char)*text > 127)
      return false;
  return true;
}

static int add_domain(cli *cli, const char *entry) {
  char *ascii = is_ascii(entry) ? strdup(entry) : to_ascii(entry);
  if (ascii == NULL)
    return complain(2, "--domain %s: not a host name that can be written in ASCII", entry);
  int status = 0;
  const char *problem = authd_domain_problem(ascii);
  size_t used = strlen(cli->domains);
  if (problem != NULL)
    status = complain(2, "--domain %s: %s", entry, problem);
  else if (used + strlen(ascii) + 2 > sizeof cli->domains)
    status = complain(2, "--domain %s: too many domains for one key", entry);
  else
    snprintf(cli->domains + used, sizeof cli->domains - used, "%s\n", ascii);
  free(ascii);
  return status;
}

static int add_api(cli *cli, const char *text) {
  const char *equals = strchr(text, '=');
  char *name = equals != NULL && equals > text ? strndup(text, (size_t)(equals - text)) : NULL;
  int status = 0;
  if (name == NULL)
    status = complain(2, "--api %s: write NAME=URL", text);
  else if (iauth__check_endpoint(equals + 1, false) != IAUTH_OK)
    status = complain(2, "--api %s: the URL must be https, or http on this machine", text);
  else
    cJSON_AddStringToObject(cli->apis, name, equals + 1);
  free(name);
  return status;
}

static int read_lifetime(cli *cli, const char *text) {
  char *end;
  cli->lifetime_s = strtol(text, &end, 10);
  if (*text == '\0' || *end != '\0' || cli->lifetime_s < 1 || cli->lifetime_s > LIFETIME_MAX_S)
    return complain(2, "--lifetime %s: a whole number of seconds from 1 to %d", text,
                    LIFETIME_MAX_S);
  return 0;
}

static int take_option(cli *cli, const char *option, const char *value) {
  if (strcmp(option, "--db") == 0)
    cli->db = value;
  else if (strcmp(option, "--listen") == 0)
    cli->listen = value;
  else if (strcmp(option, "--name") == 0)
    cli->name = value;
  else if (strcmp(option, "--api-key") == 0)
    cli->api_key = value;
  else if (strcmp(option, "--domain") == 0)
    return add_domain(cli, value);
  else if (strcmp(option, "--api") == 0)
    return add_api(cli, value);
  else if (strcmp(option, "--lifetime") == 0)
    return read_lifetime(cli, value);
  else
    return complain(2, "unknown option %s (see inbenta-authd --help)", option);
  return 0;
}

static int take_arguments(cli *cli, int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    const char *word = argv[i];
    int status = 0;
    if (strcmp(word, "--json") == 0)
      cli->json = true;
    else if (strcmp(word, "--quiet") == 0)
      cli->quiet = true;
    else if (strncmp(word, "--", 2) == 0 && i + 1 == argc)
      status = complain(2, "%s: unknown option, or its value is missing (see inbenta-authd --help)",
                        word);
    else if (strncmp(word, "--", 2) == 0)
      status = take_option(cli, word, argv[++i]);
    else if (cli->noun == NULL)
      cli->noun = word;
    else if (cli->verb == NULL && strcmp(cli->noun, "serve") != 0)
      cli->verb = word;
    else if (cli->target == NULL && cli->verb != NULL)
      cli->target = word;
    else
      status = complain(2, "%s: one argument too many (see inbenta-authd --help)", word);
    if (status != 0)
      return status;
  }
  return 0;
}

/* The API key named by --api-key. Returns 0 or the exit status. */
static int find_api_key(const cli *cli, authd_api_key *key) {
  if (cli->api_key == NULL)
    return complain(2, "give the API key: --api-key KEY");
  switch (cli->store.find_api_key(cli->store.state, cli->api_key, key)) {
  case AUTHD_FOUND:
    return 0;
  case AUTHD_MISSING:
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

static int create_api_key(const cli *cli) {
  authd_api_key key;
  if (cli->name == NULL || *cli->name == '\0')
    return complain(2, "give the API key a name: --name NAME");
  if (strlen(cli->name) >= AUTHD_NAME_SIZE)
    return complain(2, "--name: longer than %d bytes", AUTHD_NAME_SIZE - 1);
  if (authd_make_api_key(&cli->store, &cli->random, cli->name, now_s(NULL), &key) != AUTHD_FOUND)
    return store_failed(cli);
  if (!cli->json) {
    printf("API key  %s\nid       %s\nname     %s\n", key.value, key.id, key.name);
    return 0;
  }
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "id", key.id);
  cJSON_AddStringToObject(json, "name", key.name);
  cJSON_AddStringToObject(json, "apiKey", key.value);
  return print_json(json);
}

static int create_secret(const cli *cli) {
  authd_api_key key;
  authd_credential credential;
  char secret[AUTHD_SECRET_SIZE];
  int status = find_api_key(cli, &key);
  if (status != 0)
    return status;
  if (authd_make_secret(&cli->store, &cli->random, key.id, now_s(NULL), secret, &credential) !=
      AUTHD_FOUND)
    return store_failed(cli);
  if (!cli->json) {
    printf("secret   %s\nid       %s\n\nKeep it now: it is not shown again.\n", secret,
           credential.id);
    return 0;
  }
  cJSON *json = describe(&credential);
  cJSON_AddStringToObject(json, "secret", secret);
  return print_json(json);
}

static int create_domain_key(const cli *cli) {
  authd_api_key key;
  authd_credential credential;
  int status = find_api_key(cli, &key);
  if (status != 0)
    return status;
  if (cli->domains[0] == '\0')
    return complain(2, "give at least one domain: --domain www.example.com");
  if (authd_make_domain_key(&cli->store, &cli->random, key.id, cli->domains, now_s(NULL),
                            &credential) != AUTHD_FOUND)
    return store_failed(cli);
  if (cli->json)
    return print_json(describe(&credential));
  printf("domain key  %s\nid          %s\ndomains\n%s", credential.value, credential.id,
         credential.domains);
  return 0;
}

static int set_domains(const cli *cli) {
  if (cli->target == NULL || cli->domains[0] == '\0')
    return complain(2, "write: inbenta-authd domain-key set-domains ID --domain DOMAIN");
  switch (cli->store.set_domains(cli->store.state, cli->target, cli->domains)) {
  case AUTHD_FOUND:
    if (cli->json) {
      cJSON *json = cJSON_CreateObject();
      cJSON_AddStringToObject(json, "id", cli->target);
      add_domains(json, cli->domains);
      return print_json(json);
    }
    printf("%s now admits\n%s", cli->target, cli->domains);
    return 0;
  case AUTHD_MISSING:
    return complain(1, "there is no domain key with this id");
  default:
    return store_failed(cli);
  }
}

static int revoke(const cli *cli, authd_credential_kind kind) {
  if (cli->target == NULL)
    return complain(2, "say which one: inbenta-authd %s revoke ID", cli->noun);
  switch (cli->store.revoke(cli->store.state, kind, cli->target, now_s(NULL))) {
  case AUTHD_FOUND:
    if (cli->json) {
      cJSON *json = cJSON_CreateObject();
      cJSON_AddBoolToObject(json, "revoked", true);
      return print_json(json);
    }
    puts("Revoked. It is refused from now on, and so is the refresh of its tokens.");
    return 0;
  case AUTHD_MISSING:
    return complain(1, "there is no such %s; inbenta-authd %s list shows them", cli->noun,
                    cli->noun);
  default:
    return store_failed(cli);
  }
}

static void list_api_key(void *user, const authd_api_key *key) {
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "id", key->id);
  cJSON_AddStringToObject(json, "name", key->name);
  cJSON_AddStringToObject(json, "apiKey", key->value);
  add_time(json, "created", key->created_s);
  cJSON_AddItemToArray(user, json);
}

static void list_credential(void *user, const authd_credential *credential) {
  cJSON_AddItemToArray(user, describe(credential));
}

/* A list for people: each entry's fields, a line each. */
static int print_list(const cli *cli, cJSON *list) {
  if (cli->json)
    return print_json(list);
  const cJSON *entry, *field, *item;
  cJSON_ArrayForEach(entry, list) {
    cJSON_ArrayForEach(field, entry) {
      if (cJSON_IsString(field))
        printf("%-10s %s\n", field->string, field->valuestring);
      else if (cJSON_IsBool(field))
        printf("%-10s %s\n", field->string, cJSON_IsTrue(field) ? "yes" : "no");
      else
        cJSON_ArrayForEach(item, field) printf("%-10s %s\n", "domain", item->valuestring);
    }
    puts("");
  }
  cJSON_Delete(list);
  return 0;
}

static int list_api_keys(const cli *cli) {
  cJSON *list = cJSON_CreateArray();
  if (cli->store.list_api_keys(cli->store.state, list_api_key, list) == AUTHD_FOUND)
    return print_list(cli, list);
  cJSON_Delete(list);
  return store_failed(cli);
}

static int list_credentials(const cli *cli, authd_credential_kind kind) {
  authd_api_key key = {.id = ""};
  if (cli->api_key != NULL) {
    int status = find_api_key(cli, &key);
    if (status != 0)
      return status;
  }
  cJSON *list = cJSON_CreateArray();
  if (cli->store.list_credentials(cli->store.state, kind, cli->api_key != NULL ? key.id : NULL,
                                  list_credential, list) == AUTHD_FOUND)
    return print_list(cli, list);
  cJSON_Delete(list);
  return store_failed(cli);
}

/* ---------------------------------------------------------------------------------------------------
 * Serving. */

/* "127.0.0.1:8080" or "[::1]:8080". */
static bool split_address(const char *text, char address[64], unsigned short *port) {
  const char *colon = strrchr(text, ':');
  char *end;
  if (colon == NULL || colon[1] == '\0')
    return false;
  bool brackets = text[0] == '[' && colon[-1] == ']';
  size_t len = (size_t)(colon - text) - (brackets ? 2 : 0);
  long number = strtol(colon + 1, &end, 10);
  if (*end != '\0' || number < 0 || number > 65535 || len == 0 || len >= 64)
    return false;
  memcpy(address, text + brackets, len);
  address[len] = '\0';
  *port = (unsigned short)number;
  return true;
}

/* Serves until SIGINT or SIGTERM. */
static int serve_api(const cli *cli, const authd_api *api) {
  char address[64];
  unsigned short port;
  sigset_t stop;
  int signal_number;
  if (!split_address(cli->listen, address, &port))
    return complain(2, "--listen %s: write ADDRESS:PORT, for example 127.0.0.1:8080", cli->listen);
  /* Blocked before the serving thread is there, so that it inherits this; sigwait takes them. */
  sigemptyset(&stop);
  sigaddset(&stop, SIGINT);
  sigaddset(&stop, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop, NULL);
  signal(SIGPIPE, SIG_IGN);
  errno = 0;
  authd_http *http = authd_http_start(api, address, &port, cli->quiet ? NULL : stderr);
  if (http == NULL)
    return complain(1, "cannot listen on %s: %s", cli->listen,
                    errno != 0 ? strerror(errno) : "not an IP address");
  const char *form = strchr(address, ':') != NULL ? "[%s]" : "%s";
  printf("inbenta-authd listening on http://");
  printf(form, address);
  printf(":%u/v1\n", port);
  fflush(stdout);
  sigwait(&stop, &signal_number);
  authd_http_stop(http);
  return 0;
}

static int serve(const cli *cli) {
  unsigned char fresh[AUTHD_KEY_SIZE], private_key[AUTHD_KEY_SIZE];
  authd_api api = {
      .store = cli->store,
      .now_s = now_s,
      .lifetime_s = cli->lifetime_s,
  };
  if (!authd_openssl_random(NULL, fresh, sizeof fresh))
    return complain(1, "no randomness");
  if (cli->store.signing_key(cli->store.state, fresh, private_key) != AUTHD_FOUND)
    return store_failed(cli);
  bool ready = authd_signer_openssl_init(&api.signer, private_key);
  memset(fresh, 0, sizeof fresh);
  memset(private_key, 0, sizeof private_key);
  char *apis = cJSON_PrintUnformatted(cli->apis);
  api.apis_json = apis;
  int status =
      ready && apis != NULL ? serve_api(cli, &api) : complain(1, "cannot use the signing key");
  cJSON_free(apis);
  authd_signer_openssl_clean_up(&api.signer);
  return status;
}

/* -------------------------------------------------------------------------------------------------
 */

static int list_secrets(const cli *cli) { return list_credentials(cli, AUTHD_SECRET); }
static int list_domain_keys(const cli *cli) { return list_credentials(cli, AUTHD_DOMAIN_KEY); }
static int revoke_secret(const cli *cli) { return revoke(cli, AUTHD_SECRET); }
static int revoke_domain_key(const cli *cli) { return revoke(cli, AUTHD_DOMAIN_KEY); }

typedef int (*command)(const cli *cli);

static const struct {
  const char *noun, *verb;
  command run;
} commands[] = {
    {"serve", "", serve},
    {"api-key", "create", create_api_key},
    {"api-key", "list", list_api_keys},
    {"secret", "create", create_secret},
    {"secret", "list", list_secrets},
    {"secret", "revoke", revoke_secret},
    {"domain-key", "create", create_domain_key},
    {"domain-key", "list", list_domain_keys},
    {"domain-key", "set-domains", set_domains},
    {"domain-key", "revoke", revoke_domain_key},
};

static command find_command(const cli *cli) {
  const char *verb = cli->verb != NULL ? cli->verb : "";
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    if (strcmp(cli->noun, commands[i].noun) == 0 && strcmp(verb, commands[i].verb) == 0)
      return commands[i].run;
  return NULL;
}

int authd_cli(int argc, char **argv) {
  static cli cli; /* too large for a stack; zeroed */
  char problem[512];
  for (int i = 1; i < argc; i++)
    if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
      fputs(usage, stdout);
      return 0;
    }
  cli.db = "inbenta-authd.db";
  cli.listen = "127.0.0.1:8080";
  cli.lifetime_s = 1200;
  cli.apis = cJSON_CreateObject();
  int status = take_arguments(&cli, argc, argv);
  if (status == 0 && cli.noun == NULL) {
    fputs(usage, stderr);
    status = 2;
  }
  command run = status == 0 ? find_command(&cli) : NULL;
  if (status == 0 && run == NULL)
    status = complain(2, "unknown command (see inbenta-authd --help)");
  /* The public part of this signer is not used: any key will do. */
  static const unsigned char no_key[AUTHD_KEY_SIZE];
  if (status == 0 && !authd_signer_openssl_init(&cli.random, no_key))
    status = complain(1, "OpenSSL failed");
  if (status == 0) {
    if (authd_store_sqlite_open(&cli.store, cli.db, problem, sizeof problem)) {
      status = run(&cli);
      cli.store.close(cli.store.state);
    } else {
      status = complain(1, "cannot open %s", problem);
    }
  }
  authd_signer_openssl_clean_up(&cli.random);
  cJSON_Delete(cli.apis);
  return status;
}
