/* From the core's errors to the public ones. */
#ifndef NATIVE_ERRORS_H
#define NATIVE_ERRORS_H

#include "core/iauth.h"
#include "native/inbenta_auth.h"

/* `unreached` is why the API was not reached the last time: the core knows only that it was not. */
inbenta_auth_error native_error(iauth_error error, inbenta_auth_error unreached);

#endif
