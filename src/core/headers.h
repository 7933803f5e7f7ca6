/* An answer's headers out of the lines in which transports get them. Pure. */
#ifndef IAUTH_HEADERS_H
#define IAUTH_HEADERS_H

#include "core/iauth.h"

/* Fills response->headers out of `len` bytes of "Name: value\r\n" lines, whatever the case of the names (RFC 9110, section
 * 5.1). Values of a repeated name are joined by ", ", as browsers do it (section 5.3). They are written to `values`, which
 * needs `len` bytes and lives as long as `response`. */
void iauth__read_headers(const char *lines, size_t len, char *values, iauth_response *response);

#endif
