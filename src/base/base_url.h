/* Base URLs: which may be used at all. Pure.
 *
 * The grammar is our own and ASCII only, because the tables of URL parsers differ by version. In a page
 * js/client/text.js implements the same one; tests/vectors/base-urls.json and tests/node/client/compare.test.js hold the
 * two together.
 *
 *   base URL  scheme "://" host [":" port] [path], at most 1024 characters
 *   scheme    a letter, then letters, digits, "+", "-", "."
 *   host      labels of letters, digits, "-" and "_" with single dots between them, and one dot at the end if you like.
 *             Where the last label is a number ("1", "0x7f"), the host must be four decimal numbers up to 255 without
 *             leading zeros: other spellings of an address are read differently by different programs.
 *             Or an IPv6 address in brackets, as eight groups or with one "::", without an IPv4 address in it.
 *   port      1 to 65535
 *   path      "/", then letters, digits, any of -._~!$&'()*+,;=:@/ and escapes (%41)
 *
 * No user, query, fragment, backslash or space. */
#ifndef IAUTH_BASE_URL_H
#define IAUTH_BASE_URL_H

#include <stdbool.h>

#define IAUTH__BASE_URL_MAX 1024 /* characters */

/* The numbers are those of errors.def, which js/client/text.js answers with in a page. */
typedef enum {
  IAUTH__BASE_URL_OK = 0,
  IAUTH__BASE_URL_INVALID = -1, /* not what the grammar allows */
  IAUTH__BASE_URL_INSECURE = -2 /* plain http to another machine, or another scheme */
} iauth__base_url;

/* Checks a base URL: https, or http to this machine, or http anywhere with allow_insecure. This machine is "localhost",
 * 127.0.0.0/8 and [::1]. Sub-domains of localhost are not: not every resolver keeps them on this machine. */
iauth__base_url iauth__check_base_url(const char *url, bool allow_insecure);

#endif
