/* Keeps a token fresh; see watch.h. An event loop around libcurl, as a program of yours might have
 * it. */
#define _POSIX_C_SOURCE 200809L
#include "watch.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "print.h"

struct watcher {
  const command_options *options;
  bool done;
  int status; /* the exit code, once it is done */
};

/* Signals are told to the loop through this pipe. */
static int stop_pipe[2];

static void on_stop(int number) {
  int before = errno;
  (void)number;
  (void)!write(stop_pipe[1], "", 1);
  errno = before;
}

/* A command that does not read its input is no reason to end. It must not be SIG_IGN, which
 * commands would inherit. */
static void on_broken_pipe(int number) { (void)number; }

/* ---------------------------------------------------------------------------------------------------
 * Handing on. */

/* Writes to a file beside it and renames: readers see the old token or the new one, whole. */
static bool write_file(const command_options *options, const inbenta_auth_token *token) {
  size_t len = strlen(options->output);
  char *beside = malloc(len + sizeof ".XXXXXX");
  if (beside == NULL)
    return false;
  memcpy(beside, options->output, len);
  memcpy(beside + len, ".XXXXXX", sizeof ".XXXXXX");
  int descriptor = mkstemp(beside); /* readable by this user only */
  FILE *file = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
  bool written = file != NULL && print_token(file, options->format, token) && fsync(descriptor) == 0;
  written = file != NULL && fclose(file) == 0 && written;
  written = written && rename(beside, options->output) == 0;
  if (!written) {
    complain(EXIT_FAILED, "cannot write %s: %s", options->output, strerror(errno));
    if (descriptor >= 0)
      unlink(beside);
  }
  free(beside);
  return written;
}

/* The token comes by standard input: arguments and environments can be seen. */
static bool run_command(const command_options *options, const inbenta_auth_token *token) {
  FILE *input = popen(options->exec, "w");
  if (input == NULL) {
    complain(EXIT_FAILED, "cannot run %s: %s", options->exec, strerror(errno));
    return false;
  }
  print_token(input, options->format, token); /* a command need not read it */
  int status = pclose(input);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    complain(EXIT_FAILED, "%s ended with %d", options->exec,
             WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  return true; /* the next token may find it in a better mood */
}

static bool hand_on(const command_options *options, const inbenta_auth_token *token) {
  bool ok = true;
  if (options->output != NULL)
    ok = write_file(options, token);
  if (ok && options->exec != NULL)
    ok = run_command(options, token);
  if (options->output == NULL && options->exec == NULL)
    ok = print_token(stdout, options->format, token);
  return ok;
}

/* A new token, or an attempt failed. The client tries again by itself, unless the keys are refused.
 */
static void on_event(void *user, const inbenta_auth_token *token, const inbenta_auth_failure *failure) {
  struct watcher *watcher = user;
  if (token == NULL) {
    watcher->status = print_failure(failure);
    watcher->done = watcher->status == EXIT_REFUSED;
  } else if (!hand_on(watcher->options, token)) {
    watcher->status = EXIT_FAILED;
    watcher->done = true;
  }
}

/* The first token. An answer that is wrong now is a mistake in the arguments; on_event has told it.
 */
static void on_answer(void *user, const inbenta_auth_token *token, const inbenta_auth_failure *failure) {
  struct watcher *watcher = user;
  if (token == NULL && !failure->retryable && failure->error != INBENTA_AUTH_DISPOSED)
    watcher->done = true;
}

/* ---------------------------------------------------------------------------------------------------
 * The loop. */

static void turn(struct watcher *watcher, CURLM *multi, inbenta_auth_loop *loop) {
  int running, left;
  while (!watcher->done) {
    int64_t delay_ms = inbenta_auth_loop_run(loop);
    struct curl_waitfd stop = {.fd = stop_pipe[0], .events = CURL_WAIT_POLLIN};
    if (watcher->done || curl_multi_poll(multi, &stop, 1, delay_ms < 0 ? 60000 : (int)delay_ms, NULL) != CURLM_OK)
      break;
    if (stop.revents != 0)
      break;
    curl_multi_perform(multi, &running);
    for (const CURLMsg *message; (message = curl_multi_info_read(multi, &left)) != NULL;)
      inbenta_auth_loop_done(loop, message);
  }
}

static bool catch_signals(void) {
  const struct sigaction stop = {.sa_handler = on_stop}, broken = {.sa_handler = on_broken_pipe};
  return pipe(stop_pipe) == 0 && fcntl(stop_pipe[0], F_SETFD, FD_CLOEXEC) == 0 &&
         fcntl(stop_pipe[1], F_SETFD, FD_CLOEXEC) == 0 && sigaction(SIGINT, &stop, NULL) == 0 &&
         sigaction(SIGTERM, &stop, NULL) == 0 && sigaction(SIGPIPE, &broken, NULL) == 0;
}

int watch(const command_options *options) {
  struct watcher watcher = {.options = options};
  inbenta_auth_options client = options->client;
  inbenta_auth_loop *loop = NULL;
  client.on_event = on_event;
  client.on_event_user = &watcher;
  CURLM *multi = curl_multi_init();
  if (multi == NULL || !catch_signals())
    return complain(EXIT_FAILED, "out of memory or file descriptors");
  inbenta_auth_failure failure = {.error = inbenta_auth_loop_new(&client, multi, &loop)};
  if (failure.error == INBENTA_AUTH_OK)
    failure.error = inbenta_auth_loop_get(loop, NULL, on_answer, &watcher, NULL);
  if (failure.error == INBENTA_AUTH_OK)
    turn(&watcher, multi, loop);
  inbenta_auth_loop_free(loop);
  curl_multi_cleanup(multi);
  if (failure.error != INBENTA_AUTH_OK)
    return print_failure(&failure);
  return watcher.done ? watcher.status : 0;
}
