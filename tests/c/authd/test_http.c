/* The HTTP host over real sockets: what libmicrohttpd passes to the handlers, and its limits. */
#define _POSIX_C_SOURCE 200809L
#include "cmocka_all.h"
#include "net.h"
#include "test_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static test_server at;
static char answer[65536];
static char request[200000];

static int set_up(void **state) {
  (void)state;
  return test_server_start(&at) ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  test_server_clean_up(&at);
  return 0;
}

static int auth(const char *more_headers, const char *body) {
  snprintf(request, sizeof request,
           "POST /v1/auth HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-INBENTA-KEY: %s\r\n"
           "content-type: application/json\r\nContent-Length: %zu\r\n%s\r\n%s",
           at.key.value, strlen(body), more_headers, body);
  return net_exchange_text(at.port, request, answer, sizeof answer);
}

static const char *good_body(void) {
  static char body[256];
  snprintf(body, sizeof body, "{\"domainKey\":\"%s\"}", at.domain_key.value);
  return body;
}

static void a_token_and_its_log_line(void **state) {
  (void)state;
  assert_int_equal(auth("Origin: https://www.example.com\r\n", good_body()), 200);
  assert_non_null(strstr(answer, "\r\nAccess-Control-Allow-Origin: https://www.example.com\r\n"));
  assert_non_null(strstr(answer, "\r\nVary: Origin\r\n"));
  assert_non_null(strstr(answer, "\r\nDate: "));
  const char *token = strstr(answer, "\"accessToken\":\"");
  assert_non_null(token);
  char part[40];
  snprintf(part, sizeof part, "%.30s", token + strlen("\"accessToken\":\"") + 40);
  const char *log = test_server_stop(&at);
  assert_non_null(strstr(log, " POST /v1/auth 200 origin=https://www.example.com key=dk_"));
  assert_non_null(strstr(log, at.domain_key.id));
  assert_null(strstr(log, at.key.value));
  assert_null(strstr(log, at.domain_key.value));
  assert_null(strstr(log, part));
  assert_ptr_equal(strchr(log, '\n'), log + strlen(log) - 1); /* one line */
}

/* No browser does this. To choose one of the two would be a guess. */
static void headers_sent_twice(void **state) {
  (void)state;
  assert_int_equal(auth("Origin: https://www.example.com\r\nOrigin: https://evil.example\r\n", good_body()), 403);
  assert_non_null(strstr(answer, "origin_not_allowed"));
  assert_null(strstr(answer, "Access-Control-Allow-Origin"));
  assert_int_equal(auth("Origin: https://www.example.com\r\nx-inbenta-key: other\r\n", good_body()), 403);
  assert_non_null(strstr(answer, "explicit deny"));
}

static void a_body_in_chunks(void **state) {
  (void)state;
  const char *body = good_body();
  snprintf(request, sizeof request,
           "POST /v1/auth HTTP/1.1\r\nHost: x\r\nConnection: close\r\nx-inbenta-key: %s\r\n"
           "Content-Type: application/json\r\nOrigin: https://www.example.com\r\n"
           "Transfer-Encoding: chunked\r\n\r\n1\r\n%.1s\r\n%zx\r\n%s\r\n0\r\n\r\n",
           at.key.value, body, strlen(body) - 1, body + 1);
  assert_int_equal(net_exchange_text(at.port, request, answer, sizeof answer), 200);
}

static void bodies_up_to_16_kb(void **state) {
  (void)state;
  static char body[100000];
  const char *good = good_body();
  memset(body, ' ', sizeof body);
  memcpy(body, good, strlen(good));
  body[AUTHAPI_BODY_MAX] = '\0';
  assert_int_equal(auth("Origin: https://www.example.com\r\n", body), 200);
  body[AUTHAPI_BODY_MAX] = ' ';
  body[AUTHAPI_BODY_MAX + 1] = '\0';
  assert_int_equal(auth("Origin: https://www.example.com\r\n", body), 413);
  assert_non_null(strstr(answer, "\"code\":413"));
  body[AUTHAPI_BODY_MAX + 1] = ' ';
  body[sizeof body - 1] = '\0';
  assert_int_equal(auth("Origin: https://www.example.com\r\n", body), 413);
}

static void headers_that_are_too_large(void **state) {
  (void)state;
  static char header[60000];
  memset(header, 'a', sizeof header);
  memcpy(header, "X-Large: ", 9);
  memcpy(header + sizeof header - 3, "\r\n", 3);
  int status = auth(header, "{}");
  assert_true(status == 431 || status == 413);
  assert_int_equal(auth("", "{}"), 400); /* and it serves on */
}

/* Terminals act on control characters in a log, and a path may be a secret that was sent in the wrong place. */
static void the_log_has_no_text_of_a_stranger(void **state) {
  (void)state;
  assert_int_equal(net_exchange_text(at.port,
                                     "OPTIONS /v1/my-secret?a=my-secret HTTP/1.1\r\nHost: x\r\n"
                                     "Connection: close\r\nOrigin: https://a\x1b[31m\r\n\r\n",
                                     answer, sizeof answer),
                   400);
  assert_int_equal(net_exchange_text(at.port,
                                     "OPTIONS /v1/my-secret?a=my-secret HTTP/1.1\r\nHost: x\r\n"
                                     "Connection: close\r\nOrigin: https://a\xc2\x9b\r\n\r\n",
                                     answer, sizeof answer),
                   204);
  net_exchange_text(at.port, "G\x1b[31mT /v1/my-secret HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", answer,
                    sizeof answer);
  const char *log = test_server_stop(&at);
  assert_null(strstr(log, "my-secret"));
  assert_non_null(strstr(log, "OPTIONS (unknown path) 204 origin=(not an origin)"));
  assert_null(strchr(log, '\x1b'));
}

static void requests_that_are_not_http(void **state) {
  (void)state;
  static const char bad_length[] = "POST /v1/auth HTTP/1.1\r\nHost: x\r\n"
                                   "Content-Length: -1\r\nConnection: close\r\n\r\n";
  static const char *const requests[] = {"GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", bad_length};
  for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
    assert_int_not_equal(net_exchange_text(at.port, requests[i], answer, sizeof answer), 200);
  assert_int_equal(net_exchange_text(at.port, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", answer,
                                     sizeof answer),
                   200);
}

/* Otherwise both servers would answer, each with its own keys. */
static void a_port_can_be_used_again_after_the_stop(void **state) {
  (void)state;
  unsigned short same = at.port, ignored = 0;
  assert_null(authd_http_start(&at.api, NULL, NULL, NULL, "127.0.0.1", &same, NULL));
  assert_null(authd_http_start(&at.api, NULL, NULL, NULL, "localhost", &ignored, NULL));
  auth("", "{}");
  authd_http_stop(at.http);
  assert_int_equal(auth("", "{}"), -1);
  at.http = authd_http_start(&at.api, NULL, NULL, NULL, "127.0.0.1", &same, &at.log);
  assert_non_null(at.http);
  assert_int_equal(same, at.port);
  assert_int_equal(auth("", "{}"), 400);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_token_and_its_log_line),   TEST(headers_sent_twice),
      TEST(a_body_in_chunks),           TEST(bodies_up_to_16_kb),
      TEST(headers_that_are_too_large), TEST(the_log_has_no_text_of_a_stranger),
      TEST(requests_that_are_not_http), TEST(a_port_can_be_used_again_after_the_stop),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
