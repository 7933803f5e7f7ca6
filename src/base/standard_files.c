/* Standard files; see standard_files.h. */
#define _POSIX_C_SOURCE 200809L
#include "base/standard_files.h"

#include <fcntl.h>
#include <unistd.h>

void iauth__standard_files_open(void) {
  for (int file = STDIN_FILENO; file <= STDERR_FILENO; file++)
    if (fcntl(file, F_GETFD) == -1) /* open() takes the lowest number, which is this one */
      (void)!open("/dev/null", file == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}
