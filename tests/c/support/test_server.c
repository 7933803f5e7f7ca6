/* An Auth API for a test; see test_server.h. */
#define _POSIX_C_SOURCE 200809L
#include "test_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "authd/domain_names.h"

static int64_t clock_now(void *state) {
  (void)state;
  return 1000;
}

static bool start(test_server *at, const char *path, int file) {
  char problem[256];
  memset(at, 0, sizeof *at);
  at->api = (authapi){.signer = authd_signer_openssl(),
                      .keys = &at->keys,
                      .now_s = clock_now,
                      .names = authd_domain_names,
                      .lifetime_s = 1200,
                      .apis_json = "{}"};
  if (!authapi_store_sqlite_open(&at->api.store, path, true, problem, sizeof problem) ||
      authapi_make_api_key(&at->api.store, &at->api.signer, "shop", 1, &at->key) != AUTHAPI_FOUND ||
      authapi_make_domain_key(&at->api.store, &at->api.signer, at->key.id, "www.example.com\n", 1, &at->domain_key) !=
          AUTHAPI_FOUND ||
      (at->log.writer = authd_log_writer_new(file, false)) == NULL)
    return false;
  at->http = authd_http_start(&at->api, NULL, NULL, NULL, "127.0.0.1", &at->port, &at->log);
  return at->http != NULL && at->port != 0;
}

bool test_server_start_in(test_server *at, const char *path) {
  FILE *log_file = tmpfile();
  bool started = log_file != NULL && start(at, path, fileno(log_file));
  at->log_file = log_file;
  return started;
}

bool test_server_start(test_server *at) { return test_server_start_in(at, ":memory:"); }

bool test_server_start_with_log(test_server *at, int file) { return start(at, ":memory:", file); }

const char *test_server_stop(test_server *at) {
  if (at->http == NULL)
    return at->log_text;
  authd_http_stop(at->http);
  at->http = NULL;
  authd_log_writer_free(at->log.writer);
  at->log.writer = NULL;
  if (at->log_file == NULL)
    return NULL;
  fseek(at->log_file, 0, SEEK_END);
  size_t size = (size_t)ftell(at->log_file);
  rewind(at->log_file);
  at->log_text = calloc(1, size + 1);
  if (at->log_text != NULL)
    at->log_text[fread(at->log_text, 1, size, at->log_file)] = '\0';
  return at->log_text;
}

void test_server_clean_up(test_server *at) {
  test_server_stop(at);
  if (at->log_file != NULL)
    fclose(at->log_file);
  free(at->log_text);
  authapi_signing_keys_clean_up(&at->keys, &at->api.signer);
  at->api.store.close(at->api.store.state);
}

double test_server_now_s(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}
