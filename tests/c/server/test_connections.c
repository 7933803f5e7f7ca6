/* Connections to the HTTP host that end early, or that are still open when it ends. */
#define _POSIX_C_SOURCE 200809L
#include "cmocka_all.h"
#include "server/http.h"
#include "server/keys.h"
#include "wire.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ORIGIN "https://www.example.com"

static authd_api api;
static authd_ring ring;
static authd_api_key key;
static authd_credential domain_key;
static authd_http *http;
static unsigned short port;
static char *log_text;
static size_t log_len;
static FILE *log_file;
static authd_log log;
static char headers[512], body[256], answer[WIRE_ANSWER_SIZE];

static int64_t clock_now(void *state) {
  (void)state;
  return 1000;
}

static int set_up(void **state) {
  (void)state;
  char problem[256];
  api = (authd_api){.signer = authd_signer_openssl(),
                    .ring = &ring,
                    .now_s = clock_now,
                    .lifetime_s = 1200,
                    .apis_json = "{}"};
  if (!authd_store_sqlite_open(&api.store, ":memory:", problem, sizeof problem))
    return -1;
  authd_make_api_key(&api.store, &api.signer, "shop", 1, &key);
  authd_make_domain_key(&api.store, &api.signer, key.id, "www.example.com\n", 1, &domain_key);
  snprintf(headers, sizeof headers,
           "x-inbenta-key: %s\r\nContent-Type: application/json\r\nOrigin: " ORIGIN "\r\n",
           key.value);
  snprintf(body, sizeof body, "{\"domainKey\":\"%s\"}", domain_key.value);
  log_file = open_memstream(&log_text, &log_len);
  log = (authd_log){log_file, false};
  port = 0;
  http = authd_http_start(&api, NULL, NULL, "127.0.0.1", &port, &log);
  return http != NULL ? 0 : -1;
}

static void stop(void) {
  if (http != NULL)
    authd_http_stop(http);
  http = NULL;
}

static int tear_down(void **state) {
  (void)state;
  stop();
  fclose(log_file);
  free(log_text);
  authd_ring_clean_up(&ring, &api.signer);
  api.store.close(api.store.state);
  return 0;
}

static double now_s(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void clients_that_leave(void **state) {
  (void)state;
  static const char half[] = "POST /v1/auth HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{";
  for (size_t len = 1; len < sizeof half; len++) {
    int connection = wire_connect(port);
    wire_send(connection, half, len);
    close(connection);
  }
  assert_int_equal(wire_ask(port, "GET", "/healthz", "", "", answer), 200);
  /* Stopping waits for requests that have begun: nobody who left may count as one. */
  double start_s = now_s();
  stop();
  assert_true(now_s() - start_s < 1);
}

static const char *store_problem(void *state) {
  (void)state;
  return "disk on fire";
}

static authd_found broken_find(void *state, const char *value, authd_api_key *out) {
  (void)state;
  (void)value;
  (void)out;
  return AUTHD_STORE_ERROR;
}

static void the_log_tells_why_a_store_failed(void **state) {
  (void)state;
  api.store.find_api_key = broken_find;
  api.store.problem = store_problem;
  assert_int_equal(wire_ask(port, "POST", "/v1/auth", headers, body, answer), 500);
  assert_null(strstr(answer, "fire"));
  stop();
  assert_non_null(strstr(log_text, "problem: disk on fire\n"));
}

static void *finish_later(void *connection) {
  nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
  wire_send(*(int *)connection, body, strlen(body));
  return NULL;
}

static void a_request_that_has_begun_is_answered_before_the_stop(void **state) {
  (void)state;
  char head[1024];
  pthread_t client;
  int len = snprintf(head, sizeof head,
                     "POST /v1/auth HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n%s\r\n",
                     strlen(body), headers);
  int connection = wire_connect(port);
  wire_send(connection, head, (size_t)len);
  nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
  assert_int_equal(pthread_create(&client, NULL, finish_later, &connection), 0);
  stop();
  pthread_join(client, NULL);
  assert_int_equal(wire_receive(connection, answer), 200);
  close(connection);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(clients_that_leave),
      TEST(the_log_tells_why_a_store_failed),
      TEST(a_request_that_has_begun_is_answered_before_the_stop),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
