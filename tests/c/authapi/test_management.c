/* Management over HTTP: who has access, and that it does the same as the commands. */
#include "authapi/keys/credentials.h"
#include "authapi/management.h"
#include "authd/domain_names.h"
#include "cmocka_all.h"
#include "exchange.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN "0123456789abcdef0123456789abcdef"

static authapi api;
static authapi_signing_keys signing_keys;
static authapi_management admin;
static authapi_api_key key;
static authapi_credential domain_key, secret_row;
static authapi_response response;
static cJSON *json; /* the response's body */

static int64_t clock_now(void *state) {
  (void)state;
  return 86400;
}

static int set_up(void **state) {
  (void)state;
  char problem[256], secret[AUTHAPI_SECRET_SIZE];
  api = (authapi){.signer = authd_signer_openssl(),
                  .keys = &signing_keys,
                  .now_s = clock_now,
                  .names = authd_domain_names,
                  .lifetime_s = 1200,
                  .apis_json = "{}"};
  if (!authapi_store_sqlite_open(&api.store, ":memory:", true, problem, sizeof problem) ||
      !authapi_management_init(&admin, &api, TOKEN))
    return -1;
  authapi_make_api_key(&api.store, &api.signer, "shop", 1, &key);
  authapi_make_domain_key(&api.store, &api.signer, key.id, "www.example.com\n", 1, &domain_key);
  return authapi_make_secret(&api.store, &api.signer, key.id, 1, secret, &secret_row) == AUTHAPI_FOUND ? 0 : -1;
}

static void forget_response(void) {
  cJSON_Delete(json);
  json = NULL;
  authapi_response_clean_up(&response);
}

static int tear_down(void **state) {
  (void)state;
  forget_response();
  authapi_signing_keys_clean_up(&signing_keys, &api.signer);
  api.store.close(api.store.state);
  return 0;
}

static int ask(const char *method, const char *path, const char *const *headers, const char *body) {
  const authapi_request request = make_request(method, path, headers, body);
  forget_response();
  authapi_management_handle(&admin, &request, &response);
  json = cJSON_Parse(response.body);
  return response.status;
}

static const char *const signed_in[] = {"Authorization", "Bearer " TOKEN, "Content-Type", "application/json", NULL};

static int get(const char *path) { return ask("GET", path, signed_in, ""); }

/* Posts a JSON text that has one value inserted. */
static int post(const char *path, const char *format, const char *value) {
  char body[400];
  snprintf(body, sizeof body, format, value);
  return ask("POST", path, signed_in, body);
}

static const char *text_in(const cJSON *object, const char *name) {
  const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
  return text != NULL ? text : "(none)";
}

static bool is_revoked(const cJSON *credential) {
  return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(credential, "revoked"));
}

static void assert_refused(int status, const char *reason, const char *message) {
  const cJSON *error = cJSON_GetObjectItemCaseSensitive(json, "error");
  assert_int_equal(response.status, status);
  assert_string_equal(text_in(error, "reason"), reason);
  assert_string_equal(response.reason, reason);
  if (strstr(text_in(error, "message"), message) == NULL)
    fail_msg("\"%s\" is not in \"%s\"", message, text_in(error, "message"));
}

/* The number of keys in a list. */
static int count(const char *path) {
  assert_int_equal(get(path), 200);
  assert_true(cJSON_IsArray(json));
  return cJSON_GetArraySize(json);
}

/* --------------------------------------------------------------------------------------------------
 */

static const char *const paths[] = {
    "/admin/api-keys",       "/admin/domain-keys",        "/admin/domain-keys/set-domains",
    "/admin/secrets",        "/admin/domain-keys/revoke", "/admin/secrets/revoke",
    "/admin/secrets/rotate", "/admin/signing-keys",       "/admin/signing-keys/rotate",
};

static void no_access_without_the_token(void **state) {
  (void)state;
  static const char *const wrong[] = {
      "Bearer 0123456789abcdef0123456789abcdeF",
      "Bearer 0123456789abcdef0123456789abcde",
      "Bearer " TOKEN "0",
      "Bearer 123456789abcdef0123456789abcdef0",
  };
  static const char *const missing[] = {"Basic " TOKEN, TOKEN, "", "Bearer", "Bearer "};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
    for (int posted = 0; posted < 2; posted++) {
      const char *method = posted ? "POST" : "GET", *body = posted ? "{\"name\":\"x\"}" : "";
      for (size_t n = 0; n < sizeof wrong / sizeof *wrong; n++) {
        const char *headers[] = {"Authorization", wrong[n], "Content-Type", "application/json", NULL};
        ask(method, paths[i], headers, body);
        assert_refused(401, "token_invalid", "not the admin token");
        assert_string_equal(header_in(&response, "WWW-Authenticate"), "Bearer");
      }
      for (size_t n = 0; n < sizeof missing / sizeof *missing; n++) {
        ask(method, paths[i], (const char *[]){"Authorization", missing[n], NULL}, body);
        assert_refused(401, "token_missing", "Authorization: Bearer");
      }
      ask(method, paths[i], (const char *[]){NULL}, body);
      assert_refused(401, "token_missing", "Authorization: Bearer");
    }
  assert_int_equal(count("/admin/api-keys"), 1);
}

static void each_bit_of_the_hash_counts(void **state) {
  (void)state;
  for (size_t bit = 0; bit < 8 * AUTHAPI_HASH_SIZE; bit++) {
    admin.token_hash[bit / 8] ^= (unsigned char)(1u << bit % 8);
    assert_int_equal(get("/admin/api-keys"), 401);
    admin.token_hash[bit / 8] ^= (unsigned char)(1u << bit % 8);
  }
  assert_int_equal(get("/admin/api-keys"), 200);
}

/* A page of another site is refused even with the right token, and does not learn that the token is right. */
static void only_the_page_of_this_server_has_access(void **state) {
  (void)state;
  static const char *const sites[] = {"cross-site", "same-site", "", "Same-Origin"};
  for (size_t i = 0; i < sizeof sites / sizeof *sites; i++) {
    const char *headers[] = {"Authorization",        "Bearer " TOKEN, "Origin",
                             "https://evil.example", "Content-Type",  "application/json",
                             "Sec-Fetch-Site",       sites[i],        NULL};
    ask("POST", "/admin/api-keys", headers, "{\"name\":\"evil\"}");
    assert_refused(403, "cross_site", "/admin/");
    ask("GET", "/admin/api-keys", headers, "");
    assert_refused(403, "cross_site", "/admin/");
    ask("OPTIONS", "/admin/api-keys", headers, "");
    assert_refused(403, "cross_site", "/admin/");
    for (size_t n = 0; n < response.header_count; n++)
      assert_null(strstr(response.headers[n].name, "Access-Control"));
  }
  /* Over plain http, browsers send no Sec-Fetch-Site. */
  static const char *const origins[] = {"http://evil.example", "http://keys.example:1", "null", "keys.example", ""};
  for (size_t i = 0; i < sizeof origins / sizeof *origins; i++) {
    const char *headers[] = {"Authorization", "Bearer " TOKEN, "Origin",           origins[i], "Host",
                             "keys.example",  "Content-Type",  "application/json", NULL};
    ask("POST", "/admin/api-keys", headers, "{\"name\":\"evil\"}");
    assert_refused(403, "cross_site", "/admin/");
  }
  assert_int_equal(count("/admin/api-keys"), 1);
  static const struct {
    const char *origin, *host;
    int status;
  } hosts[] = {
      {"http://Keys.example:8080", "keys.example:8080", 200}, {"http://keys.example", "keys.example:80", 200},
      {"https://keys.example", "keys.example:443", 200},      {"https://keys.example", "keys.example:80", 403},
      {"https://keys.example", "keys.example.evil", 403},     {"https://keys.example", "keys", 403},
  };
  for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
    const char *headers[] = {"Authorization", "Bearer " TOKEN, "Origin", hosts[i].origin, "Host", hosts[i].host, NULL};
    assert_int_equal(ask("GET", "/admin/api-keys", headers, ""), hosts[i].status);
  }
  const char *same[] = {"Authorization", "bearer " TOKEN, "Sec-Fetch-Site", "same-origin", NULL};
  assert_int_equal(ask("GET", "/admin/api-keys", same, ""), 200);
  assert_string_equal(header_in(&response, "Access-Control-Allow-Origin"), "(none)");
}

static void strings_that_are_no_tokens(void **state) {
  (void)state;
  char text[AUTHAPI_ADMIN_TOKEN_MAX + 2];
  memset(text, 'a', sizeof text);
  text[AUTHAPI_ADMIN_TOKEN_MAX + 1] = '\0';
  assert_non_null(strstr(authapi_management_token_problem(text), "at most 256"));
  text[AUTHAPI_ADMIN_TOKEN_MAX] = '\0';
  assert_null(authapi_management_token_problem(text));
  assert_null(authapi_management_token_problem(TOKEN));
  assert_non_null(strstr(authapi_management_token_problem(TOKEN + 1), "at least 32"));
  assert_non_null(strstr(authapi_management_token_problem(""), "at least 32"));
  assert_non_null(strstr(authapi_management_token_problem(TOKEN " " TOKEN), "one word"));
  assert_non_null(strstr(authapi_management_token_problem(TOKEN "\n" TOKEN), "one word"));
  assert_non_null(strstr(authapi_management_token_problem(TOKEN "\303\251"), "one word"));
}

static void api_keys(void **state) {
  (void)state;
  assert_int_equal(post("/admin/api-keys", "{\"name\":\"%s\"}", "a \\\"shop\\\" <b>"), 201);
  assert_string_equal(text_in(json, "name"), "a \"shop\" <b>");
  assert_string_equal(text_in(json, "created"), "1970-01-02T00:00:00Z");
  assert_string_equal(text_in(json, "id"), response.key_id);
  assert_int_equal(strlen(text_in(json, "apiKey")), 43);
  assert_string_equal(header_in(&response, "Cache-Control"), "no-store");
  assert_string_equal(header_in(&response, "X-Content-Type-Options"), "nosniff");
  char made[AUTHAPI_VALUE_SIZE];
  snprintf(made, sizeof made, "%s", text_in(json, "apiKey"));
  assert_int_equal(count("/admin/api-keys"), 2);
  assert_string_equal(text_in(cJSON_GetArrayItem(json, 0), "apiKey"), key.value);
  assert_string_equal(text_in(cJSON_GetArrayItem(json, 1), "apiKey"), made);
  char name[AUTHAPI_NAME_SIZE + 1];
  memset(name, 'n', sizeof name);
  name[AUTHAPI_NAME_SIZE] = '\0';
  post("/admin/api-keys", "{\"name\":\"%s\"}", name);
  assert_refused(400, "bad_request", "at most 127 bytes");
  name[AUTHAPI_NAME_SIZE - 1] = '\0';
  assert_int_equal(post("/admin/api-keys", "{\"name\":\"%s\"}", name), 201);
}

static void secrets(void **state) {
  (void)state;
  assert_int_equal(post("/admin/secrets", "{\"apiKey\":\"%s\"}", key.value), 201);
  char secret[AUTHAPI_SECRET_SIZE], id[AUTHAPI_ID_SIZE], hash[AUTHAPI_VALUE_SIZE];
  snprintf(secret, sizeof secret, "%s", text_in(json, "secret"));
  snprintf(id, sizeof id, "%s", text_in(json, "id"));
  assert_int_equal(strlen(secret), 43);
  assert_string_equal(text_in(json, "apiKeyId"), key.id);
  authapi_credential found;
  assert_true(authapi_hash_secret(&api.signer, secret, hash));
  assert_int_equal(api.store.find_credential(api.store.state, AUTHAPI_SECRET, hash, &found), AUTHAPI_FOUND);
  assert_string_equal(found.id, id);
  /* It was shown once, and its hash never is. */
  assert_int_equal(count("/admin/secrets"), 2);
  assert_null(strstr(response.body, secret));
  assert_null(strstr(response.body, hash));
  assert_int_equal(post("/admin/secrets/revoke", "{\"id\":\"%s\"}", id), 200);
  assert_true(is_revoked(json));
  assert_string_equal(response.key_id, id);
  assert_int_equal(count("/admin/secrets"), 2);
  assert_false(is_revoked(cJSON_GetArrayItem(json, 0)));
  assert_true(is_revoked(cJSON_GetArrayItem(json, 1)));
}

static void a_secret_is_rotated(void **state) {
  (void)state;
  char secret[AUTHAPI_SECRET_SIZE], body[100];
  authapi_credential stored;
  assert_int_equal(post("/admin/secrets/rotate", "{\"id\":\"%s\"}", secret_row.id), 201);
  assert_string_equal(text_in(json, "replaces"), secret_row.id);
  assert_string_equal(text_in(json, "replacedExpires"), "1970-01-03T00:00:00Z"); /* a day */
  assert_string_equal(text_in(json, "apiKeyId"), key.id);
  assert_string_equal(text_in(json, "id"), response.key_id);
  snprintf(secret, sizeof secret, "%s", text_in(json, "secret"));
  assert_int_equal(strlen(secret), 43);
  assert_int_equal(count("/admin/secrets"), 2);
  assert_null(strstr(response.body, secret));
  assert_string_equal(text_in(cJSON_GetArrayItem(json, 0), "expires"), "1970-01-03T00:00:00Z");
  assert_string_equal(text_in(cJSON_GetArrayItem(json, 1), "expires"), "(none)");

  snprintf(body, sizeof body, "{\"overlap\":0,\"id\":\"%s\"}", secret_row.id);
  assert_int_equal(ask("POST", "/admin/secrets/rotate", signed_in, body), 201);
  assert_int_equal(api.store.get_credential(api.store.state, secret_row.id, &stored), AUTHAPI_FOUND);
  assert_int_equal(stored.expires_s, 86400);
  post("/admin/secrets/rotate", "{\"id\":\"%s\"}", secret_row.id);
  assert_refused(409, "conflict", "has expired; create a new one");
  assert_int_equal(count("/admin/secrets"), 3);
  char id[AUTHAPI_ID_SIZE];
  snprintf(id, sizeof id, "%s", text_in(cJSON_GetArrayItem(json, 2), "id"));
  assert_int_equal(post("/admin/secrets/revoke", "{\"id\":\"%s\"}", id), 200);
  post("/admin/secrets/rotate", "{\"id\":\"%s\"}", id);
  assert_refused(409, "conflict", "was revoked; create a new one");
  post("/admin/secrets/rotate", "{\"id\":\"%s\"}", domain_key.id);
  assert_refused(404, "not_found", "no secret with this id");
  static const char *const odd[] = {"-1", "1.5", "\"60\"", "null", "31536001", "1e300"};
  for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
    snprintf(body, sizeof body, "{\"overlap\":%s,\"id\":\"%s\"}", odd[i], secret_row.id);
    ask("POST", "/admin/secrets/rotate", signed_in, body);
    assert_refused(400, "bad_request", "\"overlap\" must be a whole number of seconds");
  }
  assert_int_equal(count("/admin/secrets"), 3);
}

static double number_in(const cJSON *object, const char *name) {
  const cJSON *number = cJSON_GetObjectItemCaseSensitive(object, name);
  return number != NULL ? cJSON_GetNumberValue(number) : -1;
}

/* Usage that this server has counted and the store does not have yet. */
static void usage_that_only_the_server_has(void **state) {
  (void)state;
  assert_int_equal(count("/admin/api-keys"), 1);
  assert_string_equal(text_in(cJSON_GetArrayItem(json, 0), "lastUsed"), "(none)");
  assert_true(number_in(cJSON_GetArrayItem(json, 0), "throttleUsage") == -1);
  authapi_limits_state limits;
  api.last_used = authapi_last_used_new();
  api.limiter = authapi_limiter_new((authapi_limit){4, 10}, (authapi_limit){0, 0});
  authapi_last_used_record(api.last_used, &domain_key, 60);
  authapi_limiter_count(api.limiter, key.id, AUTHAPI_GROUP_AUTH, 86400, &limits);
  count("/admin/api-keys");
  assert_string_equal(text_in(cJSON_GetArrayItem(json, 0), "lastUsed"), "1970-01-01T00:01:00Z");
  assert_true(number_in(cJSON_GetArrayItem(json, 0), "throttleUsage") == 25);
  assert_true(number_in(cJSON_GetArrayItem(json, 0), "quotaUsage") == -1);
  count("/admin/domain-keys");
  assert_string_equal(text_in(cJSON_GetArrayItem(json, 0), "lastUsed"), "1970-01-01T00:01:00Z");
  count("/admin/secrets");
  assert_string_equal(text_in(cJSON_GetArrayItem(json, 0), "lastUsed"), "(none)");
  authapi_last_use written[AUTHAPI_LAST_USED_MAX];
  size_t noted = authapi_last_used_copy(api.last_used, 60, written);
  assert_int_equal(api.store.record_last_used(api.store.state, written, noted), AUTHAPI_FOUND);
  authapi_last_used_forget(api.last_used, written, noted);
  authapi_last_used_record(api.last_used, &domain_key, 30); /* late; the later one is shown */
  count("/admin/domain-keys");
  assert_string_equal(text_in(cJSON_GetArrayItem(json, 0), "lastUsed"), "1970-01-01T00:01:00Z");
  authapi_last_used_free(api.last_used);
  authapi_limiter_free(api.limiter);
}

static void the_signing_keys(void **state) {
  (void)state;
  assert_int_equal(count("/admin/signing-keys"), 0); /* no server had to sign yet */
  assert_int_equal(post("/admin/signing-keys/rotate", "{}%s", ""), 201);
  assert_string_equal(text_in(json, "state"), "signing"); /* the first one, at once */
  assert_int_equal(post("/admin/signing-keys/rotate", "{\"publish\":%s}", "60"), 201);
  assert_string_equal(text_in(json, "state"), "published");
  assert_string_equal(text_in(json, "created"), "1970-01-02T00:00:00Z");
  assert_string_equal(text_in(json, "signsFrom"), "1970-01-02T00:01:00Z");
  assert_string_equal(text_in(json, "kid"), response.key_id);
  post("/admin/signing-keys/rotate", "{\"publish\":%s}", "0");
  assert_refused(409, "conflict", "rotate again later");
  post("/admin/signing-keys/rotate", "{\"publish\":%s}", "-1");
  assert_refused(400, "bad_request", "\"publish\" must be a whole number of seconds");
  assert_int_equal(count("/admin/signing-keys"), 2);
  assert_string_equal(text_in(cJSON_GetArrayItem(json, 0), "state"), "signing");
  assert_non_null(strstr(text_in(cJSON_GetArrayItem(json, 0), "acceptedUntil"), "1970-01-02T00:"));
  assert_string_equal(text_in(cJSON_GetArrayItem(json, 1), "acceptedUntil"), "(none)");
  assert_null(strstr(response.body, "rivate"));
}

static void domain_keys(void **state) {
  (void)state;
  char body[400], id[AUTHAPI_ID_SIZE];
  snprintf(body, sizeof body, "{\"apiKey\":\"%s\",\"domains\":[\"a.example\",\"%%s\"]}", key.value);
  assert_int_equal(post("/admin/domain-keys", body, "*.b\303\274cher.example"), 201);
  assert_non_null(strstr(response.body, "\"domains\":[\"a.example\",\"*.xn--bcher-kva.example\"]"));
  snprintf(id, sizeof id, "%s", text_in(json, "id"));
  assert_int_equal(count("/admin/domain-keys"), 2);
  assert_string_equal(text_in(cJSON_GetArrayItem(json, 1), "id"), id);

  snprintf(body, sizeof body, "{\"id\":\"%s\",\"domains\":[\"%%s\"]}", id);
  assert_int_equal(post("/admin/domain-keys/set-domains", body, "http://localhost:3000"), 200);
  assert_non_null(strstr(response.body, "\"domains\":[\"http://localhost:3000\"]"));
  assert_string_equal(response.key_id, id);
  authapi_credential stored;
  assert_int_equal(api.store.get_credential(api.store.state, id, &stored), AUTHAPI_FOUND);
  assert_string_equal(stored.domains, "http://localhost:3000\n");

  assert_int_equal(post("/admin/domain-keys/revoke", "{\"id\":\"%s\"}", id), 200);
  assert_true(is_revoked(json));
  assert_int_equal(api.store.get_credential(api.store.state, id, &stored), AUTHAPI_FOUND);
  assert_int_equal(stored.revoked_s, 86400);
  assert_int_equal(api.store.get_credential(api.store.state, domain_key.id, &stored), AUTHAPI_FOUND);
  assert_int_equal(stored.revoked_s, 0);
}

static void mistakes(void **state) {
  (void)state;
  static const struct {
    const char *path, *body, *message;
  } bad[] = {
      {"/admin/api-keys", "", "not a JSON object"},
      {"/admin/api-keys", "[]", "not a JSON object"},
      {"/admin/api-keys", "{\"name\":\"x\"} {", "not a JSON object"},
      {"/admin/api-keys", "{\"name\":\"x\\u0000y\"}", "not a JSON object"},
      {"/admin/api-keys", "{\"name\":\"x\",\"name\":\"y\"}", "has a field twice"},
      {"/admin/api-keys", "{}", "\"name\""},
      {"/admin/api-keys", "{\"name\":\"\"}", "\"name\""},
      {"/admin/api-keys", "{\"name\":7}", "\"name\""},
      {"/admin/api-keys", "{\"Name\":\"x\"}", "\"name\""},
      {"/admin/secrets", "{}", "\"apiKey\""},
      {"/admin/secrets/revoke", "{}", "\"id\""},
      {"/admin/secrets/rotate", "{}", "\"id\""},
      {"/admin/signing-keys/rotate", "[]", "not a JSON object"},
      {"/admin/domain-keys", "{}", "\"apiKey\""},
      {"/admin/domain-keys/revoke", "{\"id\":null}", "\"id\""},
      {"/admin/domain-keys/set-domains", "{}", "\"id\""},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    ask("POST", bad[i].path, signed_in, bad[i].body);
    assert_refused(400, "bad_request", bad[i].message);
  }
  static const char *const plain[] = {"Authorization", "Bearer " TOKEN, "Content-Type", "text/plain", NULL};
  ask("POST", "/admin/api-keys", plain, "{\"name\":\"x\"}");
  assert_refused(415, "bad_request", "application/json");
  static char large[AUTHAPI_BODY_MAX + 2];
  memset(large, ' ', sizeof large - 1);
  ask("POST", "/admin/api-keys", signed_in, large);
  assert_refused(413, "bad_request", "16 KB");
  assert_int_equal(count("/admin/api-keys"), 1);
}

static void domains_that_cannot_match(void **state) {
  (void)state;
  static const struct {
    const char *domains, *message;
  } bad[] = {
      {"[]", "at least one"},
      {"\"a.example\"", "at least one"},
      {"{\"a\":\"b.example\"}", "at least one"},
      {"null", "at least one"},
      {"[\"a.example\",7]", "not a string"},
      {"[\"a.example\",\"*\"]", "Domain *: "},
      {"[\"\"]", "Domain : "},
      {"[\"a.example/path\"]", "Domain a.example/path: "},
      {"[\"a.example\\nb.example\"]", "Domain a.example\nb.example: "},
      {"[\"xn--a\"]", "Domain xn--a: "},
      {"[\"\xff\"]", "written in ASCII"},
  };
  char body[400];
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    const char *message = bad[i].message;
    snprintf(body, sizeof body, "{\"apiKey\":\"%s\",\"domains\":%s}", key.value, bad[i].domains);
    ask("POST", "/admin/domain-keys", signed_in, body);
    assert_refused(400, "bad_request", message);
    snprintf(body, sizeof body, "{\"id\":\"%s\",\"domains\":%s}", domain_key.id, bad[i].domains);
    ask("POST", "/admin/domain-keys/set-domains", signed_in, body);
    assert_refused(400, "bad_request", message);
  }
  authapi_credential stored;
  assert_int_equal(count("/admin/domain-keys"), 1);
  assert_int_equal(api.store.get_credential(api.store.state, domain_key.id, &stored), AUTHAPI_FOUND);
  assert_string_equal(stored.domains, "www.example.com\n");
}

/* A name that an older version accepted. */
static void names_are_safe_for_terminals(void **state) {
  (void)state;
  char text[80], small[6];
  authapi_escape("\x1b[31m \xc2\x9b \xe2\x80\xae \xff caf\xc3\xa9", text, sizeof text);
  assert_string_equal(text, "\\x1b[31m \\xc2\\x9b \\xe2\\x80\\xae \\xff caf\xc3\xa9");
  authapi_escape("\xf0\x9f\x9b\x8d", text, sizeof text);
  assert_string_equal(text, "\xf0\x9f\x9b\x8d");
  authapi_escape("abcdefgh", small, sizeof small);
  assert_true(strlen(small) < sizeof small && strncmp(small, "abcdefgh", strlen(small)) == 0);
}

static void missing_keys(void **state) {
  (void)state;
  post("/admin/secrets", "{\"apiKey\":\"%s\"}", "unknown");
  assert_refused(404, "not_found", "no such API key");
  post("/admin/domain-keys", "{\"domains\":[\"a.example\"],\"apiKey\":\"%s\"}", key.id);
  assert_refused(404, "not_found", "no such API key");
  const char *const no_secrets[] = {"sk_unknown", domain_key.id, secret_row.value};
  for (size_t i = 0; i < sizeof no_secrets / sizeof *no_secrets; i++) {
    post("/admin/secrets/revoke", "{\"id\":\"%s\"}", no_secrets[i]);
    assert_refused(404, "not_found", "no secret with this id");
    assert_string_equal(response.key_id, "");
  }
  const char *const no_domain_keys[] = {"dk_unknown", secret_row.id, domain_key.value};
  for (size_t i = 0; i < sizeof no_domain_keys / sizeof *no_domain_keys; i++) {
    post("/admin/domain-keys/revoke", "{\"id\":\"%s\"}", no_domain_keys[i]);
    assert_refused(404, "not_found", "no domain key with this id");
    post("/admin/domain-keys/set-domains", "{\"domains\":[\"a.example\"],\"id\":\"%s\"}", no_domain_keys[i]);
    assert_refused(404, "not_found", "no domain key with this id");
    assert_string_equal(response.key_id, "");
  }
  assert_int_equal(count("/admin/domain-keys"), 1);
  assert_false(is_revoked(cJSON_GetArrayItem(json, 0)));
  static const char *const unknown[] = {"/admin/x", "/admin/api-keys/", "/admin/screenshot.png"};
  for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
    assert_true(authapi_is_management_path(unknown[i]));
    assert_false(authapi_management_path_known(unknown[i]));
    get(unknown[i]);
    assert_refused(404, "not_found", "no such endpoint");
  }
  assert_false(authapi_is_management_path("/administration"));
  assert_false(authapi_is_management_path("/v1/admin/"));
}

static void methods(void **state) {
  (void)state;
  static const struct {
    const char *path, *method, *allow;
  } bad[] = {
      {"/admin/api-keys", "DELETE", "GET, HEAD, POST"},
      {"/admin/secrets/revoke", "GET", "POST"},
      {"/admin/secrets/revoke", "HEAD", "POST"},
      {"/admin/secrets/rotate", "GET", "POST"},
      {"/admin/signing-keys", "POST", "GET, HEAD"},
      {"/admin/signing-keys/rotate", "GET", "POST"},
      {"/admin/", "POST", "GET, HEAD"},
      {"/admin", "PUT", "GET, HEAD"},
      {"/admin/admin.js", "OPTIONS", "GET, HEAD"},
      {"/admin/domain-keys", "OPTIONS", "GET, HEAD, POST"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    ask(bad[i].method, bad[i].path, signed_in, "{}");
    assert_refused(405, "bad_request", "Use ");
    assert_string_equal(header_in(&response, "Allow"), bad[i].allow);
  }
  /* HEAD works where GET does. */
  static const char *const reads[] = {"/admin/", "/admin/admin.js", "/admin/api-keys", "/admin/signing-keys"};
  static const char *const signed_out[] = {NULL};
  for (size_t i = 0; i < sizeof reads / sizeof *reads; i++)
    assert_int_equal(ask("HEAD", reads[i], signed_in, ""), 200);
  assert_int_equal(ask("HEAD", "/admin", signed_in, ""), 308);
  assert_int_equal(ask("HEAD", "/admin/api-keys", signed_out, ""), 401);
}

static void the_page(void **state) {
  (void)state;
  static const char *const none[] = {"Sec-Fetch-Site", "none", NULL};
  static const struct {
    const char *path, *type, *part;
  } files[] = {
      {"/admin/", "text/html; charset=utf-8", "<!doctype html>"},
      {"/admin/admin.css", "text/css; charset=utf-8", ":root {"},
      {"/admin/admin.js", "text/javascript; charset=utf-8", "addEventListener"},
  };
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    assert_int_equal(ask("GET", files[i].path, none, ""), 200);
    assert_string_equal(header_in(&response, "Content-Type"), files[i].type);
    assert_non_null(strstr(response.body, files[i].part));
    const char *policy = header_in(&response, "Content-Security-Policy");
    assert_non_null(strstr(policy, "default-src 'none'; script-src 'self'; style-src 'self'; "
                                   "connect-src 'self'; "));
    assert_non_null(strstr(policy, "require-trusted-types-for 'script'; trusted-types 'none'"));
    assert_null(strstr(policy, "unsafe"));
    assert_string_equal(header_in(&response, "Cross-Origin-Resource-Policy"), "same-origin");
    assert_true(authapi_management_path_known(files[i].path));
  }
  assert_int_equal(ask("GET", "/admin", none, ""), 308);
  assert_string_equal(header_in(&response, "Location"), "/admin/");
}

/* If the store fails, only the log has the reason. */
static authapi_found fail_to_find(void *state, const char *text, authapi_api_key *out) {
  (void)state, (void)text, (void)out;
  return AUTHAPI_STORE_ERROR;
}
static authapi_found fail_to_get(void *state, const char *text, authapi_credential *out) {
  (void)state, (void)text, (void)out;
  return AUTHAPI_STORE_ERROR;
}
static authapi_found fail_to_set(void *state, const char *id, const char *domains) {
  (void)state, (void)id, (void)domains;
  return AUTHAPI_STORE_ERROR;
}
static authapi_found fail_to_revoke(void *state, authapi_credential_kind kind, const char *id, int64_t now_s) {
  (void)state, (void)kind, (void)id, (void)now_s;
  return AUTHAPI_STORE_ERROR;
}
static authapi_found fail_to_expire(void *state, const char *id, int64_t expires_s) {
  (void)state, (void)id, (void)expires_s;
  return AUTHAPI_STORE_ERROR;
}
static authapi_found fail_to_list_signing_keys(void *state, void (*each)(void *, const authapi_signing_key *),
                                               void *user) {
  (void)state, (void)each, (void)user;
  return AUTHAPI_STORE_ERROR;
}
static authapi_found fail_to_add_key(void *state, const authapi_api_key *added) {
  (void)state, (void)added;
  return AUTHAPI_STORE_ERROR;
}
static authapi_found fail_to_add(void *state, const authapi_credential *added) {
  (void)state, (void)added;
  return AUTHAPI_STORE_ERROR;
}
static authapi_found fail_to_list_keys(void *state, void (*each)(void *, const authapi_api_key *), void *user) {
  (void)state;
  each(user, &key); /* and then it broke */
  return AUTHAPI_STORE_ERROR;
}
static authapi_found fail_to_list(void *state, authapi_credential_kind kind, const char *api_key_id,
                                  void (*each)(void *, const authapi_credential *), void *user) {
  (void)state, (void)kind, (void)api_key_id;
  each(user, &domain_key);
  return AUTHAPI_STORE_ERROR;
}
static const char *the_problem(void *state) {
  (void)state;
  return "/secret/place: disk full";
}

static void assert_failed(void) {
  assert_refused(500, "server_error", "log");
  assert_string_equal(response.problem, "/secret/place: disk full");
  assert_null(strstr(response.body, "disk"));
}

static void a_store_that_fails(void **state) {
  (void)state;
  char body[400], domains[400];
  snprintf(body, sizeof body, "{\"apiKey\":\"%s\",\"domains\":[\"a.example\"]}", key.value);
  snprintf(domains, sizeof domains, "{\"id\":\"%s\",\"domains\":[\"a.example\"]}", domain_key.id);
  authapi_store good = api.store;
  api.store.problem = the_problem;
  api.store.expire = fail_to_expire;
  post("/admin/secrets/rotate", "{\"id\":\"%s\"}", secret_row.id);
  assert_failed();
  assert_null(strstr(response.body, "secret\":"));
  api.store.list_signing_keys = fail_to_list_signing_keys;
  post("/admin/signing-keys/rotate", "{}%s", "");
  assert_failed();
  api.store.add_api_key = fail_to_add_key;
  api.store.add_credential = fail_to_add;
  api.store.list_api_keys = fail_to_list_keys;
  api.store.list_credentials = fail_to_list;
  api.store.set_domains = fail_to_set;
  api.store.revoke = fail_to_revoke;
  for (int round = 0; round < 2; round++) {
    post("/admin/secrets", "%s", body);
    assert_failed();
    post("/admin/domain-keys", "%s", body);
    assert_failed();
    post("/admin/domain-keys/set-domains", "%s", domains);
    assert_failed();
    post("/admin/domain-keys/revoke", "%s", domains);
    assert_failed();
    api.store.find_api_key = fail_to_find;
    api.store.get_credential = fail_to_get;
  }
  post("/admin/api-keys", "{\"name\":\"%s\"}", "x");
  assert_failed();
  static const char *const listed[] = {"/admin/api-keys", "/admin/secrets", "/admin/domain-keys",
                                       "/admin/signing-keys"};
  for (size_t i = 0; i < sizeof listed / sizeof *listed; i++) {
    get(listed[i]);
    assert_failed();
  }
  api.store = good;
  assert_int_equal(count("/admin/domain-keys"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(no_access_without_the_token),
      TEST(each_bit_of_the_hash_counts),
      TEST(only_the_page_of_this_server_has_access),
      TEST(strings_that_are_no_tokens),
      TEST(api_keys),
      TEST(secrets),
      TEST(a_secret_is_rotated),
      TEST(usage_that_only_the_server_has),
      TEST(the_signing_keys),
      TEST(domain_keys),
      TEST(mistakes),
      TEST(domains_that_cannot_match),
      TEST(names_are_safe_for_terminals),
      TEST(missing_keys),
      TEST(methods),
      TEST(the_page),
      TEST(a_store_that_fails),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
