/* Standard files and the terminal; see standard_files.h. */
#define _XOPEN_SOURCE 700
#include "base/standard_files.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

void iauth__standard_files_open(void) {
  for (int file = STDIN_FILENO; file <= STDERR_FILENO; file++)
    if (fcntl(file, F_GETFD) == -1) /* open() takes the lowest number, which is this one */
      (void)!open("/dev/null", file == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

static bool has_terminal(void) {
  int file = open("/dev/tty", O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (file >= 0)
    close(file);
  return file >= 0;
}

bool iauth__ends_with_terminal(void) {
  struct sigaction action;
  return sigaction(SIGHUP, NULL, &action) == 0 && action.sa_handler != SIG_IGN && has_terminal();
}

bool iauth__terminal_was_closed(const siginfo_t *info) {
  return (info->si_code == SI_KERNEL || info->si_pid == getsid(0)) && !has_terminal();
}
