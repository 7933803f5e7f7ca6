/* The command line; see command_line.h. */
#define _POSIX_C_SOURCE 200809L
#include "authd/command_line.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authapi/keys/credentials.h"
#include "authapi/keys/signing_keys.h"
#include "authd/domain_names.h"
#include "authd/hosts.h"
#include "base/base_url.h"
#include "base/shown.h"

#define LIFETIME_MAX_S 31536000
#define DB_DEFAULT "inbenta-authd.db"

const char authd_usage[] =
    "inbenta-authd: a local Auth API for development and tests.\n"
    "\n"
    "  inbenta-authd serve [--listen 127.0.0.1:8080] [--lifetime SECONDS] [--api NAME=URL]... [--quiet | --log json]\n"
    "                      [--apis missing | --apis empty]\n"
    "                      [--admin-token-file FILE] [--tls-cert FILE --tls-key FILE]\n"
    "                      [--admin-over-http] [--allow-host NAME]... [--trusted-proxy ADDR[/BITS]]...\n"
    "                      [--throttle REQUESTS/SECONDS] [--quota REQUESTS/SECONDS] [--audit FILE]\n"
    "  inbenta-authd api-key create --name NAME\n"
    "  inbenta-authd api-key list\n"
    "  inbenta-authd api-key revoke KEY-OR-ID\n"
    "  inbenta-authd secret create --api-key KEY\n"
    "  inbenta-authd secret list [--api-key KEY]\n"
    "  inbenta-authd secret rotate ID [--overlap SECONDS]\n"
    "  inbenta-authd secret revoke ID\n"
    "  inbenta-authd domain-key create --api-key KEY --domain DOMAIN [--domain DOMAIN]...\n"
    "  inbenta-authd domain-key list [--api-key KEY]\n"
    "  inbenta-authd domain-key set-domains ID --domain DOMAIN [--domain DOMAIN]...\n"
    "  inbenta-authd domain-key revoke ID-OR-KEY\n"
    "  inbenta-authd signing-key list\n"
    "  inbenta-authd signing-key rotate [--publish SECONDS | --now]\n"
    "  inbenta-authd signing-key revoke ID\n"
    "  inbenta-authd version\n"
    "\n"
    "  --db FILE        the database with the keys (" DB_DEFAULT "). Only api-key create and serve create\n"
    "                   a missing file.\n"
    "                   postgres://USER@HOST/DATABASE for PostgreSQL. The password is not part of the\n"
    "                   URL: it comes from PGPASSFILE or PGPASSWORD\n"
    "  --json           print one JSON document\n"
    "  --audit          for serve and the commands that change keys: append one JSON line to FILE for each\n"
    "                   change of keys. A server also appends one for each grant and refusal. On SIGHUP,\n"
    "                   the server opens FILE again\n"
    "  --listen         the address and port to listen on; port 0 takes a free port\n"
    "  --lifetime       the lifetime of access tokens, 1 to 31536000 seconds (1200)\n"
    "  --api            the base URL of a product; clients get it with their token\n"
    "  --apis           missing: /auth leaves the products out, and GET /apis has them; empty: both answer\n"
    "                   []. Without it, both answer {\"NAME\":\"URL\"}\n"
    "  --quiet          do not log requests\n"
    "  --log            how requests are logged on standard error: text or json (text)\n"
    "  --admin-token-file\n"
    "                   also serve the management interface and its page at /admin/. Callers need the\n"
    "                   token in FILE. On SIGHUP, the server reads FILE again\n"
    "  --admin-over-http\n"
    "                   other machines may use the management interface over plain http\n"
    "  --allow-host     another host name for /admin/, besides localhost and IP addresses\n"
    "  --trusted-proxy  a proxy whose X-Forwarded-For names the client. It may open any number of\n"
    "                   connections; any other address may open 256\n"
    "  --throttle, --quota\n"
    "                   how many requests each API key may send in each period, for example 100/10 and\n"
    "                   50000/86400. Over the limit, the server answers 429 with Retry-After (no limit)\n"
    "  --tls-cert, --tls-key\n"
    "                   serve https with this certificate (and its chain) and this private key, both\n"
    "                   PEM. On SIGHUP, the server reads both files again\n"
    "  --domain         www.example.com (https), *.example.com (its subdomains), or a full origin\n"
    "                   such as http://localhost:8080\n"
    "  --overlap        how long the old secret works beside the new one, in seconds (86400)\n"
    "  --publish        how long a new signing key is published before it signs, in seconds (120).\n"
    "                   Verifiers fetch it in that time. The old key is accepted until its last token\n"
    "                   has expired\n"
    "  --now            the new signing key signs immediately, and all other signing keys are revoked.\n"
    "                   Every token that was granted before is refused within one second\n"
    "\n"
    "A secret is shown once, when it is created or rotated. Only its hash is stored.\n"
    "\n"
    "Exit status: 0 success, 1 a failure, 2 wrong usage, 3 the change was made, but is not in the audit log.\n";

int authd_print_error(int status, const char *format, ...) {
  char message[2048], text[2 * sizeof message];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  authapi_escape(message, text, sizeof text); /* a part of an argument must not control the terminal */
  fprintf(stderr, "inbenta-authd: %s\n", text);
  return status;
}

bool authd_flush_output(void) {
  errno = EIO; /* an earlier write that failed does not keep its reason */
  return fflush(stdout) == 0 && !ferror(stdout);
}

bool authd_is_postgres(const char *db) {
  return strncmp(db, "postgres://", 11) == 0 || strncmp(db, "postgresql://", 13) == 0;
}

void authd_db_words(const authd_command_line *line, char words[AUTHD_DB_WORDS_SIZE]) {
  bool is_default = strcmp(line->db, DB_DEFAULT) == 0;
  snprintf(words, AUTHD_DB_WORDS_SIZE, "%s%s", is_default ? "" : " --db ", is_default ? "" : line->db);
}

static int add_domain(authd_command_line *line, const char *entry) {
  const char *problem = authapi_add_domain(line->domains, entry, &authd_domain_names);
  return problem == NULL ? 0 : authd_print_error(2, "--domain %s: %s", iauth__shown(entry), problem);
}

static int add_api(authd_command_line *line, const char *text) {
  const char *equals = strchr(text, '=');
  char *name = equals != NULL && equals > text ? strndup(text, (size_t)(equals - text)) : NULL;
  int status = 0;
  if (name == NULL)
    status = authd_print_error(2, "--api %s: write NAME=URL", iauth__shown(text));
  else if (iauth__check_base_url(equals + 1, false) != IAUTH__BASE_URL_OK)
    status = authd_print_error(2, "--api %s: the URL must be https, or http on this machine", iauth__shown(text));
  else if (cJSON_HasObjectItem(line->apis, name))
    status = authd_print_error(2, "--api %s: this name was already given", iauth__shown(text));
  else
    cJSON_AddStringToObject(line->apis, name, equals + 1);
  free(name);
  return status;
}

static int add_host(authd_command_line *line, const char *text) {
  if (!authd_is_host(text))
    return authd_print_error(2, "--allow-host %s: write a host name without a port, for example keys.example.com",
                             iauth__shown(text));
  cJSON_AddItemToArray(line->allowed_hosts, cJSON_CreateString(text));
  return 0;
}

static int read_apis(authd_command_line *line, const char *text) {
  return authapi_apis_read(text, &line->apis_sent)
             ? 0
             : authd_print_error(2, "--apis %s: write missing or empty", iauth__shown(text));
}

/* Reads a decimal number from `min` to `max`. Returns -1 for any other text, also for a sign. */
static long read_number(const char *text, long min, long max) {
  if (*text == '\0' || strlen(text) > 9 || strspn(text, "0123456789") != strlen(text))
    return -1;
  long number = strtol(text, NULL, 10);
  return number >= min && number <= max ? number : -1;
}

static int read_seconds(const char *option, const char *text, long min, long *seconds) {
  *seconds = read_number(text, min, LIFETIME_MAX_S);
  if (*seconds < 0)
    return authd_print_error(2, "%s %s: write a whole number of seconds from %ld to %d", option, iauth__shown(text),
                             min, LIFETIME_MAX_S);
  return 0;
}

/* "100/10" means 100 requests in 10 seconds. */
static int read_limit(const char *option, const char *text, authapi_limit *limit) {
  char requests[16] = "";
  const char *slash = strchr(text, '/');
  if (slash != NULL && slash - text < (long)sizeof requests)
    memcpy(requests, text, (size_t)(slash - text));
  limit->requests = read_number(requests, 1, 999999999);
  limit->period_s = slash != NULL ? read_number(slash + 1, 1, LIFETIME_MAX_S) : -1;
  if (limit->requests < 0 || limit->period_s < 0)
    return authd_print_error(2, "%s %s: write REQUESTS/SECONDS, for example 100/10", option, iauth__shown(text));
  return 0;
}

static int read_log(authd_command_line *line, const char *text) {
  line->log_json = strcmp(text, "json") == 0;
  bool known = line->log_json || strcmp(text, "text") == 0;
  return known ? 0 : authd_print_error(2, "--log %s: write text or json", iauth__shown(text));
}

/* Splits "127.0.0.1:8080" or "[::1]:8080". */
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

static int read_listen(authd_command_line *line, const char *text) {
  line->listen = text;
  bool good = split_address(text, line->address, &line->port);
  return good ? 0
              : authd_print_error(2, "--listen %s: write ADDRESS:PORT, for example 127.0.0.1:8080", iauth__shown(text));
}

static const struct {
  const char *name;
  unsigned bit; /* 0: allowed for all commands */
  bool has_value;
} options[] = {
    {"--db", 0, true},
    {"--json", 0, false},
    {"--listen", AUTHD_LISTEN, true},
    {"--lifetime", AUTHD_LIFETIME, true},
    {"--api", AUTHD_API, true},
    {"--apis", AUTHD_API, true},
    {"--quiet", AUTHD_QUIET, false},
    {"--name", AUTHD_NAME, true},
    {"--api-key", AUTHD_API_KEY, true},
    {"--domain", AUTHD_DOMAIN, true},
    {"--admin-token-file", AUTHD_ADMIN, true},
    {"--tls-cert", AUTHD_TLS, true},
    {"--tls-key", AUTHD_TLS, true},
    {"--log", AUTHD_LOG, true},
    {"--throttle", AUTHD_LIMITS, true},
    {"--quota", AUTHD_LIMITS, true},
    {"--overlap", AUTHD_OVERLAP, true},
    {"--publish", AUTHD_PUBLISH, true},
    {"--audit", AUTHD_AUDIT, true},
    {"--now", AUTHD_NOW, false},
    {"--admin-over-http", AUTHD_ADMIN, false},
    {"--allow-host", AUTHD_HOSTS, true},
    {"--trusted-proxy", AUTHD_HOSTS, true},
};

#define OPTIONS (sizeof options / sizeof *options)

/* The index of an option in the table; OPTIONS for any other word. */
static size_t find_option(const char *word) {
  size_t index = 0;
  while (index < OPTIONS && strcmp(word, options[index].name) != 0)
    index++;
  return index;
}

/* `value` is NULL if the option takes none. */
static int set_option(authd_command_line *line, const char *option, const char *value) {
  if (strcmp(option, "--db") == 0 && (*value == '\0' || (strstr(value, "://") != NULL && !authd_is_postgres(value))))
    return authd_print_error(2, "--db: give a file, or a URL that begins with postgres://");
  if (strcmp(option, "--db") == 0)
    line->db = value;
  else if (strcmp(option, "--json") == 0)
    line->json = true;
  else if (strcmp(option, "--quiet") == 0)
    line->quiet = true;
  else if (strcmp(option, "--now") == 0)
    line->now = true;
  else if (strcmp(option, "--admin-over-http") == 0)
    line->admin_over_http = true;
  else if (strcmp(option, "--trusted-proxy") == 0)
    return authd_networks_add(&line->trusted, value)
               ? 0
               : authd_print_error(2, "--trusted-proxy %s: write an IP address or a network, for example 10.0.0.0/8",
                                   iauth__shown(value));
  else if (strcmp(option, "--allow-host") == 0)
    return add_host(line, value);
  else if (strcmp(option, "--listen") == 0)
    return read_listen(line, value);
  else if (strcmp(option, "--name") == 0)
    line->name = value;
  else if (strcmp(option, "--api-key") == 0)
    line->api_key = value;
  else if (strcmp(option, "--admin-token-file") == 0)
    line->admin_token_file = value;
  else if (strcmp(option, "--tls-cert") == 0)
    line->tls_cert = value;
  else if (strcmp(option, "--tls-key") == 0)
    line->tls_key = value;
  else if (strcmp(option, "--throttle") == 0)
    return read_limit(option, value, &line->throttle);
  else if (strcmp(option, "--quota") == 0)
    return read_limit(option, value, &line->quota);
  else if (strcmp(option, "--log") == 0)
    return read_log(line, value);
  else if (strcmp(option, "--domain") == 0)
    return add_domain(line, value);
  else if (strcmp(option, "--api") == 0)
    return add_api(line, value);
  else if (strcmp(option, "--apis") == 0)
    return read_apis(line, value);
  else if (strcmp(option, "--audit") == 0)
    line->audit_path = value;
  else if (strcmp(option, "--overlap") == 0)
    return read_seconds(option, value, 0, &line->overlap_s);
  else if (strcmp(option, "--publish") == 0)
    return read_seconds(option, value, 0, &line->publish_s);
  else
    return read_seconds(option, value, 1, &line->lifetime_s);
  return 0;
}

/* `before` is the option in front of the word; NULL if there is a word. */
static void add_word(authd_command_line *line, const char *word, const char *before) {
  if (line->noun == NULL) {
    line->noun = word;
  } else if (line->verb == NULL && strcmp(line->noun, "serve") != 0) {
    line->verb = word;
  } else if (line->target == NULL && line->verb != NULL) {
    line->target = word;
    line->before_target = before;
    line->given |= AUTHD_TARGET;
  } else if (!line->has_extra) {
    line->has_extra = true;
    line->before_extra = before;
  }
}

/* True if a word has the form of an option, "--name" or "--name=value". A random key or ID may begin with "-", too, but
 * it has other characters. */
static bool is_option_name(const char *word) {
  size_t len = strcspn(word, "=");
  return strncmp(word, "--", 2) == 0 && len > 2 && len <= 24 && strspn(word, "abcdefghijklmnopqrstuvwxyz_-") == len;
}

/* Prints the name of an unknown option, unless the word may be a credential. */
static int refuse_option(const char *word) {
  int len = (int)strcspn(word, "=");
  if (!is_option_name(word))
    return authd_print_error(2, "an argument that begins with - is no option; options begin with --, for example "
                                "--name (see inbenta-authd --help)");
  if (word[len] == '=')
    return authd_print_error(2, "%.*s: write its value as the next argument, not after =", len, word);
  return authd_print_error(2, "unknown option %s (see inbenta-authd --help)", word);
}

static int read_arguments(authd_command_line *line, int argc, char **argv) {
  const char *before = NULL;
  for (int i = 1; i < argc; i++) {
    const char *word = argv[i], *value = NULL;
    bool target = line->verb != NULL && line->target == NULL && !is_option_name(word);
    if (word[0] != '-' || target) {
      add_word(line, word, before);
      before = NULL;
      continue;
    }
    size_t index = find_option(word);
    if (index == OPTIONS)
      return refuse_option(word);
    /* Another option is not a value. Any other word is, because a random key may begin with "--". */
    if (options[index].has_value && ((value = argv[++i]) == NULL || find_option(value) != OPTIONS))
      return authd_print_error(2, "%s: the value is missing", word);
    before = options[index].name;
    line->given |= options[index].bit;
    int status = set_option(line, word, value);
    if (status != 0)
      return status;
  }
  return 0;
}

int authd_command_line_read(authd_command_line *line, int argc, char **argv) {
  memset(line, 0, sizeof *line);
  line->db = DB_DEFAULT;
  line->lifetime_s = 1200;
  line->overlap_s = AUTHAPI_OVERLAP_S;
  line->publish_s = AUTHAPI_PUBLISH_S;
  line->apis = cJSON_CreateObject();
  line->allowed_hosts = cJSON_CreateArray();
  int status = read_listen(line, "127.0.0.1:8080");
  return status == 0 ? read_arguments(line, argc, argv) : status;
}

void authd_command_line_clean_up(authd_command_line *line) {
  cJSON_Delete(line->apis);
  cJSON_Delete(line->allowed_hosts);
}

int authd_command_line_check(const authd_command_line *line, unsigned allowed) {
  unsigned unexpected = line->given & ~allowed;
  const char *verb = line->verb != NULL ? line->verb : "";
  const char *space = line->verb != NULL ? " " : "";
  bool target_is_extra = (unexpected & AUTHD_TARGET) != 0;
  const char *before = target_is_extra ? line->before_target : line->before_extra;
  /* The word itself is not printed, because it may be a credential. */
  if ((target_is_extra || line->has_extra) && before != NULL)
    return authd_print_error(2,
                             "%s%s%s: one argument too many, after %s%s; write a value with spaces in quotes (see "
                             "inbenta-authd --help)",
                             line->noun, space, verb, before,
                             options[find_option(before)].has_value ? " and its value" : "");
  if (target_is_extra || (line->has_extra && line->verb == NULL))
    return authd_print_error(2,
                             "%s%s%s: one argument too many, after the command; each value follows its option (see "
                             "inbenta-authd --help)",
                             line->noun, space, verb);
  if (line->has_extra)
    return authd_print_error(2, "%s %s: one argument too many, after the key or ID (see inbenta-authd --help)",
                             line->noun, verb);
  for (size_t i = 0; i < OPTIONS; i++)
    if (unexpected & options[i].bit)
      return authd_print_error(2, "%s%s%s does not take %s (see inbenta-authd --help)", line->noun, space, verb,
                               options[i].name);
  return 0;
}
