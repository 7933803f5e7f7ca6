/* How many requests an hour: a client against each hostile answer, with each kind of caller. It has a good token when the
 * answers turn bad, lives through an hour of them, and through an hour after.
 *
 * Bounds (docs/architecture.md "Rules of the state machine"): under failures and refusals 90 requests an hour while somebody
 * waits, 60 else; with grants one a life; what is forced and granted keeps the minimum interval. The table that is printed
 * shows the counts: in the bad hour, and in the one after. */
#include <stdio.h>
#include <string.h>

#include "fake_host.h"

#define HOUR_MS 3600000
#define LATENCY_MS 100
#define LIFETIME_S 1200
#define LONG_LIFETIME_S 86400
#define FAILURES_MAX 90      /* an hour, while somebody waits */
#define IDLE_FAILURES_MAX 60 /* the same while nobody waits */
#define FORCED_MAX 3601      /* the minimum interval is a second; both ends of the hour count */

/* ---------------------------------------------------------------------------------------------------
 * Answers. */

typedef enum {
  EVERYWHERE, /* whatever is asked */
  REFRESH_ONLY,
  APIS_ONLY,    /* from the start, and /auth leaves them out */
  ALL_BUT_AUTH, /* the same, and /refreshToken; the token lives longer than the bad hour */
  REAUTHORIZE_ONLY
} place;

/* What a page's reauthorize may return, for `granted_s`. */
enum { EXPIRED = -1, THE_SAME = -2 };

typedef struct {
  const char *name;
  place where;
  int status; /* 0: `error`, or none at all */
  const char *headers, *body;
  iauth_error error;
  int granted_s;  /* it is a grant, after all, of so many seconds */
  bool long_wait; /* names a wait of an hour */
} hostile;

#define API_ERROR "{\"error\":{\"code\":400,\"message\":\"no\"}}"
#define GRANT_OF(seconds) "{\"accessToken\":\"t\",\"expires_in\":" #seconds ",\"apis\":{\"a\":\"https://a.example\"}}"

static const hostile answers[] = {
    {.name = "network down", .error = IAUTH_ERR_NETWORK},
    {.name = "hangs"},
    {.name = "408", .status = 408},
    {.name = "425", .status = 425},
    {.name = "429", .status = 429},
    {.name = "429, Retry-After 7", .status = 429, .headers = "Retry-After: 7\r\n"},
    {.name = "429, reset passed", .status = 429, .headers = "x-throttle-usage: 100\r\nx-throttle-reset: 1\r\n"},
    {.name = "429, an hour",
     .status = 429,
     .headers = "x-quota-usage: 100\r\nx-quota-reset: 9007199254740992\r\n",
     .long_wait = true},
    {.name = "500", .status = 500},
    {.name = "503", .status = 503},
    {.name = "503, Retry-After 0", .status = 503, .headers = "Retry-After: 0\r\n"},
    {.name = "503, \"4, 4\"", .status = 503, .headers = "Retry-After: 4\r\nRetry-After: 4\r\n"},
    {.name = "503, date passed", .status = 503, .headers = "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n"},
    {.name = "503, far future",
     .status = 503,
     .headers = "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n",
     .long_wait = true},
    {.name = "503, rubbish", .status = 503, .headers = "Retry-After: -1e99;x\r\n"},
    {.name = "400 API error", .status = 400, .body = API_ERROR},
    {.name = "400 bare", .status = 400},
    {.name = "401", .status = 401},
    {.name = "403 API error", .status = 403, .body = API_ERROR},
    {.name = "403 Message", .status = 403, .body = "{\"Message\":\"explicit deny\"}"},
    {.name = "403 message", .status = 403, .body = "{\"message\":\"Forbidden\"}"},
    {.name = "403 HTML", .status = 403, .body = "<html>"},
    {.name = "403 revoked", .status = 403, .body = "{\"error\":{\"reason\":\"key_revoked\"}}"},
    {.name = "404", .status = 404},
    {.name = "410", .status = 410},
    {.name = "422 API error", .status = 422, .body = API_ERROR},
    {.name = "302", .status = 302},
    {.name = "200 garbled", .status = 200, .headers = JSON_TYPE, .body = "{\"accessToken\":"},
    {.name = "200 HTML", .status = 200, .headers = "Content-Type: text/html\r\n", .body = "<html>"},
    {.name = "expires_in 0", .status = 200, .headers = JSON_TYPE, .body = GRANT_OF(0)},
    {.name = "expires_in 1", .status = 200, .headers = JSON_TYPE, .body = GRANT_OF(1), .granted_s = 1},
    {.name = "expires_in 15", .status = 200, .headers = JSON_TYPE, .body = GRANT_OF(15), .granted_s = 15},
    {.name = "expires_in huge", .status = 200, .headers = JSON_TYPE, .body = GRANT_OF(1e300), .granted_s = 1000000},
    {.name = "refresh 503", .where = REFRESH_ONLY, .status = 503},
    {.name = "refresh 404", .where = REFRESH_ONLY, .status = 404},
    {.name = "refresh 401", .where = REFRESH_ONLY, .status = 401},
    {.name = "refresh garbled", .where = REFRESH_ONLY, .status = 200, .headers = JSON_TYPE, .body = "["},
    {.name = "refresh hangs", .where = REFRESH_ONLY},
    {.name = "apis 503", .where = APIS_ONLY, .status = 503},
    {.name = "apis 404", .where = APIS_ONLY, .status = 404},
    {.name = "apis hangs", .where = APIS_ONLY},
    {.name = "all but /auth 503", .where = ALL_BUT_AUTH, .status = 503},
    {.name = "reauthorize fails", .where = REAUTHORIZE_ONLY, .error = IAUTH_ERR_NETWORK},
    {.name = "reauthorize: mistake", .where = REAUTHORIZE_ONLY, .error = IAUTH_ERR_INVALID_CONFIG},
    {.name = "reauthorize: expired", .where = REAUTHORIZE_ONLY, .granted_s = EXPIRED},
    {.name = "reauthorize: the same", .where = REAUTHORIZE_ONLY, .granted_s = THE_SAME},
};

#define ANSWERS (sizeof answers / sizeof *answers)

/* ---------------------------------------------------------------------------------------------------
 * Callers. */

typedef enum {
  NONE,
  LISTENER,
  SOMETIMES,
  ALWAYS,
  IMPATIENT,
  FORCED,
  FORCED_AND_PRODUCTS, /* now the one, now the other */
  INVALIDATING,
  PRODUCTS,
  HEARING,
  WAKING,
  KINDS
} caller;

static const char *const kinds[KINDS] = {"none",         "listens",     "30-45 s",  "1 s after", "short", "forced",
                                         "forced, prod", "invalidates", "products", "hears",     "wakes"};

/* What is forced may go at the minimum interval where it is granted; nothing else may. */
static bool is_forcing(caller kind) { return kind == FORCED || kind == FORCED_AND_PRODUCTS || kind == INVALIDATING; }

typedef struct {
  world world; /* the first member: callbacks get it */
  const hostile *answer;
  caller kind;
  uint64_t seed;
  int64_t bad_from_ms, bad_until_ms; /* on world.elapsed_ms */
  int64_t reply_at_ms, ask_at_ms, hear_at_ms, wake_at_ms;
  uint32_t next_waiter;
  int failed; /* callers who got an error in the last hour */
  bool was_answered;
  uint32_t last_request; /* its answer is planned */
  int tokens_made;
} life;

static uint32_t random_next(life *life) {
  life->seed = life->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(life->seed >> 32);
}

static void on_answer(void *user, uint32_t waiter) {
  life *life = user;
  const fake_answer *answer = &life->world.answers[waiter];
  life->was_answered = true;
  if (answer->token[0] == '\0')
    life->failed++;
  else if (life->kind == INVALIDATING)
    iauth_invalidate(life->world.client, answer->token);
}

static void ask(life *life) {
  iauth_client *client = life->world.client;
  uint32_t waiter = life->next_waiter++ % WAITERS_MAX;
  int64_t now_ms = life->world.elapsed_ms;
  bool needs_apis = life->kind == PRODUCTS || (life->kind == FORCED_AND_PRODUCTS && waiter % 2 == 0);
  iauth_get_options options = {
      .min_validity_ms = needs_apis ? 0 : 30000,
      .force_refresh = life->kind == FORCED || (life->kind == FORCED_AND_PRODUCTS && !needs_apis),
      .needs_apis = needs_apis,
  };
  if (life->kind == IMPATIENT)
    options.timeout_ms = 150;
  if (life->kind == LISTENER)
    iauth_use(client);
  else
    assert_int_equal(iauth_get(client, waiter, &options), IAUTH_OK);
  life->ask_at_ms = INT64_MAX; /* … until it is answered */
  if (life->kind == SOMETIMES || life->kind == HEARING || life->kind == WAKING)
    life->ask_at_ms = now_ms + 30000 + random_next(life) % 15000;
  if (life->kind == IMPATIENT)
    life->ask_at_ms = now_ms + 200;
  if (life->kind == LISTENER)
    life->ask_at_ms = now_ms + 60000;
}

/* ---------------------------------------------------------------------------------------------------
 * The server. */

static bool leaves_apis_out(const hostile *answer) {
  return answer->where == APIS_ONLY || answer->where == ALL_BUT_AUTH;
}

static int lifetime_s(const hostile *answer) { return answer->where == ALL_BUT_AUTH ? LONG_LIFETIME_S : LIFETIME_S; }

static bool is_bad(const life *life, iauth_request_kind kind) {
  place where = life->answer->where;
  if (life->world.elapsed_ms >= life->bad_until_ms)
    return false;
  if (kind == IAUTH_REQUEST_APIS && leaves_apis_out(life->answer))
    return true;
  if (life->world.elapsed_ms < life->bad_from_ms)
    return false;
  return where == EVERYWHERE || where == REAUTHORIZE_ONLY ||
         ((where == REFRESH_ONLY || where == ALL_BUT_AUTH) && kind == IAUTH_REQUEST_REFRESH);
}

static void reauthorize(life *life, uint32_t id, int64_t left_ms, const char *name) {
  const iauth_token token = {.access_token = name,
                             .expires_wall_ms = life->world.now.wall_ms + left_ms,
                             .lifetime_ms = left_ms,
                             .left_ms = -1,
                             .apis = "a\0https://a.example",
                             .apis_len = 20};
  (void)iauth_adopt_reply(life->world.client, id, &token);
}

static void reply(life *life) {
  static char name[32], body[160];
  const hostile *answer = life->answer;
  iauth_request_kind kind = life->world.request->kind;
  uint32_t id = life->world.request->id;
  bool bad = is_bad(life, kind);
  life->reply_at_ms = INT64_MAX;
  if (bad && answer->status == 0 && answer->error == IAUTH_OK && answer->granted_s == 0)
    return; /* the client gives up on its own */
  life->world.request = NULL;
  snprintf(name, sizeof name, "t%d", ++life->tokens_made);
  iauth_response response = fake_response(200, JSON_TYPE, body);
  if (kind == IAUTH_REQUEST_APIS)
    snprintf(body, sizeof body, "{\"apis\":{\"a\":\"https://a.example\"}}");
  else
    snprintf(body, sizeof body, "{\"accessToken\":\"%s\",\"expires_in\":%d%s}", name, lifetime_s(answer),
             leaves_apis_out(answer) ? "" : ",\"apis\":{\"a\":\"https://a.example\"}");
  if (bad && answer->where == REAUTHORIZE_ONLY && kind != IAUTH_REQUEST_REAUTHORIZE)
    response = fake_response(401, "", "");
  else if (bad && answer->granted_s < 0)
    return reauthorize(life, id, answer->granted_s == EXPIRED ? 0 : LIFETIME_S * 1000, "the-same");
  else if (bad && answer->error != IAUTH_OK)
    return iauth_fail(life->world.client, id, answer->error);
  else if (bad)
    response = fake_response(answer->status, answer->headers != NULL ? answer->headers : "",
                             answer->body != NULL ? answer->body : "");
  else if (kind == IAUTH_REQUEST_REAUTHORIZE)
    return reauthorize(life, id, LIFETIME_S * 1000, name);
  response.body_len = strlen(response.body);
  iauth_respond(life->world.client, id, &response);
}

static void sibling_fails(life *life) {
  iauth_sibling_failed(
      life->world.client,
      &(iauth_failure){.error = IAUTH_ERR_SERVER_ERROR, .status = 503, .attempts = 3, .retry_after_ms = 2000});
}

/* ---------------------------------------------------------------------------------------------------
 * Lives. */

static int64_t earliest(const life *life, int64_t end_ms) {
  const int64_t times[] = {life->reply_at_ms, life->ask_at_ms, life->hear_at_ms, life->wake_at_ms,
                           life->world.armed_ms >= 0 ? life->world.elapsed_ms + life->world.armed_ms : INT64_MAX};
  int64_t first = end_ms;
  for (size_t i = 0; i < sizeof times / sizeof *times; i++)
    if (times[i] < first)
      first = times[i];
  return first;
}

/* Lives on until a moment. Returns the requests that were made. */
static int live_until(life *life, int64_t end_ms) {
  int before = life->world.sent;
  life->failed = 0;
  while (life->world.elapsed_ms < end_ms) {
    int64_t at_ms = earliest(life, end_ms);
    world_move(&life->world, at_ms - life->world.elapsed_ms, at_ms - life->world.elapsed_ms);
    life->world.random = random_next(life);
    if (at_ms == life->reply_at_ms && life->world.request != NULL)
      reply(life);
    if (at_ms >= life->ask_at_ms)
      ask(life);
    if (at_ms >= life->hear_at_ms) {
      if (at_ms < life->bad_until_ms)
        sibling_fails(life);
      life->hear_at_ms = at_ms + 5000;
    }
    if (at_ms >= life->wake_at_ms) {
      iauth_wake(life->world.client);
      life->wake_at_ms = at_ms + 1000;
    }
    iauth_run(life->world.client);
    if (life->world.request != NULL && life->world.request->id != life->last_request) {
      life->last_request = life->world.request->id;
      life->reply_at_ms = life->world.elapsed_ms + LATENCY_MS;
    }
    if (life->was_answered && life->ask_at_ms == INT64_MAX)
      life->ask_at_ms = life->world.elapsed_ms + (life->kind == PRODUCTS ? 5000 : 1000);
    life->was_answered = false;
  }
  return life->world.sent - before;
}

/* Whether what this caller forces is granted in the bad hour. */
static bool is_granted(const hostile *answer, caller kind) {
  if (!is_forcing(kind))
    return false;
  if (answer->where == REFRESH_ONLY ||
      answer->where == ALL_BUT_AUTH) /* without a token, or after a refusal, to /auth */
    return kind == INVALIDATING || answer->status == 401 || answer->status == 404;
  return answer->where == APIS_ONLY || (answer->granted_s != 0 && answer->granted_s != EXPIRED);
}

/* The most requests that an hour of this may have. */
static int bound_of(const hostile *answer, caller kind) {
  if (is_granted(answer, kind))
    return FORCED_MAX;
  if (answer->granted_s == 1)
    return kind == NONE || kind == LISTENER ? 2 : FORCED_MAX;
  if (answer->granted_s > 1)
    return 2 * 3600 / answer->granted_s + 2;
  if (answer->long_wait)
    return kind == FORCED || kind == FORCED_AND_PRODUCTS ? 62 : 5;
  return kind == NONE || kind == LISTENER ? IDLE_FAILURES_MAX : FAILURES_MAX;
}

static void start_life(life *life, const hostile *answer, caller kind, uint64_t seed) {
  memset(life, 0, sizeof *life);
  world_init(&life->world);
  life->answer = answer;
  life->kind = NONE;
  life->seed = seed;
  life->world.on_answer = on_answer;
  life->reply_at_ms = life->ask_at_ms = life->hear_at_ms = life->wake_at_ms = INT64_MAX;
  iauth_config config = domain_key_config();
  if (answer->where == REAUTHORIZE_ONLY)
    config = (iauth_config){
        .flow = IAUTH_FLOW_TOKEN, .endpoint = ENDPOINT, .api_key = "k", .auto_refresh = true, .can_reauthorize = true};
  world_start(&life->world, config);
  life->bad_from_ms = life->bad_until_ms = INT64_MAX;
  iauth_get_options options = {0};
  assert_int_equal(iauth_get(life->world.client, life->next_waiter++, &options), IAUTH_OK);
  iauth_run(life->world.client);
  life->reply_at_ms = LATENCY_MS;
  live_until(life, 600000);
  assert_non_null(iauth_current(life->world.client, 0));
  life->kind = kind;
  life->bad_from_ms = 600000;
  life->bad_until_ms = life->bad_from_ms + HOUR_MS;
  life->ask_at_ms = kind == NONE ? INT64_MAX : life->bad_from_ms;
  if (kind == HEARING)
    life->hear_at_ms = life->bad_from_ms;
  if (kind == WAKING)
    life->wake_at_ms = life->bad_from_ms;
  life->was_answered = false;
}

static void rates(void **state) {
  (void)state;
  static life life;
  int broken = 0;
  uint64_t seed = 20261125;
  printf("requests in the bad hour / in the hour after it\n%-22s", "");
  for (int kind = 0; kind < KINDS; kind++)
    printf(" %11s", kinds[kind]);
  printf("\n");
  for (size_t i = 0; i < ANSWERS; i++) {
    printf("%-22s", answers[i].name);
    for (int kind = 0; kind < KINDS; kind++) {
      char cell[32];
      start_life(&life, &answers[i], (caller)kind, ++seed);
      int bad = live_until(&life, life.bad_until_ms);
      int after = live_until(&life, life.bad_until_ms + HOUR_MS);
      /* Who asks regularly has recovered: the second half of the hour after brought no error. */
      int after_max = is_forcing((caller)kind) ? FORCED_MAX : 20;
      bool good = bad <= bound_of(&answers[i], (caller)kind) && after <= after_max;
      int more = live_until(&life, life.bad_until_ms + HOUR_MS + HOUR_MS / 2);
      good = good && life.failed == 0 && more <= after_max;
      if (kind != NONE && kind != LISTENER)
        good = good && (is_forcing((caller)kind) || iauth_current(life.world.client, 0) != NULL);
      snprintf(cell, sizeof cell, "%d/%d%s", bad, after, good ? "" : " !");
      printf(" %11s", cell);
      broken += !good;
      world_clean_up(&life.world);
    }
    printf("\n");
  }
  assert_int_equal(broken, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(rates)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
