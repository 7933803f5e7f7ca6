/* Running a command; see child.h. */
#define _POSIX_C_SOURCE 200809L
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "options.h"

#define END_MS 1000 /* how long a command may take to end when it is asked to */
#define END_LOOK_MS 10

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Uses only functions that are allowed between fork and exec. */
static void run(const char *command, int input) {
  setpgid(0, 0);
  if (dup2(input, STDIN_FILENO) >= 0)
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
  _exit(127);
}

/* A pipe holds 64 KB before anybody reads, more than a token and its products take. So this write never waits for the
 * command. */
bool child_start(child *child, const char *command, const char *text, size_t len) {
  int ends[2];
  if (pipe(ends) != 0)
    return false;
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  fcntl(ends[1], F_SETFL, O_NONBLOCK);
  bool fits = write(ends[1], text, len) == (ssize_t)len;
  close(ends[1]);
  pid_t pid = fits ? fork() : -1;
  if (pid == 0)
    run(command, ends[0]);
  int saved_errno = errno;
  close(ends[0]);
  errno = saved_errno;
  if (pid < 0)
    return false;
  setpgid(pid, pid); /* the child does it too; here, the group exists before child_check can kill it */
  child->pid = pid;
  child->start_ms = now_ms();
  return true;
}

void child_check(child *child, const char *command) {
  int status;
  if (child->pid == 0)
    return;
  bool late = now_ms() - child->start_ms >= CHILD_TIMEOUT_MS;
  if (late) {
    kill(-child->pid, SIGKILL);
    print_error(EXIT_FAILED, "%s was killed: it took longer than %d seconds", command, CHILD_TIMEOUT_MS / 1000);
  }
  if (waitpid(child->pid, &status, late ? 0 : WNOHANG) != child->pid)
    return;
  child->pid = 0;
  if (!late && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
    print_error(EXIT_FAILED, "%s ended with exit status %d", command,
                WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

void child_end(child *child) {
  const struct timespec pause = {.tv_nsec = END_LOOK_MS * 1000000L};
  if (child->pid == 0)
    return;
  kill(-child->pid, SIGTERM);
  /* The shell may end before the commands that it runs. kill fails when the last process of the group has ended. */
  for (int waited_ms = 0; waited_ms < END_MS && kill(-child->pid, 0) == 0; waited_ms += END_LOOK_MS) {
    nanosleep(&pause, NULL);
    waitpid(child->pid, NULL, WNOHANG);
  }
  kill(-child->pid, SIGKILL);
  waitpid(child->pid, NULL, 0); /* fails if it was waited for above */
  child->pid = 0;
}

int child_wait_ms(const child *child, int max_ms) {
  if (child->pid == 0)
    return max_ms;
  int64_t left_ms = child->start_ms + CHILD_TIMEOUT_MS - now_ms();
  return left_ms < 0 ? 0 : left_ms < max_ms ? (int)left_ms : max_ms;
}
