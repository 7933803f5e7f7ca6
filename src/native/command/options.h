/* The options of the command line. */
#ifndef COMMAND_OPTIONS_H
#define COMMAND_OPTIONS_H

#include "inbenta_auth.h"

typedef enum { FORMAT_TEXT, FORMAT_JSON, FORMAT_HEADER } output_format;

typedef struct {
  const char *command; /* "get", "watch" or "apis" */
  const char *product; /* for apis, or NULL */
  inbenta_auth_options client;
  output_format format;
  const char *output, *exec;      /* for watch, or NULL */
  char *secret, *personal_secret; /* the memory of client's secrets, or NULL; to be wiped */
} command_options;

/* Exit codes; the man page explains them. */
enum { EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_REFUSED = 3, EXIT_UNREACHED = 4, EXIT_LATER = 5, EXIT_BAD_RESPONSE = 6 };

/* Reads the arguments, the environment and the secret. If it returns false, *status is the exit code: 0 after --help
 * and --version; any other code means that an error was printed on standard error. */
bool options_read(int argc, char **argv, command_options *options, int *status);

/* Wipes the secrets. */
void options_clean_up(command_options *options);

/* Prints "inbenta-token: …" on standard error and returns `status`. */
int print_error(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
