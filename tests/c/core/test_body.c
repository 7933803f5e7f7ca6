/* Bodies, as cJSON reads them natively. tests/vectors/bodies.json has more, for C and JavaScript alike. */
#include "core/body.h"
#include "fake_host.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  const char *text;
  unsigned form;
  const char *message, *token, *apis; /* NULL: empty; apis with '|' for each NUL */
  double expires_in;
  iauth_error reason;
} body_case;

static const body_case cases[] = {
    {"", 0, NULL, NULL, NULL, 0, 0},
    {"null", 0, NULL, NULL, NULL, 0, 0},
    {"[]", 0, NULL, NULL, NULL, 0, 0},
    {"{", 0, NULL, NULL, NULL, 0, 0},
    {"{}x", 0, NULL, NULL, NULL, 0, 0},
    {"{}\v", 0, NULL, NULL, NULL, 0, 0},
    {" \t\r\n{} \t\r\n", FORM_OBJECT, NULL, NULL, NULL, 0, 0},
    {"{\"a\":\"\t\"}", 0, NULL, NULL, NULL, 0, 0},
    {"{\"a\":\"\\\"\t\"}", 0, NULL, NULL, NULL, 0, 0}, /* a quote that ends no string */
    {"{\"message\":\"\\\\u0000\"}", FORM_OBJECT, "\\u0000", NULL, NULL, 0, 0},
    {"{\"message\":\"\\u0041\"\n}", FORM_OBJECT, "A", NULL, NULL, 0, 0},
    {"{\"message\":\"\\ud800xudc00|\\ud800\\ue000\"}", FORM_OBJECT, "\ufffdxudc00|\ufffd\ue000", NULL, NULL, 0, 0},
    {"{\"a\":\"\\", 0, NULL, NULL, NULL, 0, 0},
    {"{\"a\":\"\\u12", 0, NULL, NULL, NULL, 0, 0},
    {"{\"a\":\"\\u12g4\"}", 0, NULL, NULL, NULL, 0, 0},
    {"{\"message\":\"\\\"\\u00e9\\u00E9\\ud83d\\ude00\"}", FORM_OBJECT, "\"éé😀", NULL, NULL, 0, 0},
    {"{\"message\":\"\\u0000|\\ud800|\\ud800abcdef|\\ud800\\nabcd|\\ud800\\u0041|\\udfff|\\ue000\"}", FORM_OBJECT,
     "\ufffd|\ufffd|\ufffdabcdef|\ufffd\nabcd|\ufffdA|\ufffd|\ue000", NULL, NULL, 0, 0},
    {"{\"accessToken\":\"a\",\"accessToken\":\"t\",\"expires_in\":7}", FORM_OBJECT, NULL, "t", NULL, 7, 0},
    {"{\"accessToken\":7,\"expires_in\":\"1.5\"}", FORM_OBJECT, NULL, NULL, NULL, 1.5, 0},
    {"{\"expires_in\":\"x\",\"expiration\":null}", FORM_OBJECT, NULL, NULL, NULL, 0, 0},
    {"{\"apis\":[]}", FORM_OBJECT | FORM_NO_APIS, NULL, NULL, NULL, 0, 0},
    {"{\"apis\":[1]}", FORM_OBJECT, NULL, NULL, NULL, 0, 0},
    {"{\"apis\":{\"\":\"1\",\"a\":\"\",\"b\":\"2\"}}", FORM_OBJECT | FORM_APIS, NULL, NULL, "b|2|", 0, 0},
    {"{\"apis\":{\"a\":\"1\",\"b\":7,\"c\":\"2\",\"a\":\"3\"}}", FORM_OBJECT | FORM_APIS, NULL, NULL, "c|2|a|3|", 0, 0},
    {"{\"error\":{\"message\":\"m\",\"reason\":\"key_revoked\"},\"Message\":\"M\"}",
     FORM_OBJECT | FORM_ERROR | FORM_GATEWAY, "m", NULL, NULL, 0, IAUTH_ERR_KEY_REVOKED},
    {"{\"error\":{\"reason\":\"nonsense\"},\"Message\":\"M\",\"message\":\"m\"}",
     FORM_OBJECT | FORM_ERROR | FORM_GATEWAY, "M", NULL, NULL, 0, 0},
    {"{\"error\":\"e\",\"message\":\"m\"}", FORM_OBJECT, "e", NULL, NULL, 0, 0},
};

static void bodies(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const body_case *expected = &cases[i];
    world world;
    iauth__body body;
    char apis[64] = "";
    world_init(&world);
    const iauth_response response = {.body = expected->text, .body_len = strlen(expected->text)};
    iauth__body_init(&body, &world.host, &response);
    assert_int_equal(body.error, IAUTH_OK);
    print_message("%s\n", expected->text);
    assert_int_equal(body.form, expected->form);
    assert_string_equal(body.message, expected->message != NULL ? expected->message : "");
    assert_string_equal(body.access_token, expected->token != NULL ? expected->token : "");
    assert_true(body.expires_in == expected->expires_in && body.expiration == 0);
    assert_int_equal(body.reason, expected->reason);
    assert_true(body.apis_len < sizeof apis);
    for (size_t at = 0; at < body.apis_len; at++)
      apis[at] = body.apis[at] != '\0' ? body.apis[at] : '|';
    assert_string_equal(apis, expected->apis != NULL ? expected->apis : "");
    iauth__body_clean_up(&body, &world.host);
    assert_int_equal(world.live, 0);
  }
}

static void too_large_or_without_memory(void **state) {
  (void)state;
  world world;
  iauth__body body;
  world_init(&world);
  iauth_response response = {.body = "", .body_len = IAUTH_BODY_MAX + 1};
  iauth__body_init(&body, &world.host, &response);
  assert_int_equal(body.error, IAUTH_OK);
  assert_int_equal(body.form, FORM_TOO_LARGE);
  iauth__body_clean_up(&body, &world.host);
  world.fail_at = 1;
  response = (iauth_response){.body = "{}", .body_len = 2};
  iauth__body_init(&body, &world.host, &response);
  assert_int_equal(body.error, IAUTH_ERR_NO_MEMORY);
  assert_int_equal(body.form, 0);
  iauth__body_clean_up(&body, &world.host);
  assert_int_equal(world.live, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(bodies), cmocka_unit_test(too_large_or_without_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
