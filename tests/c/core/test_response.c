/* Answers, checked step by step: one error for each step. */
#include "core/memory.h"
#include "core/message.h"
#include "core/response.h"
#include "fake_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static iauth_error check(world *world, iauth_request_kind kind, const iauth_response *response, iauth_token *grant) {
  iauth__body body;
  iauth__body_init(&body, &world->host, response);
  iauth_error error = iauth__check_response(&world->host, kind, response, &body, grant);
  iauth__body_clean_up(&body, &world->host);
  return error;
}

#define GOOD                                                                                                           \
  "{\"accessToken\":\"tok\",\"expiration\":1790001200,\"expires_in\":1200,"                                            \
  "\"apis\":{\"chatbot\":\"https://c.example/v1\",\"search\":\"http://127.0.0.1:8080\"}}"

static void good_grant(void **state) {
  (void)state;
  world world;
  iauth_token grant;
  world_init(&world);
  const iauth_response response =
      fake_response(200, "Date: x\r\ncontent-TYPE:  application/JSON ; charset=utf-8\r\n", GOOD);
  assert_int_equal(check(&world, IAUTH_REQUEST_AUTH, &response, &grant), IAUTH_OK);
  assert_string_equal(grant.access_token, "tok");
  assert_true(grant.expiration == 1790001200);
  assert_int_equal(grant.lifetime_ms, 1200000);
  static const char apis[] = "chatbot\0https://c.example/v1\0search\0http://127.0.0.1:8080";
  assert_int_equal(grant.apis_len, sizeof apis);
  assert_memory_equal(grant.apis, apis, sizeof apis);
  iauth__token_clean_up(&grant, &world.host);
  assert_int_equal(world.live, 0);
}

static void each_step_has_its_error(void **state) {
  (void)state;
  static const struct {
    const char *headers, *body;
    iauth_error error;
  } cases[] = {
      {"", GOOD, IAUTH_ERR_BAD_CONTENT_TYPE},
      {"Content-Type: text/html\r\n", GOOD, IAUTH_ERR_BAD_CONTENT_TYPE},
      {"Content-Type: application/jsonx\r\n", GOOD, IAUTH_ERR_BAD_CONTENT_TYPE},
      {"Content-Type: application/jso!\r\n", GOOD, IAUTH_ERR_BAD_CONTENT_TYPE},
      {"Content-Type:\r\n", GOOD, IAUTH_ERR_BAD_CONTENT_TYPE},
      {"X-Content-Type: application/json\r\n", GOOD, IAUTH_ERR_BAD_CONTENT_TYPE},
      {"Content-Type: application/json", GOOD, IAUTH_OK},
      {"Content-Type: application/json;charset=utf-8", GOOD, IAUTH_OK},
      {JSON_TYPE, "", IAUTH_ERR_BAD_JSON},
      {JSON_TYPE, "<html>", IAUTH_ERR_BAD_JSON},
      {JSON_TYPE, "{\"accessToken\":\"tok\",\"expi", IAUTH_ERR_BAD_JSON},
      {JSON_TYPE, "[]", IAUTH_ERR_BAD_JSON},
      {JSON_TYPE, "null", IAUTH_ERR_BAD_JSON},
      {JSON_TYPE, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", IAUTH_ERR_BAD_JSON},
      {JSON_TYPE, "{}", IAUTH_ERR_BAD_TOKEN},
      {JSON_TYPE, "{\"AccessToken\":\"tok\",\"expires_in\":1}", IAUTH_ERR_BAD_TOKEN},
      {JSON_TYPE, "{\"accessToken\":1,\"expires_in\":1}", IAUTH_ERR_BAD_TOKEN},
      {JSON_TYPE, "{\"accessToken\":\"\",\"expires_in\":1}", IAUTH_ERR_BAD_TOKEN},
      {JSON_TYPE, "{\"accessToken\":\"a\\r\\nb\",\"expires_in\":1}", IAUTH_ERR_BAD_TOKEN},
      {JSON_TYPE, "{\"accessToken\":\"tok\"}", IAUTH_ERR_BAD_EXPIRES_IN},
      {JSON_TYPE, "{\"accessToken\":\"tok\",\"expires_in\":0}", IAUTH_ERR_BAD_EXPIRES_IN},
      {JSON_TYPE, "{\"accessToken\":\"tok\",\"expires_in\":-5}", IAUTH_ERR_BAD_EXPIRES_IN},
      {JSON_TYPE, "{\"accessToken\":\"tok\",\"expires_in\":null}", IAUTH_ERR_BAD_EXPIRES_IN},
      {JSON_TYPE, "{\"accessToken\":\"tok\",\"expires_in\":\"soon\"}", IAUTH_ERR_BAD_EXPIRES_IN},
      {JSON_TYPE, "{\"accessToken\":\"tok\",\"expires_in\":\"NaN\"}", IAUTH_ERR_BAD_EXPIRES_IN},
      {JSON_TYPE, "{\"accessToken\":\"tok\",\"expires_in\":NaN}", IAUTH_ERR_BAD_JSON},
      {JSON_TYPE, "{\"accessToken\":\"tok\",\"expires_in\":[1]}", IAUTH_ERR_BAD_EXPIRES_IN},
      {JSON_TYPE, "{\"accessToken\":\"tok\",\"expires_in\":1}<html>oops", IAUTH_ERR_BAD_JSON},
      {JSON_TYPE, "{\"accessToken\":\"tok\",\"expires_in\":1} \r\n\t", IAUTH_OK},
      {JSON_TYPE, "{\"accessToken\":\"a\\u0000b\",\"expires_in\":1}", IAUTH_ERR_BAD_TOKEN},
      {JSON_TYPE, "{\"accessToken\":\"tok\",\"expires_in\":1,\"x\":\"\\\\u0000\\n\\u00001\"}", IAUTH_OK},
      {JSON_TYPE, "{\"accessToken\":\"tok\",\"expires_in\":1,\"x\":\"\\\\u0000\\n\\u0001\"}", IAUTH_OK},
      {JSON_TYPE, "\\u000", IAUTH_ERR_BAD_JSON},
      {"Content-Type: application/json, application/json\r\n", GOOD, IAUTH_OK},
      {"Content-Type: application/json\r\nContent-Type: application/json\r\n", GOOD, IAUTH_OK},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    world world;
    iauth_token grant;
    world_init(&world);
    const iauth_response response = fake_response(200, cases[i].headers, cases[i].body);
    iauth_error error = check(&world, IAUTH_REQUEST_AUTH, &response, &grant);
    if (error != cases[i].error)
      fail_msg("%s %s: %s, expected %s", cases[i].headers, cases[i].body, iauth_error_name(error),
               iauth_error_name(cases[i].error));
    iauth__token_clean_up(&grant, &world.host);
    assert_int_equal(world.live, 0);
  }
}

static void lifetimes(void **state) {
  (void)state;
  static const struct {
    const char *expires_in;
    int64_t ms;
  } cases[] = {
      {"1", 1000},        {"1200", 1200000},       {"\"1200\"", 1200000},   {"0.5", 500},
      {"1.2e3", 1200000}, {"1e300", 315360000000}, {"1e999", 315360000000}, {"315360001", 315360000000},
      {"0.001", 1},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char body[200];
    world world;
    iauth_token grant;
    world_init(&world);
    snprintf(body, sizeof body, "{\"accessToken\":\"tok\",\"expires_in\":%s}", cases[i].expires_in);
    const iauth_response response = fake_response(200, JSON_TYPE, body);
    assert_int_equal(check(&world, IAUTH_REQUEST_REFRESH, &response, &grant), IAUTH_OK);
    assert_int_equal(grant.lifetime_ms, cases[i].ms);
    assert_true(grant.expiration == 0);
    assert_null(grant.apis);
    iauth__token_clean_up(&grant, &world.host);
  }
}

static void apis_alone(void **state) {
  (void)state;
  world world;
  iauth_token grant;
  world_init(&world);
  iauth_response response = fake_response(200, JSON_TYPE, "{\"apis\":{}}");
  assert_int_equal(check(&world, IAUTH_REQUEST_APIS, &response, &grant), IAUTH_OK);
  assert_null(grant.access_token);
  assert_non_null(grant.apis);
  assert_int_equal(grant.apis_len, 0);
  iauth__token_clean_up(&grant, &world.host);
  response = fake_response(200, JSON_TYPE, "{}");
  assert_int_equal(check(&world, IAUTH_REQUEST_APIS, &response, &grant), IAUTH_ERR_BAD_APIS);
  assert_int_equal(world.live, 0);
}

static void too_large(void **state) {
  (void)state;
  world world;
  iauth_token grant;
  world_init(&world);
  char *body = malloc(IAUTH_BODY_MAX + 2);
  memset(body, ' ', IAUTH_BODY_MAX + 1);
  body[IAUTH_BODY_MAX + 1] = '\0';
  memcpy(body, "{}", 2);
  iauth_response response = fake_response(200, JSON_TYPE, body);
  assert_int_equal(check(&world, IAUTH_REQUEST_AUTH, &response, &grant), IAUTH_ERR_BODY_TOO_LARGE);
  response.status = 403;
  assert_int_equal(check(&world, IAUTH_REQUEST_REFRESH, &response, &grant), IAUTH_ERR_ENDPOINT_REFUSED);
  response.status = 200;
  response.body_len = IAUTH_BODY_MAX; /* that is what fits */
  assert_int_equal(check(&world, IAUTH_REQUEST_AUTH, &response, &grant), IAUTH_ERR_BAD_TOKEN);
  free(body);
}

static void a_nul_in_the_body(void **state) {
  (void)state;
  static const char body[] = "{\"accessToken\":\"tok\",\"expires_in\":1}\0<html>";
  world world;
  iauth_token grant;
  world_init(&world);
  iauth_response response = fake_response(200, JSON_TYPE, body);
  assert_int_equal(check(&world, IAUTH_REQUEST_AUTH, &response, &grant), IAUTH_OK);
  iauth__token_clean_up(&grant, &world.host);
  response.body_len = sizeof body - 1;
  assert_int_equal(check(&world, IAUTH_REQUEST_AUTH, &response, &grant), IAUTH_ERR_BAD_JSON);
  static const char inside[] = "{\"accessToken\":\"a\0b\",\"expires_in\":1}";
  response.body = inside;
  response.body_len = sizeof inside - 1;
  assert_int_equal(check(&world, IAUTH_REQUEST_AUTH, &response, &grant), IAUTH_ERR_BAD_JSON);
}

/* In memory that ends with the body: AddressSanitizer sees whoever reads on. */
static void nothing_behind_the_body_is_read(void **state) {
  (void)state;
  static const char *const bodies[] = {"{\"a\":\"\\",      "{\"a\":\"\\u", "{\"a\":\"\\u000",
                                       "{\"a\":\"\\u0000", "{} ",          "{"};
  for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
    world world;
    iauth_token grant;
    world_init(&world);
    iauth_response response = fake_response(200, JSON_TYPE, "");
    response.body_len = strlen(bodies[i]);
    char *body = malloc(response.body_len);
    assert_non_null(body);
    memcpy(body, bodies[i], response.body_len);
    response.body = body;
    assert_int_equal(check(&world, IAUTH_REQUEST_AUTH, &response, &grant),
                     i == 4 ? IAUTH_ERR_BAD_TOKEN : IAUTH_ERR_BAD_JSON);
    free(body);
  }
}

static void without_memory(void **state) {
  (void)state;
  for (int fail_at = 1; fail_at <= 2; fail_at++) {
    world world;
    iauth_token grant;
    world_init(&world);
    world.fail_at = fail_at;
    const iauth_response response = fake_response(200, JSON_TYPE, GOOD);
    assert_int_equal(check(&world, IAUTH_REQUEST_AUTH, &response, &grant), IAUTH_ERR_NO_MEMORY);
    assert_int_equal(world.live, 0);
  }
}

static void products_cost_no_token(void **state) {
  (void)state;
  static const struct {
    iauth_request_kind kind;
    const char *apis;
    iauth_error error;
    const char *expected; /* NULL: unknown */
  } cases[] = {
      {IAUTH_REQUEST_AUTH, "[]", IAUTH_OK, NULL},
      {IAUTH_REQUEST_AUTH, "null", IAUTH_OK, NULL},
      {IAUTH_REQUEST_AUTH, "7", IAUTH_OK, NULL},
      {IAUTH_REQUEST_AUTH, "{}", IAUTH_OK, ""},
      {IAUTH_REQUEST_AUTH,
       "{\"a\":1,\"b\":null,\"c\":\"javascript:x\",\"d\":\"http://evil.example\",\"\":\"https://e\"}", IAUTH_OK, ""},
      {IAUTH_REQUEST_AUTH, "{\"a\":1,\"b\":\"https://b/x%20y\"}", IAUTH_OK, "b=https://b/x%20y;"},
      {IAUTH_REQUEST_AUTH, "{\" \":\"https://p\",\"a\\nb\":\"https://q\",\"\\u202e\":\"https://r\"}", IAUTH_OK, ""},
      {IAUTH_REQUEST_APIS, "[]", IAUTH_OK, ""},
      {IAUTH_REQUEST_APIS, "[1]", IAUTH_ERR_BAD_APIS, NULL},
      {IAUTH_REQUEST_APIS, "null", IAUTH_ERR_BAD_APIS, NULL},
      {IAUTH_REQUEST_APIS, "{\"a\":[],\"b\":\"https://b\"}", IAUTH_OK, "b=https://b;"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char body[300], found[300] = "";
    world world;
    iauth_token grant;
    world_init(&world);
    snprintf(body, sizeof body, "{\"accessToken\":\"tok\",\"expires_in\":1,\"apis\":%s}", cases[i].apis);
    const iauth_response response = fake_response(200, JSON_TYPE, body);
    assert_int_equal(check(&world, cases[i].kind, &response, &grant), cases[i].error);
    assert_int_equal(grant.apis != NULL, cases[i].expected != NULL);
    for (const char *at = grant.apis; at != NULL && at < grant.apis + grant.apis_len; at += strlen(at) + 1) {
      const char *name = at;
      at += strlen(at) + 1;
      snprintf(found + strlen(found), sizeof found - strlen(found), "%s=%s;", name, at);
    }
    if (cases[i].expected != NULL)
      assert_string_equal(found, cases[i].expected);
    iauth__token_clean_up(&grant, &world.host);
    assert_int_equal(world.live, 0);
  }
}

/* What a page's other tab passes on: no products is something known, too. */
static void copied_products(void **state) {
  (void)state;
  static const char apis[] = "a\0https://a\0b\0javascript:x\0\0https://c";
  world world;
  iauth_token grant = {0};
  world_init(&world);
  assert_int_equal(iauth__copy_apis(&world.host, "", 0, &grant), IAUTH_OK);
  assert_non_null(grant.apis);
  assert_int_equal(grant.apis_len, 0);
  iauth__token_clean_up(&grant, &world.host);
  assert_int_equal(iauth__copy_apis(&world.host, apis, sizeof apis, &grant), IAUTH_OK);
  assert_int_equal(grant.apis_len, sizeof "a\0https://a");
  assert_memory_equal(grant.apis, apis, grant.apis_len);
  iauth__token_clean_up(&grant, &world.host);
  assert_int_equal(world.live, 0);
}

static void refusals(void **state) {
  (void)state;
  static const char gateway[] = "{\"Message\":\"User is not authorized to access this resource\"}";
  static const char plain[] = "{\"error\":{\"code\":403,\"message\":\"Forbidden\"}}";
  static const struct {
    iauth_request_kind kind;
    int status;
    const char *body;
    iauth_error error;
  } cases[] = {
      {IAUTH_REQUEST_AUTH, 429, "", IAUTH_ERR_RATE_LIMITED},
      {IAUTH_REQUEST_AUTH, 500, "", IAUTH_ERR_SERVER_ERROR},
      {IAUTH_REQUEST_AUTH, 599, "", IAUTH_ERR_SERVER_ERROR},
      {IAUTH_REQUEST_AUTH, 408, "", IAUTH_ERR_SERVER_ERROR},
      {IAUTH_REQUEST_AUTH, 421, "", IAUTH_ERR_SERVER_ERROR},
      {IAUTH_REQUEST_AUTH, 425, "", IAUTH_ERR_SERVER_ERROR},
      {IAUTH_REQUEST_AUTH, 600, "", IAUTH_ERR_BAD_STATUS},
      {IAUTH_REQUEST_AUTH, 204, "", IAUTH_ERR_BAD_STATUS},
      {IAUTH_REQUEST_AUTH, 302, "", IAUTH_ERR_BAD_STATUS},
      {IAUTH_REQUEST_AUTH, 404, plain, IAUTH_ERR_BAD_STATUS},
      {IAUTH_REQUEST_AUTH, 410, plain, IAUTH_ERR_BAD_STATUS},
      {IAUTH_REQUEST_AUTH, 400, "", IAUTH_ERR_BAD_STATUS},
      {IAUTH_REQUEST_AUTH, 422, "{\"error\":\"x\"}", IAUTH_ERR_BAD_STATUS},
      {IAUTH_REQUEST_AUTH, 422, plain, IAUTH_ERR_CREDENTIALS_REJECTED},
      {IAUTH_REQUEST_AUTH, 403, plain, IAUTH_ERR_CREDENTIALS_REJECTED},
      {IAUTH_REQUEST_AUTH, 403, gateway, IAUTH_ERR_CREDENTIALS_REJECTED},
      {IAUTH_REQUEST_AUTH, 400, plain, IAUTH_ERR_CREDENTIALS_REJECTED},
      {IAUTH_REQUEST_AUTH, 400, gateway, IAUTH_ERR_BAD_STATUS},
      {IAUTH_REQUEST_AUTH, 401, "", IAUTH_ERR_CREDENTIALS_REJECTED},
      {IAUTH_REQUEST_AUTH, 401, "{\"message\":\"Unauthorized\"}", IAUTH_ERR_CREDENTIALS_REJECTED},
      {IAUTH_REQUEST_AUTH, 403, "{\"message\":\"Forbidden\"}", IAUTH_ERR_ENDPOINT_REFUSED},
      {IAUTH_REQUEST_AUTH, 403, "<html>", IAUTH_ERR_ENDPOINT_REFUSED},
      {IAUTH_REQUEST_AUTH, 403, "", IAUTH_ERR_ENDPOINT_REFUSED},
      {IAUTH_REQUEST_AUTH, 403, "{\"Message\":7}", IAUTH_ERR_ENDPOINT_REFUSED},
      {IAUTH_REQUEST_REFRESH, 403, "", IAUTH_ERR_ENDPOINT_REFUSED},
      {IAUTH_REQUEST_REFRESH, 403, gateway, IAUTH_ERR_TOKEN_EXPIRED},
      {IAUTH_REQUEST_REFRESH, 401, "", IAUTH_ERR_TOKEN_EXPIRED},
      {IAUTH_REQUEST_REFRESH, 403, "{\"error\":{\"reason\":\"key_revoked\"}}", IAUTH_ERR_KEY_REVOKED},
      {IAUTH_REQUEST_AUTH, 401, "{\"error\":{\"reason\":\"origin_not_allowed\"}}", IAUTH_ERR_ORIGIN_NOT_ALLOWED},
      {IAUTH_REQUEST_AUTH, 403, "{\"error\":{\"reason\":\"credentials_rejected\"}}", IAUTH_ERR_CREDENTIALS_REJECTED},
      {IAUTH_REQUEST_REFRESH, 400, "{\"error\":{\"reason\":\"token_expired\"}}", IAUTH_ERR_TOKEN_EXPIRED},
      {IAUTH_REQUEST_AUTH, 400, "{\"error\":{\"reason\":\"token_expired\"}}", IAUTH_ERR_TOKEN_EXPIRED},
      {IAUTH_REQUEST_AUTH, 401, "{\"error\":{\"reason\":\"unheard of\"}}", IAUTH_ERR_CREDENTIALS_REJECTED},
      /* one of our codes, but none that a server refuses with */
      {IAUTH_REQUEST_AUTH, 401, "{\"error\":{\"reason\":\"disposed\"}}", IAUTH_ERR_CREDENTIALS_REJECTED},
      {IAUTH_REQUEST_AUTH, 401, "{\"error\":{\"reason\":\"bad_response\"}}", IAUTH_ERR_CREDENTIALS_REJECTED},
      {IAUTH_REQUEST_AUTH, 401, "{\"error\":{\"reason\":7}}", IAUTH_ERR_CREDENTIALS_REJECTED},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const iauth_response response = fake_response(cases[i].status, JSON_TYPE, cases[i].body);
    world world;
    iauth_token grant;
    world_init(&world);
    iauth_error error = check(&world, cases[i].kind, &response, &grant);
    assert_null(grant.access_token);
    if (error != cases[i].error)
      fail_msg("case %zu (%d %s): %s, expected %s", i, cases[i].status, cases[i].body, iauth_error_name(error),
               iauth_error_name(cases[i].error));
    iauth__token_clean_up(&grant, &world.host);
    assert_int_equal(world.live, 0);
  }
}

/* What of a refusal's body is kept; NULL: nothing. */
static void messages(void **state) {
  (void)state;
  static const char *const secrets[] = {"apikey-1", "apikey-12345", "short", "k/y+100%=\\", NULL};
  char long_body[600] = "{\"message\":\"", long_message[IAUTH_MESSAGE_MAX + 1];
  memset(long_body + strlen(long_body), 'a', 400);
  strcat(long_body, "\"}");
  memset(long_message, 'a', IAUTH_MESSAGE_MAX);
  long_message[IAUTH_MESSAGE_MAX] = '\0';
  const struct {
    const char *body, *message;
  } cases[] = {
      {"", NULL},
      {"<html>no</html>", NULL},
      {"{\"message\":\"<h1>no</h1>\"}", NULL},
      {"{\"message\":\"\"}", NULL},
      {"{\"message\":\" \\r\\n<html>no</html>\"}", NULL},
      {"{\"message\":\" \\t\\u202e \"}", NULL},
      {"{\"message\":\" \\nfive\"}", "five"},
      {"{\"message\":7}", NULL},
      {"{\"error\":{\"message\":\"one\"},\"Message\":\"two\"}", "one"},
      {"{\"error\":\"three\"}", "three"},
      {"{\"error\":{},\"Message\":\"two\"}", "two"},
      {"{\"message\":\"four\"}", "four"},
      {"{\"message\":\"apikey-1 and apikey-12345, xapikey-1x, apikey-, short\"}", "*** and ***, x***x, apikey-, short"},
      {"{\"message\":\"a\\u001b[1m\\nb\\u007fc\\u0085d\\u202ee\\u2066f\"}", "a [1m b c d e f"},
      /* the first and the last of what is left out, and their neighbours */
      {"{\"message\":\"a\\u2028b\\u206fc\\u2027d\\u2070\"}", "a b c\342\200\247d\342\201\260"},
      {"{\"message\":\"a\\u200bb\\u200fc\\u200ad\\u2010\"}", "a b c\342\200\212d\342\200\220"},
      {"{\"message\":\"a\\u202eb\\u202fc\"}", "a b\342\200\257c"},
      {"{\"message\":\"a\\u061cb\\ufeffc\\udb40\\udc41d\\u2060e\"}", "a b c d e"},
      {"{\"message\":\"La clave no es v\\u00e1lida \\u20ac \\ud83d\\ude00\"}",
       "La clave no es v\303\241lida \342\202\254 \360\237\230\200"},
      {"{\"message\":\"a\200b\303(c\355\"}", "a b (c "},
      {"{\"message\":\"\370\301\302\"}", NULL},
      /* longer than needed, half of a pair, beyond the last character; and the first and last that are none of these */
      {"{\"message\":\"a\340\201\201b\355\240\200c\360\202\202\254d\364\220\200\200e\"}", "a   b   c    d    e"},
      {"{\"message\":\"a\371\200\200\200b\"}", "a    b"},               /* would be longer than four bytes */
      {"{\"message\":\"a\355\277\277b\364\217\277\277c\"}", "a   b c"}, /* the last half, and the last character */
      {"{\"message\":\"\340\240\200\355\237\277\356\200\200\360\220\200\200\363\237\277\277\"}",
       "\340\240\200\355\237\277\356\200\200\360\220\200\200\363\237\277\277"},
      {long_body, long_message},
      /* a credential as it was, percent-encoded, in JSON within the text, as PHP writes it, and in capitals */
      {"{\"message\":\"k/y+100%=\\\\ k%2Fy%2b100%25%3D%5C k\\\\/y+100%=\\\\\\\\ K/Y+100%=\\\\ k/y+100%\"}",
       "*** *** *** *** k/y+100%"},
      {"{\"message\":\"k%2Gy+100%=\\\\ k%41y+100%=\\\\\"}", "k%2Gy+100%=\\ k%41y+100%=\\"}, /* not it */
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    world world;
    iauth__body body;
    world_init(&world);
    const iauth_response response = fake_response(403, JSON_TYPE, cases[i].body);
    iauth__body_init(&body, &world.host, &response);
    iauth__message *message = iauth__message_new(&world.host, body.message, secrets);
    if (cases[i].message == NULL)
      assert_null(message);
    else
      assert_string_equal(message->text, cases[i].message);
    iauth__release(&world.host, message);
    world.fail_at = world.allocations + 1;
    assert_null(iauth__message_new(&world.host, body.message, secrets));
    iauth__body_clean_up(&body, &world.host);
    assert_int_equal(world.live, 0);
  }
}

#define NOW_MS INT64_C(784111777000) /* Sun, 06 Nov 1994 08:49:37 GMT */

static void retry_after(void **state) {
  (void)state;
  static const struct {
    int status;
    const char *headers;
    int64_t ms;
  } cases[] = {
      {503, "", 0},
      {503, "Retry-After: 7\r\n", 7000},
      {503, "retry-after:\t 7 \r\nX: y\r\n", 7000},
      {503, "X: y\r\nRETRY-AFTER: 0\r\n", 0},
      {503, "Retry-After: -7\r\n", 0},
      {503, "Retry-After: soon\r\n", 0},
      {503, "Retry-After:\r\n", 0},
      {503, "Retry-After: 999999999999\r\n", 3600000},
      {503, "Retry-After: 1e99\r\n", 0},
      {503, "Retry-After: Sun, 06 Nov 1994 08:50:37 GMT\r\n", 60000},
      {503, "Retry-After: Sun, 06 Nov 1994 08:40:37 GMT\r\n", 0},
      /* this machine's clock is an hour off, the server's own Date counts */
      {503, "Date: Sun, 06 Nov 1994 09:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 09:49:47 GMT\r\n", 10000},
      {503, "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nRetry-After: Thu, 01 Jan 1970 00:00:10 GMT\r\n", 10000},
      {429, "x-throttle-reset: 784111787\r\n", 10000},
      {429, "x-throttle-reset: Sun, 06 Nov 1994 08:49:57 GMT\r\n", 20000},
      {429, "x-throttle-reset: 784111787\r\nRetry-After: 3\r\n", 3000},
      {503, "x-throttle-reset: 784111787\r\n", 0},
      {429, "x-throttle-reset: never\r\n", 0},
      {503, "Retry-After: 4, 4\r\n", 4000},
      {503, "Retry-After: 4\r\nRetry-After: 9\r\nRetry-After: x\r\nRetry-After: 2\r\n", 9000},
      {503, "Retry-After: Sun, 06 Nov 1994 08:50:37 GMT, 7\r\n", 60000},
      {503, "Retry-After: 7, Sun, 06 Nov 1994 08:50:37 GMT\r\n", 60000},
      {503, "Retry-After: Sun, 06 Nov\r\n", 0},
      {503, "Retry-After: Sun, 06 Nov 1994 08:50:37 GMT and so on\r\n", 0},
      {503, "Date: Sun, 06 Nov 1994 08:50:37 GMT and so on\r\nRetry-After: Sun, 06 Nov 1994 08:50:37 GMT\r\n", 60000},
      {503, "Retry-After: Sun, 06 Nov 1994 08:50:37 CET, 7\r\n", 7000},
      {503, "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n", 3600000},
      {503,
       "Date: Sun, 06 Nov 1994 09:49:37 GMT, Sun, 06 Nov 1994 09:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 09:49:47 "
       "GMT\r\n",
       10000},
      /* the limit that is used up names the wait; of both, the later */
      {429, "x-quota-usage: 100\r\nx-quota-reset: 784113577\r\nx-throttle-usage: 3\r\nx-throttle-reset: 784111757\r\n",
       1800000},
      {429,
       "x-quota-usage: 100\r\nx-quota-reset: 784111787\r\nx-throttle-usage: 100\r\nx-throttle-reset: 784111837\r\n",
       60000},
      {429,
       "x-quota-usage: 100, 100\r\nx-quota-reset: 784111787, 784111787\r\nx-throttle-usage: 99\r\nx-throttle-reset: "
       "784111837\r\n",
       10000},
      {429, "x-throttle-usage: 100\r\nx-throttle-reset: 784111837\r\nRetry-After: 90\r\n", 90000},
      {429, "x-throttle-usage: 100\r\nx-throttle-reset: 784111837\r\nRetry-After: 9\r\n", 60000},
      {429, "x-throttle-usage: 100\r\n", 0},
      {429, "x-throttle-usage: 0\r\nx-throttle-reset: 784111787\r\n", 0},
      {429, "x-quota-usage: 100\r\nx-throttle-reset: 784111787\r\n", 0},
      /* one is not used up, and of the other nothing is known: that one is */
      {429, "x-quota-usage: 0\r\nx-throttle-reset: 784111787\r\n", 10000},
      {429, "x-quota-usage: 99.9\r\nx-throttle-usage: -1\r\nx-throttle-reset: 784111787\r\n", 10000},
      {429, "x-throttle-usage: 50\r\nx-quota-reset: 784111787\r\nx-throttle-reset: 784111837\r\n", 10000},
      {429, "x-throttle-usage: 50\r\nx-quota-usage: 99\r\nx-quota-reset: 784111787\r\n", 0},
      {429, "x-throttle-usage: 50\r\nx-quota-usage: 0\r\nx-quota-reset: 784111787\r\n", 0},
      {429, "x-throttle-usage: 100.0\r\nx-throttle-reset: 784111787.9\r\n", 10000},
      {429, "x-throttle-usage: 100\r\nx-throttle-reset: 99999999999\r\n", 3600000},
      {503, "x-throttle-usage: 100\r\nx-throttle-reset: 784111787\r\n", 10000},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const iauth_response response = fake_response(cases[i].status, cases[i].headers, "");
    iauth_quota quota;
    (void)iauth__read_quota(&response, &quota);
    assert_int_equal(iauth__server_wait_ms(&response, &quota, NOW_MS), cases[i].ms);
  }
}

static void quota(void **state) {
  (void)state;
  iauth_quota quota;
  iauth_response response = fake_response(200,
                                          "X-Quota-Usage: 12\r\nx-quota-reset: 784111787\r\n"
                                          "x-throttle-usage: 99999999999\r\nx-throttle-reset: x\r\n",
                                          "");
  assert_true(iauth__read_quota(&response, &quota));
  assert_int_equal(quota.quota_usage_percent, 12);
  assert_int_equal(quota.quota_reset_s, 784111787);
  assert_int_equal(quota.throttle_usage_percent, INT64_C(99999999999));
  assert_int_equal(quota.throttle_reset_s, -1);
  /* from 0 to 2^53, both included */
  response = fake_response(200,
                           "x-quota-usage: 0\r\nx-quota-reset: 9007199254740992\r\n"
                           "x-throttle-usage: -5\r\nx-throttle-reset: 9007199254740994\r\n",
                           "");
  assert_true(iauth__read_quota(&response, &quota));
  assert_int_equal(quota.quota_usage_percent, 0);
  assert_int_equal(quota.quota_reset_s, INT64_C(9007199254740992));
  assert_int_equal(quota.throttle_usage_percent, -1);
  assert_int_equal(quota.throttle_reset_s, -1);
  response = fake_response(200, JSON_TYPE, "");
  assert_false(iauth__read_quota(&response, &quota));
  assert_int_equal(quota.quota_usage_percent, -1);
  static const char *const alone[] = {"x-quota-usage: 0\r\n", "x-throttle-usage: 0\r\n", "x-quota-reset: 0\r\n",
                                      "x-throttle-reset: 0\r\n", "x-quota-reset: Thu, 01 Jan 1970 00:00:00 GMT\r\n"};
  for (size_t i = 0; i < sizeof alone / sizeof *alone; i++) {
    response = fake_response(200, alone[i], "");
    assert_true(iauth__read_quota(&response, &quota));
  }
}

static void error_names(void **state) {
  (void)state;
#define IAUTH_ERROR(name, number, js)                                                                                  \
  assert_string_equal(iauth_error_name(number), #name);                                                                \
  assert_string_equal(iauth_error_code(number), js);
#include "core/errors.def"
#undef IAUTH_ERROR
  assert_string_equal(iauth_error_name(IAUTH_OK), "OK");
  assert_string_equal(iauth_error_code(IAUTH_OK), "ok");
  assert_string_equal(iauth_error_name((iauth_error)-99), "unknown");
  assert_string_equal(iauth_error_code((iauth_error)1), "unknown");
  assert_int_equal(iauth_error_of_code("key_revoked"), IAUTH_ERR_KEY_REVOKED);
  assert_int_equal(iauth_error_of_code("bad_response"), IAUTH_ERR_BAD_STATUS); /* the first one */
  assert_int_equal(iauth_error_of_code("key_revoke"), IAUTH_OK);
  assert_int_equal(iauth_error_of_code(""), IAUTH_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(good_grant),
      cmocka_unit_test(each_step_has_its_error),
      cmocka_unit_test(lifetimes),
      cmocka_unit_test(apis_alone),
      cmocka_unit_test(a_nul_in_the_body),
      cmocka_unit_test(too_large),
      cmocka_unit_test(nothing_behind_the_body_is_read),
      cmocka_unit_test(without_memory),
      cmocka_unit_test(products_cost_no_token),
      cmocka_unit_test(messages),
      cmocka_unit_test(copied_products),
      cmocka_unit_test(refusals),
      cmocka_unit_test(retry_after),
      cmocka_unit_test(quota),
      cmocka_unit_test(error_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
