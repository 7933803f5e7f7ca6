/* base64url without padding (RFC 4648, section 5), as JWTs use it (RFC 7515). Pure. */
#ifndef IAUTH_BASE64URL_H
#define IAUTH_BASE64URL_H

#include <stddef.h>

/* The encoded length of `len` bytes in characters, without the NUL. */
#define IAUTH__BASE64URL_LEN(len) (((len)*4 + 2) / 3)

/* Writes IAUTH__BASE64URL_LEN(len) characters and a NUL. Returns the number of characters. */
size_t iauth__base64url_encode(const void *bytes, size_t len, char *out);

/* Decodes into at most `size` bytes and returns their number. Returns -1 if the text has a character outside the
 * alphabet, if it is not the shortest spelling, or if `out` is too small. */
long iauth__base64url_decode(const char *text, size_t len, void *out, size_t size);

#endif
