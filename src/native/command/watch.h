/* inbenta-token watch. */
#ifndef COMMAND_WATCH_H
#define COMMAND_WATCH_H

#include "options.h"

/* Keeps a token fresh until SIGINT or SIGTERM, and hands on each new one. Returns an exit code: not
 * 0 if the first token cannot be had, or what is new cannot be handed on. */
int watch(const command_options *options);

#endif
