/* Tokens and failures for people and programs. */
#ifndef COMMAND_PRINT_H
#define COMMAND_PRINT_H

#include <stdio.h>

#include "options.h"

/* Writes a token in `format`, one line. False: `out` could not take it. */
bool print_token(FILE *out, output_format format, const inbenta_auth_token *token);

/* Writes the products' base URLs, as "name URL" lines or JSON, or that of one product. Returns an
 * exit code. */
int print_apis(output_format format, const char *product, const inbenta_auth_token *token);

/* Says what went wrong and what to do. Returns the exit code. */
int print_failure(const inbenta_auth_failure *failure);

#endif
