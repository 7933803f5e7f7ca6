/* Writing tokens; see output.h. */
#define _XOPEN_SOURCE 700
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool output_is_full(int error) { return error == ENOSPC || error == EDQUOT || error == EFBIG || error == EIO; }

static bool write_all(int file, const char *text, size_t len) {
  while (len > 0) {
    ssize_t written = write(file, text, len);
    if (written < 0 && errno != EINTR)
      return false;
    if (written > 0) {
      text += written;
      len -= (size_t)written;
    }
  }
  return true;
}

/* Closes the file. If `ok` is false, errno stays as it was. */
static bool finish(int file, bool ok) {
  int saved_errno = errno;
  bool closed = close(file) == 0;
  if (!ok)
    errno = saved_errno;
  return closed && ok;
}

static bool write_directly(const char *path, const char *text, size_t len) {
  int file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
  return file >= 0 && finish(file, write_all(file, text, len));
}

static bool replace(const char *path, const char *text, size_t len) {
  size_t path_len = strlen(path);
  char *temporary = malloc(path_len + sizeof ".XXXXXX");
  if (temporary == NULL)
    return false;
  memcpy(temporary, path, path_len);
  memcpy(temporary + path_len, ".XXXXXX", sizeof ".XXXXXX");
  int file = mkstemp(temporary); /* readable by this user only */
  bool written = file >= 0 && finish(file, write_all(file, text, len) && fsync(file) == 0);
  written = written && rename(temporary, path) == 0;
  if (!written && file >= 0) {
    int saved_errno = errno;
    unlink(temporary);
    errno = saved_errno;
  }
  free(temporary);
  return written;
}

bool output_write(const char *path, const char *text, size_t len) {
  struct stat info;
  if (path == NULL || strcmp(path, "/dev/stdout") == 0) /* a socket at /dev/stdout cannot be opened */
    return write_all(STDOUT_FILENO, text, len);
  /* "/dev/fd/1" may be a regular file that another process already has open. That process must see the new token, so
   * the file is not replaced. */
  bool is_device = strncmp(path, "/dev/", 5) == 0 || (stat(path, &info) == 0 && !S_ISREG(info.st_mode));
  if (is_device)
    return write_directly(path, text, len);
  if (lstat(path, &info) != 0 || !S_ISLNK(info.st_mode))
    return replace(path, text, len);
  char *target = realpath(path, NULL);
  bool written = target != NULL && replace(target, text, len);
  free(target);
  return written;
}
