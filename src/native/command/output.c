/* Writing tokens; see output.h. */
#define _XOPEN_SOURCE 700
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool output_may_work_later(int error) {
  return error == ENOSPC || error == EDQUOT || error == EFBIG || error == EIO || error == EAGAIN;
}

const char *output_problem(int error) { return error == EAGAIN ? "nobody reads from it" : strerror(error); }

/* False if a pipe has no room, because nobody reads from it. A write would wait for the reader, and the token would expire
 * meanwhile. A pipe with any room takes PIPE_BUF bytes, more than most tokens have. */
static bool has_room(int file) {
  struct pollfd room = {.fd = file, .events = POLLOUT};
  if (poll(&room, 1, 0) != 0)
    return true; /* if it cannot be written, the write says why */
  errno = EAGAIN;
  return false;
}

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

static bool write_directly(const char *path, bool is_pipe, const char *text, size_t len) {
  /* O_NONBLOCK: to open a named pipe must not wait for its reader. */
  int file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK);
  if (file < 0 && errno == ENXIO && is_pipe)
    errno = EAGAIN; /* it has no reader now */
  if (file < 0)
    return false;
  bool ready = has_room(file) && fcntl(file, F_SETFL, O_APPEND) == 0; /* a longer text may wait for its reader */
  return finish(file, ready && write_all(file, text, len));
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
    return has_room(STDOUT_FILENO) && write_all(STDOUT_FILENO, text, len);
  /* "/dev/fd/1" may be a regular file that another process already has open. That process must see the new token, so
   * the file is not replaced. */
  bool exists = stat(path, &info) == 0;
  if (strncmp(path, "/dev/", 5) == 0 || (exists && !S_ISREG(info.st_mode)))
    return write_directly(path, exists && S_ISFIFO(info.st_mode), text, len);
  if (lstat(path, &info) != 0 || !S_ISLNK(info.st_mode))
    return replace(path, text, len);
  char *target = realpath(path, NULL);
  bool written = target != NULL && replace(target, text, len);
  free(target);
  return written;
}
