/* Base URLs: which may be used at all. Pure. */
#ifndef IAUTH_BASE_URL_H
#define IAUTH_BASE_URL_H

#include <stdbool.h>

#define IAUTH__BASE_URL_MAX 1024 /* characters */

/* The numbers are those of errors.def, which js/client/text.js answers with in a page. */
typedef enum {
  IAUTH__BASE_URL_OK = 0,
  IAUTH__BASE_URL_INVALID = -1, /* not scheme://host[:port][/path], or too long */
  IAUTH__BASE_URL_INSECURE = -2 /* plain http to another machine */
} iauth__base_url;

/* Checks a base URL: scheme://host[:port][/path], https unless the host is this machine (or
 * allow_insecure). Loopback is what W3C Secure Contexts calls potentially trustworthy: localhost
 * and its sub-domains, 127.0.0.0/8 and [::1]. Names that merely start like one
 * ("localhost.evil.com") are not. */
iauth__base_url iauth__check_base_url(const char *url, bool allow_insecure);

#endif
