/* Arguments, environment and the secret; see options.h. */
#define _POSIX_C_SOURCE 200809L
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/private_file.h"
#include "base/shown.h"
#include "base/wipe.h"
#include "core/iauth.h"

#define SECRET_MAX 8192
#define API_KEY_VARIABLE "INBENTA_API_KEY"
#define ENDPOINT_VARIABLE "INBENTA_ENDPOINT"

static const char usage[] =
    "inbenta-token: access tokens for Inbenta's APIs, by the API Secret flow.\n"
    "\n"
    "  inbenta-token get [options]              print an access token\n"
    "  inbenta-token watch [options]            keep a token fresh; print each new one, or use\n"
    "                                           --output FILE, --exec COMMAND\n"
    "  inbenta-token apis [PRODUCT] [options]   print the products' base URLs, or only one of them\n"
    "\n"
    "  --api-key KEY       the API key; default: INBENTA_API_KEY in the environment\n"
    "  --secret-file FILE  a file with the secret, or - for standard input; default: INBENTA_SECRET in\n"
    "                      the environment. There is no option for the secret itself, because other\n"
    "                      users can see the arguments of a program\n"
    "  --personal-secret-file FILE\n"
    "                      for editor APIs: a file with the user's personal secret; default:\n"
    "                      INBENTA_USER_PERSONAL_SECRET in the environment\n"
    "  --endpoint URL      default: INBENTA_ENDPOINT in the environment, or " IAUTH_ENDPOINT "\n"
    "  --format FORMAT     text, json, or header: \"Authorization: Bearer …\" (text)\n"
    "  --output FILE       watch: write each new token to FILE, atomically\n"
    "  --exec COMMAND      watch: run COMMAND for each new token, with the token on its standard input\n"
    "  --timeout SECONDS   1 to 3600 (10)\n"
    "  --proxy URL         default: https_proxy and no_proxy in the environment\n"
    "  --ca-file FILE      a PEM file of certificate authorities; default: those of the system\n"
    "  --allow-insecure    allow plain http to other machines, for test networks only\n"
    "  --help, --version\n"
    "\n"
    "On SIGHUP, watch drops its token and gets a new one, at most every 10 seconds. Send it when a token was\n"
    "revoked before its time.\n"
    "\n"
    "Exit status: 0 success, 1 a failure on this machine, 2 wrong usage, 3 the API refused the keys,\n"
    "4 the API was not reached, 5 try again later, 6 the response is not one of the Auth API.\n";

int print_error(int status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("inbenta-token: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  return status;
}

/* An empty variable counts as none. */
static const char *from_environment(const char *variable) {
  const char *value = getenv(variable);
  return value != NULL && *value != '\0' ? value : NULL;
}

/* ---------------------------------------------------------------------------------------------------
 * The secret. */

/* Reads a secret without the line break at its end. */
static int read_secret(FILE *file, const char *option, const char *path, char *secret) {
  const char *name = iauth__shown(path);
  size_t len = fread(secret, 1, SECRET_MAX + 1, file);
  if (ferror(file))
    return print_error(EXIT_FAILED, "%s %s: %s", option, name, strerror(errno));
  while (len > 0 && (secret[len - 1] == '\n' || secret[len - 1] == '\r'))
    len--;
  if (len == 0)
    return print_error(EXIT_USAGE, "%s %s: it is empty, but must contain the secret", option, name);
  if (len > SECRET_MAX)
    return print_error(EXIT_USAGE, "%s %s: it is too long for a secret", option, name);
  secret[len] = '\0';
  if (strlen(secret) != len)
    return print_error(EXIT_USAGE, "%s %s: it has a NUL byte, but must be a text in UTF-8 or ASCII", option, name);
  return 0;
}

/* Where a secret comes from: a file, if one is named, else an environment variable. */
typedef struct {
  const char *option, *variable;
  const char *path; /* NULL: no file is named */
} secret_source;

/* A shell passes the output of another program as a pipe: --secret-file <(command). In bash it is below /dev/fd, in zsh
 * below /proc/self/fd. Such a pipe has a writer. A named pipe may have none, and to open it would wait for ever. */
static FILE *open_secret(const char *path, char *problem, size_t size) {
  if (strncmp(path, "/dev/", 5) != 0 && strncmp(path, "/proc/self/fd/", 14) != 0)
    return iauth__private_file_open(path, problem, size);
  FILE *file = iauth__private_file_check(path, problem, size) ? fopen(path, "re") : NULL;
  if (file == NULL && problem[0] == '\0')
    snprintf(problem, size, "%s: %s", iauth__shown(path), strerror(errno));
  return file;
}

static int read_secret_of(const secret_source *from, const char *environment, char *secret) {
  if (from->path != NULL && strcmp(from->path, "-") == 0)
    return read_secret(stdin, from->option, from->path, secret);
  if (from->path != NULL) {
    char problem[512] = "";
    FILE *file = open_secret(from->path, problem, sizeof problem);
    if (file == NULL)
      return print_error(EXIT_USAGE, "%s %s", from->option, problem);
    int status = read_secret(file, from->option, from->path, secret);
    fclose(file);
    return status;
  }
  if (strlen(environment) > SECRET_MAX)
    return print_error(EXIT_USAGE, "%s is too long for a secret", from->variable);
  strcpy(secret, environment);
  return 0;
}

/* Reads a secret into new memory; *secret stays NULL if there is none. Removes it from the environment, even if it was
 * not used, so that child processes do not inherit it. */
static int find_secret(const secret_source *from, char **secret) {
  const char *environment = from_environment(from->variable);
  int status = 0;
  if (from->path != NULL || environment != NULL) {
    *secret = calloc(1, SECRET_MAX + 2);
    status = *secret != NULL ? read_secret_of(from, environment, *secret) : print_error(EXIT_FAILED, "out of memory");
  }
  unsetenv(from->variable);
  return status;
}

static int find_secrets(command_options *options, const secret_source *secret, const secret_source *personal) {
  int status = find_secret(secret, &options->secret);
  int personal_status = find_secret(personal, &options->personal_secret);
  options->client.secret = options->secret;
  options->client.user_personal_secret = options->personal_secret;
  if (status == 0 && options->secret == NULL)
    return print_error(EXIT_USAGE, "the secret is missing; give --secret-file FILE, or set INBENTA_SECRET in the "
                                   "environment");
  return status != 0 ? status : personal_status;
}

/* ---------------------------------------------------------------------------------------------------
 * Mistakes that the library finds. */

/* Prints which argument or variable is wrong, and the path of a file. Other values are not printed, because a wrong one
 * may be a credential. */
static int print_mistake(inbenta_auth_error error, const char *option, const char *path, const char *advice) {
  return print_error(EXIT_USAGE, "%s%s%s %s (%s)", option, path != NULL ? " " : "",
                     path != NULL ? iauth__shown(path) : "", advice, inbenta_auth_error_code(error));
}

static int print_mistake_in_secret(inbenta_auth_error error, const secret_source *from, const char *advice) {
  return print_mistake(error, from->path != NULL ? from->option : from->variable, from->path, advice);
}

/* Returns 0, or the exit code after it printed the mistake. */
static int check_client(const inbenta_auth_options *client, const secret_source *secret,
                        const secret_source *personal) {
  inbenta_auth_mistake mistake;
  inbenta_auth_error error = inbenta_auth_check(client, &mistake);
  if (error == INBENTA_AUTH_OK)
    return 0;
  if (strcmp(mistake.option, "secret") == 0)
    return print_mistake_in_secret(error, secret, mistake.advice);
  if (strcmp(mistake.option, "user_personal_secret") == 0)
    return print_mistake_in_secret(error, personal, mistake.advice);
  if (strcmp(mistake.option, "ca_file") == 0)
    return print_mistake(error, "--ca-file", client->ca_file, mistake.advice);
  bool endpoint = strcmp(mistake.option, "endpoint") == 0;
  const char *variable = endpoint ? ENDPOINT_VARIABLE : API_KEY_VARIABLE,
             *option = endpoint ? "--endpoint" : "--api-key";
  bool from_variable = (endpoint ? client->endpoint : client->api_key) == getenv(variable);
  return print_mistake(error, from_variable ? variable : option, NULL, mistake.advice);
}

/* ---------------------------------------------------------------------------------------------------
 * Arguments. */

static int read_format(const char *text, output_format *format) {
  static const char *const names[] = {"text", "json", "header"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(text, names[i]) == 0) {
      *format = (output_format)i;
      return 0;
    }
  return print_error(EXIT_USAGE, "--format %s: write text, json or header", iauth__shown(text));
}

static int read_timeout(const char *text, int64_t *timeout_ms) {
  char *end;
  long seconds = strtol(text, &end, 10);
  if (end == text || *end != '\0' || seconds < 1 || seconds > 3600)
    return print_error(EXIT_USAGE, "--timeout %s: write a whole number of seconds from 1 to 3600", iauth__shown(text));
  *timeout_ms = seconds * 1000;
  return 0;
}

enum {
  API_KEY = 1,
  SECRET_FILE,
  PERSONAL_FILE,
  ENDPOINT,
  FORMAT,
  OUTPUT,
  EXEC,
  TIMEOUT,
  PROXY,
  CA_FILE,
  INSECURE,
  HELP,
  VERSION,
  SECRET
};

static const struct option long_options[] = {
    {"api-key", required_argument, NULL, API_KEY},
    {"secret-file", required_argument, NULL, SECRET_FILE},
    {"personal-secret-file", required_argument, NULL, PERSONAL_FILE},
    {"endpoint", required_argument, NULL, ENDPOINT},
    {"format", required_argument, NULL, FORMAT},
    {"output", required_argument, NULL, OUTPUT},
    {"exec", required_argument, NULL, EXEC},
    {"timeout", required_argument, NULL, TIMEOUT},
    {"proxy", required_argument, NULL, PROXY},
    {"ca-file", required_argument, NULL, CA_FILE},
    {"allow-insecure", no_argument, NULL, INSECURE},
    {"help", no_argument, NULL, HELP},
    {"version", no_argument, NULL, VERSION},
    /* Without these, getopt would take them as short forms of the options for files. */
    {"secret", optional_argument, NULL, SECRET},
    {"personal-secret", optional_argument, NULL, SECRET},
    {NULL, 0, NULL, 0},
};

/* Reports an option that getopt_long refused with `found`. A word that is not expected is not printed, because it may be a
 * credential. A key of this length that has lower case only is improbable. */
static int refuse_option(int found, const char *word) {
  for (const struct option *option = long_options; option->name != NULL; option++)
    if (option->val == optopt)
      return print_error(EXIT_USAGE, found == ':' ? "--%s: the value is missing" : "--%s takes no value", option->name);
  int len = (int)strcspn(word, "=");
  if (optopt == 0 && len <= 24 && strspn(word, "abcdefghijklmnopqrstuvwxyz_-") == (size_t)len)
    return print_error(EXIT_USAGE, "unknown option %.*s (see --help)", len, word);
  return print_error(EXIT_USAGE,
                     "an argument that begins with - is no option; options begin with --, for example --endpoint (see "
                     "--help)");
}

static int read_words(int argc, char **argv, command_options *options) {
  options->command = optind < argc ? argv[optind++] : NULL;
  if (options->command == NULL) {
    fputs(usage, stderr);
    return EXIT_USAGE;
  }
  bool watches = strcmp(options->command, "watch") == 0, apis = strcmp(options->command, "apis") == 0;
  if (!watches && !apis && strcmp(options->command, "get") != 0)
    return print_error(EXIT_USAGE, "unknown command; the commands are get, watch and apis (see --help)");
  if (apis && optind < argc)
    options->product = argv[optind++];
  if (optind < argc)
    return print_error(EXIT_USAGE,
                       "%s: one argument belongs to no option; write a value with spaces in quotes (see --help)",
                       options->command);
  if (!watches && (options->output != NULL || options->exec != NULL))
    return print_error(EXIT_USAGE, "only watch takes --output and --exec");
  if (options->client.api_key == NULL || *options->client.api_key == '\0')
    return print_error(EXIT_USAGE, "the API key is missing; give --api-key KEY, or set INBENTA_API_KEY in the "
                                   "environment");
  return 0;
}

/* Returns an exit code, or -1 for success. */
static int read_arguments(int argc, char **argv, command_options *options, const char **secret_file,
                          const char **personal_file) {
  inbenta_auth_options *client = &options->client;
  int found, status = 0;
  client->api_key = from_environment(API_KEY_VARIABLE);
  client->endpoint = from_environment(ENDPOINT_VARIABLE);
  if (client->endpoint == NULL)
    client->endpoint = IAUTH_ENDPOINT;
  opterr = 0;
  while (status == 0 && (found = getopt_long(argc, argv, ":h", long_options, NULL)) != -1) {
    switch (found) {
    case API_KEY:
      client->api_key = optarg;
      break;
    case SECRET_FILE:
      *secret_file = optarg;
      break;
    case PERSONAL_FILE:
      *personal_file = optarg;
      break;
    case ENDPOINT:
      client->endpoint = optarg;
      break;
    case FORMAT:
      status = read_format(optarg, &options->format);
      break;
    case OUTPUT:
      options->output = optarg;
      break;
    case EXEC:
      options->exec = optarg;
      break;
    case TIMEOUT:
      status = read_timeout(optarg, &client->timeout_ms);
      break;
    case PROXY:
      client->proxy = optarg;
      break;
    case CA_FILE:
      client->ca_file = optarg;
      break;
    case INSECURE:
      client->allow_insecure = true;
      break;
    case 'h':
    case HELP:
      fputs(usage, stdout);
      return -1;
    case VERSION:
      puts("inbenta-token " INBENTA_AUTH_VERSION);
      return -1;
    case SECRET:
      return print_error(EXIT_USAGE, "there is no option for the secret itself, because other users can see the "
                                     "arguments of a program; see --help");
    default:
      return refuse_option(found, argv[optind - 1]);
    }
  }
  return status != 0 ? status : read_words(argc, argv, options);
}

bool options_read(int argc, char **argv, command_options *options, int *status) {
  secret_source secret = {"--secret-file", "INBENTA_SECRET", NULL};
  secret_source personal = {"--personal-secret-file", "INBENTA_USER_PERSONAL_SECRET", NULL};
  memset(options, 0, sizeof *options);
  *status = read_arguments(argc, argv, options, &secret.path, &personal.path);
  if (*status == 0)
    *status = find_secrets(options, &secret, &personal);
  if (*status == 0)
    *status = check_client(&options->client, &secret, &personal);
  if (*status == 0)
    return true;
  options_clean_up(options);
  if (*status == -1)
    *status = 0;
  return false;
}

static void wipe_and_free(char **secret) {
  if (*secret != NULL)
    iauth__wipe(*secret, strlen(*secret));
  free(*secret);
  *secret = NULL;
}

void options_clean_up(command_options *options) {
  wipe_and_free(&options->secret);
  wipe_and_free(&options->personal_secret);
}
