/* What native C makes of each answer in tests/vectors/auth-answers.json, in the flows that the case names;
 * tests/node/client/answers.test.js is the same for the shipped module. `requests` of a case is checked by its name. */
#include <cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_host.h"

#define GRANT                                                                                                          \
  "{\"accessToken\":\"T\",\"expires_in\":1200,\"apis\":{\"chatbot\":\"https://api-gce3.example/prod/chatbot\"}}"
#define BARE_GRANT "{\"accessToken\":\"T\",\"expires_in\":1200}"

static const char *string_of(const cJSON *object, const char *name) {
  return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static bool has(const cJSON *answer, const char *name) {
  return cJSON_GetObjectItemCaseSensitive(answer, name) != NULL;
}

static bool is_named(const cJSON *answer, const char *name) { return strcmp(string_of(answer, "name"), name) == 0; }

/* Appends JSON, as far as the cases need it: this build of cJSON cannot print. */
static void append_json(char *out, size_t size, const cJSON *json) {
  size_t used = strlen(out);
  if (cJSON_IsString(json)) {
    snprintf(out + used, size - used, "\"%s\"", json->valuestring);
  } else if (cJSON_IsNumber(json)) {
    snprintf(out + used, size - used, "%.0f", json->valuedouble);
  } else if (cJSON_IsNull(json)) {
    snprintf(out + used, size - used, "null");
  } else {
    const char *brackets = cJSON_IsArray(json) ? "[]" : "{}";
    snprintf(out + used, size - used, "%c", brackets[0]);
    for (const cJSON *item = json->child; item != NULL; item = item->next) {
      used = strlen(out);
      if (cJSON_IsObject(json))
        snprintf(out + used, size - used, "\"%s\":", item->string);
      append_json(out, size, item);
      used = strlen(out);
      snprintf(out + used, size - used, "%s", item->next != NULL ? "," : "");
    }
    used = strlen(out);
    snprintf(out + used, size - used, "%c", brackets[1]);
  }
}

static void make_body(const cJSON *answer, char *out, size_t size) {
  const cJSON *body = cJSON_GetObjectItemCaseSensitive(answer, "body");
  out[0] = '\0';
  if (has(answer, "text"))
    snprintf(out, size, "%s", string_of(answer, "text"));
  else if (!cJSON_IsString(body))
    append_json(out, size, body);
  else
    snprintf(out, size, "%s", strcmp(body->valuestring, "GRANT") == 0 ? GRANT : body->valuestring);
}

/* The header lines of a case; "NOW+5" becomes Unix seconds. */
static void make_headers(const cJSON *answer, int64_t now_s, char *out, size_t size) {
  const cJSON *headers = cJSON_GetObjectItemCaseSensitive(answer, "headers");
  const char *type = string_of(answer, "type");
  out[0] = '\0';
  if (string_of(headers, "content-type") == NULL)
    snprintf(out, size, "content-type: %s\r\n", type != NULL ? type : "application/json");
  for (const cJSON *header = headers != NULL ? headers->child : NULL; header != NULL; header = header->next) {
    size_t used = strlen(out);
    if (strncmp(header->valuestring, "NOW", 3) == 0)
      snprintf(out + used, size - used, "%s: %lld\r\n", header->string,
               (long long)now_s + atoll(header->valuestring + 3));
    else
      snprintf(out + used, size - used, "%s: %s\r\n", header->string, header->valuestring);
  }
}

static void respond_as(world *world, const cJSON *answer) {
  static char body[512], headers[512];
  make_body(answer, body, sizeof body);
  make_headers(answer, world->now.wall_ms / 1000, headers, sizeof headers);
  world_respond(world, (int)cJSON_GetObjectItemCaseSensitive(answer, "status")->valuedouble, headers, body);
}

/* Plays the case up to its answer; waiter 0 is the caller. */
static void play(world *world, const cJSON *answer) {
  const char *on = string_of(answer, "on");
  world_get(world, 0);
  if (on == NULL) {
    respond_as(world, answer);
    if (world->request != NULL && world->last_kind == IAUTH_REQUEST_APIS)
      world_respond(world, 200, JSON_TYPE, "{\"apis\":{}}");
  } else if (strcmp(on, "apis") == 0) {
    world_respond(world, 200, JSON_TYPE, BARE_GRANT);
    respond_as(world, answer);
  } else {
    world_respond(world, 200, JSON_TYPE, GRANT);
    world->answers[0].count = 0;
    world_pass(world, 1000);
    world_get_with(world, 0, (iauth_get_options){.force_refresh = true});
    assert_int_equal(world->last_kind, IAUTH_REQUEST_REFRESH);
    respond_as(world, answer);
    world_live(world, 1000);
    assert_int_equal(world->last_kind, IAUTH_REQUEST_AUTH);
    world_respond(world, 200, JSON_TYPE, GRANT);
    assert_int_equal(world->sent, 3);
    assert_int_equal(world->errors, 0);
  }
}

static void check_apis(const world *world, const cJSON *expected) {
  const char *name = world->apis;
  for (const cJSON *item = expected->child; item != NULL; item = item->next) {
    assert_string_equal(name, item->valuestring);
    name += strlen(name) + 1;
    name += strlen(name) + 1;
  }
  assert_string_equal(name, "");
}

/* The sentence of a case: what it is about is in one of these. */
static const char *sentence_of(const cJSON *answer) {
  const cJSON *body = cJSON_GetObjectItemCaseSensitive(answer, "body");
  const char *message = string_of(cJSON_GetObjectItemCaseSensitive(body, "error"), "message");
  if (message == NULL)
    message = string_of(body, "Message");
  return message != NULL ? message : string_of(body, "message");
}

static void check_requests(world *world, const cJSON *answer) {
  if (is_named(answer, "hourly quota used up")) {
    assert_int_equal(world->answers[0].failure.retry_after_ms, 1800000);
    world_live(world, 1799000);
    assert_int_equal(world->sent, 1);
  } else if (is_named(answer, "Retry-After twice")) {
    world_live(world, 3999);
    assert_int_equal(world->sent, 1);
    world_live(world, 1);
    assert_int_equal(world->sent, 2);
  } else if (is_named(answer, "408")) {
    world_live(world, 1000);
    assert_int_equal(world->sent, 2);
  } else if (is_named(answer, "GET /apis fails once")) {
    assert_int_equal(iauth_get(world->client, 1, &(iauth_get_options){.timeout_ms = 100, .needs_apis = true}),
                     IAUTH_OK);
    iauth_run(world->client);
    assert_failed(world, 1, SERVER_ERROR);
    assert_int_equal(iauth_get(world->client, 2, &(iauth_get_options){.needs_apis = true}), IAUTH_OK);
    world_live(world, 2000);
    assert_int_equal(world->last_kind, IAUTH_REQUEST_APIS);
    world_respond(world, 200, JSON_TYPE, "{\"apis\":{\"a\":\"https://a.example\"}}");
    assert_token(world, 2, "T");
  } else {
    assert_true(strncmp(string_of(answer, "name"), "refresh answered 4", 18) == 0); /* seen in play */
  }
}

static void check(const cJSON *answer, iauth_flow flow) {
  static world world;
  const char *code = string_of(answer, "code");
  iauth_config config = domain_key_config();
  config.flow = flow;
  world_init(&world);
  world_start(&world, config);
  play(&world, answer);
  const fake_answer *reported = &world.answers[0];
  if (has(answer, "token")) {
    assert_token(&world, 0, "T");
    if (has(answer, "apis"))
      check_apis(&world, cJSON_GetObjectItemCaseSensitive(answer, "apis"));
  } else if (code != NULL) {
    assert_int_equal(reported->count, 1);
    assert_string_equal(iauth_error_code(reported->failure.error), code);
  }
  if (has(answer, "words"))
    assert_string_equal(reported->message, sentence_of(answer));
  if (has(answer, "requests"))
    check_requests(&world, answer);
  world_clean_up(&world);
}

static char *read_file(const char *path) {
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  char *text = calloc(1, 65536);
  assert_non_null(text);
  assert_true(fread(text, 1, 65535, file) > 0);
  fclose(file);
  return text;
}

static void all_cases(void **state) {
  (void)state;
  char *text = read_file(ANSWERS_FILE);
  cJSON *json = cJSON_Parse(text);
  const cJSON *cases = cJSON_GetObjectItemCaseSensitive(json, "cases"), *answer;
  int checked = 0;
  cJSON_ArrayForEach(answer, cases) {
    const char *flow = string_of(answer, "flow");
    print_message("%s\n", string_of(answer, "name"));
    if (strcmp(flow, "secret") != 0)
      check(answer, IAUTH_FLOW_DOMAIN_KEY);
    if (strcmp(flow, "domain") != 0)
      check(answer, IAUTH_FLOW_SECRET);
    checked++;
  }
  assert_true(checked >= 23);
  cJSON_Delete(json);
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(all_cases)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
