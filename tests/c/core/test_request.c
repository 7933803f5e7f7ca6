/* Requests as they go over the wire. */
#include "core/request.h"
#include "fake_host.h"

#include <string.h>

#define ENDPOINT_AND_KEY .endpoint = "https://api.example.com/v1", .api_key = "the-api-key"

static const iauth__identity domain_key = {
    ENDPOINT_AND_KEY, "a\"quoted\\key", "domainKey", "", IAUTH_FLOW_DOMAIN_KEY,
};
static const iauth__identity secret = {ENDPOINT_AND_KEY, "the-secret", "domainKey", "", IAUTH_FLOW_SECRET};

static const char *header(const iauth__request *request, const char *name) {
  for (const char *const *at = request->public.headers; *at != NULL; at += 2)
    if (strcmp(*at, name) == 0)
      return at[1];
  return "(none)";
}

static void auth_with_domain_key(void **state) {
  (void)state;
  world world;
  iauth__request request;
  world_init(&world);
  assert_int_equal(iauth__request_init(&request, &world.host, &domain_key, IAUTH_REQUEST_AUTH, 7, NULL), IAUTH_OK);
  assert_int_equal(request.public.id, 7);
  assert_string_equal(request.public.method, "POST");
  assert_string_equal(request.public.url, "https://api.example.com/v1/auth");
  assert_string_equal(header(&request, "x-inbenta-key"), "the-api-key");
  assert_string_equal(header(&request, "Content-Type"), "application/json");
  assert_string_equal(header(&request, "Authorization"), "(none)");
  assert_string_equal(request.public.body, "{\"domainKey\":\"a\\\"quoted\\\\key\"}");
  assert_int_equal(request.public.body_len, strlen(request.public.body));
  iauth__request_clean_up(&request, &world.host);
  iauth__request_clean_up(&request, &world.host);
  assert_int_equal(world.live, 0);
}

static void auth_with_secret(void **state) {
  (void)state;
  world world;
  iauth__request request;
  world_init(&world);
  assert_int_equal(iauth__request_init(&request, &world.host, &secret, IAUTH_REQUEST_AUTH, 1, NULL), IAUTH_OK);
  assert_string_equal(request.public.body, "{\"secret\":\"the-secret\"}");
  iauth__request_clean_up(&request, &world.host);
}

static void other_members(void **state) {
  (void)state;
  static const iauth__identity renamed = {ENDPOINT_AND_KEY, "k", "domain_key", "", IAUTH_FLOW_DOMAIN_KEY};
  static const iauth__identity editor = {ENDPOINT_AND_KEY, "s", "domainKey", "\"p\"", IAUTH_FLOW_SECRET};
  world world;
  iauth__request request;
  world_init(&world);
  assert_int_equal(iauth__request_init(&request, &world.host, &renamed, IAUTH_REQUEST_AUTH, 1, NULL), IAUTH_OK);
  assert_string_equal(request.public.body, "{\"domain_key\":\"k\"}");
  iauth__request_clean_up(&request, &world.host);
  assert_int_equal(iauth__request_init(&request, &world.host, &editor, IAUTH_REQUEST_AUTH, 1, NULL), IAUTH_OK);
  assert_string_equal(request.public.body, "{\"secret\":\"s\",\"user_personal_secret\":\"\\\"p\\\"\"}");
  iauth__request_clean_up(&request, &world.host);
}

static void with_token(void **state) {
  (void)state;
  static const struct {
    iauth_request_kind kind;
    const char *method, *url;
  } cases[] = {{IAUTH_REQUEST_REFRESH, "POST", "https://api.example.com/v1/refreshToken"},
               {IAUTH_REQUEST_APIS, "GET", "https://api.example.com/v1/apis"}};
  for (size_t i = 0; i < 2; i++) {
    world world;
    iauth__request request;
    world_init(&world);
    assert_int_equal(iauth__request_init(&request, &world.host, &domain_key, cases[i].kind, 1, "the-token"), IAUTH_OK);
    assert_string_equal(request.public.method, cases[i].method);
    assert_string_equal(request.public.url, cases[i].url);
    assert_string_equal(header(&request, "x-inbenta-key"), "the-api-key");
    assert_string_equal(header(&request, "Authorization"), "Bearer the-token");
    assert_string_equal(header(&request, "Content-Type"), "(none)");
    assert_null(request.public.body);
    iauth__request_clean_up(&request, &world.host);
    assert_int_equal(world.live, 0);
  }
}

static void without_memory(void **state) {
  (void)state;
  static const iauth_request_kind kinds[] = {IAUTH_REQUEST_AUTH, IAUTH_REQUEST_REFRESH};
  for (size_t kind = 0; kind < 2; kind++) {
    world world;
    iauth__request request;
    world_init(&world);
    world.fail_at = 1;
    assert_int_equal(iauth__request_init(&request, &world.host, &domain_key, kinds[kind], 1, "the-token"),
                     IAUTH_ERR_NO_MEMORY);
    iauth__request_clean_up(&request, &world.host);
    assert_int_equal(world.live, 0);
  }
}

/* Every character of a credential may need two. AddressSanitizer sees what does not fit. */
static void long_strings_fit(void **state) {
  (void)state;
  static char quotes[1001], name[1001];
  memset(quotes, '"', 1000);
  memset(name, 'n', 1000);
  const iauth__identity named = {ENDPOINT_AND_KEY, quotes, name, "", IAUTH_FLOW_DOMAIN_KEY};
  const iauth__identity editor = {ENDPOINT_AND_KEY, quotes, "domainKey", quotes, IAUTH_FLOW_SECRET};
  world world;
  iauth__request request;
  world_init(&world);
  memset(&request, 0xff, sizeof request); /* whatever was there before */
  assert_int_equal(iauth__request_init(&request, &world.host, &named, IAUTH_REQUEST_AUTH, 1, NULL), IAUTH_OK);
  assert_int_equal(request.public.body_len, 1000 + 2000 + strlen("{\"\":\"\"}"));
  assert_string_equal(header(&request, "Authorization"), "(none)");
  iauth__request_clean_up(&request, &world.host);
  assert_int_equal(iauth__request_init(&request, &world.host, &editor, IAUTH_REQUEST_AUTH, 1, NULL), IAUTH_OK);
  assert_int_equal(request.public.body_len, 2000 + 2000 + strlen("{\"secret\":\"\",\"user_personal_secret\":\"\"}"));
  iauth__request_clean_up(&request, &world.host);
  assert_int_equal(world.live, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(auth_with_domain_key), cmocka_unit_test(auth_with_secret), cmocka_unit_test(other_members),
      cmocka_unit_test(with_token),           cmocka_unit_test(without_memory),   cmocka_unit_test(long_strings_fit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
