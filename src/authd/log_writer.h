/* Writes log lines to a file or pipe without ever making a request wait.
 *
 * Lines go into a bounded buffer, and one thread writes them. That is simpler than non-blocking
 * writes, because standard error's O_NONBLOCK flag is shared with other programs and may not be
 * changed. While the reader is slow or blocked, lines that do not fit are dropped and counted; the
 * count is written as a line of its own before anything later. */
#ifndef AUTHD_LOG_WRITER_H
#define AUTHD_LOG_WRITER_H

#include <stdbool.h>
#include <stddef.h>

#define AUTHD_LOG_BUFFER 262144 /* bytes that may wait */

typedef struct authd_log_writer authd_log_writer;

/* Writes to `file`, an open file descriptor, which is borrowed. With `json` the line about dropped
 * lines is a JSON object. NULL without memory or a thread. */
authd_log_writer *authd_log_writer_new(int file, bool json);

/* Takes `len` bytes: one line or several, each with its line feed. Never waits for the reader. Any
 * thread may call it. */
void authd_log_writer_put(authd_log_writer *writer, const char *text, size_t len);

/* Formats a message of at most 1,023 bytes and takes it as authd_log_writer_put does. */
__attribute__((format(printf, 2, 3))) void authd_log_writer_print(authd_log_writer *writer, const char *format, ...);

/* Gives the reader at most one second to take what waits, drops the rest, and frees. Call it when no
 * other thread uses the writer any more. NULL is fine. */
void authd_log_writer_free(authd_log_writer *writer);

#endif
