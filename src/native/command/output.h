/* The place where watch writes tokens: a file or standard output. */
#ifndef COMMAND_OUTPUT_H
#define COMMAND_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

/* Writes a token. A regular file at `path` is replaced by rename, so that a reader sees the complete old token or
 * the complete new one. A link is followed and never replaced. Any other kind of file is written to directly. A
 * `path` of NULL is standard output. On failure returns false and sets errno; output_is_full checks if a later try
 * may succeed. */
bool output_write(const char *path, const char *text, size_t len);

/* True if the error is temporary: somebody may free space on the disk. */
bool output_is_full(int error);

#endif
