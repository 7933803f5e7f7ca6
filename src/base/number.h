/* Text to number, slim: libc's strtod and sscanf would be three quarters of the wasm. */
#ifndef IAUTH_NUMBER_H
#define IAUTH_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

/* What cJSON calls instead of strtod (the build defines strtod to this name there). Takes a JSON
 * number (RFC 8259, section 6); exact for integers up to 2^53, within rounding beyond, infinite on
 * overflow. *end is set behind the last character taken, or to `text` if there is no number. */
double iauth__strtod(const char *text, char **end);

/* Reads `len` bytes that are nothing but one decimal number. */
bool iauth__parse_number(const char *text, size_t len, double *out);

#endif
