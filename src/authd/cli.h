/* The commands of inbenta-authd. */
#ifndef AUTHD_CLI_H
#define AUTHD_CLI_H

/* Runs the command line. Returns the exit status: 0, 1 for a failure, 2 for a mistake in the
 * arguments; what is wrong and what to do is on standard error. */
int authd_cli(int argc, char **argv);

#endif
