/* The event-loop client of inbenta_auth.h at its end: freed from its own callbacks, asked again from the last answer. Each
 * call gets one answer, and nothing leaks (the sanitizers look). The API is a port where nobody listens. */
#include <curl/curl.h>

#include "cmocka_all.h"
#include "inbenta_auth.h"

typedef struct {
  CURLM *multi;
  inbenta_auth_loop *loop;
  int answers, disposed, events;
  bool free_on_answer, free_on_event, ask_again;
} fixture;

static void free_loop(fixture *fixture) {
  inbenta_auth_loop *loop = fixture->loop;
  fixture->loop = NULL;
  inbenta_auth_loop_free(loop);
}

static void on_answer(void *user, const inbenta_auth_token *token, const inbenta_auth_failure *failure) {
  fixture *fixture = user;
  assert_null(token);
  fixture->answers++;
  fixture->disposed += failure->error == INBENTA_AUTH_DISPOSED;
  if (fixture->ask_again)
    assert_int_equal(inbenta_auth_loop_get(fixture->loop, NULL, on_answer, fixture, NULL), INBENTA_AUTH_DISPOSED);
  if (fixture->free_on_answer && fixture->loop != NULL)
    free_loop(fixture);
}

static void on_event(void *user, const inbenta_auth_token *token, const inbenta_auth_failure *failure) {
  fixture *fixture = user;
  assert_null(token);
  assert_int_not_equal(failure->error, INBENTA_AUTH_OK);
  fixture->events++;
  if (fixture->free_on_event && fixture->loop != NULL)
    free_loop(fixture);
}

static void start(fixture *fixture) {
  const inbenta_auth_options options = {.api_key = "key",
                                        .secret = "secret",
                                        .user_personal_secret = "personal",
                                        .endpoint = "http://127.0.0.1:1/v1",
                                        .on_event = on_event,
                                        .on_event_user = fixture};
  const inbenta_auth_get_options get = {.timeout_ms = 300};
  fixture->multi = curl_multi_init();
  assert_int_equal(inbenta_auth_loop_new(&options, fixture->multi, &fixture->loop), INBENTA_AUTH_OK);
  for (int i = 0; i < 3; i++)
    assert_int_equal(inbenta_auth_loop_get(fixture->loop, &get, on_answer, fixture, NULL), INBENTA_AUTH_OK);
}

/* Runs the loop until the client is freed or all calls are answered. */
static void turn(fixture *fixture) {
  while (fixture->loop != NULL && fixture->answers < 3) {
    int running, left;
    int64_t delay_ms = inbenta_auth_loop_run(fixture->loop);
    if (fixture->loop == NULL) {
      assert_int_equal(delay_ms, -1);
      break;
    }
    curl_multi_poll(fixture->multi, NULL, 0, delay_ms < 0 || delay_ms > 1000 ? 1000 : (int)delay_ms, NULL);
    curl_multi_perform(fixture->multi, &running);
    for (const CURLMsg *message; (message = curl_multi_info_read(fixture->multi, &left)) != NULL;)
      assert_true(inbenta_auth_loop_done(fixture->loop, message));
  }
}

static void finish(fixture *fixture) {
  inbenta_auth_loop_free(fixture->loop);
  curl_multi_cleanup(fixture->multi);
  assert_int_equal(fixture->answers, 3);
}

static void freed_from_an_answer(void **state) {
  (void)state;
  fixture fixture = {.free_on_answer = true};
  start(&fixture);
  turn(&fixture);
  assert_null(fixture.loop);
  finish(&fixture);
  assert_int_equal(fixture.disposed, 2);
}

static void freed_from_an_event(void **state) {
  (void)state;
  fixture fixture = {.free_on_event = true};
  start(&fixture);
  turn(&fixture);
  assert_null(fixture.loop);
  finish(&fixture);
  assert_int_equal(fixture.disposed, 3);
  assert_int_equal(fixture.events, 1);
}

static void a_call_from_the_last_answer(void **state) {
  (void)state;
  fixture fixture = {.ask_again = true};
  start(&fixture);
  (void)inbenta_auth_loop_run(fixture.loop); /* the request is under way */
  finish(&fixture);
  assert_int_equal(fixture.disposed, 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(freed_from_an_answer),
      cmocka_unit_test(freed_from_an_event),
      cmocka_unit_test(a_call_from_the_last_answer),
  };
  curl_global_init(CURL_GLOBAL_DEFAULT);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
