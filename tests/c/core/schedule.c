/* A random life of a client; see schedule.h. */
#include "schedule.h"

#include <stdio.h>
#include <string.h>

#include "fake_host.h"

#define TOKENS_MAX 512
#define HOUR_MS 3600000

typedef struct {
  const uint8_t *at, *end;
} bytes;

static uint8_t next(bytes *in) { return in->at < in->end ? *in->at++ : 0; }

/* What the test itself knows of the tokens that it made, to judge what is handed out. */
typedef struct {
  int64_t dies_elapsed_ms, dies_wall_ms;
} grant;

typedef struct {
  world world;
  grant grants[TOKENS_MAX];
  int grant_count;
  uint32_t waiter_count;
  int64_t deadlines_ms[WAITERS_MAX]; /* on world.elapsed_ms; 0: not joined */
  uint32_t old_ids[4];               /* requests that were answered or given up */
  bytes *in;                         /* what callbacks do, too */
  int depth;                         /* of callbacks that did something */
  bool freed;
} life;

static void reenter(life *life);

/* ---------------------------------------------------------------------------------------------------
 * Judging. */

static void judge_token(life *life, const char *name) {
  int number = -1;
  assert_int_equal(sscanf(name, "t%d", &number), 1);
  assert_in_range(number, 0, life->grant_count - 1);
  assert_true(life->world.elapsed_ms < life->grants[number].dies_elapsed_ms);
  assert_true(life->world.now.wall_ms < life->grants[number].dies_wall_ms);
}

static void judge_answer(void *user, uint32_t waiter) {
  life *life = user; /* the world is its first member */
  assert_int_equal(life->world.answers[waiter].count, 1);
  assert_int_not_equal(life->deadlines_ms[waiter], 0);
  if (life->world.answers[waiter].token[0] != '\0')
    judge_token(life, life->world.answers[waiter].token);
  reenter(life);
}

static void judge_event(void *user, iauth_event_kind kind) {
  (void)kind;
  reenter(user);
}

static void judge_current(life *life) {
  const iauth_token *token = iauth_current(life->world.client, 0);
  if (token != NULL)
    judge_token(life, token->access_token);
}

/* ---------------------------------------------------------------------------------------------------
 * What happens. */

/* From nothing to ten years, short lives more often. */
static int64_t any_lifetime_s(bytes *in) {
  static const int64_t lifetimes[] = {0,   1,    2,    5,     10,     30,      60,       120,
                                      240, 1200, 3600, 86400, 604800, 2592000, 31536000, 315360000};
  return lifetimes[next(in) % 16];
}

/* A new token's name; it dies `lifetime_ms` after the given moment. */
static const char *new_token(life *life, int64_t from_elapsed_ms, int64_t from_wall_ms, int64_t lifetime_ms) {
  static char name[16];
  int number = life->grant_count;
  if (number == TOKENS_MAX)
    number = TOKENS_MAX - 1; /* keep the last one's death: later tokens only live longer than judged */
  else
    life->grant_count++;
  life->grants[number] = (grant){from_elapsed_ms + lifetime_ms, from_wall_ms + lifetime_ms};
  snprintf(name, sizeof name, "t%d", number);
  return name;
}

static void move_clocks(life *life, bytes *in) {
  static const int64_t steps_ms[] = {0,    1,     10,    100,   500,    999,    1000,    1001,
                                     3000, 10000, 30000, 60000, 120000, 600000, HOUR_MS, 86400000};
  int64_t ms = steps_ms[next(in) % 16];
  uint8_t how = next(in);
  if (how < 192)
    world_move(&life->world, ms, ms);
  else if (how < 208)
    world_move(&life->world, 0, ms); /* asleep: the monotonic clock stops */
  else if (how < 216)
    world_move(&life->world, ms, 0); /* the wall clock stops */
  else if (how < 224)
    world_move(&life->world, 0, HOUR_MS);
  else if (how < 232)
    world_move(&life->world, 0, -HOUR_MS);
  else if (how < 240)
    world_move(&life->world, HOUR_MS, HOUR_MS);
  else if (how < 248)
    world_move(&life->world, -HOUR_MS, 0);
  judge_current(life); /* the client sees each position of the clocks */
}

static void ask(life *life, bytes *in) {
  if (life->waiter_count == WAITERS_MAX)
    return;
  static const int64_t validities_ms[] = {0, 1000, 30000, 300000, HOUR_MS, -5, INT64_MAX, 30000};
  static const int64_t timeouts_ms[] = {0, 1, 100, 5000, 10000, 60000, 100000, 10000};
  uint8_t what = next(in);
  const iauth_get_options options = {.min_validity_ms = validities_ms[what & 7],
                                     .timeout_ms = timeouts_ms[what >> 3 & 7],
                                     .force_refresh = what >> 6 == 3,
                                     .needs_apis = next(in) & 1};
  uint32_t waiter = life->waiter_count++;
  int64_t timeout_ms = options.timeout_ms > 0 ? options.timeout_ms : 10000;
  life->deadlines_ms[waiter] = life->world.elapsed_ms + timeout_ms + 1;
  assert_int_equal(iauth_get(life->world.client, waiter, &options), life->freed ? IAUTH_ERR_DISPOSED : IAUTH_OK);
  if (life->freed)
    life->world.answers[waiter].count = 1; /* that was the answer */
}

static void remember(life *life, uint32_t id) {
  memmove(life->old_ids + 1, life->old_ids, 3 * sizeof *life->old_ids);
  life->old_ids[0] = id;
}

/* Answers request `id`, which may be one of long ago. */
static void respond(life *life, uint32_t id, int status, const char *headers, const char *body) {
  const iauth_response response = fake_response(status, headers, body);
  iauth_respond(life->world.client, id, &response);
}

static void grant_token(life *life, uint32_t id, int64_t lifetime_s, bool with_apis) {
  char body[256];
  /* As the server sees it: the life starts when the request does. */
  const char *name = new_token(life, life->world.sent_elapsed_ms, life->world.sent_at.wall_ms, lifetime_s * 1000);
  snprintf(body, sizeof body, "{\"accessToken\":\"%s\",\"expires_in\":%lld%s}", name, (long long)lifetime_s,
           with_apis ? ",\"apis\":{\"a\":\"https://a.example\"}" : "");
  respond(life, id, 200, JSON_TYPE, body);
}

static void adopt(life *life, bytes *in, uint32_t id) {
  int64_t left_ms = any_lifetime_s(in) * 1000;
  iauth_token token = {
      .access_token = new_token(life, life->world.elapsed_ms, life->world.now.wall_ms, left_ms),
      .expires_wall_ms = life->world.now.wall_ms + left_ms,
      .lifetime_ms = next(in) * INT64_C(10000),
      .left_ms = next(in) & 1 ? left_ms : -1,
      .apis = next(in) & 1 ? "a\0https://a.example" : NULL,
  };
  token.apis_len = token.apis != NULL ? 20 : 0;
  (void)iauth_adopt_reply(life->world.client, id, &token);
}

/* Something arrives for request `id`. */
static void reply(life *life, bytes *in, uint32_t id) {
  static const char *const reasons[] = {"origin_not_allowed", "key_revoked", "token_expired", "x"};
  static const int statuses[] = {400, 401, 403, 404, 204, 302, 500, 503};
  static const iauth_error errors[] = {IAUTH_ERR_NETWORK, IAUTH_ERR_TIMEOUT, IAUTH_ERR_NO_MEMORY,
                                       IAUTH_ERR_BODY_TOO_LARGE};
  char text[160];
  uint8_t what = next(in), detail = next(in);
  switch (what % 8) {
  case 0:
  case 1:
  case 2:
    grant_token(life, id, any_lifetime_s(in), what & 8);
    break;
  case 3:
    iauth_fail(life->world.client, id, errors[detail & 3]);
    break;
  case 4:
    snprintf(text, sizeof text, "{\"error\":{\"reason\":\"%s\"}}", reasons[detail >> 3 & 3]);
    respond(life, id, statuses[detail & 7], JSON_TYPE, text);
    break;
  case 5:
    snprintf(text, sizeof text, "Retry-After: %d\r\nx-throttle-usage: 9\r\n", detail * 8);
    respond(life, id, detail & 1 ? 429 : 503, text, "");
    break;
  case 6:
    respond(life, id, 200, detail & 1 ? JSON_TYPE : "", detail & 2 ? "{\"accessToken\":\"" : "{}");
    break;
  case 7:
    respond(life, id, 200, JSON_TYPE, "{\"apis\":{\"b\":\"https://b.example\"}}");
    break;
  }
}

static void reply_to_current(life *life, bytes *in) {
  if (life->world.request == NULL)
    return;
  uint32_t id = life->world.request->id;
  iauth_request_kind kind = life->world.request->kind;
  remember(life, id);
  life->world.request = NULL;
  if (kind == IAUTH_REQUEST_REAUTHORIZE && next(in) & 1)
    adopt(life, in, id);
  else
    reply(life, in, id);
}

/* Lost and late: a reply to a request that is over; a reply twice. */
static void reply_to_old(life *life, bytes *in) {
  uint32_t id = life->old_ids[next(in) & 3];
  if (life->world.request == NULL || id != life->world.request->id)
    reply(life, in, id);
}

static void invalidate(life *life, bytes *in) {
  const iauth_token *token = iauth_current(life->world.client, 0);
  if (next(in) & 1 && token != NULL)
    iauth_invalidate(life->world.client, token->access_token);
  else
    iauth_invalidate(life->world.client, "other");
}

static void sibling_fails(life *life, bytes *in) {
  uint8_t what = next(in);
  iauth_sibling_failed(life->world.client, &(iauth_failure){
                                               .error = (iauth_error)(-(what % 32)),
                                               .status = what,
                                               .attempts = next(in) - 100,
                                               .retry_after_ms = (int64_t)(next(in) - 10) * 10000,
                                               .server_message = what & 1 ? "a sentence" : NULL,
                                           });
}

static void one_event(life *life, bytes *in) {
  uint8_t what = next(in);
  switch (what % 18) {
  case 0:
  case 1:
  case 2:
  case 3:
    move_clocks(life, in);
    break;
  case 4:
  case 5:
  case 6:
    ask(life, in);
    break;
  case 7:
  case 8:
  case 9:
    reply_to_current(life, in);
    break;
  case 10:
    reply_to_old(life, in);
    break;
  case 11:
    iauth_cancel(life->world.client, next(in));
    break;
  case 12:
    adopt(life, in, 0);
    break;
  case 13:
    invalidate(life, in);
    break;
  case 14:
    iauth_wake(life->world.client);
    break;
  case 15:
    life->world.random = next(in) * 0x01010101u;
    life->world.send_error = next(in) > 250 ? IAUTH_ERR_NO_MEMORY : IAUTH_OK;
    break;
  case 16:
    sibling_fails(life, in);
    break;
  case 17:
    iauth_use(life->world.client);
    break;
  }
  if (what & 128 || what % 18 < 4)
    iauth_run(life->world.client);
}

/* Inside a callback: any input, also freeing the client. Time stands still there. */
static void reenter(life *life) {
  uint8_t what = life->in != NULL ? next(life->in) : 0;
  if (what < 200 || life->depth == 3)
    return;
  life->depth++;
  if (what == 255 && !life->freed) {
    life->freed = true;
    iauth_free(life->world.client);
  } else if (life->in->at < life->in->end && *life->in->at % 18 >= 4) {
    one_event(life, life->in);
  }
  life->depth--;
}

/* Nobody waits longer than it said. */
static void judge_deadlines(life *life) {
  for (uint32_t waiter = 0; waiter < life->waiter_count; waiter++)
    if (life->world.answers[waiter].count == 0)
      assert_true(life->world.elapsed_ms <= life->deadlines_ms[waiter]);
}

/* Lives on with punctual timers until `ms` have passed; the server answers well, or not at all. */
static void live_calmly(life *life, int64_t ms, bool answering) {
  int64_t end_ms = life->world.elapsed_ms + ms;
  for (int i = 0; life->world.elapsed_ms < end_ms && i < 100000; i++) {
    if (life->world.request != NULL && answering) {
      uint32_t id = life->world.request->id;
      life->world.request = NULL;
      if (life->world.last_kind == IAUTH_REQUEST_APIS)
        respond(life, id, 200, JSON_TYPE, "{\"apis\":{}}");
      else
        grant_token(life, id, 600, true);
      iauth_run(life->world.client);
    } else {
      int64_t armed_ms = life->world.armed_ms;
      assert_true(armed_ms <= 60000);
      world_pass(&life->world, armed_ms < 0 ? 60000 : armed_ms);
    }
    judge_deadlines(life);
  }
  assert_true(life->world.elapsed_ms >= end_ms);
}

/* A silent server, then a good one: now everybody has to be answered. */
static void calm_down(life *life) {
  life->world.send_error = IAUTH_OK;
  iauth_run(life->world.client);
  live_calmly(life, 15000, false);
  live_calmly(life, 120000, true);
  for (uint32_t waiter = 0; waiter < life->waiter_count; waiter++)
    assert_int_equal(life->world.answers[waiter].count, 1);
}

void schedule_run(const uint8_t *data, size_t size) {
  static life life;
  bytes in = {data, data + size};
  memset(&life, 0, sizeof life);
  world_init(&life.world);
  life.world.on_answer = judge_answer;
  life.world.on_event = judge_event;
  uint8_t setting = next(&in);
  iauth_config config = domain_key_config();
  config.flow = (iauth_flow)(setting % 3);
  config.auto_refresh = setting >> 2 & 1;
  config.can_reauthorize = setting >> 3 & 1;
  world_start(&life.world, config);
  life.in = &in;
  while (in.at < in.end && !life.freed)
    one_event(&life, &in);
  life.in = NULL;
  if (life.freed) {
    life.world.client = NULL;
    for (uint32_t waiter = 0; waiter < life.waiter_count; waiter++)
      assert_int_equal(life.world.answers[waiter].count, 1);
  } else {
    calm_down(&life);
  }
  world_clean_up(&life.world);
}
