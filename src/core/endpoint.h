/* The endpoint, as a user gives it. Pure. */
#ifndef IAUTH_ENDPOINT_H
#define IAUTH_ENDPOINT_H

#include "core/iauth.h"

/* Checks an endpoint: a base URL (base/base_url.h) without escapes. One on inbenta.io or below it must have a path: the
 * base URL that Inbenta's own SDKs take has none, and without its /v1 every request is refused (docs/wire.md). Returns 0,
 * INVALID_CONFIG or INSECURE_ENDPOINT. NULL is not valid. In a page js/client/text.js checks the same. */
iauth_error iauth__check_endpoint(const char *url, bool allow_insecure);

#endif
