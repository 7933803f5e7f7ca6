/* Connections to the HTTP host that end early, or that are still open when it ends. */
#define _POSIX_C_SOURCE 200809L
#include "cmocka_all.h"
#include "test_server.h"
#include "wire.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ORIGIN "https://www.example.com"

static test_server at;
static char headers[512], body[256], answer[WIRE_ANSWER_SIZE];

static int set_up(void **state) {
  (void)state;
  if (!test_server_start(&at))
    return -1;
  snprintf(headers, sizeof headers, "x-inbenta-key: %s\r\nContent-Type: application/json\r\nOrigin: " ORIGIN "\r\n",
           at.key.value);
  snprintf(body, sizeof body, "{\"domainKey\":\"%s\"}", at.domain_key.value);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  test_server_clean_up(&at);
  return 0;
}

static void clients_that_leave(void **state) {
  (void)state;
  static const char half[] = "POST /v1/auth HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{";
  for (size_t len = 1; len < sizeof half; len++) {
    int connection = wire_connect(at.port);
    wire_send(connection, half, len);
    close(connection);
  }
  assert_int_equal(wire_request(at.port, "GET", "/healthz", "", "", answer), 200);
  /* Stopping waits for requests that have begun: nobody who left may count as one. */
  double start_s = test_server_now_s();
  test_server_stop(&at);
  assert_true(test_server_now_s() - start_s < 1);
}

static const char *store_problem(void *state) {
  (void)state;
  return "disk on fire";
}

static authapi_found broken_find(void *state, const char *value, authapi_api_key *out) {
  (void)state;
  (void)value;
  (void)out;
  return AUTHAPI_STORE_ERROR;
}

static void the_log_has_the_reason_of_a_store_failure(void **state) {
  (void)state;
  at.api.store.find_api_key = broken_find;
  at.api.store.problem = store_problem;
  assert_int_equal(wire_request(at.port, "POST", "/v1/auth", headers, body, answer), 500);
  assert_null(strstr(answer, "fire"));
  assert_non_null(strstr(test_server_stop(&at), "problem: disk on fire\n"));
}

static void *finish_later(void *connection) {
  nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
  wire_send(*(int *)connection, body, strlen(body));
  return NULL;
}

static void a_running_request_is_answered_before_the_stop(void **state) {
  (void)state;
  char head[1024];
  pthread_t client;
  int len = snprintf(head, sizeof head, "POST /v1/auth HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n%s\r\n",
                     strlen(body), headers);
  int connection = wire_connect(at.port);
  wire_send(connection, head, (size_t)len);
  nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
  assert_int_equal(pthread_create(&client, NULL, finish_later, &connection), 0);
  test_server_stop(&at);
  pthread_join(client, NULL);
  assert_int_equal(wire_receive(connection, answer), 200);
  close(connection);
}

enum { CLIENTS = 8, REQUESTS_PER_CLIENT = 100 };

/* Sends grants and a health check in turn, on one connection. Returns the number of correct answers. */
static void *ask_often(void *answered) {
  static const char health[] = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
  char head[1024], *text = malloc(WIRE_ANSWER_SIZE);
  int connection = wire_connect(at.port);
  int len = snprintf(head, sizeof head, "POST /v1/auth HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n%s\r\n%s",
                     strlen(body), headers, body);
  for (int i = 0; i < REQUESTS_PER_CLIENT && text != NULL; i++) {
    bool grant = i % 4 != 3;
    wire_send(connection, grant ? head : health, grant ? (size_t)len : sizeof health - 1);
    if (wire_receive(connection, text) == 200 && strstr(text, grant ? "\"accessToken\"" : "\"ok\"") != NULL)
      ++*(int *)answered;
  }
  close(connection);
  free(text);
  return NULL;
}

/* Clients at the same time. Each request is answered and logged. Of the requests without a key, only some are logged. */
static void many_at_once(void **state) {
  (void)state;
  pthread_t clients[CLIENTS];
  int answered[CLIENTS] = {0}, grants = 0, checks = 0;
  for (size_t i = 0; i < CLIENTS; i++)
    assert_int_equal(pthread_create(&clients[i], NULL, ask_often, &answered[i]), 0);
  for (size_t i = 0; i < CLIENTS; i++) {
    pthread_join(clients[i], NULL);
    assert_int_equal(answered[i], REQUESTS_PER_CLIENT);
  }
  test_server_stop(&at);
  for (const char *line = at.log_text; *line != '\0'; line = strchr(line, '\n') + 1) {
    grants += strncmp(strchr(line, ' '), " POST /v1/auth 200 ", 19) == 0;
    checks += strncmp(strchr(line, ' '), " GET /healthz 200 ", 18) == 0;
  }
  assert_int_equal(grants, CLIENTS * REQUESTS_PER_CLIENT * 3 / 4);
  assert_in_range(checks, AUTHAPI_UNKNOWN_CALLERS_PER_SECOND, CLIENTS * REQUESTS_PER_CLIENT / 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(clients_that_leave),
      TEST(the_log_has_the_reason_of_a_store_failure),
      TEST(a_running_request_is_answered_before_the_stop),
      TEST(many_at_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
