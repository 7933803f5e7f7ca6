/* The file of the audit log. Each line is appended by one call of write, so that several programs may share the
 * file. It is not synced to the disk. */
#ifndef AUTHD_AUDIT_FILE_H
#define AUTHD_AUDIT_FILE_H

#include <stdbool.h>

#include "authd/log_writer.h"

typedef struct {
  const char *path; /* borrowed */
  int file;
  authd_log_writer *log; /* gets reports of failures; NULL: they go to standard error */
  bool failing;          /* the current failure was reported */
  bool torn;             /* only a part of the last line was written */
} authd_audit_file;

/* Opens the file for appending, and creates it with mode 0600 if it is missing. On failure returns false and sets
 * errno. Close it with authd_audit_file_close. */
bool authd_audit_file_open(authd_audit_file *file, const char *path);

/* Opens the path again after a log rotation. *changed is true if the path is now another file. On failure returns
 * false, sets errno and keeps the old file. */
bool authd_audit_file_reopen(authd_audit_file *file, bool *changed);

/* For authapi_audit.write; `state` is the authd_audit_file. The first line that cannot be written is reported, and the
 * first line that can be written again. The report goes to standard error or to the log writer. */
bool authd_audit_file_write(void *state, const char *line);

void authd_audit_file_close(authd_audit_file *file);

#endif
