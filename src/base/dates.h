/* Dates: reads those of HTTP headers, writes those of logs and JSON. Pure. */
#ifndef IAUTH_DATES_H
#define IAUTH_DATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads a date of an HTTP header (RFC 9110, section 5.6.7) as Unix seconds: an IMF-fixdate from 1970 on, whose day exists
 * and has the right name, "Sun, 06 Nov 1994 08:49:37 GMT". False, and *unix_s untouched, for anything else. The two
 * obsolete forms are refused: no server that issues tokens over TLS sends them, and a refused date only means that our own
 * backoff is used. In a page js/client/text.js reads the same ones. */
bool iauth__parse_http_date(const char *text, size_t len, int64_t *unix_s);

#define IAUTH__DATE_SIZE 32 /* bytes that iauth__write_date takes, with the NUL */

/* Writes Unix seconds as UTC in ISO 8601, for example "2026-11-24T09:30:00Z". What is before 1970 or
 * after 9999 is written as the first or last second of that time. */
void iauth__write_date(int64_t unix_s, char text[IAUTH__DATE_SIZE]);

#endif
