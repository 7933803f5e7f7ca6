/* Which credentials may be used at all. Pure.
 *
 * What later stands in a header or a JSON string is checked here, once: a line break in a header
 * value makes emscripten_fetch's glue throw through C frames. */
#ifndef IAUTH_CREDENTIAL_H
#define IAUTH_CREDENTIAL_H

#include "core/iauth.h"

/* Whether this is a key, a secret or a token: 1 to IAUTH_CREDENTIAL_MAX characters of printable
 * ASCII without space, and not in quotes, as a line of a .env file may be pasted. NULL is not. */
bool iauth__is_credential(const char *text);

#endif
