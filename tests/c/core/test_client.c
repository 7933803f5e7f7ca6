/* The state machine, path by path, on a clock that is moved by hand. */
#include "fake_host.h"

#include <stdio.h>
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

static void no_request_before_the_first_caller(void **state) {
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
  assert_memory_equal(world.apis, "chatbot\0https://api.example.com/prod/chatbot", 45);
  assert_string_equal(iauth_current(world.client, 30000)->access_token, "t1");
  world_get(&world, 100);
  assert_token(&world, 100, "t1");
  assert_int_equal(world.sent, 1);
  world_clean_up(&world);
}

static bool is_open;

static bool fake_may_start(void *user) {
  (void)user;
  return is_open;
}

/* As another tab of a page is at it. */
static void a_request_waits_until_the_host_lets_it_start(void **state) {
  (void)state;
  world world;
  start(&world);
  world.host.may_start = fake_may_start;
  is_open = false;
  world_get(&world, 0);
  world_get_with(&world, 1, (iauth_get_options){.timeout_ms = 3000});
  assert_int_equal(world.armed_ms, 3000); /* nothing but the deadline */
  world_pass(&world, 3000);
  assert_failed(&world, 1, TIMEOUT);
  assert_waiting(&world, 0);
  assert_int_equal(world.sent, 0);
  iauth_sibling_failed(world.client, &(iauth_failure){.error = IAUTH_ERR_NETWORK, .attempts = 1});
  iauth_run(world.client);
  assert_waiting(&world, 0); /* what the other tab tells counts meanwhile */
  assert_int_equal(world.failure.error, IAUTH_ERR_NETWORK);
  assert_true(world.armed_ms > 0);
  world_pass(&world, world.armed_ms);
  is_open = true;
  world_pass(&world, 0);
  assert_int_equal(world.sent, 1);
  world_grant(&world, "t1", 1200);
  assert_token(&world, 0, "t1");
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

static void a_garbled_answer_is_reported_immediately(void **state) {
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
  world_live(&world, 10000); /* the background goes on */
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

static void long_retry_after_holds_everybody_but_the_forced(void **state) {
  (void)state;
  world world;
  start(&world);
  world_get(&world, 0);
  world_respond(&world, 429, "Retry-After: 86400\r\n", "");
  assert_failed(&world, 0, RATE_LIMITED);
  assert_int_equal(world.answers[0].failure.retry_after_ms, 3600000); /* an hour at most */
  assert_int_equal(world.failure.retry_after_ms, 3600000);            /* and events tell it like callers */
  world_get_with(&world, 1, (iauth_get_options){.force_refresh = true});
  assert_failed(&world, 1, RATE_LIMITED);
  assert_int_equal(world.answers[1].failure.retry_after_ms, 60000);
  world_live(&world, 3599000);
  assert_int_equal(world.sent, 1);
  world_get_with(&world, 2, (iauth_get_options){.timeout_ms = 500});
  assert_failed(&world, 2, RATE_LIMITED);
  assert_int_equal(world.answers[2].failure.retry_after_ms, 1000);
  world_get(&world, 3);
  world_live(&world, 1000);
  assert_int_equal(world.sent, 2);
  world_respond(&world, 429, "Retry-After: 86400\r\n", "");
  world_live(&world, 60000);
  world_get_with(&world, 4, (iauth_get_options){.force_refresh = true});
  assert_int_equal(world.sent, 3);
  world_clean_up(&world);
}

static void an_exhausted_limit_is_waited_for(void **state) {
  (void)state;
  world world;
  start(&world);
  world_get(&world, 0);
  char headers[200];
  snprintf(headers, sizeof headers,
           "x-quota-usage: 100\r\nx-quota-reset: %lld\r\nx-throttle-usage: 3\r\nx-throttle-reset: %lld\r\n",
           (long long)(world.now.wall_ms / 1000 + 1800), (long long)(world.now.wall_ms / 1000 - 20));
  world_respond(&world, 429, headers, "{\"message\":\"Limit Exceeded\"}");
  assert_failed(&world, 0, RATE_LIMITED);
  assert_int_equal(world.answers[0].failure.retry_after_ms, 1800000);
  assert_string_equal(world.answers[0].message, "Limit Exceeded");
  world_get(&world, 1);
  world_live(&world, 1799000);
  assert_failed(&world, 1, RATE_LIMITED);
  assert_int_equal(world.sent, 1);
  world_clean_up(&world);
}

/* A token is granted and refused by a product, the next request fails, the one after it brings another token, and so on.
 * Returns how long the client waited after the failure. */
static int64_t fail_between_grants(world *world, iauth_error error) {
  world_pass(world, 1000);
  iauth_invalidate(world->client, world->token);
  world_get_with(world, 1, (iauth_get_options){.timeout_ms = 600000});
  world_fail(world, error);
  int64_t from_ms = world->elapsed_ms;
  assert_int_equal(world->failure.attempts, 1);
  int64_t reported_ms = world->failure.retry_after_ms;
  while (world->request == NULL)
    world_live(world, world->armed_ms);
  assert_int_equal(world->elapsed_ms - from_ms, reported_ms);
  world_grant(world, "t1", 1200);
  return world->elapsed_ms - from_ms;
}

static void grants_in_between_do_not_speed_up_retries(void **state) {
  (void)state;
  world world;
  start_with_token(&world);
  int64_t first_ms = world.elapsed_ms;
  for (int i = 0; i < 6; i++)
    assert_int_equal(fail_between_grants(&world, IAUTH_ERR_NETWORK), 1000);
  /* The seventh in twelve seconds. The first one was made after one second; jitter adds an eighth of half a second. */
  assert_int_equal(fail_between_grants(&world, IAUTH_ERR_NETWORK), 46000 - 12000 + 62);
  int failures = 7;
  for (; world.elapsed_ms - first_ms < 3600000; failures++)
    fail_between_grants(&world, IAUTH_ERR_NETWORK);
  assert_in_range(failures, 80, 85);
  /* Six hours without a failure, and not more than six are free again. */
  world_live(&world, 6 * 3600000);
  world_get(&world, 2);
  if (world.request != NULL)
    world_grant(&world, "t2", 1200);
  for (int i = 0; i < 6; i++)
    assert_int_equal(fail_between_grants(&world, IAUTH_ERR_NETWORK), 1000);
  assert_int_equal(fail_between_grants(&world, IAUTH_ERR_NETWORK), 46000 - 12000 + 62);
  world_clean_up(&world);
}

static void the_background_does_not_speed_up_either(void **state) {
  (void)state;
  world world;
  start_with_token(&world);
  for (int i = 0; i < 8; i++)
    fail_between_grants(&world, IAUTH_ERR_NETWORK);
  iauth_invalidate(world.client, "t1");
  world_pass(&world, 1000);
  world_get(&world, 2);
  world_grant(&world, "t2", 40);
  world_live(&world, 20000); /* the refresh is due */
  world_fail(&world, IAUTH_ERR_NETWORK);
  int64_t from_ms = world.elapsed_ms, reported_ms = world.failure.retry_after_ms;
  while (world.request == NULL)
    world_live(&world, world.armed_ms);
  assert_int_equal(world.elapsed_ms - from_ms, reported_ms);
  assert_in_range(reported_ms, 20000, 30000); /* 46 s after the failure before this one would have been allowed */
  world_clean_up(&world);
}

static void a_refused_refresh_alone_is_no_failure(void **state) {
  (void)state;
  world world;
  start_with_token(&world);
  for (int i = 0; i < 20; i++) {
    char name[8];
    snprintf(name, sizeof name, "t%d", i);
    world_pass(&world, 1000);
    world_get_with(&world, 1, (iauth_get_options){.force_refresh = true});
    world_respond(&world, 404, "", "");
    world_pass(&world, 1000);
    assert_int_equal(world.last_kind, IAUTH_REQUEST_AUTH);
    world_grant(&world, name, 1200);
  }
  assert_int_equal(fail_between_grants(&world, IAUTH_ERR_NETWORK), 1000);
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

static void a_deadline_after_a_failure_reports_the_failure(void **state) {
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
  assert_int_equal(world.answers[1].failure.attempts, 1);
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
  assert_int_equal(world.armed_ms, 10000);
  world_respond(&world, 200, JSON_TYPE, "{\"accessToken\":\"t2\",\"expires_in\":1200}");
  assert_string_equal(world.token, "t2");
  assert_memory_equal(world.apis, "chatbot\0https://api.example.com/prod/chatbot", 45);
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
  world_live(&world, 10000);
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
  world_respond(&world, 401, "", "");
  world_pass(&world, 1000);
  world_respond(&world, 401, "", "");
  assert_failed(&world, 4, CREDENTIALS_REJECTED);
  assert_non_null(iauth_current(world.client, 0)); /* that refusal does not cost the token that is there */
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
  world_get_with(&world, 3, (iauth_get_options){.min_validity_ms = 244000});
  world_get_with(&world, 4, (iauth_get_options){.min_validity_ms = -1});
  assert_token(&world, 3, "t1");
  assert_token(&world, 4, "t1");
  assert_waiting(&world, 2);
  assert_null(iauth_current(world.client, 244001));
  assert_non_null(iauth_current(world.client, 244000));
  assert_int_equal(world.armed_ms, 2000); /* then who waits may have the token that is there */
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
  world_live(&world, 600000); /* the background leaves such tokens alone … */
  assert_int_equal(world.sent, 1);
  for (uint32_t second = 1; second <= 60; second++) { /* … and callers get one a second */
    world_get(&world, second);
    if (world.request != NULL)
      world_grant(&world, "t", 1);
    assert_token(&world, second, "t");
    world_live(&world, 1000);
  }
  assert_int_equal(world.sent, 61);
  world_clean_up(&world);
}

static void the_background_sends_a_request_every_ten_seconds_at_most(void **state) {
  (void)state;
  world world;
  start(&world);
  world_get(&world, 0);
  for (int second = 0; second < 600; second++) {
    if (world.request != NULL)
      world_grant(&world, "t", 12);
    world_live(&world, 1000);
  }
  assert_in_range(world.sent, 55, 61);
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

static void expired_on_arrival_by_one_clock(void **state) {
  (void)state;
  static const struct {
    int64_t mono_ms, wall_ms;
    bool good;
  } cases[] = {{2000, 0, false}, {0, 2000, false}, {2000, 2000, false}, {1999, 1999, true}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    world world;
    start(&world);
    world_get(&world, 0);
    world_move(&world, cases[i].mono_ms, cases[i].wall_ms);
    world_grant(&world, "t1", 2);
    assert_int_equal(world.tokens, cases[i].good);
    assert_int_equal(world.errors, !cases[i].good);
    assert_int_equal(world.expirations, 0);
    world_clean_up(&world);
  }
}

static void a_clock_set_back_blocks_no_caller(void **state) {
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

static void a_clock_that_jumps_back_gives_no_time_back(void **state) {
  (void)state;
  world world;
  start_with_token(&world);
  world_move(&world, 1100000, 0);
  iauth_run(world.client);
  world_move(&world, -1000000, 0);
  assert_null(iauth_current(world.client, 300000)); /* it has 100 s left */
  assert_non_null(iauth_current(world.client, 100000));
  world_clean_up(&world);
}

/* The host is busy, and runs the client only when the answer is there. */
static void a_wait_begins_with_the_answer(void **state) {
  (void)state;
  for (int i = 0; i < 2; i++) {
    world world;
    start(&world);
    world_get_with(&world, 0, (iauth_get_options){.timeout_ms = 60000});
    world_move(&world, 5000, 5000);
    if (i == 0)
      world_fail(&world, IAUTH_ERR_NETWORK);
    else
      world_respond(&world, 503, "", "");
    assert_null(world.request);
    assert_int_equal(world.armed_ms, 500);
    world_clean_up(&world);
  }
}

static void the_expiration_is_the_api_s_or_worked_out(void **state) {
  (void)state;
  world world;
  start_with_token(&world);
  assert_true(iauth_current(world.client, 0)->expiration == 1790001200);
  world_pass(&world, 1000);
  world_get_with(&world, 1, (iauth_get_options){.force_refresh = true});
  double expected = (double)(world.now.wall_ms / 1000 + 1200);
  world_respond(&world, 200, JSON_TYPE, "{\"accessToken\":\"t2\",\"expires_in\":1200}");
  assert_true(iauth_current(world.client, 0)->expiration == expected);
  world_pass(&world, 1000);
  world_get_with(&world, 2, (iauth_get_options){.force_refresh = true});
  expected = (double)(world.now.wall_ms / 1000 + 1200);
  world_respond(&world, 200, JSON_TYPE, /* in milliseconds */
                "{\"accessToken\":\"t3\",\"expires_in\":1200,\"expiration\":1790001200000}");
  assert_true(iauth_current(world.client, 0)->expiration == expected);
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
                       .left_ms = -1,
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
  world_live(&world, 10000);
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
  int sent = world.sent;
  world_live(&world, 3600000); /* the user may have signed out: nothing is sent until somebody asks */
  assert_int_equal(world.sent, sent);
  world_get(&world, 1);
  world_live(&world, 1000);
  assert_int_equal(world.sent, sent + 1);
  assert_int_equal(world.last_kind, IAUTH_REQUEST_AUTH);
  world_clean_up(&world);
}

static void who_waits_gets_a_token_after_an_invalidation(void **state) {
  (void)state;
  world world;
  start_with_token(&world);
  world_get_with(&world, 1, (iauth_get_options){.force_refresh = true});
  iauth_invalidate(world.client, "t1");
  iauth_run(world.client);
  world_live(&world, 1000);
  world_grant(&world, "t2", 1200);
  assert_string_equal(world.token, "t2");
  int sent = world.sent;
  world_live(&world, 1200000); /* it is kept fresh again */
  assert_true(world.sent > sent);
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
  world_live(&world, 2000);
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
  int errors = world.errors;
  iauth_respond(world.client, id, &response);
  iauth_fail(world.client, id, IAUTH_ERR_NETWORK);
  iauth_run(world.client);
  assert_int_equal(world.errors, errors);
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
  for (int i = 0; i < 2; i++) {
    world_fail(&world, IAUTH_ERR_NETWORK);
    world_live(&world, 1000);
    iauth_wake(world.client);
    world_get_with(&world, (uint32_t)(1 + i), (iauth_get_options){.force_refresh = true, .timeout_ms = 500});
    assert_non_null(world.request);
  }
  /* A page that is switched to and fro all the time wakes no more than once in two minutes. */
  world_fail(&world, IAUTH_ERR_NETWORK);
  for (int i = 0; i < 3; i++) {
    world_live(&world, 1000);
    iauth_wake(world.client);
  }
  world_get_with(&world, 3, (iauth_get_options){.force_refresh = true, .timeout_ms = 500});
  assert_failed(&world, 3, NETWORK);
  assert_null(world.request);
  world_clean_up(&world);
}

/* Two wake-ups may follow each other. The third one counts from two minutes after the first, by the clock of now. */
static void a_third_wake_up_counts_after_two_minutes(void **state) {
  (void)state;
  static const int64_t sleeps_ms[] = {19999, 20000};
  for (int i = 0; i < 2; i++) {
    world world;
    start(&world);
    world.random = UINT32_MAX;
    const iauth_failure failure = {.error = IAUTH_ERR_NETWORK, .attempts = 9}; /* a wait of a minute */
    iauth_sibling_failed(world.client, &failure);
    iauth_wake(world.client);
    iauth_wake(world.client);
    world_pass(&world, 100000);
    iauth_sibling_failed(world.client, &failure);
    world_move(&world, sleeps_ms[i], sleeps_ms[i]);
    iauth_wake(world.client);
    world_get_with(&world, 0, (iauth_get_options){.timeout_ms = 500});
    assert_int_equal(world.sent, i);
    world_clean_up(&world);
  }
}

static void waking_up_ends_no_refusal(void **state) {
  (void)state;
  world world;
  start(&world);
  world_get(&world, 0);
  world_respond(&world, 403, "", "");
  world_pass(&world, 1000);
  iauth_wake(world.client);
  world_get(&world, 1);
  assert_failed(&world, 1, ENDPOINT_REFUSED);
  world_live(&world, 100000);
  assert_int_equal(world.sent, 1);
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

static void the_quota_event_is_emitted(void **state) {
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

static void callbacks_may_call_again(void **state) {
  (void)state;
  world world;
  start(&world);
  world.on_answer = ask_again;
  world_get(&world, 0);
  world_grant(&world, "t1", 1200);
  assert_token(&world, 0, "t1");
  for (uint32_t waiter = 1; waiter < 6; waiter++) {
    assert_waiting(&world, waiter);
    assert_int_equal(world.armed_ms, 0); /* a run inside a callback becomes one right after it */
    world_pass(&world, 0);
    assert_token(&world, waiter, "t1");
  }
  world_clean_up(&world);
}

static void adopt_inside(void *user, uint32_t waiter) {
  world *world = user;
  (void)waiter;
  iauth_token token = offer(world, "from-a-callback", 9000000);
  token.lifetime_ms = 9000000;
  assert_int_equal(iauth_adopt(world->client, &token), IAUTH_OK);
}

static void events_for_tokens_from_callbacks(void **state) {
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

/* --- a valid token is served until it expires
 * --------------------------------------------------------------------- */

/* A client whose token has `left_ms` of 1200 s left, and whose refresh has not been answered. */
static void start_with_left(world *world, int64_t left_ms) {
  start_with_token(world);
  world_live(world, 1020000);
  assert_non_null(world->request);
  assert_int_equal(world->last_kind, IAUTH_REQUEST_REFRESH);
  world_fail(world, IAUTH_ERR_NETWORK);
  world_move(world, 180000 - left_ms, 180000 - left_ms);
}

static void a_failed_attempt_brings_the_valid_token(void **state) {
  (void)state;
  world world;
  start_with_left(&world, 5000);
  world_get(&world, 1);
  assert_waiting(&world, 1); /* a new one may still come */
  world_respond(&world, 503, "", "");
  assert_token(&world, 1, "t1");
  world_get(&world, 2); /* while the wait is on, at once */
  assert_token(&world, 2, "t1");
  world_get_with(&world, 3, (iauth_get_options){.force_refresh = true, .timeout_ms = 200});
  assert_failed(&world, 3, SERVER_ERROR);
  world_pass(&world, 5000);
  world_get_with(&world, 4, (iauth_get_options){.timeout_ms = 200});
  world_live(&world, 200);
  assert_int_equal(world.answers[4].count, 1);
  assert_string_equal(world.answers[4].token, ""); /* it has expired */
  world_clean_up(&world);
}

static void a_hanging_api_brings_the_valid_token(void **state) {
  (void)state;
  world world;
  start_with_left(&world, 20000);
  world_get(&world, 1);
  world_get_with(&world, 2, (iauth_get_options){.force_refresh = true});
  assert_non_null(world.request);
  world_live(&world, 1999);
  assert_waiting(&world, 1);
  world_live(&world, 1);
  assert_token(&world, 1, "t1");
  assert_waiting(&world, 2);
  world_get(&world, 3); /* who comes later waits no longer */
  assert_token(&world, 3, "t1");
  world_grant(&world, "t2", 1200);
  assert_token(&world, 2, "t2");
  world_clean_up(&world);
}

static void at_its_deadline_a_caller_gets_the_valid_token(void **state) {
  (void)state;
  world world;
  start_with_token(&world);
  world_live(&world, 1020000);
  assert_non_null(world.request);
  world_get_with(&world, 1, (iauth_get_options){.min_validity_ms = 300000, .timeout_ms = 200});
  world_live(&world, 199);
  assert_waiting(&world, 1);
  world_live(&world, 1);
  assert_token(&world, 1, "t1");
  world_clean_up(&world);
}

static void who_comes_while_the_api_is_silent_waits_for_the_rest_of_two_seconds(void **state) {
  (void)state;
  world world;
  start_with_token(&world);
  world_live(&world, 1020000);
  world_live(&world, 1900);
  world_get_with(&world, 1, (iauth_get_options){.min_validity_ms = 300000});
  assert_waiting(&world, 1);
  assert_int_equal(world.armed_ms, 100);
  world_live(&world, 100);
  assert_token(&world, 1, "t1");
  world_clean_up(&world);
}

static void replaced_tokens_are_freed(void **state) {
  (void)state;
  world world;
  start_with_token(&world);
  long live = world.live;
  for (int i = 0; i < 10; i++) {
    world_pass(&world, 1000);
    world_get_with(&world, 1, (iauth_get_options){.force_refresh = true});
    world_grant(&world, "t2", 1200);
    assert_int_equal(world.live, live);
  }
  world_clean_up(&world);
}

static void two_slow_answers_hold_a_caller_no_longer_than_one(void **state) {
  (void)state;
  world world;
  start_with_token(&world);
  world_live(&world, 1020000);
  world_live(&world, 500);
  world_get_with(&world, 1, (iauth_get_options){.min_validity_ms = 300000});
  world_live(&world, 1000);
  assert_waiting(&world, 1);
  world_respond(&world, 404, "", "");
  assert_int_equal(world.last_kind, IAUTH_REQUEST_AUTH); /* which is a new silence of two seconds … */
  assert_int_equal(world.armed_ms, 1000);
  world_live(&world, 999);
  assert_waiting(&world, 1);
  world_live(&world, 1); /* … but not a new wait for this caller */
  assert_token(&world, 1, "t1");
  world_clean_up(&world);
}

static void a_wait_does_not_outsleep_the_token(void **state) {
  (void)state;
  world world;
  start_with_token(&world);
  world_live(&world, 1020000);
  world_respond(&world, 429, "Retry-After: 3600\r\n", "");
  world_live(&world, 150000);
  assert_int_equal(world.armed_ms, 30000);
  world_live(&world, 29999);
  assert_int_equal(world.expirations, 0);
  world_live(&world, 1);
  assert_int_equal(world.expirations, 1);
  assert_int_equal(world.sent, 2);
  world_clean_up(&world);
}

static void a_valid_token_survives_all_refusals(void **state) {
  (void)state;
  static const char *const bodies[] = {"", "{\"Message\":\"explicit deny\"}",
                                       "{\"error\":{\"reason\":\"origin_not_allowed\"}}"};
  for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
    world world;
    start_with_token(&world);
    world_live(&world, 1020000);
    world_respond(&world, 403, JSON_TYPE, bodies[i]);
    world_live(&world, 10000);
    assert_int_equal(world.last_kind, IAUTH_REQUEST_AUTH);
    world_respond(&world, 403, JSON_TYPE, bodies[i]);
    assert_int_equal(world.errors, 1);
    assert_int_equal(world.expirations, 0);
    world_get(&world, 1);
    assert_token(&world, 1, "t1");
    world_live(&world, 180000);
    assert_int_equal(world.expirations, 1);
    assert_int_equal(world.sent, 3);
    world_clean_up(&world);
  }
}

static void a_refusal_is_about_the_token_that_was_sent(void **state) {
  (void)state;
  world world;
  start_with_token(&world);
  world_live(&world, 1020000);
  iauth_token token = offer(&world, "from-a-tab", 1200000);
  assert_int_equal(iauth_adopt(world.client, &token), IAUTH_OK);
  world_respond(&world, 401, "", "");
  world_live(&world, 1020000);
  assert_int_equal(world.last_kind, IAUTH_REQUEST_REFRESH); /* of the new one */
  world_clean_up(&world);
}

static void a_refused_refresh_without_a_credential_is_reported(void **state) {
  (void)state;
  world world;
  world_init(&world);
  world_start(&world,
              (iauth_config){.flow = IAUTH_FLOW_TOKEN, .endpoint = ENDPOINT, .api_key = "k", .auto_refresh = true});
  iauth_token token = offer(&world, "s1", 1200000);
  assert_int_equal(iauth_adopt(world.client, &token), IAUTH_OK);
  world_get(&world, 0);
  world_live(&world, 1020000);
  world_respond(&world, 403, JSON_TYPE, "{\"message\":\"Forbidden\"}");
  assert_int_equal(world.failure.error, IAUTH_ERR_ENDPOINT_REFUSED);
  world_live(&world, 10000);
  world_get_with(&world, 1, (iauth_get_options){.force_refresh = true});
  world_pass(&world, 0);
  assert_failed(&world, 1, TOKEN_EXPIRED);
  assert_int_equal(world.sent, 1);
  world_clean_up(&world);
}

static void a_page_that_gives_the_same_token(void **state) {
  (void)state;
  world world;
  world_init(&world);
  world_start(&world,
              (iauth_config){.flow = IAUTH_FLOW_TOKEN, .endpoint = ENDPOINT, .api_key = "k", .can_reauthorize = true});
  iauth_token token = offer(&world, "s1", 1200000);
  assert_int_equal(iauth_adopt(world.client, &token), IAUTH_OK);
  world_get_with(&world, 0, (iauth_get_options){.force_refresh = true});
  world_respond(&world, 401, "", "");
  world_pass(&world, 1000);
  assert_int_equal(world.last_kind, IAUTH_REQUEST_REAUTHORIZE);
  uint32_t id = world.request->id;
  world.request = NULL;
  assert_int_equal(iauth_adopt_reply(world.client, id, &token), IAUTH_ERR_TOKEN_EXPIRED);
  iauth_run(world.client);
  assert_failed(&world, 0, TOKEN_EXPIRED);
  assert_non_null(iauth_current(world.client, 0));
  world_clean_up(&world);
}

/* --- products
 * ----------------------------------------------------------------------------------------------------- */

static void ask_products(world *world, uint32_t waiter, int64_t timeout_ms) {
  assert_int_equal(iauth_get(world->client, waiter, &(iauth_get_options){.timeout_ms = timeout_ms, .needs_apis = true}),
                   IAUTH_OK);
  iauth_run(world->client);
}

static void products_are_requested_again(void **state) {
  (void)state;
  world world;
  start(&world);
  ask_products(&world, 0, 0);
  world_respond(&world, 200, JSON_TYPE, "{\"accessToken\":\"t1\",\"expires_in\":1200,\"apis\":[]}");
  assert_int_equal(world.last_kind, IAUTH_REQUEST_APIS);
  world_respond(&world, 503, "", "");
  assert_waiting(&world, 0);
  world_get(&world, 1);
  assert_token(&world, 1, "t1");
  ask_products(&world, 2, 100); /* its deadline lies before the next try */
  assert_failed(&world, 2, SERVER_ERROR);
  assert_int_equal(world.answers[2].failure.status, 503);
  assert_true(world.answers[2].failure.retry_after_ms > 0);
  world_live(&world, 1999);
  assert_int_equal(world.sent_kinds[IAUTH_REQUEST_APIS], 1);
  world_live(&world, 1); /* two requests in two seconds */
  assert_int_equal(world.last_kind, IAUTH_REQUEST_APIS);
  assert_int_equal(world.sent_kinds[IAUTH_REQUEST_APIS], 2);
  world_respond(&world, 503, "", "");
  assert_in_range(world.armed_ms, 1000, 2000); /* the caller has a deadline of ten seconds */
  world_pass(&world, world.armed_ms);
  assert_int_equal(world.sent_kinds[IAUTH_REQUEST_APIS], 3);
  world_respond(&world, 200, JSON_TYPE, "{\"apis\":{\"a\":\"https://a.example\"}}");
  assert_token(&world, 0, "t1");
  assert_memory_equal(world.apis, "a\0https://a.example", 20);
  ask_products(&world, 3, 0);
  assert_token(&world, 3, "t1");
  assert_int_equal(world.errors, 0);
  world_clean_up(&world);
}

static void products_that_cannot_be_had(void **state) {
  (void)state;
  world world;
  start(&world);
  world_get(&world, 0);
  world_respond(&world, 200, JSON_TYPE, "{\"accessToken\":\"t1\",\"expires_in\":1200,\"apis\":null}");
  world_respond(&world, 404, "", "");
  assert_token(&world, 0, "t1");
  ask_products(&world, 1, 0);
  assert_failed(&world, 1, BAD_STATUS);
  world_live(&world, 5000);
  ask_products(&world, 2, 500);
  assert_int_equal(world.last_kind, IAUTH_REQUEST_APIS);
  world_live(&world, 500);
  assert_failed(&world, 2, TIMEOUT);
  ask_products(&world, 3, 0);
  iauth_cancel(world.client, 3);
  iauth_run(world.client);
  assert_failed(&world, 3, ABORTED);
  world_clean_up(&world);
}

static void what_the_server_said_about_products_goes_with_the_client(void **state) {
  (void)state;
  world world;
  start(&world);
  world_get(&world, 0);
  world_respond(&world, 200, JSON_TYPE, "{\"accessToken\":\"t1\",\"expires_in\":1200}");
  world_respond(&world, 503, JSON_TYPE, "{\"error\":{\"message\":\"Not now.\"}}");
  ask_products(&world, 1, 1);
  assert_failed(&world, 1, SERVER_ERROR);
  assert_string_equal(world.answers[1].message, "Not now.");
  world_clean_up(&world); /* finds what is left */
}

static void products_without_a_token(void **state) {
  (void)state;
  world world;
  start(&world);
  ask_products(&world, 0, 0);
  world_respond(&world, 401, "", "");
  assert_failed(&world, 0, CREDENTIALS_REJECTED);
  world.fail_at = world.allocations + 1;
  assert_int_equal(iauth_get(world.client, 1, &(iauth_get_options){.needs_apis = true}), IAUTH_ERR_NO_MEMORY);
  world_clean_up(&world);
}

static void apis_are_requested_only_after_their_wait(void **state) {
  (void)state;
  world world;
  start(&world);
  world.random = UINT32_MAX;
  world_get(&world, 0);
  world_respond(&world, 200, JSON_TYPE, "{\"accessToken\":\"t1\",\"expires_in\":1200}");
  world_respond(&world, 429, "Retry-After: 100\r\n", "");
  world_pass(&world, 2000);
  world_get_with(&world, 1, (iauth_get_options){.force_refresh = true});
  world_respond(&world, 200, JSON_TYPE, "{\"accessToken\":\"t2\",\"expires_in\":1200}");
  assert_token(&world, 1, "t2");
  assert_int_equal(world.sent_kinds[IAUTH_REQUEST_APIS], 1);
  world_clean_up(&world);
}

static void apis_and_tokens_share_one_budget_of_failures(void **state) {
  (void)state;
  world world;
  start_with_token(&world);
  for (int i = 0; i < 6; i++)
    assert_int_equal(fail_between_grants(&world, IAUTH_ERR_NETWORK), 1000);
  iauth_invalidate(world.client, "t1");
  world_pass(&world, 1000);
  world_get(&world, 2);
  world_respond(&world, 200, JSON_TYPE, "{\"accessToken\":\"t2\",\"expires_in\":1200}");
  assert_int_equal(world.last_kind, IAUTH_REQUEST_APIS);
  world_respond(&world, 503, "", "");
  ask_products(&world, 3, 1000);
  assert_failed(&world, 3, SERVER_ERROR);
  assert_int_equal(world.answers[3].failure.retry_after_ms, 46000 - 12000 + 62);
  world_clean_up(&world);
}

static void failures_of_apis_are_counted_until_they_come(void **state) {
  (void)state;
  world world;
  start(&world);
  world_get(&world, 0);
  world_respond(&world, 200, JSON_TYPE, "{\"accessToken\":\"t1\",\"expires_in\":1200}");
  for (int attempts = 1; attempts <= 3; attempts++) {
    world_respond(&world, 503, "", "");
    ask_products(&world, (uint32_t)attempts, 1);
    assert_int_equal(world.answers[attempts].failure.attempts, attempts);
    ask_products(&world, (uint32_t)attempts + 10, 60000);
    while (world.request == NULL)
      world_live(&world, world.armed_ms);
  }
  world_respond(&world, 200, JSON_TYPE, "{\"apis\":{\"a\":\"https://a.example\"}}");
  iauth_invalidate(world.client, "t1");
  world_live(&world, 2000);
  world_get(&world, 20);
  world_respond(&world, 200, JSON_TYPE, "{\"accessToken\":\"t2\",\"expires_in\":1200}");
  assert_int_equal(world.last_kind, IAUTH_REQUEST_APIS);
  world_respond(&world, 503, "", "");
  ask_products(&world, 21, 1);
  assert_int_equal(world.answers[21].failure.attempts, 1);
  world_clean_up(&world);
}

static void apis_that_came_end_their_own_wait(void **state) {
  (void)state;
  world world;
  start(&world);
  world_get(&world, 0);
  world_respond(&world, 200, JSON_TYPE, "{\"accessToken\":\"t1\",\"expires_in\":1200}");
  world_respond(&world, 429, "Retry-After: 1000\r\n", "");
  world_pass(&world, 2000);
  world_get_with(&world, 1, (iauth_get_options){.force_refresh = true});
  world_grant(&world, "t2", 1200);
  iauth_invalidate(world.client, "t2");
  world_pass(&world, 1000);
  world_get(&world, 2);
  world_respond(&world, 200, JSON_TYPE, "{\"accessToken\":\"t3\",\"expires_in\":1200}");
  assert_int_equal(world.last_kind, IAUTH_REQUEST_APIS);
  world_clean_up(&world);
}

/* --- from other tabs
 * ---------------------------------------------------------------------------------------------- */

static void the_earliest_known_expiry_counts(void **state) {
  (void)state;
  static const struct {
    int64_t wall_ms, lifetime_ms, left_ms, expected_ms;
  } cases[] = {
      {600000, 1200000, -1, 600000},
      {600000, 1200000, 300000, 300000},
      {600000, 100000, 300000, 100000},
      {600000, 0, -1, 600000},
      {INT64_C(9000000000000), 1200000, -1, 1200000},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    world world;
    start(&world);
    iauth_token token = offer(&world, "t", cases[i].wall_ms);
    token.lifetime_ms = cases[i].lifetime_ms;
    token.left_ms = cases[i].left_ms;
    assert_int_equal(iauth_adopt(world.client, &token), IAUTH_OK);
    world_move(&world, cases[i].expected_ms - 1, 0);
    assert_non_null(iauth_current(world.client, 0));
    world_move(&world, 1, 0);
    assert_null(iauth_current(world.client, 0));
    token.left_ms = 0;
    assert_int_equal(iauth_adopt(world.client, &token), IAUTH_ERR_BAD_EXPIRES_IN);
    token.expires_wall_ms = INT64_MIN;
    assert_int_equal(iauth_adopt(world.client, &token), IAUTH_ERR_BAD_EXPIRES_IN);
    world_clean_up(&world);
  }
}

static void the_same_token_again_emits_no_event(void **state) {
  (void)state;
  world world;
  start(&world);
  iauth_token token = offer(&world, "t", 600000);
  token.apis = "a\0javascript:x\0b\0https://b.example";
  token.apis_len = 35;
  assert_int_equal(iauth_adopt(world.client, &token), IAUTH_OK);
  iauth_run(world.client);
  assert_memory_equal(world.apis, "b\0https://b.example\0", 21);
  token.expires_wall_ms += 900;
  assert_int_equal(iauth_adopt(world.client, &token), IAUTH_OK);
  iauth_run(world.client);
  assert_int_equal(world.tokens, 1);
  token.expires_wall_ms += 900;
  assert_int_equal(iauth_adopt(world.client, &token), IAUTH_OK);
  iauth_run(world.client);
  assert_int_equal(world.tokens, 2);
  world_clean_up(&world);
}

static void a_sibling_s_short_token_is_not_enough(void **state) {
  (void)state;
  world world;
  start(&world);
  world_get_with(&world, 0, (iauth_get_options){.min_validity_ms = 250000});
  iauth_token token = offer(&world, "short", 60000);
  assert_int_equal(iauth_adopt(world.client, &token), IAUTH_OK);
  iauth_run(world.client);
  assert_waiting(&world, 0);
  world_grant(&world, "t1", 1200);
  assert_token(&world, 0, "t1");
  world_clean_up(&world);
}

static void a_refused_token_is_not_taken_back(void **state) {
  (void)state;
  world world;
  start_with_token(&world);
  iauth_invalidate(world.client, "t1");
  iauth_token token = offer(&world, "t1", 1200000);
  assert_int_equal(iauth_adopt(world.client, &token), IAUTH_ERR_TOKEN_EXPIRED);
  assert_null(iauth_current(world.client, 0));
  token.access_token = "t2";
  assert_int_equal(iauth_adopt(world.client, &token), IAUTH_OK);
  assert_string_equal(iauth_current(world.client, 0)->access_token, "t2");
  world_clean_up(&world);
}

static void a_reply_to_another_question_is_an_offer(void **state) {
  (void)state;
  world world;
  start_with_token(&world);
  world_pass(&world, 1000);
  world_get_with(&world, 1, (iauth_get_options){.force_refresh = true});
  iauth_token token = offer(&world, "t2", 600000); /* it ends before the one that is there */
  assert_int_equal(iauth_adopt_reply(world.client, world.request->id + 2, &token), IAUTH_OK);
  iauth_run(world.client);
  assert_waiting(&world, 1);
  world_grant(&world, "t3", 1200);
  assert_token(&world, 1, "t3");
  world_clean_up(&world);
}

static void a_token_that_lives_as_long_is_no_news(void **state) {
  (void)state;
  world world;
  start(&world);
  iauth_token token = offer(&world, "t1", 600000);
  assert_int_equal(iauth_adopt(world.client, &token), IAUTH_OK);
  token.expires_wall_ms += 1000;
  assert_int_equal(iauth_adopt(world.client, &token), IAUTH_OK);
  token = offer(&world, "t2", 600000);
  assert_int_equal(iauth_adopt(world.client, &token), IAUTH_OK);
  iauth_run(world.client);
  assert_int_equal(world.tokens, 1);
  assert_string_equal(world.token, "t1");
  assert_int_equal(iauth_current(world.client, 0)->expires_wall_ms, token.expires_wall_ms);
  world_clean_up(&world);
}

static void an_offer_is_judged_by_the_clock_of_now(void **state) {
  (void)state;
  world world;
  start(&world);
  iauth_token token = offer(&world, "t1", 600000);
  world_move(&world, 700000, 700000);
  assert_int_equal(iauth_adopt(world.client, &token), IAUTH_ERR_BAD_EXPIRES_IN);
  world_clean_up(&world);
}

static void the_first_and_the_last_error_are_heard(void **state) {
  (void)state;
  static const iauth_error errors[] = {IAUTH_ERR_TIMEOUT, IAUTH_ERR_UNTRUSTED_ROUTE};
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
    world world;
    start(&world);
    iauth_sibling_failed(world.client, &(iauth_failure){.error = errors[i], .attempts = 1, .retry_after_ms = 100});
    iauth_run(world.client);
    assert_int_equal(world.failure.error, errors[i]);
    world_clean_up(&world);
  }
}

static void an_offer_without_apis_has_none(void **state) {
  (void)state;
  world world;
  start(&world);
  iauth_token token = offer(&world, "t1", 600000);
  token.apis = NULL;
  token.apis_len = 0;
  assert_int_equal(iauth_adopt(world.client, &token), IAUTH_OK);
  iauth_run(world.client);
  assert_null(iauth_current(world.client, 0)->apis);
  ask_products(&world, 1, 0);
  assert_int_equal(world.last_kind, IAUTH_REQUEST_APIS);
  world_clean_up(&world);
}

static void a_sibling_that_failed_less_often_changes_no_count(void **state) {
  (void)state;
  world world;
  start(&world);
  world_get_with(&world, 0, (iauth_get_options){.timeout_ms = 600000});
  for (int i = 0; i < 3; i++) {
    while (world.request == NULL)
      world_live(&world, world.armed_ms);
    world_fail(&world, IAUTH_ERR_NETWORK);
  }
  iauth_sibling_failed(world.client,
                       &(iauth_failure){.error = IAUTH_ERR_NETWORK, .attempts = 1, .retry_after_ms = 100});
  iauth_run(world.client);
  assert_int_equal(world.failure.attempts, 3);
  world_clean_up(&world);
}

static void news_that_is_old_is_not_told(void **state) {
  (void)state;
  world world;
  start_with_token(&world);
  world_get_with(&world, 1, (iauth_get_options){.force_refresh = true});
  world_pass(&world, 1000);
  iauth_fail(world.client, world.request->id, IAUTH_ERR_NETWORK);
  world.request = NULL;
  iauth_invalidate(world.client, "t1");
  iauth_token token = offer(&world, "t2", 600000);
  assert_int_equal(iauth_adopt(world.client, &token), IAUTH_OK);
  token = offer(&world, "t3", 1200000); /* all this before the client runs */
  assert_int_equal(iauth_adopt(world.client, &token), IAUTH_OK);
  iauth_run(world.client);
  assert_int_equal(world.errors, 0);
  assert_int_equal(world.expirations, 0);
  assert_int_equal(world.tokens, 2);
  assert_string_equal(world.token, "t3");
  world_clean_up(&world);
}

static void a_sibling_s_failure_counts_like_our_own(void **state) {
  (void)state;
  world world;
  start(&world);
  iauth_failure failure = {.error = IAUTH_ERR_RATE_LIMITED,
                           .status = 429,
                           .attempts = 4,
                           .retry_after_ms = 20000,
                           .server_message = "api-key1 no"};
  iauth_sibling_failed(world.client, &failure);
  iauth_run(world.client);
  assert_int_equal(world.errors, 1);
  world_get(&world, 0);
  assert_failed(&world, 0, RATE_LIMITED);
  assert_int_equal(world.answers[0].failure.status, 429);
  assert_int_equal(world.answers[0].failure.attempts, 4);
  assert_int_equal(world.answers[0].failure.retry_after_ms, 20000);
  assert_string_equal(world.answers[0].message, "api-key1 no");
  failure.attempts = -7;
  failure.retry_after_ms = INT64_MIN;
  iauth_sibling_failed(world.client, &failure);
  failure.attempts = INT32_MAX;
  iauth_sibling_failed(world.client, &failure);
  world_get(&world, 1);
  assert_failed(&world, 1, RATE_LIMITED);
  assert_int_equal(world.sent, 0);
  world_live(&world, 60000);
  world_get(&world, 2);
  assert_int_equal(world.sent, 1);
  int errors = world.errors;
  iauth_sibling_failed(world.client, &failure); /* our own answer is on its way */
  iauth_run(world.client);
  assert_int_equal(world.errors, errors);
  world_grant(&world, "t1", 1200);
  assert_token(&world, 2, "t1");
  static const iauth_error odd[] = {IAUTH_OK, (iauth_error)5, IAUTH_ERR_DISPOSED, (iauth_error)-99};
  for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
    failure.error = odd[i];
    iauth_sibling_failed(world.client, &failure);
  }
  failure.error = IAUTH_ERR_KEY_REVOKED;
  iauth_run(world.client);
  assert_int_equal(world.errors, 2);
  iauth_sibling_failed(world.client, &failure);
  iauth_run(world.client);
  assert_int_equal(world.errors, 3);
  assert_int_equal(world.expirations, 1);
  world_clean_up(&world);
}

static void a_sibling_s_failure_of_no_attempts_is_the_first(void **state) {
  (void)state;
  world world;
  start(&world);
  iauth_sibling_failed(world.client,
                       &(iauth_failure){.error = IAUTH_ERR_RATE_LIMITED, .status = 429, .retry_after_ms = 20000});
  world_get(&world, 0);
  assert_failed(&world, 0, RATE_LIMITED);
  assert_int_equal(world.answers[0].failure.attempts, 1);
  world_clean_up(&world);
}

static void a_failure_heard_after_a_sleep_counts_from_then(void **state) {
  (void)state;
  world world;
  start(&world);
  world_move(&world, 100000, 100000); /* no timer ran */
  iauth_sibling_failed(world.client,
                       &(iauth_failure){.error = IAUTH_ERR_RATE_LIMITED, .attempts = 1, .retry_after_ms = 20000});
  world_get(&world, 0);
  assert_failed(&world, 0, RATE_LIMITED);
  assert_int_equal(world.answers[0].failure.retry_after_ms, 20000);
  assert_int_equal(world.sent, 0);
  world_clean_up(&world);
}

/* --- rest
 * --------------------------------------------------------------------------------------------------------- */

/* Lives on, with a server that grants whatever is asked, for so long. */
static void live_with(world *world, int64_t ms, int lifetime_s) {
  for (int64_t second = 0; second < ms / 1000; second++) {
    if (world->request != NULL)
      world_grant(world, "t", lifetime_s);
    world_live(world, 1000);
  }
}

static void live_granted(world *world, int64_t ms) { live_with(world, ms, 1200); }

static void a_client_that_nobody_uses_rests(void **state) {
  (void)state;
  world world;
  start_with_token(&world);
  live_granted(&world, 4 * 3600000);
  assert_in_range(world.sent, 4, 5); /* for an hour */
  assert_null(iauth_current(world.client, 0));
  int sent = world.sent;
  iauth_use(world.client); /* nothing to keep fresh, but somebody is there */
  iauth_run(world.client);
  assert_int_equal(world.sent, sent + 1);
  live_granted(&world, 3600000);
  for (int i = 0; i < 4; i++) {
    assert_non_null(iauth_current(world.client, 0));
    live_granted(&world, 3000000);
  }
  assert_non_null(iauth_current(world.client, 0));
  world_clean_up(&world);
}

/* Of a day, refreshed at 85 %: twice within two days, and no third time. */
static void a_client_with_a_long_lived_token_rests_after_two_lifetimes(void **state) {
  (void)state;
  world world;
  start(&world);
  world_get(&world, 0);
  world_grant(&world, "t", 86400);
  live_with(&world, INT64_C(86400000) * 3, 86400);
  assert_int_equal(world.sent, 3);
  world_clean_up(&world);
}

static void asking_is_use(void **state) {
  (void)state;
  world world;
  start_with_token(&world);
  live_granted(&world, 50 * 60000);
  world_get(&world, 1);
  int sent = world.sent;
  live_granted(&world, 50 * 60000);
  assert_in_range(world.sent - sent, 2, 4);
  world_clean_up(&world);
}

static void use_alone_sends_no_request(void **state) {
  (void)state;
  world world;
  start(&world);
  iauth_use(world.client);
  world_live(&world, 100000);
  assert_int_equal(world.sent, 0);
  iauth_token token = offer(&world, "t", 1200000);
  assert_int_equal(iauth_adopt(world.client, &token), IAUTH_OK);
  iauth_use(world.client); /* now there is a token to keep */
  world_live(&world, 1100000);
  assert_int_equal(world.last_kind, IAUTH_REQUEST_REFRESH);
  world_clean_up(&world);
}

/* --- what a server says
 * -------------------------------------------------------------------------------------------- */

static void the_server_s_sentence_is_kept(void **state) {
  (void)state;
  world world;
  iauth_config config = domain_key_config();
  config.api_key = "long-api-key";
  world_init(&world);
  world_start(&world, config);
  world_get(&world, 0);
  world_respond(&world, 403, JSON_TYPE, "{\"error\":{\"message\":\"domain-key of long-api-key: no\"}}");
  assert_failed(&world, 0, CREDENTIALS_REJECTED);
  assert_string_equal(world.answers[0].message, "*** of ***: no");
  world_get(&world, 1);
  assert_string_equal(world.answers[1].message, "*** of ***: no");
  world_live(&world, 6000);
  world_get(&world, 2);
  world_respond(&world, 403, "", "");
  assert_string_equal(world.answers[2].message, "");
  world_clean_up(&world);
}

static void an_error_always_has_an_error(void **state) {
  (void)state;
  world world;
  start(&world);
  world_get(&world, 0);
  iauth_fail(world.client, world.request->id, IAUTH_OK);
  world.request = NULL;
  iauth_run(world.client); /* the fake host looks at the event */
  assert_int_equal(world.errors, 1);
  world_clean_up(&world);
}

static void fail_in_quota(void *user, iauth_event_kind kind) {
  world *world = user;
  if (kind != IAUTH_EVENT_QUOTA || world->request == NULL)
    return;
  uint32_t id = world->request->id;
  world->request = NULL;
  iauth_fail(world->client, id, IAUTH_ERR_NETWORK);
}

static void a_failure_inside_an_event_keeps_its_code(void **state) {
  (void)state;
  world world;
  start(&world);
  world.on_event = fail_in_quota;
  world_get(&world, 0);
  world_respond(&world, 200, JSON_TYPE "x-quota-usage: 1\r\n", "{\"accessToken\":\"t1\",\"expires_in\":1200}");
  world_pass(&world, 2000);
  world_get_with(&world, 1, (iauth_get_options){.force_refresh = true});
  world_respond(&world, 503, "x-quota-usage: 2\r\n", "");
  assert_int_equal(world.failure.error, IAUTH_ERR_SERVER_ERROR);
  world_clean_up(&world);
}

/* --- endings
 * ------------------------------------------------------------------------------------------------------ */

static void free_inside(void *user, uint32_t waiter) {
  world *world = user;
  if (waiter > 0)
    return;
  iauth_client *client = world->client;
  world->client = NULL;
  iauth_free(client);
  iauth_free(client);
  iauth_run(client);
}

static void freed_inside_an_answer(void **state) {
  (void)state;
  world world;
  start(&world);
  world.on_answer = free_inside;
  for (uint32_t waiter = 0; waiter < 4; waiter++)
    assert_int_equal(iauth_get(world.client, waiter, &(iauth_get_options){0}), IAUTH_OK);
  iauth_client *client = world.client;
  iauth_run(client);
  const iauth_response response =
      fake_response(200, JSON_TYPE, "{\"accessToken\":\"t1\",\"expires_in\":9,\"apis\":{}}");
  uint32_t id = world.request->id;
  world.request = NULL;
  iauth_respond(client, id, &response);
  assert_int_equal(iauth_get(client, 4, &(iauth_get_options){.min_validity_ms = 8000, .force_refresh = true}),
                   IAUTH_OK);
  int sent = world.sent;
  iauth_run(client);
  assert_token(&world, 0, "t1");
  for (uint32_t waiter = 1; waiter < 5; waiter++)
    assert_failed(&world, waiter, DISPOSED);
  assert_int_equal(world.sent, sent);
  world_clean_up(&world);
}

static void free_on_event(void *user, iauth_event_kind kind) {
  (void)kind;
  free_inside(user, 0);
}

static void freed_inside_an_event(void **state) {
  (void)state;
  world world;
  start(&world);
  world.on_event = free_on_event;
  world_get(&world, 0);
  iauth_client *client = world.client;
  const iauth_response response = fake_response(503, "x-quota-usage: 1\r\n", "");
  uint32_t id = world.request->id;
  world.request = NULL;
  iauth_respond(client, id, &response);
  iauth_run(client);
  assert_failed(&world, 0, DISPOSED);
  assert_int_equal(world.errors, 0);
  world_clean_up(&world);
}

static void use_everything(void *user, uint32_t waiter) {
  world *world = user;
  (void)waiter;
  iauth_client *client = world->client;
  iauth_token token = offer(world, "late", 600000);
  assert_int_equal(iauth_get(client, 100, &(iauth_get_options){0}), IAUTH_ERR_DISPOSED);
  assert_int_equal(iauth_get(client, 100, &(iauth_get_options){.needs_apis = true}), IAUTH_ERR_DISPOSED);
  assert_int_equal(iauth_adopt(client, &token), IAUTH_ERR_DISPOSED);
  iauth_sibling_failed(client, &(iauth_failure){.error = IAUTH_ERR_NETWORK});
  iauth_invalidate(client, "t1");
  iauth_cancel(client, 1);
  iauth_use(client);
  iauth_wake(client);
  iauth_fail(client, 3, IAUTH_ERR_NETWORK);
  iauth_run(client);
  iauth_free(client);
}

static void a_call_from_the_last_answer(void **state) {
  (void)state;
  world world;
  start_with_token(&world);
  world_get_with(&world, 1, (iauth_get_options){.force_refresh = true});
  world_get_with(&world, 2, (iauth_get_options){.force_refresh = true});
  world.on_answer = use_everything;
  int sent = world.sent;
  iauth_free(world.client);
  world.client = NULL;
  world.request = NULL;
  assert_failed(&world, 1, DISPOSED);
  assert_failed(&world, 2, DISPOSED);
  assert_int_equal(world.answers[100].count, 0);
  assert_int_equal(world.sent, sent);
  world_clean_up(&world);
}

static void cancel_the_next(void *user, uint32_t waiter) {
  world *world = user;
  iauth_cancel(world->client, waiter + 1);
  iauth_run(world->client);
}

static void cancelled_in_the_same_batch(void **state) {
  (void)state;
  world world;
  start(&world);
  world.on_answer = cancel_the_next;
  for (uint32_t waiter = 0; waiter < 4; waiter++)
    world_get(&world, waiter);
  world_grant(&world, "t1", 1200);
  for (uint32_t waiter = 0; waiter < 4; waiter++)
    assert_token(&world, waiter, "t1");
  world_clean_up(&world);
}

static void other_members_of_the_body(void **state) {
  (void)state;
  world world;
  iauth_client *client;
  iauth_config config = domain_key_config();
  world_init(&world);
  config.user_personal_secret = "p";
  assert_int_equal(iauth_new(&config, &world.host, &client), IAUTH_ERR_INVALID_CONFIG);
  config.user_personal_secret = "";
  config.domain_key_name = "two words";
  assert_int_equal(iauth_new(&config, &world.host, &client), IAUTH_ERR_INVALID_CONFIG);
  config.domain_key_name = "domain_key";
  world_start(&world, config);
  world_get(&world, 0);
  assert_string_equal(world.request->body, "{\"domain_key\":\"domain-key\"}");
  world_clean_up(&world);
  config.flow = IAUTH_FLOW_SECRET;
  config.user_personal_secret = "two words";
  assert_int_equal(iauth_new(&config, &world.host, &client), IAUTH_ERR_INVALID_CONFIG);
  config.user_personal_secret = "p";
  world_init(&world);
  world_start(&world, config);
  world_get(&world, 1);
  assert_string_equal(world.request->body, "{\"secret\":\"domain-key\",\"user_personal_secret\":\"p\"}");
  world_clean_up(&world);
  static const char *const bare[] = {"https://inbenta.io", "https://api.inbenta.io/", "https://API.Inbenta.IO.//",
                                     "https://api.inbenta.io:443", "https://api.inbenta.io/%31"};
  config = domain_key_config();
  for (size_t i = 0; i < sizeof bare / sizeof *bare; i++) {
    config.endpoint = bare[i];
    assert_int_equal(iauth_new(&config, &world.host, &client), IAUTH_ERR_INVALID_CONFIG);
  }
  static const char *const fine[] = {
      "https://api.inbenta.io/v1", "https://notinbenta.io", "https://inbenta.io.example", "https://a", "https://[::1]/",
      "https://xinbenta.io:1/"};
  for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
    config.endpoint = fine[i];
    world_start(&world, config);
    world_clean_up(&world);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_request_before_the_first_caller),
      cmocka_unit_test(success_is_shared),
      cmocka_unit_test(a_request_waits_until_the_host_lets_it_start),
      cmocka_unit_test(refusal_is_shared_and_cached),
      cmocka_unit_test(transient_failure_is_retried_for_those_who_wait),
      cmocka_unit_test(failing_server_ends_in_its_error),
      cmocka_unit_test(a_garbled_answer_is_reported_immediately),
      cmocka_unit_test(retry_after_is_honoured),
      cmocka_unit_test(long_retry_after_holds_everybody_but_the_forced),
      cmocka_unit_test(an_exhausted_limit_is_waited_for),
      cmocka_unit_test(grants_in_between_do_not_speed_up_retries),
      cmocka_unit_test(the_background_does_not_speed_up_either),
      cmocka_unit_test(a_refused_refresh_alone_is_no_failure),
      cmocka_unit_test(an_attempt_has_a_deadline),
      cmocka_unit_test(a_caller_has_a_deadline),
      cmocka_unit_test(a_deadline_after_a_failure_reports_the_failure),
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
      cmocka_unit_test(the_background_sends_a_request_every_ten_seconds_at_most),
      cmocka_unit_test(long_lifetimes_nap),
      cmocka_unit_test(expired_on_arrival),
      cmocka_unit_test(expired_on_arrival_by_one_clock),
      cmocka_unit_test(a_clock_set_back_blocks_no_caller),
      cmocka_unit_test(a_clock_that_jumps_back_gives_no_time_back),
      cmocka_unit_test(a_wait_begins_with_the_answer),
      cmocka_unit_test(the_expiration_is_the_api_s_or_worked_out),
      cmocka_unit_test(pessimistic_clock_wins),
      cmocka_unit_test(adopted_token_answers_waiters),
      cmocka_unit_test(token_from_a_server),
      cmocka_unit_test(the_page_s_answer_replaces_a_longer_life),
      cmocka_unit_test(a_page_that_cannot_reauthorize),
      cmocka_unit_test(token_from_a_server_without_a_way_back),
      cmocka_unit_test(invalidated_if_still_current),
      cmocka_unit_test(who_waits_gets_a_token_after_an_invalidation),
      cmocka_unit_test(apis_are_fetched_where_auth_leaves_them_out),
      cmocka_unit_test(a_token_without_apis_is_a_token),
      cmocka_unit_test(apis_for_a_token_that_is_gone),
      cmocka_unit_test(late_replies_are_dropped),
      cmocka_unit_test(waking_up_ends_our_own_wait),
      cmocka_unit_test(a_third_wake_up_counts_after_two_minutes),
      cmocka_unit_test(waking_up_ends_no_refusal),
      cmocka_unit_test(failure_to_send),
      cmocka_unit_test(the_quota_event_is_emitted),
      cmocka_unit_test(callbacks_may_call_again),
      cmocka_unit_test(events_for_tokens_from_callbacks),
      cmocka_unit_test(a_reply_inside_a_callback),
      cmocka_unit_test(disposed),
      cmocka_unit_test(bad_configuration),
      cmocka_unit_test(inbenta_s_endpoint),
      cmocka_unit_test(a_failed_attempt_brings_the_valid_token),
      cmocka_unit_test(a_hanging_api_brings_the_valid_token),
      cmocka_unit_test(at_its_deadline_a_caller_gets_the_valid_token),
      cmocka_unit_test(who_comes_while_the_api_is_silent_waits_for_the_rest_of_two_seconds),
      cmocka_unit_test(replaced_tokens_are_freed),
      cmocka_unit_test(two_slow_answers_hold_a_caller_no_longer_than_one),
      cmocka_unit_test(a_wait_does_not_outsleep_the_token),
      cmocka_unit_test(a_valid_token_survives_all_refusals),
      cmocka_unit_test(a_refusal_is_about_the_token_that_was_sent),
      cmocka_unit_test(a_refused_refresh_without_a_credential_is_reported),
      cmocka_unit_test(a_page_that_gives_the_same_token),
      cmocka_unit_test(products_are_requested_again),
      cmocka_unit_test(products_that_cannot_be_had),
      cmocka_unit_test(what_the_server_said_about_products_goes_with_the_client),
      cmocka_unit_test(products_without_a_token),
      cmocka_unit_test(apis_are_requested_only_after_their_wait),
      cmocka_unit_test(apis_and_tokens_share_one_budget_of_failures),
      cmocka_unit_test(failures_of_apis_are_counted_until_they_come),
      cmocka_unit_test(apis_that_came_end_their_own_wait),
      cmocka_unit_test(the_earliest_known_expiry_counts),
      cmocka_unit_test(the_same_token_again_emits_no_event),
      cmocka_unit_test(a_sibling_s_short_token_is_not_enough),
      cmocka_unit_test(a_refused_token_is_not_taken_back),
      cmocka_unit_test(a_reply_to_another_question_is_an_offer),
      cmocka_unit_test(a_token_that_lives_as_long_is_no_news),
      cmocka_unit_test(an_offer_is_judged_by_the_clock_of_now),
      cmocka_unit_test(the_first_and_the_last_error_are_heard),
      cmocka_unit_test(an_offer_without_apis_has_none),
      cmocka_unit_test(a_sibling_that_failed_less_often_changes_no_count),
      cmocka_unit_test(news_that_is_old_is_not_told),
      cmocka_unit_test(a_sibling_s_failure_counts_like_our_own),
      cmocka_unit_test(a_sibling_s_failure_of_no_attempts_is_the_first),
      cmocka_unit_test(a_failure_heard_after_a_sleep_counts_from_then),
      cmocka_unit_test(a_client_that_nobody_uses_rests),
      cmocka_unit_test(a_client_with_a_long_lived_token_rests_after_two_lifetimes),
      cmocka_unit_test(asking_is_use),
      cmocka_unit_test(use_alone_sends_no_request),
      cmocka_unit_test(the_server_s_sentence_is_kept),
      cmocka_unit_test(an_error_always_has_an_error),
      cmocka_unit_test(a_failure_inside_an_event_keeps_its_code),
      cmocka_unit_test(freed_inside_an_answer),
      cmocka_unit_test(freed_inside_an_event),
      cmocka_unit_test(a_call_from_the_last_answer),
      cmocka_unit_test(cancelled_in_the_same_batch),
      cmocka_unit_test(other_members_of_the_body),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
