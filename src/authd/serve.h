/* The command serve. */
#ifndef AUTHD_SERVE_H
#define AUTHD_SERVE_H

#include "authd/context.h"

/* Runs the Auth API until SIGINT or SIGTERM. Returns the exit status. Failures are printed on standard error. */
int authd_serve(const authd_context *context);

#endif
