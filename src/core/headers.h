/* An answer's headers out of the lines in which transports get them. Pure. */
#ifndef IAUTH_HEADERS_H
#define IAUTH_HEADERS_H

#include "core/iauth.h"

/* Fills response->headers out of `len` bytes of "Name: value\r\n" lines, for whichever names, in
 * any case (RFC 9110, section 5.1); the first one of a name counts. Writes NULs into `lines` and
 * points into them; one more byte there must be writable. */
void iauth__read_headers(char *lines, size_t len, iauth_response *response);

#endif
