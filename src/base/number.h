/* Converts text to a number. It is small on purpose: strtod and sscanf of libc would be three quarters of the wasm.
 *
 * A number has the JSON syntax (RFC 8259, section 6): "-7", "1200", "1.5e3"; not "+7", "01", "1.", ".5" or "0x1". In a
 * page, js/client/text.js reads the same numbers. */
#ifndef IAUTH_NUMBER_H
#define IAUTH_NUMBER_H

#include <stddef.h>

#define IAUTH__NUMBER_MAX 31 /* characters */

/* Reads `len` bytes that must be exactly one number of at most IAUTH__NUMBER_MAX characters. The result is exact for
 * integers up to 2^53, correct within rounding beyond, and infinite on overflow. Returns NaN for any other text. */
double iauth__parse_number(const char *text, size_t len);

/* cJSON calls this function instead of strtod; the build defines strtod to this name for cJSON. cJSON passes only
 * characters that occur in numbers, so either all of them are the number or none is: *end is set to their end, or to
 * `text` if they are not a number. */
double iauth__strtod(const char *text, char **end);

#endif
