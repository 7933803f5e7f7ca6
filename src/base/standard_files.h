/* The terminal of a program, and its standard input, output and error. */
#ifndef IAUTH_STANDARD_FILES_H
#define IAUTH_STANDARD_FILES_H

#include <signal.h>
#include <stdbool.h>

/* Call this first. If the program was started with a closed standard file (`program >&-`), the next file that is opened
 * would get its number, and what is meant for a terminal would go into a log, or to another machine. So the closed ones
 * are opened in the wrong direction: to use them fails with EBADF, as if they were still closed. */
void iauth__standard_files_open(void);

/* True if the program should end when its terminal is closed: it has one, and does not ignore SIGHUP, as a program that
 * nohup starts does. Call it before the disposition of SIGHUP is changed. */
bool iauth__ends_with_terminal(void);

/* True if a program that should end with its terminal got this SIGHUP because the terminal was closed. Then the kernel or
 * the shell sent it, and there is no terminal any more. Otherwise somebody sent it on purpose. A signal handler may call
 * this. */
bool iauth__terminal_was_closed(const siginfo_t *info);

#endif
