/* Where watch writes tokens: a file, or standard output. */
#ifndef COMMAND_OUTPUT_H
#define COMMAND_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

/* Writes a token. A regular file at `path` is replaced by rename, so that readers see the old token or
 * the new one, whole; a link is followed and never replaced, and what is no regular file is written to.
 * NULL is standard output. False, and errno says why: output_is_full tells whether it may work later. */
bool output_write(const char *path, const char *text, size_t len);

/* Whether an error passes: somebody makes room on the disk. */
bool output_is_full(int error);

#endif
