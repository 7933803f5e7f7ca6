/* Checks the endpoint that a user passes. Pure. */
#ifndef IAUTH_ENDPOINT_H
#define IAUTH_ENDPOINT_H

#include "core/iauth.h"

/* Checks an endpoint: a base URL (base/base_url.h) without escapes. An endpoint on inbenta.io or a sub-domain must have
 * a path: the API refuses every request without /v1, and the base URL that Inbenta's own SDKs take has no path
 * (docs/wire.md). Returns 0, INVALID_CONFIG or INSECURE_ENDPOINT. NULL is invalid. In a page, js/client/text.js checks
 * the same. */
iauth_error iauth__check_endpoint(const char *url, bool allow_insecure);

#endif
