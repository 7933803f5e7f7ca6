/* Internal functions of the loop for the thread-safe client. */
#ifndef NATIVE_LOOP_H
#define NATIVE_LOOP_H

#include "native/inbenta_auth.h"

/* Copies the current token if it is valid for at least min_validity_ms. False if there is no such token, or no memory.
 * The caller cleans up. */
bool native_loop_current(inbenta_auth_loop *loop, int64_t min_validity_ms, inbenta_auth_token *out);

#endif
