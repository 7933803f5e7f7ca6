/* The file of the audit log. Each line is appended by one write(2), so that several programs may
 * share it; it is not synced to the disk. */
#ifndef AUTHD_AUDIT_FILE_H
#define AUTHD_AUDIT_FILE_H

#include <stdbool.h>

typedef struct {
  const char *path; /* borrowed */
  int file;
  bool failing; /* it was said that lines cannot be written */
  bool torn;    /* the last line was written in part */
} authd_audit_file;

/* Opens the file for appending, with mode 0600 if it is not there. False on failure, and errno
 * tells why. Close it with authd_audit_file_close. */
bool authd_audit_file_open(authd_audit_file *file, const char *path);

/* Opens what is at the path now, after a rotation of logs. On false, and errno tells why, it goes
 * on with the old file. */
bool authd_audit_file_reopen(authd_audit_file *file);

/* What authapi_audit.write wants; `state` is the authd_audit_file. When lines cannot be written any
 * more, and when they can be again, that is said on standard error, once. */
bool authd_audit_file_write(void *state, const char *line);

void authd_audit_file_close(authd_audit_file *file);

#endif
