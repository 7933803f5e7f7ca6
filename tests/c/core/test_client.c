/* The state machine, path by path, on a clock that is moved by hand. */
#include "fake_host.h"

#include <string.h>

static void start(world *world) {
  world_init(world);
  world_start(world, domain_key_config());
}

/* A client with a token of 1200 s, obtained just now. */
static void start_with_token(world *world) {
  start(world);
  world_get(world, 0);
  world_grant(world, "t1", 1200);
  assert_token(world, 0, "t1");
}

/* --- one request for everybody
 * -------------------------------------------------------------------- */

static void nothing_until_asked(void **state) {
  (void)state;
  world world;
  start(&world);
  world_pass(&world, 100000);
  assert_int_equal(world.sent, 0);
  assert_int_equal(world.armed_ms, -1);
  assert_null(iauth_current(world.client, 0));
  world_clean_up(&world);
}

static void success_is_shared(void **state) {
  (void)state;
  world world;
  start(&world);
  for (uint32_t waiter = 0; waiter < 100; waiter++)
    world_get(&world, waiter);
  assert_int_equal(world.sent, 1);
  assert_int_equal(world.last_kind, IAUTH_REQUEST_AUTH);
  world_grant(&world, "t1", 1200);
  for (uint32_t waiter = 0; waiter < 100; waiter++)
    assert_token(&world, waiter, "t1");
  assert_int_equal(world.tokens, 1);
  assert_memory_equal(world.apis, "chatbot\0https://chatbot.example.com/v1", 39);
  assert_string_equal(iauth_current(world.client, 30000)->access_token, "t1");
  world_get(&world, 100);
  assert_token(&world, 100, "t1");
  assert_int_equal(world.sent, 1);
  world_clean_up(&world);
}

static void refusal_is_shared_and_cached(void **state) {
  (void)state;
  world world;
  start(&world);
  for (uint32_t waiter = 0; waiter < 100; waiter++)
    world_get(&world, waiter);
  world_respond(&world, 403, JSON_TYPE, "{\"error\":{\"reason\":\"origin_not_allowed\"}}");
  for (uint32_t waiter = 0; waiter < 100; waiter++)
    assert_failed(&world, waiter, ORIGIN_NOT_ALLOWED);
  assert_int_equal(world.answers[0].failure.status, 403);
  assert_false(world.answers[0].failure.retryable);
  assert_int_equal(world.answers[0].failure.retry_after_ms, 5000);
  assert_int_equal(world.errors, 1);
  world_pass(&world, 4999);
  world_get(&world, 100);
  assert_failed(&world, 100, ORIGIN_NOT_ALLOWED);
  assert_int_equal(world.answers[100].failure.retry_after_ms, 1);
  assert_int_equal(world.sent, 1);
  world_live(&world, 3600000); /* nothing is tried in the background … */
  assert_int_equal(world.sent, 1);
  world_get(&world, 101); /* … and nobody is locked out */
  world_grant(&world, "t1", 1200);
  assert_token(&world, 101, "t1");
  world_clean_up(&world);
}

static void transient_failure_is_retried_for_those_who_wait(void **state) {
  (void)state;
  world world;
  start(&world);
  world.random = UINT32_MAX;
  world_get(&world, 0);
  world_get(&world, 1);
  world_respond(&world, 503, "", "");
  assert_waiting(&world, 0);
  assert_int_equal(world.failure.error, IAUTH_ERR_SERVER_ERROR);
  assert_int_equal(world.armed_ms, 1000);
  world_pass(&world, 1000);
  assert_int_equal(world.sent, 2);
  world_grant(&world, "t1", 1200);
  assert_token(&world, 0, "t1");
  assert_token(&world, 1, "t1");
  world_clean_up(&world);
}

static void failing_server_ends_in_its_error(void **state) {
  (void)state;
  world world;
  start(&world);
  world.random = UINT32_MAX / 2;
  world_get(&world, 0);
  int64_t start_ms = world.now.mono_ms;
  while (world.answers[0].count == 0) {
    if (world.request != NULL)
      world_respond(&world, 503, "", "");
    else
      world_pass(&world, world.armed_ms);
    assert_true(world.now.mono_ms - start_ms <= 10000);
  }
  assert_failed(&world, 0, SERVER_ERROR);
  assert_int_equal(world.answers[0].failure.status, 503);
  assert_true(world.answers[0].failure.retryable);
  assert_int_equal(world.answers[0].failure.attempts, world.sent);
  assert_in_range(world.sent, 3, 9);
  world_clean_up(&world);
}

static void garbled_answer_is_told_at_once(void **state) {
  (void)state;
  world world;
  start(&world);
  world.random = UINT32_MAX;
  world_get(&world, 0);
  world_respond(&world, 200, "Content-Type: text/html\r\n", "<h1>Log in to the hotel's network</h1>");
  assert_failed(&world, 0, BAD_CONTENT_TYPE);
  assert_false(world.answers[0].failure.retryable);
  world_get(&world, 1);
  assert_failed(&world, 1, BAD_CONTENT_TYPE);
  world_live(&world, 5000); /* the background goes on */
  assert_int_equal(world.sent, 2);
  world_clean_up(&world);
}

/* --- Retry-After
 * ------------------------------------------------------------------------------------ */

static void retry_after_is_honoured(void **state) {
  (void)state;
  world world;
  start(&world);
  world_get(&world, 0);
  world_respond(&world, 429, "Retry-After: 8\r\n", "");
  assert_waiting(&world, 0);
  iauth_wake(world.client); /* waking up does not overrule the server */
  world_pass(&world, 7999);
  assert_int_equal(world.sent, 1);
  world_pass(&world, 1);
  assert_int_equal(world.sent, 2);
  world_respond(&world, 429, "Retry-After: 8\r\n", "");
  assert_failed(&world, 0, RATE_LIMITED); /* its 10 s end before the next try */
  assert_int_equal(world.answers[0].failure.retry_after_ms, 8000);
  assert_int_equal(world.answers[0].failure.attempts, 2);
  world_clean_up(&world);
}

static void long_retry_after_holds_a_caller_for_a_minute(void **state) {
  (void)state;
  world world;
  start(&world);
  world_get(&world, 0);
  world_respond(&world, 429, "Retry-After: 86400\r\n", "");
  assert_failed(&world, 0, RATE_LIMITED);
  assert_int_equal(world.answers[0].failure.retry_after_ms, 60000);
  world_live(&world, 3599000);
  assert_int_equal(world.sent, 1);
  world_get(&world, 1);
  assert_int_equal(world.sent, 2);
  world_clean_up(&world);
}

/* --- deadlines
 * ---------------------------------------------------------------------------------------- */

static void an_attempt_has_a_deadline(void **state) {
  (void)state;
  world world;
  start(&world);
  world_get_with(&world, 0, (iauth_get_options){.timeout_ms = 60000});
  world_pass(&world, 9999);
  assert_int_equal(world.cancelled, 0);
  world_pass(&world, 1);
  assert_int_equal(world.cancelled, 1);
  assert_int_equal(world.failure.error, IAUTH_ERR_TIMEOUT);
  assert_waiting(&world, 0);
  world_live(&world, 1000);
  assert_int_equal(world.sent, 2);
  world_grant(&world, "t1", 1200);
  assert_token(&world, 0, "t1");
  world_clean_up(&world);
}

static void a_caller_has_a_deadline(void **state) {
  (void)state;
  world world;
  start(&world);
  world_get_with(&world, 0, (iauth_get_options){.timeout_ms = 100});
  world_get(&world, 1);
  assert_int_equal(world.armed_ms, 100);
  world_pass(&world, 100);
  assert_failed(&world, 0, TIMEOUT);
  assert_true(world.answers[0].failure.retryable);
  assert_waiting(&world, 1);
  world_grant(&world, "t1", 1200);
  assert_token(&world, 1, "t1");
  world_clean_up(&world);
}

static void a_deadline_after_a_failure_tells_the_failure(void **state) {
  (void)state;
  world world;
  start(&world);
  world_get(&world, 0);
  world_fail(&world, IAUTH_ERR_NETWORK);
  world_live(&world, 1000);
  assert_non_null(world.request);
  world_get_with(&world, 1, (iauth_get_options){.timeout_ms = 100});
  world_pass(&world, 100);
  assert_failed(&world, 1, TIMEOUT); /* the failure was before its time */
  world_pass(&world, 8900);
  assert_failed(&world, 0, NETWORK);
  assert_int_equal(world.answers[0].failure.retry_after_ms, 0);
  world_clean_up(&world);
}

static void a_caller_who_aborts_leaves(void **state) {
  (void)state;
  world world;
  start(&world);
  world_get(&world, 0);
  world_get(&world, 1);
  iauth_cancel(world.client, 0);
  iauth_cancel(world.client, 77);
  iauth_run(world.client);
  assert_failed(&world, 0, ABORTED);
  assert_non_null(world.request);
  world_grant(&world, "t1", 1200);
  assert_token(&world, 1, "t1");
  world_get(&world, 2);
  assert_token(&world, 2, "t1");
  world_clean_up(&world);
}

/* --- refresh
 * ------------------------------------------------------------------------------------------- */

static void refreshed_before_expiry(void **state) {
  (void)state;
  world world;
  start_with_token(&world);
  world_live(&world, 1019999);
  assert_int_equal(world.sent, 1);
  world_live(&world, 1);
  assert_int_equal(world.sent, 2);
  assert_int_equal(world.last_kind, IAUTH_REQUEST_REFRESH);
  world_respond(&world, 200, JSON_TYPE, "{\"accessToken\":\"t2\",\"expires_in\":1200}");
  assert_string_equal(world.token, "t2");
  assert_memory_equal(world.apis, "chatbot\0https://chatbot.example.com/v1", 39);
  assert_int_equal(world.expirations, 0);
  world_clean_up(&world);
}

static void not_refreshed_without_auto_refresh(void **state) {
  (void)state;
  world world;
  iauth_config config = domain_key_config();
  config.auto_refresh = false;
  world_init(&world);
  world_start(&world, config);
  world_get(&world, 0);
  world_grant(&world, "t1", 1200);
  world_live(&world, 1300000);
  assert_int_equal(world.sent, 1);
  assert_int_equal(world.expirations, 1);
  world_get(&world, 1);
  assert_int_equal(world.last_kind, IAUTH_REQUEST_AUTH);
  world_clean_up(&world);
}

static void good_token_outlives_a_failed_refresh(void **state) {
  (void)state;
  world world;
  start_with_token(&world);
  world_live(&world, 1020000);
  world_respond(&world, 503, "", "");
  world_get(&world, 1);
  assert_token(&world, 1, "t1");
  /* 20 s are left, fewer than asked for; the server stays down: rather this token than an error */
  while (world.now.mono_ms < 5000 + 1180000) {
    if (world.request != NULL)
      world_respond(&world, 503, "", "");
    else
      world_pass(&world, 1000);
  }
  world_get(&world, 2);
  while (world.answers[2].count == 0) {
    if (world.request != NULL)
      world_respond(&world, 503, "", "");
    else
      world_pass(&world, 1000);
  }
  assert_token(&world, 2, "t1");
  world_clean_up(&world);
}

static void refused_refresh_goes_to_auth(void **state) {
  (void)state;
  world world;
  start_with_token(&world);
  world_live(&world, 1020000);
  world_respond(&world, 403, JSON_TYPE, "{\"Message\":\"explicit deny\"}");
  assert_int_equal(world.expirations, 0);
  assert_int_equal(world.errors, 0);
  world_live(&world, 1000);
  assert_int_equal(world.last_kind, IAUTH_REQUEST_AUTH);
  world_grant(&world, "t2", 1200);
  assert_string_equal(world.token, "t2");
  world_clean_up(&world);
}

static void revoked_key_clears_the_token(void **state) {
  (void)state;
  world world;
  start_with_token(&world);
  world_live(&world, 1020000);
  world_respond(&world, 403, JSON_TYPE, "{\"error\":{\"reason\":\"key_revoked\"}}");
  assert_int_equal(world.failure.error, IAUTH_ERR_KEY_REVOKED);
  assert_int_equal(world.expirations, 1);
  assert_null(iauth_current(world.client, 0));
  world_live(&world, 3600000);
  assert_int_equal(world.sent, 2);
  world_clean_up(&world);
}

static void asleep_beyond_expiry_starts_again(void **state) {
  (void)state;
  world world;
  start_with_token(&world);
  world_move(&world, 0, 7200000); /* the monotonic clock stood still */
  assert_null(iauth_current(world.client, 0));
  iauth_wake(world.client);
  iauth_run(world.client);
  assert_int_equal(world.expirations, 1);
  world_live(&world, 1000);
  assert_int_equal(world.last_kind, IAUTH_REQUEST_AUTH);
  world_clean_up(&world);
}

static void forced_refresh_is_shared_and_spaced(void **state) {
  (void)state;
  world world;
  start_with_token(&world);
  const iauth_get_options forced = {.force_refresh = true};
  world_get_with(&world, 1, forced);
  world_get_with(&world, 2, forced);
  assert_null(world.request); /* less than the minimum interval has passed */
  world_pass(&world, 1000);
  assert_int_equal(world.last_kind, IAUTH_REQUEST_REFRESH);
  world_get_with(&world, 3, forced);
  world_grant(&world, "t2", 1200);
  assert_token(&world, 1, "t2");
  assert_token(&world, 2, "t2");
  assert_token(&world, 3, "t2");
  world_pass(&world, 1000);
  world_get_with(&world, 4, forced);
  world_respond(&world, 400, "", "");
  world_pass(&world, 1000);
  world_respond(&world, 400, "", "");
  assert_failed(&world, 4, CREDENTIALS_REJECTED);
  world_clean_up(&world);
}

static void minimum_validity(void **state) {
  (void)state;
  world world;
  start_with_token(&world);
  world_pass(&world, 1000);
  world_get_with(&world, 1, (iauth_get_options){.min_validity_ms = 250000});
  assert_token(&world, 1, "t1");
  world_pass(&world, 955000); /* 244 s left */
  world_get_with(&world, 2, (iauth_get_options){.min_validity_ms = 250000});
  world_get_with(&world, 3, (iauth_get_options){.min_validity_ms = 240000});
  world_get_with(&world, 4, (iauth_get_options){.min_validity_ms = -1});
  assert_token(&world, 3, "t1");
  assert_token(&world, 4, "t1");
  assert_waiting(&world, 2);
  assert_null(iauth_current(world.client, 250000));
  assert_non_null(iauth_current(world.client, 240000));
  world_grant(&world, "t2", 1200);
  assert_token(&world, 2, "t2");
  world_clean_up(&world);
}

static void short_lifetimes_do_not_loop(void **state) {
  (void)state;
  world world;
  start(&world);
  world_get(&world, 0);
  world_grant(&world, "t", 1);
  for (int second = 0; second < 60; second++) {
    world_live(&world, 1000);
    if (world.request != NULL)
      world_grant(&world, "t", 1);
  }
  assert_in_range(world.sent, 30, 61);
  world_clean_up(&world);
}

static void long_lifetimes_nap(void **state) {
  (void)state;
  world world;
  start(&world);
  world_get(&world, 0);
  world_grant(&world, "t", 315360000);
  assert_int_equal(world.armed_ms, 60000);
  world_live(&world, INT64_C(86400000));
  assert_int_equal(world.sent, 1);
  world_clean_up(&world);
}

static void expired_on_arrival(void **state) {
  (void)state;
  world world;
  start(&world);
  world_get(&world, 0);
  world_pass(&world, 2000);
  world_grant(&world, "late", 2);
  assert_waiting(&world, 0);
  assert_int_equal(world.failure.error, IAUTH_ERR_TIMEOUT);
  world_live(&world, 1000);
  world_move(&world, 0, 5000);
  world_grant(&world, "late", 2);
  assert_waiting(&world, 0);
  world_clean_up(&world);
}

/* --- clocks
 * -------------------------------------------------------------------------------------------- */

static void clock_that_jumps_back_locks_nobody_out(void **state) {
  (void)state;
  world world;
  start(&world);
  world_get(&world, 0);
  world_fail(&world, IAUTH_ERR_NETWORK);
  world_move(&world, -3600000, 0);
  world_pass(&world, 0);
  world_live(&world, 1000);
  assert_int_equal(world.sent, 2);
  world_grant(&world, "t1", 1200);
  assert_token(&world, 0, "t1");
  world_clean_up(&world);
}

static void pessimistic_clock_wins(void **state) {
  (void)state;
  world world;
  start_with_token(&world);
  world_move(&world, 1200000, -3600000);
  assert_null(iauth_current(world.client, 0));
  world_clean_up(&world);
}

/* --- tokens from elsewhere
 * ------------------------------------------------------------------------------- */

static iauth_token offer(const world *world, const char *token, int64_t left_ms) {
  return (iauth_token){.access_token = token,
                       .expires_wall_ms = world->now.wall_ms + left_ms,
                       .lifetime_ms = 1200000,
                       .apis = "a\0https://a.example",
                       .apis_len = 20};
}

static void adopted_token_answers_waiters(void **state) {
  (void)state;
  world world;
  start(&world);
  world_get(&world, 0);
  iauth_token token = offer(&world, "from a tab", 600000);
  assert_int_equal(iauth_adopt(world.client, &token), IAUTH_ERR_BAD_TOKEN);
  token = offer(&world, "from-a-tab", 0);
  assert_int_equal(iauth_adopt(world.client, &token), IAUTH_ERR_BAD_EXPIRES_IN);
  token = offer(&world, "from-a-tab", 600000);
  assert_int_equal(iauth_adopt(world.client, &token), IAUTH_OK);
  iauth_run(world.client);
  assert_token(&world, 0, "from-a-tab");
  token = offer(&world, "shorter", 500000);
  token.apis = NULL;
  assert_int_equal(iauth_adopt(world.client, &token), IAUTH_OK);
  assert_string_equal(iauth_current(world.client, 0)->access_token, "from-a-tab");
  world_grant(&world, "t1", 1200); /* what was asked for is newer still */
  assert_string_equal(world.token, "t1");
  world_clean_up(&world);
}

static void token_from_a_server(void **state) {
  (void)state;
  world world;
  world_init(&world);
  world_start(&world, (iauth_config){.flow = IAUTH_FLOW_TOKEN,
                                     .endpoint = ENDPOINT,
                                     .api_key = "k",
                                     .auto_refresh = true,
                                     .can_reauthorize = true});
  iauth_token token = offer(&world, "s1", 1200000);
  assert_int_equal(iauth_adopt(world.client, &token), IAUTH_OK);
  world_get(&world, 0);
  assert_token(&world, 0, "s1");
  world_pass(&world, 2000000); /* asleep */
  assert_int_equal(world.last_kind, IAUTH_REQUEST_REAUTHORIZE);
  world_get(&world, 1);
  token = offer(&world, "s2", 1200000);
  uint32_t id = world.request->id;
  world.request = NULL;
  assert_int_equal(iauth_adopt_reply(world.client, id, &token), IAUTH_OK);
  iauth_run(world.client);
  assert_token(&world, 1, "s2");
  world_live(&world, 1020000);
  assert_int_equal(world.last_kind, IAUTH_REQUEST_REFRESH);
  world_fail(&world, IAUTH_ERR_CREDENTIALS_REJECTED);
  world_live(&world, 1000);
  assert_int_equal(world.last_kind, IAUTH_REQUEST_REAUTHORIZE);
  token = offer(&world, "bad token", 1200000);
  id = world.request->id;
  world.request = NULL;
  world_get_with(&world, 2, (iauth_get_options){.force_refresh = true});
  assert_int_equal(iauth_adopt_reply(world.client, id, &token), IAUTH_ERR_BAD_TOKEN);
  iauth_run(world.client);
  assert_failed(&world, 2, BAD_TOKEN);
  world_clean_up(&world);
}

static void the_page_s_answer_replaces_a_longer_life(void **state) {
  (void)state;
  world world;
  world_init(&world);
  world_start(&world,
              (iauth_config){.flow = IAUTH_FLOW_TOKEN, .endpoint = ENDPOINT, .api_key = "k", .can_reauthorize = true});
  iauth_token token = offer(&world, "long", 1200000);
  assert_int_equal(iauth_adopt(world.client, &token), IAUTH_OK);
  world_get_with(&world, 0, (iauth_get_options){.force_refresh = true});
  world_respond(&world, 403, JSON_TYPE, "{\"Message\":\"explicit deny\"}");
  world_pass(&world, 1000);
  assert_int_equal(world.last_kind, IAUTH_REQUEST_REAUTHORIZE);
  token = offer(&world, "short", 60000);
  uint32_t id = world.request->id;
  world.request = NULL;
  assert_int_equal(iauth_adopt_reply(world.client, id, &token), IAUTH_OK);
  iauth_run(world.client);
  assert_token(&world, 0, "short");
  world_clean_up(&world);
}

static void a_page_that_cannot_reauthorize(void **state) {
  (void)state;
  world world;
  world_init(&world);
  world_start(&world, (iauth_config){.flow = IAUTH_FLOW_TOKEN,
                                     .endpoint = ENDPOINT,
                                     .api_key = "k",
                                     .auto_refresh = true,
                                     .can_reauthorize = true});
  world_get(&world, 0);
  assert_int_equal(world.last_kind, IAUTH_REQUEST_REAUTHORIZE);
  world_fail(&world, IAUTH_ERR_INVALID_CONFIG);
  assert_failed(&world, 0, INVALID_CONFIG);
  world_live(&world, 100000);
  assert_int_equal(world.sent, 1);
  world_clean_up(&world);
}

static void token_from_a_server_without_a_way_back(void **state) {
  (void)state;
  world world;
  world_init(&world);
  world_start(&world, (iauth_config){.flow = IAUTH_FLOW_TOKEN, .endpoint = ENDPOINT, .api_key = "k"});
  world_get(&world, 0);
  world_live(&world, 10);
  assert_failed(&world, 0, TOKEN_EXPIRED);
  assert_int_equal(world.sent, 0);
  world_clean_up(&world);
}

static void invalidated_if_still_current(void **state) {
  (void)state;
  world world;
  start_with_token(&world);
  iauth_invalidate(world.client, "t0");
  iauth_invalidate(world.client, "t");
  assert_non_null(iauth_current(world.client, 0));
  iauth_invalidate(world.client, "t1");
  iauth_invalidate(world.client, "t1");
  assert_null(iauth_current(world.client, 0));
  iauth_run(world.client);
  assert_int_equal(world.expirations, 1);
  world_live(&world, 1000);
  assert_int_equal(world.last_kind, IAUTH_REQUEST_AUTH);
  world_clean_up(&world);
}

/* --- apis
 * -------------------------------------------------------------------------------------------------
 */

static void apis_are_fetched_where_auth_leaves_them_out(void **state) {
  (void)state;
  world world;
  start(&world);
  world_get(&world, 0);
  world_respond(&world, 200, JSON_TYPE, "{\"accessToken\":\"t1\",\"expires_in\":1200}");
  assert_int_equal(world.last_kind, IAUTH_REQUEST_APIS);
  assert_waiting(&world, 0);
  world_respond(&world, 200, JSON_TYPE, "{\"apis\":{\"a\":\"https://a.example\"}}");
  assert_token(&world, 0, "t1");
  assert_memory_equal(world.apis, "a\0https://a.example", 20);
  world_clean_up(&world);
}

static void a_token_without_apis_is_a_token(void **state) {
  (void)state;
  world world;
  start(&world);
  world_get(&world, 0);
  world_get_with(&world, 1, (iauth_get_options){.timeout_ms = 100});
  world_respond(&world, 200, JSON_TYPE, "{\"accessToken\":\"t1\",\"expires_in\":1200}");
  world_pass(&world, 100);
  assert_token(&world, 1, "t1");
  world_respond(&world, 500, "", "");
  assert_token(&world, 0, "t1");
  assert_int_equal(world.errors, 0);
  world_clean_up(&world);
}

static void apis_for_a_token_that_is_gone(void **state) {
  (void)state;
  world world;
  start(&world);
  world_get(&world, 0);
  world_respond(&world, 200, JSON_TYPE, "{\"accessToken\":\"t1\",\"expires_in\":1200}");
  iauth_invalidate(world.client, "t1");
  world_respond(&world, 200, JSON_TYPE, "{\"apis\":{\"a\":\"https://a.example\"}}");
  assert_waiting(&world, 0);
  world_live(&world, 1000);
  world_grant(&world, "t2", 1200);
  assert_token(&world, 0, "t2");
  world_clean_up(&world);
}

/* --- late, odd and failing things
 * --------------------------------------------------------------------------- */

static void late_replies_are_dropped(void **state) {
  (void)state;
  world world;
  start(&world);
  const iauth_response response = fake_response(200, JSON_TYPE, "{}");
  iauth_respond(world.client, 1, &response);
  iauth_fail(world.client, 1, IAUTH_ERR_NETWORK);
  world_get(&world, 0);
  uint32_t id = world.request->id;
  world_pass(&world, 10000); /* given up */
  iauth_respond(world.client, id, &response);
  iauth_fail(world.client, id, IAUTH_ERR_NETWORK);
  world_get(&world, 1);
  world_live(&world, 1000);
  iauth_respond(world.client, id, &response);
  iauth_fail(world.client, id, IAUTH_ERR_NETWORK);
  world_grant(&world, "t1", 1200);
  assert_token(&world, 1, "t1");
  world_clean_up(&world);
}

static void waking_up_ends_our_own_wait(void **state) {
  (void)state;
  world world;
  start_with_token(&world);
  world.random = UINT32_MAX;
  iauth_wake(world.client);
  world_live(&world, 1020000);
  for (int i = 0; i < 6; i++) {
    world_fail(&world, IAUTH_ERR_NETWORK);
    world_live(&world, 1000);
    iauth_wake(world.client);
    iauth_run(world.client);
    assert_non_null(world.request);
  }
  world_respond(&world, 403, "", "");
  world_live(&world, 1000);
  world_respond(&world, 403, "", "");
  iauth_wake(world.client); /* a refusal is not the network's fault */
  world_live(&world, 100000);
  assert_null(world.request);
  world_clean_up(&world);
}

static void failure_to_send(void **state) {
  (void)state;
  world world;
  start(&world);
  world.send_error = IAUTH_ERR_NO_MEMORY;
  world_get(&world, 0);
  assert_int_equal(world.armed_ms, 0);
  iauth_run(world.client);
  assert_waiting(&world, 0);
  world.send_error = IAUTH_OK;
  world_live(&world, 1000);
  world_grant(&world, "t1", 1200);
  assert_token(&world, 0, "t1");
  world_clean_up(&world);
}

static void quota_is_told(void **state) {
  (void)state;
  world world;
  start(&world);
  world_get(&world, 0);
  world_respond(&world, 429, "x-quota-usage: 80\r\nRetry-After: 1\r\n", "");
  assert_int_equal(world.quotas, 1);
  assert_int_equal(world.quota.quota_usage_percent, 80);
  world_clean_up(&world);
}

static void ask_again(void *user, uint32_t waiter) {
  world *world = user;
  if (waiter < 5)
    world_get(world, waiter + 1);
  if (waiter == 5)
    iauth_invalidate(world->client, "t1");
}

static void callbacks_may_ask_again(void **state) {
  (void)state;
  world world;
  start(&world);
  world.on_answer = ask_again;
  world_get(&world, 0);
  world_grant(&world, "t1", 1200);
  assert_waiting(&world, 1);
  while (world.answers[5].count == 0)
    world_pass(&world, world.armed_ms);
  for (uint32_t waiter = 0; waiter < 6; waiter++)
    assert_token(&world, waiter, "t1");
  world_clean_up(&world);
}

static void adopt_inside(void *user, uint32_t waiter) {
  world *world = user;
  (void)waiter;
  iauth_token token = offer(world, "from-a-callback", 9000000);
  assert_int_equal(iauth_adopt(world->client, &token), IAUTH_OK);
}

static void what_callbacks_bring_is_told_soon(void **state) {
  (void)state;
  world world;
  start(&world);
  world.on_answer = adopt_inside;
  world_get(&world, 0);
  world_grant(&world, "t1", 1200);
  assert_token(&world, 0, "t1");
  assert_int_equal(world.armed_ms, 0);
  world_pass(&world, 0);
  assert_string_equal(world.token, "from-a-callback");
  world_clean_up(&world);
}

static void respond_inside(void *user, uint32_t waiter) {
  world *world = user;
  const iauth_response response = fake_response(503, "x-quota-usage: 5\r\n", "");
  (void)waiter;
  uint32_t id = world->request->id;
  world->request = NULL;
  iauth_respond(world->client, id, &response);
}

static void a_reply_inside_a_callback(void **state) {
  (void)state;
  world world;
  start(&world);
  world_get_with(&world, 0, (iauth_get_options){.timeout_ms = 100});
  world_respond(&world, 200, JSON_TYPE, "{\"accessToken\":\"t1\",\"expires_in\":1200}");
  assert_int_equal(world.last_kind, IAUTH_REQUEST_APIS);
  world.on_answer = respond_inside;
  world_pass(&world, 100);
  assert_token(&world, 0, "t1");
  assert_int_equal(world.armed_ms, 0);
  world_pass(&world, 0);
  assert_int_equal(world.quotas, 1);
  world_clean_up(&world);
}

static void disposed(void **state) {
  (void)state;
  world world;
  start(&world);
  world_get(&world, 0);
  world_get(&world, 1);
  iauth_free(NULL);
  world_clean_up(&world);
  assert_int_equal(world.cancelled, 1);
  assert_failed(&world, 0, DISPOSED);
  assert_failed(&world, 1, DISPOSED);
}

static void bad_configuration(void **state) {
  (void)state;
  world world;
  iauth_client *client;
  world_init(&world);
  iauth_config config = domain_key_config();
  config.api_key = "";
  assert_int_equal(iauth_new(&config, &world.host, &client), IAUTH_ERR_INVALID_CONFIG);
  config.api_key = NULL;
  assert_int_equal(iauth_new(&config, &world.host, &client), IAUTH_ERR_INVALID_CONFIG);
  config = domain_key_config();
  config.credential = "two words";
  assert_int_equal(iauth_new(&config, &world.host, &client), IAUTH_ERR_INVALID_CONFIG);
  config.credential = NULL;
  assert_int_equal(iauth_new(&config, &world.host, &client), IAUTH_ERR_INVALID_CONFIG);
  config = domain_key_config();
  config.endpoint = NULL;
  assert_int_equal(iauth_new(&config, &world.host, &client), IAUTH_ERR_INVALID_CONFIG);
  config.endpoint = "http://api.example.com";
  assert_int_equal(iauth_new(&config, &world.host, &client), IAUTH_ERR_INSECURE_ENDPOINT);
  assert_null(client);
  config.allow_insecure = true;
  config.timeout_ms = 5;
  config.endpoint = "http://api.example.com/v1//";
  world_start(&world, config);
  world_get(&world, 0);
  assert_string_equal(world.request->url, "http://api.example.com/v1/auth");
  world_clean_up(&world);
  config = domain_key_config();
  world.allocations = 0;
  world.fail_at = 1;
  assert_int_equal(iauth_new(&config, &world.host, &client), IAUTH_ERR_NO_MEMORY);
  assert_int_equal(world.live, 0);
}

static void inbenta_s_endpoint(void **state) {
  (void)state;
  world world;
  world_init(&world);
  world_start(&world,
              (iauth_config){.flow = IAUTH_FLOW_SECRET, .endpoint = IAUTH_ENDPOINT, .api_key = "k", .credential = "s"});
  world_get(&world, 0);
  assert_string_equal(world.request->url, "https://api.inbenta.io/v1/auth");
  assert_string_equal(world.request->body, "{\"secret\":\"s\"}");
  world_clean_up(&world);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_until_asked),
      cmocka_unit_test(success_is_shared),
      cmocka_unit_test(refusal_is_shared_and_cached),
      cmocka_unit_test(transient_failure_is_retried_for_those_who_wait),
      cmocka_unit_test(failing_server_ends_in_its_error),
      cmocka_unit_test(garbled_answer_is_told_at_once),
      cmocka_unit_test(retry_after_is_honoured),
      cmocka_unit_test(long_retry_after_holds_a_caller_for_a_minute),
      cmocka_unit_test(an_attempt_has_a_deadline),
      cmocka_unit_test(a_caller_has_a_deadline),
      cmocka_unit_test(a_deadline_after_a_failure_tells_the_failure),
      cmocka_unit_test(a_caller_who_aborts_leaves),
      cmocka_unit_test(refreshed_before_expiry),
      cmocka_unit_test(not_refreshed_without_auto_refresh),
      cmocka_unit_test(good_token_outlives_a_failed_refresh),
      cmocka_unit_test(refused_refresh_goes_to_auth),
      cmocka_unit_test(revoked_key_clears_the_token),
      cmocka_unit_test(asleep_beyond_expiry_starts_again),
      cmocka_unit_test(forced_refresh_is_shared_and_spaced),
      cmocka_unit_test(minimum_validity),
      cmocka_unit_test(short_lifetimes_do_not_loop),
      cmocka_unit_test(long_lifetimes_nap),
      cmocka_unit_test(expired_on_arrival),
      cmocka_unit_test(clock_that_jumps_back_locks_nobody_out),
      cmocka_unit_test(pessimistic_clock_wins),
      cmocka_unit_test(adopted_token_answers_waiters),
      cmocka_unit_test(token_from_a_server),
      cmocka_unit_test(the_page_s_answer_replaces_a_longer_life),
      cmocka_unit_test(a_page_that_cannot_reauthorize),
      cmocka_unit_test(token_from_a_server_without_a_way_back),
      cmocka_unit_test(invalidated_if_still_current),
      cmocka_unit_test(apis_are_fetched_where_auth_leaves_them_out),
      cmocka_unit_test(a_token_without_apis_is_a_token),
      cmocka_unit_test(apis_for_a_token_that_is_gone),
      cmocka_unit_test(late_replies_are_dropped),
      cmocka_unit_test(waking_up_ends_our_own_wait),
      cmocka_unit_test(failure_to_send),
      cmocka_unit_test(quota_is_told),
      cmocka_unit_test(callbacks_may_ask_again),
      cmocka_unit_test(what_callbacks_bring_is_told_soon),
      cmocka_unit_test(a_reply_inside_a_callback),
      cmocka_unit_test(disposed),
      cmocka_unit_test(bad_configuration),
      cmocka_unit_test(inbenta_s_endpoint),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
