/* The Auth API under Node: connects the handlers, the store in memory and the signer behind the boundary. A wasm
 * instance is one emulator, so its parts are static. */
#define _POSIX_C_SOURCE 200809L
#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "authapi/access_log.h"
#include "authapi/management.h"
#include "authapi/store/memory.h"
#include "base/base_url.h"
#include "base/wipe.h"
#include "emulator/boundary.h"

#define HOST_SIZE 256 /* a host name has at most 253 characters */

static authapi_signing_keys signing_keys;
static authapi api = {.keys = &signing_keys};
static authapi_management admin;
static char problem[512];

static const char *next_string(const char *string) { return string + strlen(string) + 1; }

static void wipe_and_free(void *memory, size_t len) {
  iauth__wipe(memory, len);
  free(memory);
}

static const char *format_problem(const char *format, const char *what) {
  snprintf(problem, sizeof problem, format, what);
  return problem;
}

/* ---------------------------------------------------------------------------------------------------
 * The functions that the handlers use, implemented by imports. */

static int64_t now_s(void *state) {
  (void)state;
  return (int64_t)js_now();
}

/* The state of an open key is a copy of its private half. Node gets that copy for each signature. */
static bool open_key(void *state, const unsigned char private_key[AUTHAPI_KEY_SIZE], authapi_key *key) {
  (void)state;
  key->state = malloc(AUTHAPI_KEY_SIZE);
  if (key->state == NULL)
    return false;
  memcpy(key->state, private_key, AUTHAPI_KEY_SIZE);
  if (js_public_key(private_key, key->public_key))
    return true;
  wipe_and_free(key->state, AUTHAPI_KEY_SIZE);
  return false;
}

static void close_key(void *state, authapi_key *key) {
  (void)state;
  wipe_and_free(key->state, AUTHAPI_KEY_SIZE);
}

static bool sign(void *state, const authapi_key *key, const void *data, size_t len,
                 unsigned char signature[AUTHAPI_SIGNATURE_SIZE]) {
  (void)state;
  return js_sign(key->state, data, len, signature);
}

static bool verify(void *state, const authapi_key *key, const void *data, size_t len,
                   const unsigned char signature[AUTHAPI_SIGNATURE_SIZE]) {
  (void)state;
  return js_verify(key->public_key, data, len, signature);
}

static bool sha256(void *state, const void *data, size_t len, unsigned char hash[AUTHAPI_HASH_SIZE]) {
  (void)state;
  return js_sha256(data, len, hash);
}

static bool random_bytes(void *state, void *out, size_t len) {
  (void)state;
  return js_random(out, len);
}

static char *to_ascii(const char *host) {
  char ascii[HOST_SIZE];
  int len = js_to_ascii(host, strlen(host), ascii, sizeof ascii);
  return len > 0 ? strndup(ascii, (size_t)len) : NULL;
}

static bool save(void *state, const char *json, char *reason, size_t size) {
  (void)state;
  return js_save(json, strlen(json), reason, size);
}

/* ---------------------------------------------------------------------------------------------------
 * Settings. */

static const char *set_apis(const char *text) {
  cJSON *apis = cJSON_Parse(text), *url;
  if (!cJSON_IsObject(apis)) { /* an array has no names */
    cJSON_Delete(apis);
    return "apis: give an object: the name and the base URL of each product";
  }
  const char *mistake = NULL;
  cJSON_ArrayForEach(url, apis) {
    const char *value = cJSON_GetStringValue(url);
    if (url->string[0] == '\0')
      mistake = "apis: a product has no name";
    else if (value == NULL || iauth__check_base_url(value, false) != IAUTH__BASE_URL_OK)
      mistake = format_problem("apis.%s: the URL must be https, or http on this machine", url->string);
  }
  if (mistake == NULL) {
    api.apis_json = cJSON_PrintUnformatted(apis);
    mistake = api.apis_json == NULL ? "out of memory" : NULL;
  }
  cJSON_Delete(apis);
  return mistake;
}

static const char *set_admin_token(const char *token) {
  const char *mistake = authapi_management_token_problem(token);
  if (mistake != NULL)
    return format_problem("adminToken: %s", mistake);
  return authapi_management_init(&admin, &api, token) ? NULL : "the hash failed";
}

/* "" means that there is none. The copy lives as long as the instance. */
static const char *set_personal_secret(const char *secret) {
  if (*secret == '\0')
    return NULL;
  api.personal_secret = strdup(secret);
  return api.personal_secret != NULL ? NULL : "out of memory";
}

static const char *set_limits(authapi_limit throttle, authapi_limit quota) {
  if (throttle.requests == 0 && quota.requests == 0)
    return NULL;
  api.limiter = authapi_limiter_new(throttle, quota);
  return api.limiter != NULL ? NULL : "out of memory";
}

const char *wasm_configure(char *strings, size_t len, int throttle_requests, int throttle_period_s, int quota_requests,
                           int quota_period_s) {
  api.now_s = now_s;
  api.names.to_ascii = to_ascii;
  api.signer = (authapi_signer){.open_key = open_key,
                                .close_key = close_key,
                                .sign = sign,
                                .verify = verify,
                                .sha256 = sha256,
                                .random = random_bytes};
  const char *admin_token = next_string(strings);
  const char *mistake = set_apis(strings);
  if (mistake == NULL)
    mistake = set_admin_token(admin_token);
  if (mistake == NULL)
    mistake = set_personal_secret(next_string(admin_token));
  /* The admin page shows these times. They are not written to the store: a file in a repository must not change because
   * somebody uses it. */
  api.last_used = authapi_last_used_new();
  if (mistake == NULL)
    mistake = set_limits((authapi_limit){throttle_requests, throttle_period_s},
                         (authapi_limit){quota_requests, quota_period_s});
  wipe_and_free(strings, len);
  return mistake;
}

const char *wasm_open(char *document, size_t len, int lifetime_s) {
  static const authapi_saver saver = {NULL, save};
  bool opened = authapi_store_memory_open(&api.store, document, &saver, problem, sizeof problem);
  if (document != NULL)
    wipe_and_free(document, len);
  if (!opened)
    return problem;
  authapi_found ready = authapi_signing_keys_update(&signing_keys, &api.store, &api.signer, lifetime_s, now_s(NULL));
  return ready == AUTHAPI_FOUND         ? NULL
         : ready == AUTHAPI_STORE_ERROR ? api.store.problem(api.store.state)
                                        : "there is no signing key that can be used";
}

/* ---------------------------------------------------------------------------------------------------
 * Requests. */

/* Headers as they were received: name, NUL, value, NUL, … */
struct headers {
  const char *start, *end;
};

static const char *header_of(void *state, const char *name) {
  const struct headers *headers = state;
  const char *found = NULL;
  for (const char *p = headers->start; p < headers->end; p = next_string(next_string(p)))
    if (strcasecmp(p, name) == 0)
      found = found != NULL ? "" : next_string(p);
  return found;
}

static void send_response(const authapi_request *request, const authapi_response *response) {
  char headers[sizeof response->headers], log[AUTHAPI_LOG_LINE_MAX];
  size_t len = 0;
  /* The duration is 0 here: only Node knows it. */
  size_t log_len = authapi_access_log_line(true, now_s(NULL), request, response, 0, log);
  for (size_t i = 0; i < response->header_count; i++)
    len += 1 + (size_t)snprintf(headers + len, sizeof headers - len, "%s%c%s", response->headers[i].name, '\0',
                                response->headers[i].value);
  const char *body = response->body != NULL ? response->body : "";
  js_respond(response->status, headers, len, body, strlen(body), log_len > 0 ? log : "{}", log_len > 0 ? log_len : 2);
}

void wasm_handle(char *block, size_t head_len, size_t body_len, int flags, int lifetime_s, int refuse_with) {
  struct headers headers = {.end = block + head_len};
  const char *path = next_string(block);
  headers.start = next_string(path);
  const authapi_request request = {
      .method = block,
      .path = path,
      .header = header_of,
      .header_state = &headers,
      .body = headers.end,
      .body_len = body_len,
      .body_too_large = (flags & FLAG_BODY_TOO_LARGE) != 0,
  };
  authapi_response response;
  api.lifetime_s = lifetime_s;
  api.apis = flags & FLAG_APIS_MISSING ? AUTHAPI_APIS_MISSING
             : flags & FLAG_APIS_EMPTY ? AUTHAPI_APIS_EMPTY
                                       : AUTHAPI_APIS_SENT;
  if (refuse_with != 0)
    authapi_refuse_with(&request, refuse_with, &response);
  else if ((flags & FLAG_ADMIN) && authapi_is_management_path(path))
    authapi_management_handle(&admin, &request, &response);
  else
    authapi_handle(&api, &request, &response);
  send_response(&request, &response);
  authapi_response_clean_up(&response);
  wipe_and_free(block, head_len + body_len);
}
