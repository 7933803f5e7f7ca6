/* Torture: in each scenario every single allocation is made to fail in turn, cJSON's included, and
 * then all from there on. Whatever happens: no crash, no leak, no waiter lost. */
#include <cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "fake_host.h"

static world *json_world; /* cJSON's hooks are global */
static bool all_from_there;

static void *torture_alloc(void *user, size_t size) {
  world *world = user;
  world->allocations++;
  if (world->fail_at > 0 &&
      (all_from_there ? world->allocations >= world->fail_at : world->allocations == world->fail_at))
    return NULL;
  world->live++;
  return malloc(size);
}

static void *json_alloc(size_t size) { return torture_alloc(json_world, size); }

static void json_free(void *ptr) {
  if (ptr != NULL)
    json_world->live--;
  free(ptr);
}

/* ---------------------------------------------------------------------------------------------------
 * Scenarios. Each starts a client, if there is memory for it, and plays; waiters that joined are
 * counted in *joined, numbered from 0. */

static void join(world *world, uint32_t *joined, iauth_get_options options) {
  if (iauth_get(world->client, *joined, &options) == IAUTH_OK)
    ++*joined;
  iauth_run(world->client);
}

static void answer(world *world, int status, const char *headers, const char *body) {
  if (world->request != NULL)
    world_respond(world, status, headers, body);
}

static const char grant[] = "{\"accessToken\":\"t\",\"expires_in\":1200,"
                            "\"apis\":{\"a\":\"https://a.example\",\"b\":\"https://b.example\"}}";
static const char bare_grant[] = "{\"accessToken\":\"t\",\"expires_in\":\"1200\",\"expiration\":9}";

static void obtain_and_refresh(world *world, uint32_t *joined) {
  join(world, joined, (iauth_get_options){0});
  join(world, joined, (iauth_get_options){0});
  answer(world, 200, JSON_TYPE, grant);
  world_pass(world, 1000);
  answer(world, 200, JSON_TYPE, grant);
  world_live(world, 1100000);
  answer(world, 200, JSON_TYPE, bare_grant);
  world_pass(world, 1000);
  answer(world, 200, JSON_TYPE, bare_grant);
  join(world, joined, (iauth_get_options){.force_refresh = true});
  world_pass(world, 1000);
  answer(world, 403, JSON_TYPE, "{\"error\":{\"reason\":\"key_revoked\"}}");
}

static void apis_apart(world *world, uint32_t *joined) {
  join(world, joined, (iauth_get_options){0});
  for (int i = 0; i < 4; i++) {
    answer(world, 200, JSON_TYPE, bare_grant);
    answer(world, 200, JSON_TYPE, "{\"apis\":{\"a\":\"https://a.example\"}}");
    world_pass(world, 1000);
  }
}

static void refused_and_retried(world *world, uint32_t *joined) {
  join(world, joined, (iauth_get_options){0});
  answer(world, 503, "Retry-After: 1\r\n", "{\"message\":\"no\"}");
  world_pass(world, 1000);
  answer(world, 403, JSON_TYPE, "{\"error\":{\"reason\":\"origin_not_allowed\"}}");
  world_pass(world, 5000);
  join(world, joined, (iauth_get_options){0});
  answer(world, 200, JSON_TYPE, "[[[");
  world_pass(world, 5000);
  join(world, joined, (iauth_get_options){0});
  iauth_cancel(world->client, *joined - 1);
}

static void from_elsewhere(world *world, uint32_t *joined) {
  iauth_token token = {.access_token = "t",
                       .expires_wall_ms = world->now.wall_ms + 1000,
                       .left_ms = -1,
                       .apis = "a\0https://a.example",
                       .apis_len = 20};
  join(world, joined, (iauth_get_options){0});
  (void)iauth_adopt(world->client, &token);
  token.expires_wall_ms += 100000;
  token.apis = NULL;
  token.apis_len = 0;
  (void)iauth_adopt(world->client, &token);
  iauth_run(world->client);
  iauth_invalidate(world->client, "t");
  iauth_sibling_failed(world->client, &(iauth_failure){.error = IAUTH_ERR_SERVER_ERROR, .server_message = "no"});
  join(world, joined, (iauth_get_options){0});
}

static void just_started(world *world, uint32_t *joined) {
  (void)world;
  (void)joined;
}

typedef void (*scenario)(world *world, uint32_t *joined);

/* Plays once. Returns whether an allocation was made to fail. */
static bool play(scenario run, long fail_at) {
  static world world;
  uint32_t joined = 0;
  world_init(&world);
  json_world = &world;
  world.host.alloc = torture_alloc;
  world.fail_at = fail_at;
  iauth_config config = domain_key_config();
  iauth_error error = iauth_new(&config, &world.host, &world.client);
  if (error == IAUTH_OK) {
    run(&world, &joined);
    world_live(&world, 20000); /* deadlines pass */
    for (uint32_t waiter = 0; waiter < joined; waiter++)
      assert_int_equal(world.answers[waiter].count, 1);
  } else {
    assert_int_equal(error, IAUTH_ERR_NO_MEMORY);
    assert_null(world.client);
  }
  world_clean_up(&world);
  return fail_at <= world.allocations;
}

static void torture(scenario run) {
  for (int mode = 0; mode < 2; mode++) {
    long fail_at = 1;
    all_from_there = mode == 1;
    while (play(run, fail_at))
      fail_at++;
    assert_true(fail_at > 1);
    print_message("%ld allocations failed in turn\n", fail_at - 1);
  }
}

static void torture_obtain_and_refresh(void **state) {
  (void)state;
  torture(obtain_and_refresh);
}

static void torture_apis_apart(void **state) {
  (void)state;
  torture(apis_apart);
}

static void torture_refused_and_retried(void **state) {
  (void)state;
  torture(refused_and_retried);
}

static void torture_from_elsewhere(void **state) {
  (void)state;
  torture(from_elsewhere);
}

static void torture_just_started(void **state) {
  (void)state;
  torture(just_started);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(torture_just_started),   cmocka_unit_test(torture_obtain_and_refresh),
      cmocka_unit_test(torture_apis_apart),     cmocka_unit_test(torture_refused_and_retried),
      cmocka_unit_test(torture_from_elsewhere),
  };
  cJSON_Hooks hooks = {.malloc_fn = json_alloc, .free_fn = json_free};
  cJSON_InitHooks(&hooks);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
