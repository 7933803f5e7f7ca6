/* Base URLs: which ones may be used. Pure.
 *
 * The grammar is our own and ASCII only, because the tables of URL parsers differ by version. In a page,
 * js/client/text.js implements the same grammar. tests/vectors/texts.json and tests/node/client/compare.test.js check
 * that both agree.
 *
 *   base URL  scheme "://" host [":" port] [path], at most 1024 characters
 *   scheme    a letter, then letters, digits, "+", "-", "."
 *   host      labels of letters, digits, "-" and "_", separated by single dots. One dot may follow the last label.
 *             If the last label is a number ("1", "0x7f"), the host must be four decimal numbers up to 255 without
 *             leading zeros: programs read other spellings of an address differently.
 *             Or an IPv6 address in brackets: eight groups, or one "::". It must not contain an IPv4 address.
 *   port      1 to 65535
 *   path      "/", then letters, digits, any of -._~!$&'()*+,;=:@/ and escapes (%41)
 *
 * No user, query, fragment, backslash or space. */
#ifndef IAUTH_BASE_URL_H
#define IAUTH_BASE_URL_H

#include <stdbool.h>

#define IAUTH__BASE_URL_MAX 1024 /* characters */

/* The numbers are those of errors.def. In a page, js/client/text.js returns them. */
typedef enum {
  IAUTH__BASE_URL_OK = 0,
  IAUTH__BASE_URL_INVALID = -1, /* does not match the grammar */
  IAUTH__BASE_URL_INSECURE = -2 /* plain http to another machine, or another scheme */
} iauth__base_url;

/* Checks a base URL. Allowed are https, http to this machine, and http to any host with allow_insecure. This machine is
 * "localhost", 127.0.0.0/8 and [::1]. Sub-domains of localhost do not count: some resolvers send them to another
 * machine. */
iauth__base_url iauth__check_base_url(const char *url, bool allow_insecure);

#endif
