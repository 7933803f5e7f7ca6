/* The handlers, with a store in memory and a clock that the tests set. */
#include "authapi/endpoints.h"
#include "authapi/keys/credentials.h"
#include "authapi/messages.h"
#include "cmocka_all.h"
#include "exchange.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORIGIN "https://www.example.com"

static authapi api;
static authapi_signing_keys signing_keys;
static int64_t now;
static authapi_api_key key, other_key;
static authapi_credential domain_key, secret_row;
static char secret[AUTHAPI_SECRET_SIZE];
static authapi_response response;

static int64_t clock_now(void *state) { return *(int64_t *)state; }

static int set_up(void **state) {
  (void)state;
  char problem[256];
  now = 1000;
  api = (authapi){.signer = authd_signer_openssl(),
                  .keys = &signing_keys,
                  .now_s = clock_now,
                  .clock_state = &now,
                  .lifetime_s = 1200,
                  .apis_json = "{\"chatbot\":\"https://api.example/prod/chatbot\"}"};
  if (!authapi_store_sqlite_open(&api.store, ":memory:", true, problem, sizeof problem))
    return -1;
  authapi_make_api_key(&api.store, &api.signer, "shop", now, &key);
  authapi_make_api_key(&api.store, &api.signer, "another", now, &other_key);
  authapi_make_domain_key(&api.store, &api.signer, key.id, "www.example.com\n", now, &domain_key);
  return authapi_make_secret(&api.store, &api.signer, key.id, now, secret, &secret_row) == AUTHAPI_FOUND ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  authapi_response_clean_up(&response);
  authapi_signing_keys_clean_up(&signing_keys, &api.signer);
  api.store.close(api.store.state);
  return 0;
}

static int ask(const char *method, const char *path, const char *const *headers, const char *body) {
  const authapi_request request = make_request(method, path, headers, body);
  authapi_response_clean_up(&response);
  authapi_handle(&api, &request, &response);
  return response.status;
}

static int auth(const char *api_key, const char *origin, const char *body) {
  const char *headers[] = {
      "x-inbenta-key", api_key, "Content-Type", "application/json", origin != NULL ? "Origin" : NULL, origin, NULL};
  return ask("POST", "/v1/auth", headers, body);
}

static int auth_with(const char *field, const char *value, const char *origin) {
  char body[256];
  snprintf(body, sizeof body, "{\"%s\":\"%s\"}", field, value);
  return auth(key.value, origin, body);
}

static int bearer(const char *method, const char *path, const char *api_key, const char *token, const char *origin) {
  char value[2300];
  snprintf(value, sizeof value, "Bearer %s", token);
  const char *headers[] = {"x-inbenta-key", api_key, "Authorization", value, origin != NULL ? "Origin" : NULL,
                           origin,          NULL};
  return ask(method, path, headers, "");
}

static const char *response_header(const char *name) { return header_in(&response, name); }

/* A string in the body of the answer. "error.reason" is the member "reason" of the object "error". */
static const char *field(const char *name) {
  static char value[2200];
  cJSON *json = cJSON_Parse(response.body);
  const char *dot = strchr(name, '.');
  const cJSON *object = dot != NULL ? cJSON_GetObjectItemCaseSensitive(json, "error") : json;
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, dot != NULL ? dot + 1 : name);
  snprintf(value, sizeof value, "%s", cJSON_IsString(item) ? item->valuestring : "(none)");
  cJSON_Delete(json);
  return value;
}

static double number_field(const char *name) {
  cJSON *json = cJSON_Parse(response.body);
  double value = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(json, name));
  cJSON_Delete(json);
  return value;
}

static void assert_refused(int status, const char *reason) {
  assert_int_equal(response.status, status);
  assert_string_equal(field("error.reason"), reason);
  assert_string_equal(response.reason, reason);
  assert_string_not_equal(field("error.message"), "(none)");
}

static void assert_gateway(void) {
  assert_int_equal(response.status, 403);
  assert_non_null(strstr(field("Message"), "explicit deny"));
}

static void domain_key_from_an_allowed_origin(void **state) {
  (void)state;
  assert_int_equal(auth_with("domainKey", domain_key.value, ORIGIN), 200);
  assert_true(strlen(field("accessToken")) > 100);
  assert_true(number_field("expires_in") == 1200);
  assert_true(number_field("expiration") == 2200);
  assert_non_null(strstr(response.body, "\"apis\":{\"chatbot\":\"https://api.example/prod/chatbot\"}"));
  assert_string_equal(response_header("Access-Control-Allow-Origin"), ORIGIN);
  assert_string_equal(response_header("Vary"), "Origin");
  assert_string_equal(response_header("Cache-Control"), "no-store");
  assert_string_equal(response_header("X-Content-Type-Options"), "nosniff");
  assert_non_null(strstr(response_header("Access-Control-Expose-Headers"), "Retry-After"));
  assert_string_equal(response_header("Access-Control-Allow-Credentials"), "(none)");
  assert_string_equal(response.key_id, domain_key.id);
}

static void domain_key_from_elsewhere(void **state) {
  (void)state;
  auth_with("domainKey", domain_key.value, "https://evil.example");
  assert_refused(403, "origin_not_allowed");
  assert_non_null(strstr(field("error.message"), "https://evil.example"));
  assert_string_equal(response_header("Access-Control-Allow-Origin"), "https://evil.example");
  auth_with("domainKey", domain_key.value, NULL);
  assert_refused(403, "origin_not_allowed");
  assert_string_equal(response_header("Access-Control-Allow-Origin"), "(none)");
  auth_with("domainKey", domain_key.value, "null");
  assert_refused(403, "origin_not_allowed");
  auth_with("domainKey", domain_key.value, "https://a\"b\\c");
  assert_refused(403, "origin_not_allowed");
  assert_non_null(strstr(field("error.message"), "https://a\"b\\c"));
  auth_with("domainKey", domain_key.value, "https://a\r\nX: y");
  assert_refused(403, "origin_not_allowed");
  assert_null(strstr(response.body, "X: y"));
  assert_string_equal(response_header("Access-Control-Allow-Origin"), "(none)");
}

static void secret_from_a_server(void **state) {
  (void)state;
  assert_int_equal(auth_with("secret", secret, NULL), 200);
  char token[2200];
  snprintf(token, sizeof token, "%s", field("accessToken"));
  assert_int_equal(bearer("POST", "/v1/refreshToken", key.value, token, "https://any.example"), 200);
  auth_with("secret", "wrong", NULL);
  assert_refused(400, "credentials_rejected");
  assert_string_equal(field("error.message"), "Secret token not valid");
  assert_null(strstr(response.body, "wrong"));
  auth_with("secret", secret_row.value, NULL); /* the hash is no secret */
  assert_refused(400, "credentials_rejected");
  auth_with("domainKey", secret, ORIGIN);
  assert_refused(400, "credentials_rejected");
  auth_with("secret", domain_key.value, ORIGIN);
  assert_refused(400, "credentials_rejected");
}

static void api_keys(void **state) {
  (void)state;
  char body[256];
  snprintf(body, sizeof body, "{\"domainKey\":\"%s\"}", domain_key.value);
  auth("unknown", ORIGIN, body);
  assert_gateway();
  const char *headers[] = {"Content-Type", "application/json", NULL};
  ask("POST", "/v1/auth", headers, body);
  assert_gateway();
  auth(other_key.value, ORIGIN, body);
  assert_refused(400, "credentials_rejected");
}

static void bad_bodies(void **state) {
  (void)state;
  static const char *const bodies[] = {
      "",
      "x",
      "[]",
      "null",
      "7",
      "{}",
      "{\"domainKey\":1}",
      "{\"secret\":\"\"}",
      "{\"secret\":null}",
      "{\"secret\":\"a\",\"domainKey\":\"b\"}",
      "{\"domainKey\":",
      "{\"Secret\":\"a\"}",
      "{\"secret\":[\"a\"]}",
      "{\"secret\":\"a\"} x",
      "{\"secret\":\"a\"}{}",
      "{\"secret\":\"a\\u0000b\"}",
      "{'secret':'a'}",
      "{\"domainKey\":\"a\",\"domain_key\":\"a\"}",
      "{\"secret\":\"a\",\"domain_key\":\"b\"}",
      "{\"secret\":\"a\",\"secret\":\"a\"}",
      "{\"domain_key\":null}",
      "\"secret\"",
  };
  for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
    auth(key.value, ORIGIN, bodies[i]);
    assert_refused(400, "bad_request");
  }
}

/* A valid key followed by other text is not that key. */
static void a_key_and_more(void **state) {
  (void)state;
  char body[256];
  const char *headers[] = {"x-inbenta-key", key.value, "Content-Type", "application/json", NULL};
  snprintf(body, sizeof body, "{\"secret\":\"%s\"} \r\n\t", secret);
  assert_int_equal(ask("POST", "/v1/auth", headers, body), 200);
  snprintf(body, sizeof body, "{\"secret\":\"%s\"} x", secret);
  assert_int_equal(ask("POST", "/v1/auth", headers, body), 400);
  snprintf(body, sizeof body, "{\"secret\":\"%s\\u0000x\"}", secret);
  assert_int_equal(ask("POST", "/v1/auth", headers, body), 400);
  int len = snprintf(body, sizeof body, "{\"secret\":\"%s_x\"}", secret);
  *strchr(body, '_') = '\0';
  const authapi_request raw_nul = {.method = "POST",
                                   .path = "/v1/auth",
                                   .header = lookup,
                                   .header_state = (void *)headers,
                                   .body = body,
                                   .body_len = (size_t)len};
  authapi_response_clean_up(&response);
  authapi_handle(&api, &raw_nul, &response);
  assert_refused(400, "bad_request");
}

static void content_types(void **state) {
  (void)state;
  static const struct {
    const char *type;
    int status;
  } cases[] = {{"application/json; charset=utf-8", 400},
               {"Application/JSON", 400},
               {"text/plain", 415},
               {"application/jsonx", 415},
               {"application/x-www-form-urlencoded", 400},
               {"Application/X-WWW-Form-Urlencoded; charset=utf-8", 400},
               {"application/x-www-form-urlencodedx", 415},
               {"multipart/form-data", 415},
               {"", 415}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *headers[] = {"x-inbenta-key", key.value, "Content-Type", cases[i].type, NULL};
    assert_int_equal(ask("POST", "/v1/auth", headers, "{}"), cases[i].status);
  }
  const char *headers[] = {"x-inbenta-key", key.value, NULL};
  assert_int_equal(ask("POST", "/v1/auth", headers, "{}"), 415);
}

static int auth_by_form(const char *format, const char *value) {
  char body[256];
  const char *percent = strstr(format, "%s");
  snprintf(body, sizeof body, "%.*s%s%s", (int)(percent - format), format, value, percent + 2);
  const char *headers[] = {"x-inbenta-key", key.value, "Content-Type", "application/x-www-form-urlencoded", "Origin",
                           ORIGIN,          NULL};
  return ask("POST", "/v1/auth", headers, body);
}

static void forms(void **state) {
  (void)state;
  static const char *const good[] = {"secret=%s", "&a=b&secret=%s&&", "secret=%s&other", "s%%65cret=%s",
                                     "=x&secret=%s"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    char format[64], *at = format; /* "%%" stands for one */
    for (const char *from = good[i]; (*at++ = *from) != '\0'; from++)
      if (from[0] == '%' && from[1] == '%')
        from++;
    assert_int_equal(auth_by_form(format, secret), 200);
  }
  assert_int_equal(auth_by_form("domainKey=%s", domain_key.value), 200);
  assert_int_equal(auth_by_form("domain_key=%s", domain_key.value), 200);
  char escaped[2 * AUTHAPI_SECRET_SIZE] = "";
  snprintf(escaped, sizeof escaped, "%%%02x%s", secret[0], secret + 1);
  assert_int_equal(auth_by_form("secret=%s", escaped), 200);
  snprintf(escaped, sizeof escaped, "%%%02X%s", secret[0], secret + 1);
  assert_int_equal(auth_by_form("secret=%s", escaped), 200);
  static const char *const bad[] = {"secret=%s%",
                                    "secret=%s%0",
                                    "secret=%s%zz",
                                    "secret=%s%00",
                                    "secret=%s&secret=x",
                                    "secret=%s&domainKey=x",
                                    "secret=&x=%s",
                                    "secret&x=%s",
                                    "x=%s",
                                    "{\"secret\":\"%s\"}",
                                    "domainKey=%s&domain_key=x"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    auth_by_form(bad[i], secret);
    assert_refused(400, "bad_request");
  }
  auth_by_form("secret=%s+", secret);
  assert_refused(400, "credentials_rejected");
  /* What curl -d sends without a Content-Type. The message has no part of the body. */
  static const char *const json[] = {"{\"secret\":\"%s\"}", " \r\n\t{\"secret\":\"%s&=%\"}"};
  for (size_t i = 0; i < sizeof json / sizeof *json; i++) {
    auth_by_form(json[i], secret);
    assert_refused(400, "bad_request");
    assert_string_equal(field("error.message"), "The body looks like JSON, but was sent as a form. Add the header "
                                                "Content-Type: application/json.");
  }
  assert_int_equal(auth_by_form("{&secret=%s", secret), 200); /* it is a form all the same */
}

static void both_names_of_a_domain_key(void **state) {
  (void)state;
  assert_int_equal(auth_with("domain_key", domain_key.value, ORIGIN), 200);
  assert_int_equal(auth_with("domainKey", domain_key.value, ORIGIN), 200);
}

static void personal_secrets(void **state) {
  (void)state;
  char body[512];
  api.personal_secret = "of mine";
  static const struct {
    const char *more;
    int status;
  } cases[] = {{"\"of mine\"", 200}, {"\"of min\"", 422}, {"\"\"", 422}, {"1", 422}, {"null", 422}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    snprintf(body, sizeof body, "{\"secret\":\"%s\",\"user_personal_secret\":%s}", secret, cases[i].more);
    assert_int_equal(auth(key.value, NULL, body), cases[i].status);
    snprintf(body, sizeof body, "{\"domainKey\":\"%s\",\"user_personal_secret\":%s}", domain_key.value, cases[i].more);
    auth(key.value, ORIGIN, body);
    assert_refused(422, "credentials_rejected");
  }
  assert_int_equal(auth_by_form("secret=%s&user_personal_secret=of+mine", secret), 200);
  auth(key.value, NULL, "{\"secret\":\"wrong\",\"user_personal_secret\":\"of mine\"}");
  assert_refused(400, "credentials_rejected");
  api.personal_secret = NULL; /* none is right */
  auth_by_form("secret=%s&user_personal_secret=", secret);
  assert_refused(422, "credentials_rejected");
}

static void targets(void **state) {
  (void)state;
  static const char *const cases[][2] = {{"/v1/auth", "/v1/auth"},
                                         {"http://127.0.0.1:8080/v1/auth", "/v1/auth"},
                                         {"HTTPS://auth.example/v1/auth", "/v1/auth"},
                                         {"http://auth.example", "/"},
                                         {"http://auth.example?x=/v1/auth", "/"},
                                         {"/http://auth.example/v1", "/http://auth.example/v1"},
                                         {"ftp://auth.example/v1", "ftp://auth.example/v1"},
                                         {"*", "*"},
                                         {"", ""}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_string_equal(authapi_target_path(cases[i][0]), cases[i][1]);
}

static void get_token(char token[2200]) {
  assert_int_equal(auth_with("domainKey", domain_key.value, ORIGIN), 200);
  snprintf(token, 2200, "%s", field("accessToken"));
}

static void refresh(void **state) {
  (void)state;
  char token[2200];
  get_token(token);
  now += 1199;
  char lower_case[2300];
  snprintf(lower_case, sizeof lower_case, "bearer %s", token);
  const char *scheme[] = {"x-inbenta-key", key.value, "Authorization", lower_case, "Origin", ORIGIN, NULL};
  assert_int_equal(ask("POST", "/v1/refreshToken", scheme, ""), 200);
  assert_int_equal(bearer("POST", "/v1/refreshToken", key.value, token, ORIGIN), 200);
  assert_string_not_equal(field("accessToken"), token);
  assert_true(number_field("expiration") == 1000 + 1199 + 1200);
  assert_null(strstr(response.body, "apis"));
  bearer("POST", "/v1/refreshToken", key.value, token, "https://evil.example");
  assert_refused(403, "origin_not_allowed");
  bearer("POST", "/v1/refreshToken", key.value, token, NULL);
  assert_refused(403, "origin_not_allowed");
  bearer("POST", "/v1/refreshToken", other_key.value, token, ORIGIN);
  assert_gateway();
  bearer("POST", "/v1/refreshToken", "unknown", token, ORIGIN);
  assert_gateway();
  bearer("POST", "/v1/refreshToken", key.value, "not.a.token", ORIGIN);
  assert_gateway();
  now += 1;
  bearer("POST", "/v1/refreshToken", key.value, token, ORIGIN);
  assert_gateway();
  assert_string_equal(response.reason, "token_expired");
  const char *none[] = {"x-inbenta-key", key.value, NULL};
  ask("POST", "/v1/refreshToken", none, "");
  assert_refused(401, "token_missing");
  const char *basic[] = {"x-inbenta-key", key.value, "Authorization", "Basic x", NULL};
  ask("POST", "/v1/refreshToken", basic, "");
  assert_refused(401, "token_missing");
  assert_string_equal(response_header("WWW-Authenticate"), "Bearer");
  assert_string_equal(response.key_id, key.id);
  static const char *const short_ones[] = {"", "Bear", "Bearer", "Bearer ",
                                           "Bearer   "}; /* nothing is read behind these */
  for (size_t i = 0; i < sizeof short_ones / sizeof *short_ones; i++) {
    const char *headers[] = {"x-inbenta-key", key.value, "Authorization", short_ones[i], NULL};
    ask("POST", "/v1/refreshToken", headers, "");
    assert_refused(401, "token_missing");
  }
}

static void revocations_and_domains_apply_immediately(void **state) {
  (void)state;
  char token[2200];
  get_token(token);
  api.store.set_domains(api.store.state, domain_key.id, "other.example\n");
  bearer("POST", "/v1/refreshToken", key.value, token, ORIGIN);
  assert_refused(403, "origin_not_allowed");
  api.store.set_domains(api.store.state, domain_key.id, "www.example.com\n");
  assert_int_equal(bearer("POST", "/v1/refreshToken", key.value, token, ORIGIN), 200);
  api.store.revoke(api.store.state, AUTHAPI_DOMAIN_KEY, domain_key.id, now);
  bearer("POST", "/v1/refreshToken", key.value, token, ORIGIN);
  assert_refused(403, "key_revoked");
  bearer("GET", "/v1/apis", key.value, token, ORIGIN);
  assert_refused(403, "key_revoked");
  auth_with("domainKey", domain_key.value, ORIGIN);
  assert_refused(403, "key_revoked");
  api.store.revoke(api.store.state, AUTHAPI_SECRET, secret_row.id, now);
  auth_with("secret", secret, NULL);
  assert_refused(403, "key_revoked");
}

/* A refresh returns another token, and checks the credential each time. */
static void no_refresh_gives_back_the_token_that_was_shown(void **state) {
  (void)state;
  char token[2200];
  get_token(token);
  for (int i = 0; i < 40; i++) {
    assert_int_equal(bearer("POST", "/v1/refreshToken", key.value, token, ORIGIN), 200);
    assert_string_not_equal(field("accessToken"), token);
    snprintf(token, sizeof token, "%s", field("accessToken"));
  }
}

static void changed_domains_apply_immediately(void **state) {
  (void)state;
  char token[2200];
  get_token(token);
  api.store.set_domains(api.store.state, domain_key.id, "other.example\n");
  auth_with("domainKey", domain_key.value, ORIGIN);
  assert_refused(403, "origin_not_allowed");
  bearer("POST", "/v1/refreshToken", key.value, token, ORIGIN);
  assert_refused(403, "origin_not_allowed");
  assert_int_equal(auth_with("domainKey", domain_key.value, "https://other.example"), 200);
}

static void a_secret_beside_the_one_that_replaces_it(void **state) {
  (void)state;
  char token[2200], fresh[AUTHAPI_SECRET_SIZE];
  authapi_credential old = secret_row, made;
  assert_int_equal(auth_with("secret", secret, NULL), 200);
  snprintf(token, sizeof token, "%s", field("accessToken"));
  assert_int_equal(authapi_rotate_secret(&api.store, &api.signer, &old, 600, now, fresh, &made), AUTHAPI_FOUND);
  assert_int_equal(old.expires_s, now + 600);
  assert_string_equal(made.api_key_id, key.id);
  assert_string_not_equal(fresh, secret);
  now += 599;
  assert_int_equal(auth_with("secret", secret, NULL), 200);
  assert_int_equal(auth_with("secret", fresh, NULL), 200);
  assert_int_equal(bearer("POST", "/v1/refreshToken", key.value, token, NULL), 200);
  now += 1;
  auth_with("secret", secret, NULL);
  assert_refused(403, "key_revoked");
  assert_non_null(strstr(field("error.message"), "expired"));
  bearer("POST", "/v1/refreshToken", key.value, token, NULL);
  assert_refused(403, "key_revoked");
  assert_int_equal(auth_with("secret", fresh, NULL), 200);
  assert_non_null(strstr(authapi_rotate_problem(&old, now), "expired"));
  assert_null(authapi_rotate_problem(&made, now));
}

/* Two administrators rotate the same secret independently. The overlap of the first rotation still holds. */
static void rotated_twice(void **state) {
  (void)state;
  char fresh[2][AUTHAPI_SECRET_SIZE];
  authapi_credential old = secret_row, made;
  authapi_rotate_secret(&api.store, &api.signer, &old, 60, now, fresh[0], &made);
  authapi_rotate_secret(&api.store, &api.signer, &old, 600, now, fresh[1], &made);
  assert_int_equal(old.expires_s, now + 60);
  now += 60;
  assert_int_equal(auth_with("secret", secret, NULL), 403);
  assert_int_equal(auth_with("secret", fresh[0], NULL), 200);
  assert_int_equal(auth_with("secret", fresh[1], NULL), 200);
}

/* A grant and a refresh are uses. A refusal is not. */
static void uses_are_recorded(void **state) {
  (void)state;
  char token[2200];
  api.last_used = authapi_last_used_new();
  auth_with("domainKey", domain_key.value, "https://evil.example");
  assert_int_equal(authapi_last_used_get(api.last_used, domain_key.id), 0);
  get_token(token);
  assert_int_equal(authapi_last_used_get(api.last_used, domain_key.id), now);
  assert_int_equal(authapi_last_used_get(api.last_used, key.id), now);
  now += 5;
  bearer("POST", "/v1/refreshToken", other_key.value, token, ORIGIN);
  assert_int_equal(authapi_last_used_get(api.last_used, domain_key.id), now - 5);
  assert_int_equal(bearer("POST", "/v1/refreshToken", key.value, token, ORIGIN), 200);
  assert_int_equal(authapi_last_used_get(api.last_used, domain_key.id), now);
  assert_int_equal(authapi_last_used_get(api.last_used, secret_row.id), 0);
  authapi_last_used_free(api.last_used);
}

/* The index in the JWK set of the key that a token names. */
static int key_of(const char *token) {
  char header[128], kid[2][AUTHAPI_KID_SIZE];
  long len = iauth__base64url_decode(token, strcspn(token, "."), header, sizeof header - 1);
  assert_true(len > 0);
  header[len] = '\0';
  for (size_t i = 0; i < 2 && i < signing_keys.count; i++) {
    authapi_key_id(&signing_keys.keys[i], kid[i]);
    if (strstr(header, kid[i]) != NULL)
      return (int)i;
  }
  return -1;
}

static int count_published(void) {
  const char *none[] = {NULL};
  assert_int_equal(ask("GET", "/.well-known/jwks.json", none, ""), 200);
  assert_string_equal(response_header("Cache-Control"), "max-age=60");
  cJSON *json = cJSON_Parse(response.body);
  int count = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(json, "keys"));
  cJSON_Delete(json);
  return count;
}

static void a_rotation_of_signing_keys(void **state) {
  (void)state;
  char old_token[2200], token[2200];
  authapi_signing_keys command = {.count = 0};
  get_token(old_token);
  assert_int_equal(count_published(), 1);
  assert_int_equal(authapi_signing_keys_rotate(&command, &api.store, &api.signer, 120, now), AUTHAPI_FOUND);
  authapi_signing_keys_clean_up(&command, &api.signer);
  now += 119;
  assert_int_equal(count_published(), 2);
  get_token(old_token);
  assert_int_equal(key_of(old_token), 0);
  now += 1;
  get_token(token);
  assert_int_equal(key_of(token), 1);
  assert_int_equal(bearer("POST", "/v1/refreshToken", key.value, old_token, ORIGIN), 200);
  assert_int_equal(key_of(field("accessToken")), 1);
  now += 1198;
  assert_int_equal(bearer("POST", "/v1/refreshToken", key.value, old_token, ORIGIN), 200);
  now += 1; /* the old token ends; its key a little later, because clocks differ */
  bearer("POST", "/v1/refreshToken", key.value, old_token, ORIGIN);
  assert_gateway();
  assert_string_equal(response.reason, "token_expired");
  now += 1 + AUTHAPI_CLOCK_SKEW_S;
  assert_int_equal(count_published(), 1);
  bearer("POST", "/v1/refreshToken", key.value, old_token, ORIGIN);
  assert_gateway();
  assert_string_equal(response.reason, "token_invalid");
}

static authapi_found broken_signing_keys(void *state, void (*each)(void *user, const authapi_signing_key *),
                                         void *user) {
  (void)state, (void)each, (void)user;
  return AUTHAPI_STORE_ERROR;
}

static void without_signing_keys(void **state) {
  (void)state;
  char token[2200];
  const char *none[] = {NULL};
  authapi_store good = api.store;
  get_token(token);
  api.store.list_signing_keys = broken_signing_keys;
  now += 1;
  assert_int_equal(bearer("POST", "/v1/refreshToken", key.value, token, ORIGIN), 200);
  authapi_signing_keys_clean_up(&signing_keys, &api.signer); /* a server that starts like this */
  auth_with("domainKey", domain_key.value, ORIGIN);
  assert_refused(500, "server_error");
  bearer("POST", "/v1/refreshToken", key.value, token, ORIGIN);
  assert_refused(500, "server_error");
  ask("GET", "/.well-known/jwks.json", none, "");
  assert_refused(500, "server_error");
  api.store = good;
  assert_int_equal(bearer("POST", "/v1/refreshToken", key.value, token, ORIGIN), 200);
}

static void apis(void **state) {
  (void)state;
  char token[2200];
  get_token(token);
  assert_int_equal(bearer("GET", "/v1/apis", key.value, token, ORIGIN), 200);
  assert_string_equal(response.body, "{\"apis\":{\"chatbot\":\"https://api.example/prod/chatbot\"}}");
}

static void apis_that_are_left_out(void **state) {
  (void)state;
  char token[2200], body[200];
  snprintf(body, sizeof body, "{\"secret\":\"%s\"}", secret);
  assert_true(authapi_apis_read("missing", &api.apis));
  assert_int_equal(auth(key.value, NULL, body), 200);
  assert_null(strstr(response.body, "apis"));
  get_token(token);
  assert_int_equal(bearer("GET", "/v1/apis", key.value, token, ORIGIN), 200);
  assert_string_equal(response.body, "{\"apis\":{\"chatbot\":\"https://api.example/prod/chatbot\"}}");
  assert_true(authapi_apis_read("empty", &api.apis));
  assert_int_equal(auth(key.value, NULL, body), 200);
  assert_non_null(strstr(response.body, ",\"apis\":[]}"));
  assert_int_equal(bearer("GET", "/v1/apis", key.value, token, ORIGIN), 200);
  assert_string_equal(response.body, "{\"apis\":[]}");
  assert_int_equal(bearer("POST", "/v1/refreshToken", key.value, token, ORIGIN), 200);
  assert_null(strstr(response.body, "apis"));
  assert_false(authapi_apis_read("", &api.apis));
  assert_false(authapi_apis_read("Missing", &api.apis));
}

static void preflight(void **state) {
  (void)state;
  const char *headers[] = {"Origin", "https://any.example", NULL};
  assert_int_equal(ask("OPTIONS", "/v1/auth", headers, ""), 204);
  assert_null(response.body);
  assert_string_equal(response_header("Access-Control-Allow-Origin"), "https://any.example");
  assert_string_equal(response_header("Vary"), "Origin");
  assert_non_null(strstr(response_header("Access-Control-Allow-Methods"), "POST"));
  assert_non_null(
      strstr(response_header("Access-Control-Allow-Headers"), "x-inbenta-key, authorization, content-type"));
  assert_true(atoi(response_header("Access-Control-Max-Age")) > 0);
  assert_string_equal(response_header("Access-Control-Allow-Credentials"), "(none)");
  /* So that a page with a wrong endpoint may read the 404. */
  assert_int_equal(ask("OPTIONS", "/auth", headers, ""), 204);
  assert_int_equal(ask("POST", "/auth", headers, ""), 404);
  assert_string_equal(response_header("Access-Control-Allow-Origin"), "https://any.example");
}

/* Every answer, with any status, lets pages read it and allows no cookies. */
static void cors_on_every_answer(void **state) {
  (void)state;
  static const struct {
    const char *method, *path;
    int status;
  } cases[] = {
      {"OPTIONS", "/v1/auth", 204},      {"OPTIONS", "/v1/refreshToken", 204},
      {"OPTIONS", "/v1/apis", 204},      {"POST", "/v1/auth", 403},
      {"POST", "/v1/refreshToken", 403}, {"GET", "/v1/apis", 403},
      {"GET", "/healthz", 200},          {"GET", "/.well-known/jwks.json", 200},
      {"GET", "/nowhere", 404},          {"DELETE", "/v1/auth", 405},
      {"HEAD", "/v1/apis", 403},
  };
  const char *with[] = {"Origin", "https://any.example:8443", NULL};
  const char *opaque[] = {"Origin", "null", NULL};
  const char *none[] = {NULL};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_int_equal(ask(cases[i].method, cases[i].path, with, ""), cases[i].status);
    assert_string_equal(response_header("Access-Control-Allow-Origin"), "https://any.example:8443");
    assert_string_equal(response_header("Access-Control-Expose-Headers"),
                        "Retry-After, Date, x-quota-usage, x-quota-reset, x-throttle-usage, x-throttle-reset");
    assert_string_equal(response_header("Vary"), "Origin");
    assert_string_equal(response_header("X-Content-Type-Options"), "nosniff");
    assert_string_equal(response_header("Access-Control-Allow-Credentials"), "(none)");
    if (cases[i].status != 204)
      assert_string_not_equal(response_header("Cache-Control"), "(none)");
    ask(cases[i].method, cases[i].path, opaque, "");
    assert_string_equal(response_header("Access-Control-Allow-Origin"), "null");
    ask(cases[i].method, cases[i].path, none, "");
    assert_string_equal(response_header("Access-Control-Allow-Origin"), "(none)");
    assert_string_equal(response_header("Vary"), "Origin");
  }
}

/* The order of checks: a revoked key does not reveal its origins, and a key of another API key does not reveal that it
 * exists. */
static void the_order_of_checks(void **state) {
  (void)state;
  char token[2200];
  get_token(token);
  assert_int_equal(api.store.revoke(api.store.state, AUTHAPI_DOMAIN_KEY, domain_key.id, now), AUTHAPI_FOUND);
  auth_with("domainKey", domain_key.value, "https://evil.example");
  assert_refused(403, "key_revoked");
  bearer("POST", "/v1/refreshToken", other_key.value, token, ORIGIN);
  assert_gateway();
  char body[256];
  snprintf(body, sizeof body, "{\"domainKey\":\"%s\"}", domain_key.value);
  auth(other_key.value, ORIGIN, body);
  assert_refused(400, "credentials_rejected");
  now += 1200;
  bearer("POST", "/v1/refreshToken", key.value, token, ORIGIN);
  assert_gateway();
}

static void the_scheme_of_a_bearer(void **state) {
  (void)state;
  char token[2200], value[2300];
  get_token(token);
  static const struct {
    const char *format;
    int status;
  } cases[] = {{"Bearer %s", 200},  {"bearer %s", 200},    {"BEARER %s", 200},  {"%s", 401},        {"Bearer%s", 401},
               {"Bearer  %s", 200}, {"bEaReR    %s", 200}, {"Bearer %s ", 403}, {"Bearer %s.", 403}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *percent = strstr(cases[i].format, "%s");
    snprintf(value, sizeof value, "%.*s%s%s", (int)(percent - cases[i].format), cases[i].format, token, percent + 2);
    const char *headers[] = {"x-inbenta-key", key.value, "Authorization", value, "Origin", ORIGIN, NULL};
    assert_int_equal(ask("POST", "/v1/refreshToken", headers, ""), cases[i].status);
    if (cases[i].status == 401)
      assert_string_equal(response_header("WWW-Authenticate"), "Bearer");
  }
}

static void other_requests(void **state) {
  (void)state;
  const char *none[] = {NULL};
  assert_int_equal(ask("GET", "/v1/auth", none, ""), 405);
  assert_string_equal(response_header("Allow"), "POST, OPTIONS");
  assert_int_equal(ask("POST", "/v1/apis", none, ""), 405);
  assert_string_equal(response_header("Allow"), "GET, HEAD, OPTIONS");
  assert_int_equal(ask("HEAD", "/v1/auth", none, ""), 405);
  assert_int_equal(ask("HEAD", "/healthz", none, ""), 200);
  assert_non_null(response.body); /* for its length */
  assert_int_equal(ask("HEAD", "/.well-known/jwks.json", none, ""), 200);
  assert_int_equal(ask("HEAD", "/nothing", none, ""), 404);
  assert_int_equal(ask("GET", "/", none, ""), 404);
  assert_int_equal(ask("GET", "/v1/auth/", none, ""), 404);
  assert_int_equal(ask("GET", "/healthz", none, ""), 200);
  assert_string_equal(field("status"), "ok");
  assert_int_equal(ask("GET", "/.well-known/jwks.json", none, ""), 200);
  assert_non_null(strstr(response.body, "\"Ed25519\""));
  const authapi_request large = {
      .method = "POST", .path = "/v1/auth", .header = lookup, .header_state = none, .body = "", .body_too_large = true};
  authapi_response_clean_up(&response);
  authapi_handle(&api, &large, &response);
  assert_refused(413, "bad_request");
}

static authapi_found broken_find(void *state, const char *value, authapi_api_key *out) {
  (void)state;
  (void)value;
  (void)out;
  return AUTHAPI_STORE_ERROR;
}

static void a_store_that_fails(void **state) {
  (void)state;
  api.store.find_api_key = broken_find;
  auth_with("domainKey", domain_key.value, ORIGIN);
  assert_refused(500, "server_error");
  const char *none[] = {NULL};
  ask("GET", "/healthz", none, "");
  assert_refused(503, "store_unavailable");
}

/* An injected answer: for any request, and readable for the page. */
static void an_injected_answer(void **state) {
  (void)state;
  const char *headers[] = {"Origin", ORIGIN, NULL};
  authapi_request request = make_request("POST", "/v1/auth", headers, "{");
  authapi_response_clean_up(&response);
  authapi_refuse_with(&request, 503, &response);
  assert_refused(503, "injected");
  assert_string_equal(response_header("Access-Control-Allow-Origin"), ORIGIN);
  assert_non_null(strstr(response_header("Access-Control-Expose-Headers"), "Retry-After"));
  request.method = "OPTIONS";
  authapi_response_clean_up(&response);
  authapi_refuse_with(&request, 503, &response);
  assert_int_equal(response.status, 204);
  assert_non_null(strstr(response_header("Access-Control-Allow-Methods"), "POST"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(domain_key_from_an_allowed_origin),
      TEST(domain_key_from_elsewhere),
      TEST(secret_from_a_server),
      TEST(api_keys),
      TEST(bad_bodies),
      TEST(a_key_and_more),
      TEST(content_types),
      TEST(forms),
      TEST(both_names_of_a_domain_key),
      TEST(personal_secrets),
      TEST(targets),
      TEST(refresh),
      TEST(revocations_and_domains_apply_immediately),
      TEST(no_refresh_gives_back_the_token_that_was_shown),
      TEST(changed_domains_apply_immediately),
      TEST(a_secret_beside_the_one_that_replaces_it),
      TEST(rotated_twice),
      TEST(uses_are_recorded),
      TEST(a_rotation_of_signing_keys),
      TEST(without_signing_keys),
      TEST(apis),
      TEST(apis_that_are_left_out),
      TEST(preflight),
      TEST(cors_on_every_answer),
      TEST(the_order_of_checks),
      TEST(the_scheme_of_a_bearer),
      TEST(other_requests),
      TEST(a_store_that_fails),
      TEST(an_injected_answer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
