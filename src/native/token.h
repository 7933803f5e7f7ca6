/* From the core's token to the public one. */
#ifndef NATIVE_TOKEN_H
#define NATIVE_TOKEN_H

#include "core/iauth.h"
#include "native/inbenta_auth.h"

/* Copies the core's token into *out, all zero if there is no memory (false). The caller cleans up.
 */
bool native_token_from(const iauth_token *token, inbenta_auth_token *out);

#endif
