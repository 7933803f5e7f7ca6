/* Prints tokens and failures for people and programs. */
#ifndef COMMAND_PRINT_H
#define COMMAND_PRINT_H

#include <stdio.h>

#include "options.h"

/* Prints a token in `format`, on one line. False if `out` failed. */
bool print_token(FILE *out, output_format format, const inbenta_auth_token *token);

/* Prints the base URLs of all products as "name URL" lines or JSON, or the base URL of one product. Returns an exit
 * code. */
int print_apis(output_format format, const char *product, const inbenta_auth_token *token);

/* Says that standard output failed, with the reason in errno. Returns the exit code. */
int print_no_output(void);

/* Prints what went wrong with a request to `endpoint`, and what to do. Returns the exit code. */
int print_failure(const char *endpoint, const inbenta_auth_failure *failure);

#endif
