/* base64url without padding (RFC 4648, section 5), as JWTs use it (RFC 7515). Pure. */
#ifndef IAUTH_BASE64URL_H
#define IAUTH_BASE64URL_H

#include <stddef.h>

/* Characters for `len` bytes, without the NUL. */
#define IAUTH__BASE64URL_LEN(len) (((len)*4 + 2) / 3)

/* Writes IAUTH__BASE64URL_LEN(len) characters and a NUL; returns their number. */
size_t iauth__base64url_encode(const void *bytes, size_t len, char *out);

/* Writes at most `size` bytes; returns their number, or -1 for characters that do not belong there,
 * a spelling that is not the shortest, or too little space. */
long iauth__base64url_decode(const char *text, size_t len, void *out, size_t size);

#endif
