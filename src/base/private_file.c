/* Files that hold a credential; see private_file.h. */
#define _POSIX_C_SOURCE 200809L
#include "base/private_file.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

bool iauth__private_file_check(const char *path, char *problem, size_t size) {
  struct stat info;
  if (stat(path, &info) != 0 || !S_ISREG(info.st_mode))
    return true;
  /* Root may use the files of any account, for example to manage the keys of a server that runs under its own
   * account. */
  if (geteuid() != 0 && info.st_uid != geteuid() && info.st_uid != 0) {
    snprintf(problem, size, "%s: belongs to another account; run: chown %u %s", path, (unsigned)geteuid(), path);
    return false;
  }
  if ((info.st_mode & (S_IRWXO | S_IWGRP)) == 0)
    return true;
  snprintf(problem, size, "%s: other accounts can use it; run: chmod 600 %s", path, path);
  return false;
}
