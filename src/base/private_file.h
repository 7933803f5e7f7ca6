/* The one rule for files that hold a credential: the file belongs to the account that runs the program, or to root, and
 * no other account can read it. Only for native programs. */
#ifndef IAUTH_PRIVATE_FILE_H
#define IAUTH_PRIVATE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Checks the file at `path`. Its group may read it, because a group can exist for that purpose. If the result is false,
 * `problem` (of `size` bytes) names the file, what is wrong, and the command that fixes it. The result is true if the
 * file does not exist, or is not a regular file, such as a pipe. */
bool iauth__private_file_check(const char *path, char *problem, size_t size);

/* Opens a regular file for reading. Anything else is refused: a program that opens a pipe waits for its writer, and then
 * handles no signal. NULL on failure; then `problem` (of `size` bytes) names the file and the reason. */
FILE *iauth__regular_file_open(const char *path, char *problem, size_t size);

/* The same for a file that holds a credential. It must also fulfil the rule of iauth__private_file_check. */
FILE *iauth__private_file_open(const char *path, char *problem, size_t size);

#endif
