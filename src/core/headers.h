/* Reads the headers of a response from the lines that a transport received. Pure. */
#ifndef IAUTH_HEADERS_H
#define IAUTH_HEADERS_H

#include "core/iauth.h"

/* Fills response->headers from `len` bytes of "Name: value\r\n" lines. Upper and lower case of the names do not matter
 * (RFC 9110, section 5.1). The values of a repeated name are joined by ", ", as in browsers (section 5.3). The values
 * are written to `values`, which has `len` bytes and must live as long as `response`. */
void iauth__read_headers(const char *lines, size_t len, char *values, iauth_response *response);

#endif
