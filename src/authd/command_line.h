/* The arguments of inbenta-authd, read into a struct. */
#ifndef AUTHD_COMMAND_LINE_H
#define AUTHD_COMMAND_LINE_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "authapi/endpoints.h"
#include "authd/networks.h"

/* Options that only some commands accept. AUTHD_TARGET is the ID or key after the verb. */
typedef enum {
  AUTHD_LISTEN = 1,
  AUTHD_LIFETIME = 2,
  AUTHD_API = 4,
  AUTHD_QUIET = 8,
  AUTHD_NAME = 16,
  AUTHD_API_KEY = 32,
  AUTHD_DOMAIN = 64,
  AUTHD_TARGET = 128,
  AUTHD_ADMIN = 256,
  AUTHD_TLS = 512,
  AUTHD_LOG = 1024,
  AUTHD_LIMITS = 2048,
  AUTHD_OVERLAP = 4096,
  AUTHD_PUBLISH = 8192,
  AUTHD_AUDIT = 16384,
  AUTHD_NOW = 32768,
  AUTHD_HOSTS = 65536,
} authd_option;

/* Strings are borrowed from the arguments. NULL means that the option was not given. */
typedef struct {
  const char *noun, *verb;                  /* "domain-key", "create"; verb: NULL for serve; both: NULL if no command */
  const char *target;                       /* ID or key, if the verb takes one */
  bool has_extra;                           /* there is one more word */
  const char *before_target, *before_extra; /* the option that is given before that word; NULL: none */
  const char *db, *name, *api_key, *admin_token_file, *tls_cert, *tls_key, *audit_path;
  const char *listen;  /* the text of the option */
  char address[64];    /* from listen */
  unsigned short port; /* from listen */
  char domains[AUTHAPI_DOMAINS_SIZE];
  authd_networks trusted;
  cJSON *allowed_hosts; /* an array of host names */
  cJSON *apis;          /* {"name": "https://base URL"} */
  authapi_apis apis_sent;
  long lifetime_s, overlap_s, publish_s;
  authapi_limit throttle, quota;
  bool json, quiet, log_json, now, admin_over_http;
  unsigned given; /* authd_option, ORed */
} authd_command_line;

/* The text of --help. */
extern const char authd_usage[];

/* Reads the arguments and sets the defaults. On a mistake prints an error on standard error and returns the exit status
 * 2, else returns 0. Release *line with authd_command_line_clean_up in both cases. */
int authd_command_line_read(authd_command_line *line, int argc, char **argv);

/* Checks that there is no word too many, and that all given options are in `allowed`. An option without effect would
 * hide a mistake. Returns 0 or the exit status. */
int authd_command_line_check(const authd_command_line *line, unsigned allowed);

void authd_command_line_clean_up(authd_command_line *line);

#define AUTHD_DB_WORDS_SIZE 1024

/* Writes what another command needs to use the same database: "", or " --db PATH". */
void authd_db_words(const authd_command_line *line, char words[AUTHD_DB_WORDS_SIZE]);

/* True if the value of --db is the URL of a PostgreSQL database. Any other value is a file. */
bool authd_is_postgres(const char *db);

/* Prints a message for people on standard error and returns `status`. */
__attribute__((format(printf, 2, 3))) int authd_print_error(int status, const char *format, ...);

/* Writes what was printed to standard output. On false, errno has the reason. A secret is not shown again, so a command
 * that could not show it has failed. */
bool authd_flush_output(void);

/* The message if that fails; it takes strerror(errno). */
#define AUTHD_NO_OUTPUT "cannot write to standard output: %s"

#endif
