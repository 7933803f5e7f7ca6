/* Converts the core's token to the public one. */
#ifndef NATIVE_TOKEN_H
#define NATIVE_TOKEN_H

#include "core/iauth.h"
#include "native/inbenta_auth.h"

/* Copies the core's token into *out. If there is no memory, returns false and *out is all zero. The caller cleans
 * up. */
bool native_token_from(const iauth_token *token, inbenta_auth_token *out);

#endif
