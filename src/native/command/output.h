/* The place where watch writes tokens: a file or standard output. */
#ifndef COMMAND_OUTPUT_H
#define COMMAND_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

/* Writes a token. A regular file at `path` is replaced by rename, so that a reader sees the complete old token or
 * the complete new one. A link is followed and never replaced. Any other kind of file is written to directly. A
 * `path` of NULL is standard output. On failure returns false and sets errno; output_may_work_later checks if a
 * later try may succeed. Does not wait for the reader of a pipe. */
bool output_write(const char *path, const char *text, size_t len);

/* True if the error is temporary: the disk is full, or nobody reads from a pipe. */
bool output_may_work_later(int error);

/* The error in words. */
const char *output_problem(int error);

#endif
