/* What the thread-safe client needs of the loop besides the public functions. */
#ifndef NATIVE_LOOP_H
#define NATIVE_LOOP_H

#include "native/inbenta_auth.h"

/* The current token, if it is valid for so long still and there is memory for the copy. The caller
 * cleans up. */
bool native_loop_current(inbenta_auth_loop *loop, int64_t min_validity_ms, inbenta_auth_token *out);

#endif
