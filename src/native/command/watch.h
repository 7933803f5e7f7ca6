/* inbenta-token watch. */
#ifndef COMMAND_WATCH_H
#define COMMAND_WATCH_H

#include "options.h"

/* Keeps a token fresh until SIGINT or SIGTERM, and writes each new one. On SIGHUP, drops the token and gets a new one
 * with the secret, because an operator may know that the token was revoked. Returns an exit code. The code is not 0 if the
 * first token cannot be obtained, or if a new token cannot be written. */
int watch(const command_options *options);

#endif
