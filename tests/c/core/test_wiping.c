/* No part of a credential stays in memory. All memory, also that of cJSON, comes from one arena, and the tests search it.
 * A token of a live client is in the arena once. A token that was replaced, refused or freed is not in it.
 *
 * The host wipes released memory. The arena does the same, and never allocates memory twice. So the search finds only
 * memory that the core forgot to release. */
#include <cJSON.h>
#include <stdio.h>
#include <string.h>

#include "fake_host.h"

static union {
  char bytes[1 << 20];
  max_align_t align;
} arena;
static size_t used;

typedef union {
  size_t size;
  max_align_t align;
} head;

static void *arena_alloc(size_t size) {
  head *made = (head *)(arena.bytes + used);
  size_t taken = (sizeof(head) + size + sizeof(head) - 1) / sizeof(head) * sizeof(head);
  if (used + taken > sizeof arena.bytes)
    return NULL;
  made->size = size;
  used += taken;
  return made + 1;
}

static void arena_free(void *ptr) {
  if (ptr != NULL)
    memset(ptr, 0, ((head *)ptr - 1)->size);
}

static void *host_alloc(void *user, size_t size) {
  (void)user;
  return arena_alloc(size);
}

static void host_release(void *user, void *ptr) {
  (void)user;
  arena_free(ptr);
}

/* How often a text is in the arena. */
static int count(const char *text) {
  int found = 0;
  size_t len = strlen(text);
  for (size_t at = 0; at + len <= used; at++)
    found += memcmp(arena.bytes + at, text, len) == 0;
  return found;
}

static void start(world *world) {
  cJSON_Hooks hooks = {arena_alloc, arena_free};
  cJSON_InitHooks(&hooks);
  memset(&arena, 0, sizeof arena);
  used = 0;
  world_init(world);
  world->host.alloc = host_alloc;
  world->host.release = host_release;
  iauth_config config = domain_key_config();
  config.flow = IAUTH_FLOW_SECRET;
  config.api_key = "key-of-the-api";
  config.credential = "a-secret-of-mine";
  config.user_personal_secret = "personal-secret";
  world_start(world, config);
}

static void grant(world *world, const char *token) {
  char body[200];
  snprintf(body, sizeof body, "{\"accessToken\":\"%s\",\"expires_in\":1200,\"apis\":{}}", token);
  world_respond(world, 200, JSON_TYPE, body);
}

/* Obtains the first token, then sends a forced refresh. */
static void start_refresh(world *world) {
  start(world);
  world_get(world, 0);
  grant(world, "the-first-token");
  world_pass(world, 1000);
  world_get_with(world, 1, (iauth_get_options){.force_refresh = true});
}

static void old_tokens_are_wiped(void **state) {
  (void)state;
  static world world;
  start(&world);
  world_get(&world, 0);
  assert_int_equal(count("a-secret-of-mine"), 2); /* the configuration, the request */
  grant(&world, "the-first-token");
  assert_int_equal(count("the-first-token"), 1);
  assert_int_equal(count("a-secret-of-mine"), 1);
  assert_int_equal(count("personal-secret"), 1);
  world_pass(&world, 1000);
  world_get_with(&world, 1, (iauth_get_options){.force_refresh = true});
  assert_int_equal(count("the-first-token"), 2);
  grant(&world, "the-second-token");
  assert_int_equal(count("the-first-token"), 0);
  assert_int_equal(count("the-second-token"), 1);
  iauth_invalidate(world.client, "the-second-token");
  iauth_run(world.client);
  assert_int_equal(count("the-second-token"), 0);
  world_pass(&world, 1000);
  world_get(&world, 2);
  grant(&world, "the-third-token");
  world_pass(&world, 1200000);
  assert_int_equal(count("the-third-token"), 0);
  iauth_free(world.client);
  assert_int_equal(count("key-of-the-api"), 0);
  assert_int_equal(count("a-secret-of-mine"), 0);
  assert_int_equal(count("personal-secret"), 0);
}

static void freeing_the_client_wipes_tokens(void **state) {
  (void)state;
  static world world;
  start_refresh(&world);
  iauth_free(world.client);
  assert_int_equal(count("the-first-token"), 0);
  assert_int_equal(count("a-secret-of-mine"), 0);
}

static void rejected_answers_leave_nothing(void **state) {
  (void)state;
  static const char *const bodies[] = {
      "{\"accessToken\":\"the-first-token\",\"expires_in\":0}",
      "{\"accessToken\":\"the-first-token\",\"expires_in\":1200}<html>",
      "{\"accessToken\":\"the-first-token\",\"expires_in\":",
      "[\"the-first-token\"]",
      "{\"accessToken\":\"the-first-token\\u0001\",\"expires_in\":1200}",
  };
  for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
    static world world;
    start(&world);
    world_get(&world, 0);
    world_respond(&world, i % 2 == 0 ? 200 : 403, JSON_TYPE, bodies[i]);
    assert_int_equal(count("the-first-token"), 0);
    iauth_token token = {.access_token = "offered-token", .expires_wall_ms = world.now.wall_ms - 1, .left_ms = -1};
    (void)iauth_adopt(world.client, &token);
    assert_int_equal(count("offered-token"), 0);
    iauth_free(world.client);
    assert_int_equal(count("a-secret-of-mine"), 0);
  }
}

static void messages_hold_no_credential(void **state) {
  (void)state;
  static world world;
  start_refresh(&world);
  world_respond(&world, 503, JSON_TYPE,
                "{\"message\":\"the-first-token a-secret-of-mine personal-secret key-of-the-api\"}");
  assert_int_equal(count("the-first-token"), 1);
  assert_int_equal(count("a-secret-of-mine"), 1);
  assert_int_equal(count("*** *** *** ***"), 1);
  iauth_free(world.client);
  assert_int_equal(count("*** *** *** ***"), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(old_tokens_are_wiped),
      cmocka_unit_test(freeing_the_client_wipes_tokens),
      cmocka_unit_test(rejected_answers_leave_nothing),
      cmocka_unit_test(messages_hold_no_credential),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
