/* Writes log lines to a file or pipe. A request never waits for it.
 *
 * Lines go into a bounded buffer, and one thread writes them. This is simpler than non-blocking writes: the O_NONBLOCK
 * flag of standard error is shared with other programs and must not be changed. If the reader is slow or blocked, lines
 * that do not fit are dropped and counted. The count is written as its own line before any later line. */
#ifndef AUTHD_LOG_WRITER_H
#define AUTHD_LOG_WRITER_H

#include <stdbool.h>
#include <stddef.h>

#define AUTHD_LOG_BUFFER 262144 /* bytes of lines that wait to be written */

typedef struct authd_log_writer authd_log_writer;

/* Writes to the open file descriptor `file`, which is borrowed. With `json`, the line about dropped lines is a JSON
 * object. NULL if there is no memory or no thread. */
authd_log_writer *authd_log_writer_new(int file, bool json);

/* Takes `len` bytes: one or more lines, each with its line feed. Never waits for the reader. Any thread may call it. */
void authd_log_writer_put(authd_log_writer *writer, const char *text, size_t len);

/* Formats a message of at most 1,023 bytes and puts it like authd_log_writer_put. */
__attribute__((format(printf, 2, 3))) void authd_log_writer_print(authd_log_writer *writer, const char *format, ...);

/* Waits at most one second until the reader has taken all lines, drops the rest, and frees. Call it after all other
 * threads have stopped using the writer. `writer` may be NULL. */
void authd_log_writer_free(authd_log_writer *writer);

#endif
