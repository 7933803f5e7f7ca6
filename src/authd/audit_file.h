/* The file of the audit log. Each line is appended by one write(2), so that several programs may
 * share it; it is not synced to the disk. */
#ifndef AUTHD_AUDIT_FILE_H
#define AUTHD_AUDIT_FILE_H

#include <stdbool.h>

#include "authd/log_writer.h"

typedef struct {
  const char *path; /* borrowed */
  int file;
  authd_log_writer *log; /* where a failure is reported; NULL: on standard error */
  bool failing;          /* the failure was reported */
  bool torn;             /* the last line was written in part */
} authd_audit_file;

/* Opens the file for appending, with mode 0600 if it is not there. False on failure, and errno
 * says why. Close it with authd_audit_file_close. */
bool authd_audit_file_open(authd_audit_file *file, const char *path);

/* Opens what is at the path now, after a rotation of logs. On false, and errno says why, it goes
 * on with the old file. */
bool authd_audit_file_reopen(authd_audit_file *file);

/* What authapi_audit.write wants; `state` is the authd_audit_file. When lines cannot be written any
 * more, and when they can be again, that is reported on standard error or in the log, once. */
bool authd_audit_file_write(void *state, const char *line);

void authd_audit_file_close(authd_audit_file *file);

#endif
