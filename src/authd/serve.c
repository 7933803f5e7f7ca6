/* The command serve; see serve.h. */
#define _POSIX_C_SOURCE 200809L
#include "authd/serve.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "authapi/endpoints.h"
#include "authapi/management.h"
#include "authd/certificate.h"
#include "authd/domain_names.h"
#include "authd/hosts.h"
#include "authd/http.h"
#include "authd/last_used_writer.h"
#include "authd/log_writer.h"
#include "base/private_file.h"
#include "base/shown.h"
#include "base/standard_files.h"
#include "base/wipe.h"

#define ADMIN_TOKEN_SIZE (AUTHAPI_ADMIN_TOKEN_MAX + 3) /* with a line end, or with one byte too many */
#define PROBLEM_SIZE 512
#define CHECK_PAUSE_S 1 /* seconds between two checks of the store */

/* Everything that lives while the server runs. */
typedef struct {
  const authd_context *context;
  const authd_command_line *line;
  authapi_signing_keys keys;
  authapi api;
  authapi_management admin;
  authapi_attempts attempts;
  authapi_store last_used_store; /* the same store, on another connection */
  authd_tls tls;                 /* .key is NULL for plain http */
  authd_log log;
  authd_http *http;
  bool ends_with_terminal;
  bool store_failing; /* this was logged */
} server;

/* ---------------------------------------------------------------------------------------------------
 * Files: the admin token and the certificate. */

/* Reads the admin token. The caller wipes it. On false, `problem` names the file and the reason. */
static bool read_admin_token(const char *path, char token[ADMIN_TOKEN_SIZE], char problem[PROBLEM_SIZE]) {
  FILE *file = iauth__private_file_open(path, problem, PROBLEM_SIZE);
  token[0] = '\0';
  if (file == NULL)
    return false;
  setvbuf(file, NULL, _IONBF, 0); /* unbuffered: a buffer would keep a copy of the token */
  size_t len = fread(token, 1, ADMIN_TOKEN_SIZE - 1, file);
  bool failed = ferror(file) != 0;
  fclose(file);
  while (len > 0 && strchr("\r\n", token[len - 1]) != NULL)
    len--;
  token[len] = '\0';
  const char *token_problem = failed ? "cannot be read" : authapi_management_token_problem(token);
  if (token_problem != NULL)
    snprintf(problem, PROBLEM_SIZE, "%s: %s", path, token_problem);
  return token_problem == NULL;
}

/* Returns 0 or the exit status. */
static int init_admin(server *server) {
  char token[ADMIN_TOKEN_SIZE], problem[PROBLEM_SIZE];
  if (server->line->admin_token_file == NULL)
    return 0;
  int status = 0;
  if (!read_admin_token(server->line->admin_token_file, token, problem))
    status = authd_print_error(1, "--admin-token-file %s", problem);
  else if (!authapi_management_init(&server->admin, &server->api, token))
    status = authd_print_error(1, "the hash failed");
  server->admin.attempts = &server->attempts;
  iauth__wipe(token, sizeof token);
  return status;
}

/* Uses this certificate from now on. On false, `problem` has the reason. */
static bool use_certificate(const authd_command_line *line, const authd_tls *tls, char problem[PROBLEM_SIZE]) {
  if (authd_certificate_use(tls))
    return true;
  snprintf(problem, PROBLEM_SIZE, "--tls-cert %s: GnuTLS cannot use it", line->tls_cert);
  return false;
}

/* ---------------------------------------------------------------------------------------------------
 * Files that may be replaced while the server runs. SIGHUP reads them again: the audit log after a rotation, the
 * certificate after a renewal, the admin token after a leak. Each result is logged. If a new file cannot be used, the
 * old one stays. */

static void log_reload(const server *server, const char *option, const char *path, bool changed) {
  authd_log_writer_print(server->log.writer, "inbenta-authd: %s %s: %s\n", option, path,
                         changed ? "reloaded and used from now on" : "unchanged");
}

static void reopen_audit(server *server) {
  authd_audit_file *file = server->context->audit_file;
  bool changed;
  authd_http_pause(server->http);
  bool opened = authd_audit_file_reopen(file, &changed);
  int saved_errno = errno;
  authd_http_resume(server->http);
  char problem[PROBLEM_SIZE];
  if (opened)
    log_reload(server, "--audit", file->path, changed);
  /* The events go into this file all the same, because the old one may be deleted soon. */
  if (opened && !iauth__private_file_check(file->path, problem, sizeof problem))
    authd_log_writer_print(server->log.writer, "inbenta-authd: --audit %s; the next start is refused until then\n",
                           problem);
  if (!opened)
    authd_log_writer_print(server->log.writer, "inbenta-authd: --audit %s: %s; the old file is still used\n",
                           file->path, strerror(saved_errno));
}

static void reload_admin_token(server *server) {
  const char *path = server->line->admin_token_file;
  char token[ADMIN_TOKEN_SIZE], problem[PROBLEM_SIZE];
  authapi_management now;
  bool read = read_admin_token(path, token, problem);
  if (read && !authapi_management_init(&now, &server->api, token)) {
    snprintf(problem, sizeof problem, "%s: the hash failed", path);
    read = false;
  }
  iauth__wipe(token, sizeof token);
  if (read) {
    bool changed = memcmp(now.token_hash, server->admin.token_hash, sizeof now.token_hash) != 0;
    authd_http_pause(server->http);
    memcpy(server->admin.token_hash, now.token_hash, sizeof now.token_hash);
    authd_http_resume(server->http);
    log_reload(server, "--admin-token-file", path, changed);
  } else {
    authd_log_writer_print(server->log.writer, "inbenta-authd: --admin-token-file %s; the old token is still used\n",
                           problem);
  }
}

static void reload_certificate(server *server) {
  const authd_command_line *line = server->line;
  char problem[PROBLEM_SIZE];
  authd_tls tls = {0};
  bool read = authd_tls_load(&tls, line->tls_cert, line->tls_key, problem, sizeof problem);
  bool changed =
      read && (strcmp(tls.certificates, server->tls.certificates) != 0 || strcmp(tls.key, server->tls.key) != 0);
  if (changed && (read = use_certificate(line, &tls, problem))) {
    const authd_tls before = server->tls;
    server->tls = tls;
    tls = before;
  }
  if (read)
    log_reload(server, "--tls-cert", line->tls_cert, changed);
  else
    authd_log_writer_print(server->log.writer, "inbenta-authd: %s\ninbenta-authd: the old certificate is still used\n",
                           problem);
  authd_tls_clean_up(&tls);
}

static void reload_files(server *server) {
  if (server->context->audit != NULL)
    reopen_audit(server);
  if (server->line->admin_token_file != NULL)
    reload_admin_token(server);
  if (server->line->tls_cert != NULL)
    reload_certificate(server);
  if (server->context->audit == NULL && server->line->admin_token_file == NULL && server->line->tls_cert == NULL)
    authd_log_writer_print(server->log.writer, "inbenta-authd: SIGHUP: there is no file to read again\n");
}

/* ---------------------------------------------------------------------------------------------------
 * Signals. */

/* Blocks the signals that wait_to_stop waits for. Call it before any thread starts, so that all threads inherit the
 * mask. */
static void block_signals(sigset_t *signals) {
  sigemptyset(signals);
  sigaddset(signals, SIGINT);
  sigaddset(signals, SIGTERM);
  sigaddset(signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, signals, NULL);
  signal(SIGPIPE, SIG_IGN);
}

/* Checks the store also while no request does, and logs when its state changes. */
static void check_store(server *server) {
  const authapi_store *store = &server->api.store;
  char problem[PROBLEM_SIZE] = "";
  if (store->check == NULL)
    return;
  authd_http_pause(server->http);
  if (store->check(store->state) != AUTHAPI_FOUND)
    snprintf(problem, sizeof problem, "%s", store->problem(store->state));
  authd_http_resume(server->http);
  if (problem[0] != '\0' && !server->store_failing)
    authd_log_writer_print(server->log.writer, "inbenta-authd: all requests are refused: %s\n", problem);
  if (problem[0] == '\0' && server->store_failing)
    authd_log_writer_print(server->log.writer, "inbenta-authd: the database can be used again\n");
  server->store_failing = problem[0] != '\0';
}

/* The server also ends when its terminal was closed, which is another reason for SIGHUP. */
static void wait_to_stop(server *server, const sigset_t *signals) {
  const struct timespec pause = {.tv_sec = CHECK_PAUSE_S};
  for (;;) {
    siginfo_t info;
    int number = sigtimedwait(signals, &info, &pause);
    if (number == SIGHUP && !(server->ends_with_terminal && iauth__terminal_was_closed(&info)))
      reload_files(server);
    else if (number > 0)
      return;
    else
      check_store(server);
  }
}

/* ---------------------------------------------------------------------------------------------------
 * Serving. */

static void print_address(const server *server, unsigned short port) {
  const char *address = server->line->address, *scheme = server->tls.key != NULL ? "https" : "http";
  const char *open = strchr(address, ':') != NULL ? "[" : "", *close = *open != '\0' ? "]" : "";
  printf("inbenta-authd listening on %s://%s%s%s:%u/v1\n", scheme, open, address, close, port);
  if (server->line->admin_token_file != NULL)
    printf("administration on %s://%s%s%s:%u/admin/\n", scheme, open, address, close, port);
  fflush(stdout);
}

/* What to do if the server cannot listen. */
static const char *listen_advice(int reason) {
  switch (reason) {
  case 0:
    return "; write 127.0.0.1 for this machine only, or 0.0.0.0 for all that can reach it";
  case EADDRINUSE:
    return "; stop the program that uses this port, or take another port";
  case EADDRNOTAVAIL:
    return "; this machine has no such address";
  case EACCES:
    return "; take a port above 1023";
  default:
    return "";
  }
}

static void count_key(void *user, const authapi_api_key *key) {
  (void)key;
  ++*(int *)user;
}

/* Lists all keys, so it is called before the server listens. */
static bool has_no_keys(const authapi_store *store) {
  int keys = 0;
  return store->list_api_keys(store->state, count_key, &keys) == AUTHAPI_FOUND && keys == 0;
}

/* A server without keys refuses everybody. Says how to make one, on standard output: the log may be JSON. */
static void print_first_step(const server *server) {
  char db[AUTHD_DB_WORDS_SIZE];
  authd_db_words(server->line, db);
  printf("There are no keys yet. To make one, run: inbenta-authd api-key create --name NAME%s\n", db);
  fflush(stdout);
}

/* Returns the exit status. */
static int serve_until_stopped(server *server, const sigset_t *signals) {
  const authd_command_line *line = server->line;
  const authd_http_options options = {.trusted = &line->trusted, .allowed_hosts = line->allowed_hosts};
  unsigned short port = line->port;
  bool is_new = has_no_keys(&server->api.store);
  errno = 0;
  server->http = authd_http_start(&server->api, line->admin_token_file != NULL ? &server->admin : NULL,
                                  server->tls.key != NULL ? &server->tls : NULL, &options, line->address, &port,
                                  line->quiet ? NULL : &server->log);
  int reason = errno;
  if (server->http == NULL && reason == EMFILE)
    return authd_print_error(1, "too few files may be open for a server; allow at least %d: ulimit -n %d",
                             AUTHD_FILES_MIN, AUTHD_FILES_MIN);
  if (server->http == NULL)
    return authd_print_error(1, "--listen %s: %s%s", iauth__shown(line->listen),
                             reason != 0 ? strerror(reason) : "not an IP address", listen_advice(reason));
  authd_last_used_writer *writer = authd_last_used_writer_start(
      server->http, server->api.last_used, &server->last_used_store, AUTHAPI_LAST_USED_PAUSE_S * 1000);
  if (writer != NULL) {
    print_address(server, port);
    if (is_new)
      print_first_step(server);
    wait_to_stop(server, signals);
  }
  authd_last_used_writer_stop(writer);
  authd_http_stop(server->http);
  authd_last_used_write_all(server->api.last_used, &server->last_used_store);
  return writer != NULL ? 0 : authd_print_error(1, "out of memory");
}

/* Returns the exit status. */
static int serve_with_log(server *server) {
  sigset_t signals;
  server->ends_with_terminal = iauth__ends_with_terminal();
  block_signals(&signals);
  server->log = (authd_log){authd_log_writer_new(STDERR_FILENO, server->line->log_json), server->line->log_json};
  if (server->log.writer == NULL)
    return authd_print_error(1, "out of memory");
  if (server->context->audit_file != NULL)
    server->context->audit_file->log = server->log.writer;
  int status = serve_until_stopped(server, &signals);
  if (server->context->audit_file != NULL)
    server->context->audit_file->log = NULL;
  authd_log_writer_free(server->log.writer);
  return status;
}

/* Makes what the handlers use, and runs the server. Returns the exit status. */
static int serve_api(server *server) {
  const authd_context *context = server->context;
  const authd_command_line *line = server->line;
  authapi *api = &server->api;
  authapi_found ready =
      authapi_signing_keys_update(api->keys, &api->store, &api->signer, api->lifetime_s, authd_now_s(NULL));
  if (ready == AUTHAPI_STORE_ERROR)
    return authd_store_failed(context);
  char *apis = cJSON_PrintUnformatted(line->apis);
  api->apis_json = apis;
  bool limited = line->throttle.requests != 0 || line->quota.requests != 0;
  api->limiter = limited ? authapi_limiter_new(line->throttle, line->quota) : NULL;
  api->last_used = authapi_last_used_new();
  bool good = ready == AUTHAPI_FOUND && apis != NULL && api->last_used != NULL && limited == (api->limiter != NULL);
  int status = good ? init_admin(server) : authd_print_error(1, "cannot use the signing key, or out of memory");
  if (status == 0)
    status = serve_with_log(server);
  authapi_last_used_free(api->last_used);
  authapi_limiter_free(api->limiter);
  cJSON_free(apis);
  authapi_signing_keys_clean_up(api->keys, &api->signer);
  return status;
}

int authd_serve(const authd_context *context) {
  char problem[PROBLEM_SIZE];
  const authd_command_line *line = context->line;
  server server = {.context = context, .line = line};
  server.api = (authapi){
      .store = context->store,
      .signer = context->signer,
      .keys = &server.keys,
      .names = authd_domain_names,
      .now_s = authd_now_s,
      .lifetime_s = line->lifetime_s,
      .apis = line->apis_sent,
      .audit = context->audit,
  };
  if ((line->tls_cert == NULL) != (line->tls_key == NULL))
    return authd_print_error(2, "--tls-cert and --tls-key belong together: give both");
  if (line->admin_token_file != NULL && line->tls_cert == NULL && !line->admin_over_http &&
      !authd_is_loopback(line->address))
    return authd_print_error(2,
                             "--admin-token-file: other machines can reach %s and would send the token unencrypted; "
                             "add --tls-cert and --tls-key, or --admin-over-http if a proxy in front uses https",
                             line->address);
  if (line->tls_cert != NULL && (!authd_tls_load(&server.tls, line->tls_cert, line->tls_key, problem, sizeof problem) ||
                                 !use_certificate(line, &server.tls, problem))) {
    authd_tls_clean_up(&server.tls);
    return authd_print_error(1, "%s", problem);
  }
  int status = 1;
  if (authd_open_store(&server.last_used_store, line->db, false, problem, sizeof problem)) {
    status = serve_api(&server);
    server.last_used_store.close(server.last_used_store.state);
  } else {
    authd_print_error(1, "cannot open %s", problem);
  }
  authd_tls_clean_up(&server.tls);
  return status;
}
