/* The command that watch runs with each new token. It runs in parallel to the loop, one command at a time. */
#ifndef COMMAND_CHILD_H
#define COMMAND_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CHILD_TIMEOUT_MS 60000 /* after this time, the command and its children are killed */

/* All zero at first. */
typedef struct {
  pid_t pid; /* 0: no command is running */
  int64_t start_ms;
} child;

/* Starts `command` in the shell and writes `text` to its standard input. Arguments and the environment are not used for
 * it, because other accounts can see them. On failure returns false and sets errno. */
bool child_start(child *child, const char *command, const char *text, size_t len);

/* Checks the running command. Kills it when its time is over. Reports a failure once the command has ended. */
void child_check(child *child, const char *command);

/* Ends the running command and its children: asks them to end, and kills them after a second. */
void child_end(child *child);

/* The time until child_check must be called again, at most `max_ms`. */
int child_wait_ms(const child *child, int max_ms);

#endif
