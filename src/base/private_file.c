/* Files that hold a credential; see private_file.h. */
#define _POSIX_C_SOURCE 200809L
#include "base/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/shown.h"

static bool is_private(const struct stat *info, const char *path, char *problem, size_t size) {
  /* Root may use the files of any account, for example to manage the keys of a server that runs under its own
   * account. */
  if (geteuid() != 0 && info->st_uid != geteuid() && info->st_uid != 0) {
    snprintf(problem, size, "%s: belongs to another account; run: chown %u %s", path, (unsigned)geteuid(), path);
    return false;
  }
  if ((info->st_mode & (S_IRWXO | S_IWGRP)) == 0)
    return true;
  snprintf(problem, size, "%s: other accounts can use it; run: chmod 600 %s", path, path);
  return false;
}

bool iauth__private_file_check(const char *path, char *problem, size_t size) {
  struct stat info;
  return stat(path, &info) != 0 || !S_ISREG(info.st_mode) || is_private(&info, path, problem, size);
}

/* Opens a regular file and sets *info. */
static FILE *open_regular(const char *path, struct stat *info, char *problem, size_t size) {
  int number = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  bool known = number >= 0 && fstat(number, info) == 0, regular = known && S_ISREG(info->st_mode);
  FILE *file = regular ? fdopen(number, "r") : NULL;
  if (file != NULL)
    return file;
  snprintf(problem, size, "%s: %s", iauth__shown(path), known && !regular ? "not a regular file" : strerror(errno));
  if (number >= 0)
    close(number);
  return NULL;
}

FILE *iauth__regular_file_open(const char *path, char *problem, size_t size) {
  struct stat info;
  return open_regular(path, &info, problem, size);
}

FILE *iauth__private_file_open(const char *path, char *problem, size_t size) {
  struct stat info;
  FILE *file = open_regular(path, &info, problem, size);
  if (file == NULL || is_private(&info, path, problem, size))
    return file;
  fclose(file);
  return NULL;
}
