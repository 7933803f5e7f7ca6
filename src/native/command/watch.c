/* Keeps a token fresh; see watch.h. This is an event loop around libcurl, like the one in a program that uses the
 * library. */
#define _POSIX_C_SOURCE 200809L
#include "watch.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/wipe.h"
#include "child.h"
#include "output.h"
#include "print.h"

#include "base/shown.h"
#include "base/standard_files.h"

#define RENEW_MS                                                                                                       \
  10000 /* the client does not renew tokens by itself that live shorter than this; SIGHUP does not either */
#define RETRY_MS 5000 /* the pause before a token is written again after it could not be written */

struct watcher {
  const command_options *options;
  bool done;
  int status;               /* the exit code, once it is done */
  inbenta_auth_token token; /* the newest token; all zero: there is none */
  char *text;               /* the same in the output format, or NULL */
  size_t len;
  bool to_write, to_run; /* steps that are still open for the newest token */
  bool written;          /* a token was written before */
  bool write_reported;   /* it was already reported that the token cannot be written now */
  bool run_reported;     /* it was already reported that the command cannot be started now */
  int64_t renew_ms;      /* when this program asks for a token; 0: the client does it */
  int64_t asked_ms;      /* when it asked last */
  bool to_drop;          /* SIGHUP: the token is dropped then */
  child child;
};

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Signal handlers wake the loop through this pipe, with one byte per signal. */
static int signal_pipe[2];
static bool ends_with_terminal;

static void on_signal(int number, siginfo_t *info, void *context) {
  int saved_errno = errno;
  (void)context;
  bool asks = number == SIGHUP && !(ends_with_terminal && iauth__terminal_was_closed(info));
  (void)!write(signal_pipe[1], number == SIGCHLD ? "c" : asks ? "h" : "s", 1);
  errno = saved_errno;
}

/* Handles the signals in the pipe. True if one of them stops the program. */
static bool is_stopped(struct watcher *watcher) {
  char bytes[64];
  ssize_t count = read(signal_pipe[0], bytes, sizeof bytes);
  bool stopped = count > 0 && memchr(bytes, 's', (size_t)count) != NULL;
  if (count <= 0 || memchr(bytes, 'h', (size_t)count) == NULL)
    return stopped;
  int64_t earliest_ms = watcher->asked_ms + RENEW_MS, now = now_ms();
  watcher->to_drop = true;
  watcher->renew_ms = now > earliest_ms ? now : earliest_ms;
  fputs("inbenta-token: SIGHUP: the token is dropped and replaced by a new one\n", stderr);
  return stopped;
}

/* A reader that left, and a file that may not grow, are reported as failed writes. The handler must not be SIG_IGN,
 * because commands would inherit SIG_IGN. */
static void on_ignored(int number) { (void)number; }

/* ---------------------------------------------------------------------------------------------------
 * Writing and passing on the token. */

static void drop_token(struct watcher *watcher) {
  if (watcher->text != NULL)
    iauth__wipe(watcher->text, strlen(watcher->text));
  free(watcher->text);
  watcher->text = NULL;
  inbenta_auth_token_clean_up(&watcher->token);
}

/* Stores the newest token in place of the last one. */
static bool store_token(struct watcher *watcher, const inbenta_auth_token *token) {
  char *text = NULL;
  size_t len = 0;
  FILE *file = open_memstream(&text, &len);
  bool ok = file != NULL && print_token(file, watcher->options->format, token);
  ok = file != NULL && fclose(file) == 0 && ok;
  drop_token(watcher);
  watcher->text = text;
  watcher->len = len;
  ok = ok && inbenta_auth_token_copy(token, &watcher->token) == INBENTA_AUTH_OK;
  return ok || print_error(EXIT_FAILED, "out of memory") == 0;
}

/* False if the path of the first write is wrong, or the reader of a pipe has left: these are no failures of a moment. */
static bool write_may_work_later(const struct watcher *watcher, int error) {
  return output_may_work_later(error) || (watcher->written && watcher->options->output != NULL && error != EPIPE);
}

/* A failure that may end is reported once, and the write is retried. False for any other failure. */
static bool write_token(struct watcher *watcher) {
  const char *name = watcher->options->output != NULL ? iauth__shown(watcher->options->output) : "to standard output";
  if (output_write(watcher->options->output, watcher->text, watcher->len)) {
    if (watcher->write_reported)
      fprintf(stderr, "inbenta-token: %s: the token is written now\n", name);
    watcher->to_write = watcher->write_reported = false;
    watcher->written = true;
    return true;
  }
  if (!write_may_work_later(watcher, errno)) {
    print_error(EXIT_FAILED, "cannot write %s: %s", name, output_problem(errno));
    return false;
  }
  if (!watcher->write_reported)
    print_error(EXIT_FAILED, "cannot write %s: %s; retrying every %d seconds", name, output_problem(errno),
                RETRY_MS / 1000);
  watcher->write_reported = true;
  return true;
}

/* Runs the command with the newest token, once the previous command has ended and the file is written. If it cannot be
 * started, for lack of processes or files, that is reported once, and tried again. */
static void run_command(struct watcher *watcher) {
  const char *command = watcher->options->exec;
  if (watcher->child.pid != 0 || watcher->to_write)
    return;
  watcher->to_run = !child_start(&watcher->child, command, watcher->text, watcher->len);
  if (watcher->to_run && !watcher->run_reported)
    print_error(EXIT_FAILED, "cannot run %s: %s; retrying every %d seconds", command, strerror(errno), RETRY_MS / 1000);
  watcher->run_reported = watcher->to_run;
}

/* Takes the open steps for the newest token, as far as they are possible now. */
static void run_steps(struct watcher *watcher) {
  if (watcher->to_write && !write_token(watcher)) {
    watcher->status = EXIT_FAILED;
    watcher->done = true;
  } else if (watcher->to_run) {
    run_command(watcher);
  }
}

/* Handles a new token or a failed attempt. The client retries by itself, unless the keys are rejected. */
static void on_event(void *user, const inbenta_auth_token *token, const inbenta_auth_failure *failure) {
  struct watcher *watcher = user;
  if (token == NULL) {
    watcher->status = print_failure(watcher->options->client.endpoint, failure);
    watcher->done = watcher->status == EXIT_REFUSED;
  } else if (store_token(watcher, token)) {
    watcher->to_write = watcher->options->output != NULL || watcher->options->exec == NULL;
    watcher->to_run = watcher->options->exec != NULL;
    if (!watcher->to_drop)
      watcher->renew_ms = token->expires_at_ms - (int64_t)time(NULL) * 1000 < RENEW_MS ? now_ms() + RENEW_MS : 0;
    run_steps(watcher);
  } else {
    watcher->status = EXIT_FAILED;
    watcher->done = true;
  }
}

/* Handles the answer to the first request. A failure that is not retryable is a mistake in the arguments; on_event has
 * printed it. */
static void on_answer(void *user, const inbenta_auth_token *token, const inbenta_auth_failure *failure) {
  struct watcher *watcher = user;
  if (token == NULL && !failure->retryable && failure->error != INBENTA_AUTH_DISPOSED)
    watcher->done = true;
}

/* Handles the answer to a renewal. on_event has seen it already. */
static void on_renewed(void *user, const inbenta_auth_token *token, const inbenta_auth_failure *failure) {
  struct watcher *watcher = user;
  (void)failure;
  if (token == NULL)
    watcher->renew_ms = now_ms() + RENEW_MS;
}

/* Asks for a token on SIGHUP, or if the last one lived so shortly that the client does not renew it. Returns the time
 * until the next look, at most `max_ms`. */
static int renew(struct watcher *watcher, inbenta_auth_loop *loop, int max_ms) {
  if (watcher->renew_ms == 0)
    return max_ms;
  int64_t left_ms = watcher->renew_ms - now_ms();
  if (left_ms > 0)
    return left_ms < max_ms ? (int)left_ms : max_ms;
  const inbenta_auth_get_options get = {.force_refresh = watcher->to_drop};
  if (watcher->to_drop && watcher->token.access_token != NULL)
    inbenta_auth_loop_invalidate(loop, watcher->token.access_token);
  watcher->renew_ms = 0;
  watcher->to_drop = false;
  watcher->asked_ms = now_ms();
  inbenta_auth_loop_get(loop, &get, on_renewed, watcher, NULL);
  return 0;
}

/* ---------------------------------------------------------------------------------------------------
 * The loop. */

static void run_loop(struct watcher *watcher, CURLM *multi, inbenta_auth_loop *loop) {
  int running, left;
  while (!watcher->done) {
    int64_t delay_ms = inbenta_auth_loop_run(loop);
    struct curl_waitfd signals = {.fd = signal_pipe[0], .events = CURL_WAIT_POLLIN};
    int wait_ms = delay_ms < 0 || delay_ms > 60000 ? 60000 : (int)delay_ms;
    if ((watcher->to_write || watcher->run_reported) && wait_ms > RETRY_MS)
      wait_ms = RETRY_MS;
    wait_ms = renew(watcher, loop, child_wait_ms(&watcher->child, wait_ms));
    if (watcher->done || curl_multi_poll(multi, &signals, 1, wait_ms, NULL) != CURLM_OK)
      break;
    if (signals.revents != 0 && is_stopped(watcher))
      break;
    child_check(&watcher->child, watcher->options->exec);
    if (watcher->to_write || watcher->to_run)
      run_steps(watcher);
    curl_multi_perform(multi, &running);
    for (const CURLMsg *message; (message = curl_multi_info_read(multi, &left)) != NULL;)
      inbenta_auth_loop_done(loop, message);
  }
}

static bool catch_signals(void) {
  const struct sigaction told = {.sa_sigaction = on_signal, .sa_flags = SA_RESTART | SA_SIGINFO},
                         child_ended = {.sa_sigaction = on_signal, .sa_flags = SA_RESTART | SA_SIGINFO | SA_NOCLDSTOP},
                         ignored = {.sa_handler = on_ignored};
  return pipe(signal_pipe) == 0 && fcntl(signal_pipe[0], F_SETFD, FD_CLOEXEC) == 0 &&
         fcntl(signal_pipe[1], F_SETFD, FD_CLOEXEC) == 0 && fcntl(signal_pipe[1], F_SETFL, O_NONBLOCK) == 0 &&
         sigaction(SIGINT, &told, NULL) == 0 && sigaction(SIGTERM, &told, NULL) == 0 &&
         sigaction(SIGHUP, &told, NULL) == 0 && sigaction(SIGCHLD, &child_ended, NULL) == 0 &&
         sigaction(SIGPIPE, &ignored, NULL) == 0 && sigaction(SIGXFSZ, &ignored, NULL) == 0;
}

int watch(const command_options *options) {
  struct watcher watcher = {.options = options, .asked_ms = now_ms() - RENEW_MS};
  inbenta_auth_options client = options->client;
  inbenta_auth_loop *loop = NULL;
  client.on_event = on_event;
  client.on_event_user = &watcher;
  ends_with_terminal = iauth__ends_with_terminal();
  CURLM *multi = curl_multi_init();
  if (multi == NULL || !catch_signals())
    return print_error(EXIT_FAILED, "out of memory or file descriptors");
  inbenta_auth_failure failure = {.error = inbenta_auth_loop_new(&client, multi, &loop)};
  if (failure.error == INBENTA_AUTH_OK)
    failure.error = inbenta_auth_loop_get(loop, NULL, on_answer, &watcher, NULL);
  if (failure.error == INBENTA_AUTH_OK)
    run_loop(&watcher, multi, loop);
  child_end(&watcher.child);
  inbenta_auth_loop_free(loop);
  drop_token(&watcher);
  curl_multi_cleanup(multi);
  if (failure.error != INBENTA_AUTH_OK)
    return print_failure(client.endpoint, &failure);
  return watcher.done ? watcher.status : 0;
}
