/* Which endpoints may be used at all. Pure. */
#ifndef IAUTH_ENDPOINT_H
#define IAUTH_ENDPOINT_H

#include "core/iauth.h"

/* Checks a base URL: scheme://host[:port][/path], https unless the host is this machine (or
 * allow_insecure). Returns 0, INVALID_CONFIG or INSECURE_ENDPOINT.
 * Loopback is what W3C Secure Contexts calls potentially trustworthy: localhost and its
 * sub-domains, 127.0.0.0/8 and [::1]. Names that merely start like one ("localhost.evil.com") are
 * not. */
iauth_error iauth__check_endpoint(const char *url, bool allow_insecure);

#endif
