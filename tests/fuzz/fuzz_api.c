/* Fuzzes the handlers of the local Auth API. The first byte selects method and path. Up to three lines follow: the API
 * key, Origin and Authorization. The rest is the body. The store in memory has one key. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "authapi/endpoints.h"
#include "authapi/keys/credentials.h"
#include "handlers.h"

typedef struct {
  const char *values[3];
} lines;

static const char *header_of(void *state, const char *name) {
  static const char *const names[] = {"x-inbenta-key", "Origin", "Authorization"};
  for (size_t i = 0; i < 3; i++)
    if (strcasecmp(name, names[i]) == 0)
      return ((lines *)state)->values[i];
  return strcasecmp(name, "Content-Type") == 0 ? "application/json" : NULL;
}

/* The origins that the domains below allow, computed in another way than in the server. */
static bool is_admitted(const char *origin) {
  static const char one[] = "a.example", ending[] = ".b.example";
  if (origin == NULL || strncasecmp(origin, "https://", 8) != 0)
    return false;
  const char *host = origin + 8, *colon = strchr(host, ':');
  size_t len = colon != NULL ? (size_t)(colon - host) : strlen(host);
  if (colon != NULL && strcmp(colon, ":443") != 0)
    return false;
  return (len == sizeof one - 1 && strncasecmp(host, one, len) == 0) ||
         (len > sizeof ending - 1 && strncasecmp(host + len - (sizeof ending - 1), ending, sizeof ending - 1) == 0);
}

/* Values that an input can contain, so that look-ups succeed. */
static void open_api(authapi *api) {
  static const authapi_signing_key signing_key = {.number = 1, .lifetime_s = 1200};
  static authapi_signing_keys signing_keys;
  static const authapi_api_key key = {.id = "ak_1", .name = "fuzz", .value = "K", .created_s = 1};
  static const authapi_credential credential = {.id = "dk_1",
                                                .api_key_id = "ak_1",
                                                .kind = AUTHAPI_DOMAIN_KEY,
                                                .value = "D",
                                                .domains = "a.example\n*.b.example\n",
                                                .created_s = 1};
  char problem[256];
  *api = (authapi){
      .signer = authd_signer_openssl(), .keys = &signing_keys, .now_s = now_s, .lifetime_s = 1200, .apis_json = "{}"};
  require(authapi_store_sqlite_open(&api->store, ":memory:", true, problem, sizeof problem));
  require(api->store.add_signing_key(api->store.state, &signing_key) == AUTHAPI_FOUND);
  require(api->store.add_api_key(api->store.state, &key) == AUTHAPI_FOUND);
  require(api->store.add_credential(api->store.state, &credential) == AUTHAPI_FOUND);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const methods[] = {"POST", "GET", "OPTIONS", "PUT"};
  static const char *const paths[] = {"/v1/auth", "/v1/refreshToken",       "/v1/apis",
                                      "/healthz", "/.well-known/jwks.json", "/"};
  static authapi api;
  if (api.now_s == NULL)
    open_api(&api);
  if (size < 1)
    return 0;
  char *text = malloc(size), *at = text;
  memcpy(text, data + 1, size - 1);
  text[size - 1] = '\0';
  lines found = {{NULL}};
  for (size_t i = 0; i < 3; i++) {
    char *end = memchr(at, '\n', (size_t)(text + size - 1 - at));
    if (end == NULL)
      break;
    *end = '\0';
    found.values[i] = at;
    at = end + 1;
  }
  /* A copy of its exact size, so that the sanitizer sees a read past its end. */
  size_t body_len = (size_t)(text + size - 1 - at);
  char *body = malloc(body_len);
  if (body_len > 0)
    memcpy(body, at, body_len);
  const authapi_request request = {.method = methods[data[0] % 4],
                                   .path = paths[data[0] / 4 % 6],
                                   .header = header_of,
                                   .header_state = &found,
                                   .body = body,
                                   .body_len = body_len};
  authapi_response response;
  authapi_handle(&api, &request, &response);
  require(response.status >= 200 && response.status < 500 && response.header_count <= AUTHAPI_HEADERS_MAX);
  /* A grant names the key's own origin, and the API key was sent. */
  if (response.status == 200 && data[0] % 4 == 0)
    require(strcmp(found.values[0], "K") == 0 && strcmp(response.key_id, "dk_1") == 0 && is_admitted(found.values[1]));
  authapi_response_clean_up(&response);
  free(body);
  free(text);
  return 0;
}
