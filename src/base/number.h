/* Text to number, slim: libc's strtod and sscanf would be three quarters of the wasm.
 *
 * A number is one of JSON (RFC 8259, section 6): "-7", "1200", "1.5e3"; not "+7", "01", "1.", ".5" or "0x1". In a page
 * js/client/text.js reads the same ones. */
#ifndef IAUTH_NUMBER_H
#define IAUTH_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

#define IAUTH__NUMBER_MAX 31 /* characters */

/* Reads `len` bytes that are nothing but one number, at most IAUTH__NUMBER_MAX. Exact for integers up to 2^53, within
 * rounding beyond, infinite on overflow. False, and *out untouched, for anything else. */
bool iauth__parse_number(const char *text, size_t len, double *out);

/* What cJSON calls instead of strtod (the build defines strtod to this name there). It passes only characters that occur
 * in numbers, so all of them count or none: *end is set to their end, or to `text` if they are no number. */
double iauth__strtod(const char *text, char **end);

#endif
