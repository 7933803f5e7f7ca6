/* A host for the core under test; see fake_host.h. */
#include "fake_host.h"

#include "core/headers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *fake_alloc(void *user, size_t size) {
  world *world = user;
  if (++world->allocations == world->fail_at)
    return NULL;
  world->live++;
  return malloc(size);
}

static void fake_release(void *user, void *ptr) {
  world *world = user;
  if (ptr == NULL)
    return;
  world->live--;
  free(ptr);
}

static iauth_time fake_now(void *user) { return ((world *)user)->now; }

static uint32_t fake_random(void *user) { return ((world *)user)->random; }

static iauth_error fake_send(void *user, const iauth_request *request) {
  world *world = user;
  assert_null(world->request); /* never two at once */
  if (world->send_error != IAUTH_OK)
    return world->send_error;
  world->sent_kinds[request->kind]++;
  if (request->kind != IAUTH_REQUEST_APIS) {
    if (world->sent > 0) /* the minimum interval */
      assert_true(world->elapsed_ms - world->sent_elapsed_ms >= 1000);
    world->sent_elapsed_ms = world->elapsed_ms;
    world->sent_at = world->now;
  }
  world->request = request;
  world->last_kind = request->kind;
  world->sent++;
  return IAUTH_OK;
}

static void fake_cancel(void *user, uint32_t id) {
  world *world = user;
  assert_non_null(world->request);
  assert_int_equal(world->request->id, id);
  world->request = NULL;
  world->cancelled++;
}

static void fake_arm(void *user, int64_t delay_ms) { ((world *)user)->armed_ms = delay_ms; }

static void keep(char *out, size_t size, const char *text) { snprintf(out, size, "%s", text); }

static void fake_answer_waiter(void *user, uint32_t waiter, const iauth_token *token, const iauth_failure *failure) {
  world *world = user;
  fake_answer *answer = &world->answers[waiter];
  assert_in_range(waiter, 0, WAITERS_MAX - 1);
  assert_true((token == NULL) != (failure == NULL));
  answer->count++;
  answer->token[0] = '\0';
  answer->failure = (iauth_failure){0};
  if (token != NULL) {
    assert_true(token->expires_mono_ms > world->now.mono_ms);
    assert_true(token->expires_wall_ms > world->now.wall_ms);
    keep(answer->token, sizeof answer->token, token->access_token);
  } else {
    assert_int_not_equal(failure->error, IAUTH_OK);
    answer->failure = *failure;
    answer->failure.server_message = NULL; /* borrowed for the call */
    keep(answer->message, sizeof answer->message, failure->server_message != NULL ? failure->server_message : "");
  }
  if (world->on_answer != NULL)
    world->on_answer(world, waiter);
}

static void fake_event(void *user, const iauth_event *event) {
  world *world = user;
  switch (event->kind) {
  case IAUTH_EVENT_TOKEN:
    world->tokens++;
    keep(world->token, sizeof world->token, event->token->access_token);
    memset(world->apis, 0, sizeof world->apis);
    if (event->token->apis != NULL)
      memcpy(world->apis, event->token->apis, event->token->apis_len);
    break;
  case IAUTH_EVENT_ERROR:
    assert_int_not_equal(event->failure->error, IAUTH_OK);
    world->errors++;
    world->failure = *event->failure;
    break;
  case IAUTH_EVENT_EXPIRED:
    world->expirations++;
    break;
  case IAUTH_EVENT_QUOTA:
    world->quotas++;
    world->quota = *event->quota;
    break;
  }
  if (world->on_event != NULL)
    world->on_event(world, event->kind);
}

void world_init(world *world) {
  memset(world, 0, sizeof *world);
  world->now = (iauth_time){.mono_ms = 5000, .wall_ms = INT64_C(1790000000000)};
  world->armed_ms = -1;
  world->host = (iauth_host){
      .user = world,
      .alloc = fake_alloc,
      .release = fake_release,
      .now = fake_now,
      .random = fake_random,
      .send = fake_send,
      .cancel = fake_cancel,
      .arm = fake_arm,
      .answer = fake_answer_waiter,
      .event = fake_event,
  };
}

iauth_config domain_key_config(void) {
  return (iauth_config){
      .flow = IAUTH_FLOW_DOMAIN_KEY,
      .endpoint = ENDPOINT,
      .api_key = "api-key",
      .credential = "domain-key",
      .auto_refresh = true,
  };
}

void world_start(world *world, iauth_config config) {
  assert_int_equal(iauth_new(&config, &world->host, &world->client), IAUTH_OK);
}

void world_clean_up(world *world) {
  iauth_free(world->client);
  world->client = NULL;
  world->request = NULL;
  assert_int_equal(world->live, 0);
}

void world_move(world *world, int64_t mono_ms, int64_t wall_ms) {
  world->now.mono_ms += mono_ms;
  world->now.wall_ms += wall_ms;
  if (mono_ms > 0)
    world->elapsed_ms += mono_ms;
}

void world_pass(world *world, int64_t ms) {
  world_move(world, ms, ms);
  iauth_run(world->client);
}

void world_live(world *world, int64_t ms) {
  while (ms > 0 && world->armed_ms >= 0 && world->armed_ms <= ms) {
    int64_t step = world->armed_ms;
    ms -= step;
    world_pass(world, step);
  }
  if (ms > 0)
    world_pass(world, ms);
}

void world_get_with(world *world, uint32_t waiter, iauth_get_options options) {
  assert_int_equal(iauth_get(world->client, waiter, &options), IAUTH_OK);
  iauth_run(world->client);
}

void world_get(world *world, uint32_t waiter) {
  world_get_with(world, waiter, (iauth_get_options){.min_validity_ms = 30000});
}

static uint32_t take_request(world *world) {
  assert_non_null(world->request);
  uint32_t id = world->request->id;
  world->request = NULL;
  return id;
}

iauth_response fake_response(int status, const char *lines, const char *body) {
  static char values[1024];
  iauth_response response = {.status = status, .body = body, .body_len = strlen(body)};
  assert_true(strlen(lines) <= sizeof values);
  iauth__read_headers(lines, strlen(lines), values, &response);
  return response;
}

void world_respond(world *world, int status, const char *headers, const char *body) {
  const iauth_response response = fake_response(status, headers, body);
  iauth_respond(world->client, take_request(world), &response);
  iauth_run(world->client);
}

void world_grant(world *world, const char *token, int expires_in_s) {
  char body[256];
  snprintf(body, sizeof body,
           "{\"accessToken\":\"%s\",\"expiration\":1790001200,\"expires_in\":%d,"
           "\"apis\":{\"chatbot\":\"https://api.example.com/prod/chatbot\"}}",
           token, expires_in_s);
  world_respond(world, 200, JSON_TYPE, body);
}

void world_fail(world *world, iauth_error error) {
  iauth_fail(world->client, take_request(world), error);
  iauth_run(world->client);
}
