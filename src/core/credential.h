/* The characters of a credential. Pure.
 *
 * Credentials are written into headers and JSON strings without another check. A line break in a header value would
 * make `fetch` throw. */
#ifndef IAUTH_CREDENTIAL_H
#define IAUTH_CREDENTIAL_H

#include "core/iauth.h"

/* True if the text can be a key, a secret or a token: 1 to IAUTH_CREDENTIAL_MAX printable ASCII characters without a
 * space. A text in quotes is rejected: somebody pasted it from a .env file with its quotes. NULL is rejected. */
bool iauth__is_credential(const char *text);

#endif
