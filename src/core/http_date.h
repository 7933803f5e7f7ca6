/* HTTP dates (RFC 9110, section 5.6.7). Pure. */
#ifndef IAUTH_HTTP_DATE_H
#define IAUTH_HTTP_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads an IMF-fixdate, "Sun, 06 Nov 1994 08:49:37 GMT", as Unix seconds. The two obsolete forms
 * are refused: no server that issues tokens over TLS sends them, and a refused date only means that
 * our own backoff is used. */
bool iauth__parse_http_date(const char *text, size_t len, int64_t *unix_s);

#endif
