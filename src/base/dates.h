/* Dates: reads the dates of HTTP headers, writes the dates of logs and JSON. Pure. */
#ifndef IAUTH_DATES_H
#define IAUTH_DATES_H

#include <stddef.h>
#include <stdint.h>

/* Reads a date of an HTTP header (RFC 9110, section 5.6.7) as Unix seconds. Accepts an IMF-fixdate from 1970 on, for
 * example "Sun, 06 Nov 1994 08:49:37 GMT". The day must exist and have the right name. Returns -1 for any other text. The
 * two obsolete forms are rejected: no server that issues tokens over TLS sends them, and after a rejected date the client
 * only uses its own backoff. In a page, js/client/text.js reads the same dates. */
int64_t iauth__parse_http_date(const char *text, size_t len);

#define IAUTH__DATE_SIZE 32 /* bytes that iauth__write_date writes at most, with the NUL */

/* Writes Unix seconds as UTC in ISO 8601, for example "2026-11-24T09:30:00Z". A time before 1970 or after 9999 is
 * written as the first or last second of that range. */
void iauth__write_date(int64_t unix_s, char text[IAUTH__DATE_SIZE]);

#endif
