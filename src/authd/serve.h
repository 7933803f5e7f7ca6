/* The command that serves. */
#ifndef AUTHD_SERVE_H
#define AUTHD_SERVE_H

#include "authd/context.h"

/* Serves the Auth API until SIGINT or SIGTERM. Returns the exit status; what is wrong is on standard
 * error. */
int authd_serve(const authd_context *context);

#endif
