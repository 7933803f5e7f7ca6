/* Converts the core's errors to the public ones. */
#ifndef NATIVE_ERRORS_H
#define NATIVE_ERRORS_H

#include "core/iauth.h"
#include "native/inbenta_auth.h"

/* `unreached_reason` is the reason why the last request did not reach the API. The core does not know that reason. */
inbenta_auth_error native_error(iauth_error error, inbenta_auth_error unreached_reason);

#endif
