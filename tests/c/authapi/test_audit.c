/* The audit log: the content of its lines, and failures to write. */
#include "authapi/audit.h"
#include "cmocka_all.h"

#include <stdio.h>
#include <string.h>

static char written[4096];
static bool broken;

static bool append(void *state, const char *line) {
  (void)state;
  if (broken)
    return false;
  size_t len = strlen(written);
  snprintf(written + len, sizeof written - len, "%s", line);
  return true;
}

static authapi_audit audit;

static int set_up(void **state) {
  (void)state;
  audit = (authapi_audit){.write = append};
  written[0] = '\0';
  broken = false;
  return 0;
}

static void a_refusal(void **state) {
  (void)state;
  const authapi_audit_event event = {.time_s = 86400,
                                     .event = "token grant",
                                     .by = "client",
                                     .status = 403,
                                     .key = "dk_1",
                                     .origin = "https://a\"b",
                                     .reason = "key_revoked"};
  authapi_audit_write(&audit, &event);
  assert_string_equal(written, "{\"time\":\"1970-01-02T00:00:00Z\",\"event\":\"token grant\","
                               "\"outcome\":\"refused\",\"by\":\"client\",\"status\":403,"
                               "\"origin\":\"https://a\\\"b\",\"key\":\"dk_1\","
                               "\"reason\":\"key_revoked\"}\n");
  authapi_audit_write(NULL, &event);
}

static void a_change_without_its_credentials(void **state) {
  (void)state;
  cJSON *described = cJSON_Parse("{\"id\":\"dk_1\",\"apiKeyId\":\"ak_1\",\"apiKey\":\"KEY\",\"domainKey\":\"KEY\","
                                 "\"secret\":\"KEY\",\"new\":\"KEY\",\"domains\":[\"a.example\",\"b.example\"],"
                                 "\"expires\":\"2026-01-01T00:00:00Z\"}");
  cJSON *changed = authapi_audit_pick(described);
  const authapi_audit_event event = {.time_s = 0,
                                     .event = "domain-key create",
                                     .by = "command",
                                     .user = "root",
                                     .key = "dk_1",
                                     .reason = "",
                                     .changed = changed};
  authapi_audit_write(&audit, &event);
  assert_string_equal(written, "{\"time\":\"1970-01-01T00:00:00Z\",\"event\":\"domain-key create\","
                               "\"outcome\":\"done\",\"by\":\"command\",\"user\":\"root\",\"key\":\"dk_1\","
                               "\"apiKeyId\":\"ak_1\",\"domains\":[\"a.example\",\"b.example\"],"
                               "\"expires\":\"2026-01-01T00:00:00Z\"}\n");
  cJSON_Delete(changed);
  cJSON_Delete(described);
}

static void outcomes(void **state) {
  (void)state;
  static const struct {
    int status;
    const char *outcome;
  } cases[] = {{0, "\"done\""},      {200, "\"done\""},    {201, "\"done\""},
               {400, "\"refused\""}, {429, "\"refused\""}, {500, "\"failed\""}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const authapi_audit_event event = {.event = "x", .by = "client", .status = cases[i].status};
    written[0] = '\0';
    authapi_audit_write(&audit, &event);
    assert_non_null(strstr(written, cases[i].outcome));
  }
}

/* Lost events are counted. The first line that can be written again has their number. */
static void events_that_cannot_be_written(void **state) {
  (void)state;
  const authapi_audit_event event = {.time_s = 5, .event = "x", .by = "client", .status = 200};
  broken = true;
  for (int i = 0; i < 3; i++)
    authapi_audit_write(&audit, &event);
  assert_int_equal(audit.missing, 3);
  broken = false;
  authapi_audit_write(&audit, &event);
  assert_int_equal(audit.missing, 0);
  static const char gap[] = "{\"time\":\"1970-01-01T00:00:05Z\",\"event\":\"audit gap\",\"missing\":3}\n";
  assert_memory_equal(written, gap, sizeof gap - 1);
  assert_non_null(strstr(written + sizeof gap - 1, "\"event\":\"x\""));
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_refusal),
      TEST(a_change_without_its_credentials),
      TEST(outcomes),
      TEST(events_that_cannot_be_written),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
