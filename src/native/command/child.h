/* The command that watch runs with each new token. It runs beside the loop, one at a time. */
#ifndef COMMAND_CHILD_H
#define COMMAND_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CHILD_TIMEOUT_MS 60000 /* then it is killed, with what it started */

/* Begins zeroed. */
typedef struct {
  pid_t pid; /* 0: none runs */
  int64_t begun_ms;
} child;

/* Starts `command` by the shell with `text` on its standard input: arguments and environments can be
 * seen. False, and errno says why. */
bool child_start(child *child, const char *command, const char *text, size_t len);

/* Sees after a command that runs: kills it when its time is over, and once it has ended says so if it
 * failed. */
void child_look(child *child, const char *command);

/* How long until child_look has something to do, at most `usual_ms`. */
int child_wait_ms(const child *child, int usual_ms);

#endif
