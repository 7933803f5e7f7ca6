/* The one rule for files with a credential in them: they belong to the account that runs the program
 * (or to root), and no other account can read them. Only for native programs. */
#ifndef IAUTH_PRIVATE_FILE_H
#define IAUTH_PRIVATE_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Checks the file at `path`. Its group may read it, because a group may be there for that. On false
 * `problem` (of `size` bytes) names the file, what is wrong, and the command to run. True for a file
 * that is not there, and for what is no file, such as a pipe. */
bool iauth__private_file_check(const char *path, char *problem, size_t size);

#endif
