/* The file of the audit log; see audit_file.h. */
#define _POSIX_C_SOURCE 200809L
#include "authd/audit_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* O_NONBLOCK: a pipe that nobody reads is an error, and does not block the start. */
static int open_path(const char *path) {
  return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
}

/* Whether the last line has no end, for example because the disk was full. The next event must not continue that line. */
static bool is_torn(const char *path) {
  struct stat info;
  char last;
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0)
    return false;
  bool torn = fstat(file, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0 &&
              pread(file, &last, 1, info.st_size - 1) == 1 && last != '\n';
  close(file);
  return torn;
}

bool authd_audit_file_open(authd_audit_file *file, const char *path) {
  *file = (authd_audit_file){.path = path, .file = open_path(path), .torn = is_torn(path)};
  return file->file >= 0;
}

bool authd_audit_file_reopen(authd_audit_file *file, bool *changed) {
  struct stat before, now;
  int opened = open_path(file->path);
  if (opened < 0)
    return false;
  bool known = fstat(file->file, &before) == 0 && fstat(opened, &now) == 0;
  *changed = !known || before.st_dev != now.st_dev || before.st_ino != now.st_ino;
  close(file->file);
  file->file = opened;
  file->torn = is_torn(file->path);
  return true;
}

/* A request must not wait for the reader of standard error. So while the server runs, the report goes through the log
 * writer. */
static void report(const authd_audit_file *file, const char *what) {
  static const char format[] = "inbenta-authd: the audit log %s %s\n";
  if (file->log != NULL)
    authd_log_writer_print(file->log, format, file->path, what);
  else
    fprintf(stderr, format, file->path, what);
}

static void report_result(authd_audit_file *file, bool failing) {
  char problem[256];
  snprintf(problem, sizeof problem, "cannot be written: %s%s", strerror(errno),
           file->log != NULL ? "; requests continue without it" : "");
  if (failing && !file->failing)
    report(file, problem);
  if (!failing && file->failing)
    report(file, "can be written again");
  file->failing = failing;
}

/* Removes what was written of a line, unless another process has appended to it since. */
static bool take_back(int file, ssize_t written) {
  struct stat info;
  off_t end = lseek(file, 0, SEEK_CUR);
  return end >= written && fstat(file, &info) == 0 && S_ISREG(info.st_mode) && info.st_size == end &&
         ftruncate(file, end - written) == 0;
}

bool authd_audit_file_write(void *state, const char *line) {
  authd_audit_file *file = state;
  size_t len = strlen(line), begin = file->torn ? 1 : 0;
  const struct iovec parts[] = {{(void *)"\n", begin}, {(void *)line, len}};
  errno = ENOSPC; /* a write that is only partly done does not set errno */
  ssize_t written = writev(file->file, parts, 2);
  bool whole = written == (ssize_t)(begin + len);
  int reason = errno;
  if (written > 0 && (whole || !take_back(file->file, written)))
    file->torn = !whole;
  errno = reason;
  report_result(file, !whole);
  return whole;
}

void authd_audit_file_close(authd_audit_file *file) {
  close(file->file);
  file->file = -1;
}
