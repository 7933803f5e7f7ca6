/* The Auth API's handlers; see api.h. */
#include "server/api.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "server/keys.h"
#include "server/token.h"

/* ---------------------------------------------------------------------------------------------------
 * Responses. */

/* Bytes that most answers fit in: a buffer that grows leaves a copy of its token behind. */
#define BODY_HINT 4096

static void add_header(authd_response *response, const char *name, const char *value) {
  if (response->header_count == AUTHD_HEADERS_MAX)
    return;
  response->headers[response->header_count].name = name;
  snprintf(response->headers[response->header_count].value, sizeof response->headers[0].value, "%s",
           value);
  response->header_count++;
}

static void set_json(authd_response *response, int status, cJSON *json) {
  response->status = status;
  response->body = cJSON_PrintBuffered(json, BODY_HINT, false);
  cJSON_Delete(json);
  if (response->body == NULL)
    response->status = 500;
  add_header(response, "Content-Type", "application/json");
  add_header(response, "Cache-Control", "no-store");
}

static void refuse(authd_response *response, int status, const char *reason, const char *message) {
  cJSON *json = cJSON_CreateObject(), *error = cJSON_AddObjectToObject(json, "error");
  cJSON_AddNumberToObject(error, "code", status);
  cJSON_AddStringToObject(error, "message", message);
  cJSON_AddStringToObject(error, "reason", reason);
  response->reason = reason;
  set_json(response, status, json);
}

/* What the gateway in front of the API says (AUTH_API "Errors"). */
static void refuse_as_gateway(authd_response *response, const char *reason) {
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "Message",
                          "User is not authorized to access this resource with an explicit deny");
  response->reason = reason;
  set_json(response, 403, json);
}

/* `problem` goes to the log only: it may tell of files. */
static void fail(authd_response *response, const char *problem) {
  refuse(response, 500, "server_error", "The server has a problem; its log says more.");
  response->problem = problem;
}

static void fail_by_store(const authd_api *api, authd_response *response) {
  fail(response, api->store.problem(api->store.state));
}

void authd_response_clean_up(authd_response *response) {
  if (response->body != NULL)
    iauth__wipe(response->body, strlen(response->body));
  free(response->body);
  response->body = NULL;
}

/* ---------------------------------------------------------------------------------------------------
 * CORS (AUTH_API "CORS"; WHATWG Fetch, "CORS protocol"). */

static const char *header(const authd_request *request, const char *name) {
  return request->header(request->header_state, name);
}

/* Every answer may be read by the page that asked, refusals most of all: so that a developer sees
 * "origin not allowed" and not a blank network error. That gives nothing away: no cookies are
 * involved, and the POST itself decides about the origin. */
static void add_cors(const authd_request *request, authd_response *response) {
  const char *origin = header(request, "Origin");
  add_header(response, "Vary", "Origin");
  add_header(response, "X-Content-Type-Options", "nosniff");
  if (origin == NULL || !authd_origin_printable(origin))
    return;
  add_header(response, "Access-Control-Allow-Origin", origin);
  add_header(response, "Access-Control-Expose-Headers",
             "Retry-After, Date, x-quota-usage, x-quota-reset, x-throttle-usage, x-throttle-reset");
}

/* A preflight cannot know the key, so it succeeds for any origin; and on any path, so that a page
 * with a wrong endpoint gets to read the 404. */
static void preflight(authd_response *response) {
  response->status = 204;
  add_header(response, "Access-Control-Allow-Methods", "GET, POST, OPTIONS");
  add_header(response, "Access-Control-Allow-Headers",
             "x-inbenta-key, authorization, content-type, x-inbenta-env, x-inbenta-source, "
             "x-inbenta-user-type");
  add_header(response, "Access-Control-Max-Age", "600");
}

/* ---------------------------------------------------------------------------------------------------
 * Who asks. */

/* The API key of the request. False if it was refused. */
static bool check_api_key(const authd_api *api, const authd_request *request, authd_api_key *key,
                          authd_response *response) {
  const char *value = header(request, "x-inbenta-key");
  authd_found found =
      value == NULL ? AUTHD_MISSING : api->store.find_api_key(api->store.state, value, key);
  if (found == AUTHD_STORE_ERROR)
    fail_by_store(api, response);
  else if (found == AUTHD_MISSING)
    refuse_as_gateway(response, "api_key_unknown");
  else
    snprintf(response->key_id, sizeof response->key_id, "%s", key->id);
  return found == AUTHD_FOUND;
}

static void refuse_origin(authd_response *response, const char *origin) {
  char message[AUTHD_ORIGIN_MAX + 80];
  if (origin == NULL)
    snprintf(message, sizeof message, "A domain key works in browsers only: there is no Origin.");
  else if (!authd_origin_printable(origin))
    snprintf(message, sizeof message, "The Origin is not one that a browser sends.");
  else
    snprintf(message, sizeof message, "Origin %s is not on this domain key's list of domains.",
             origin);
  refuse(response, 403, "origin_not_allowed", message);
}

/* Whether a credential may be used now, by this request. False if it was refused. */
static bool check_credential(const authd_request *request, const authd_credential *credential,
                             authd_response *response) {
  const char *origin = header(request, "Origin");
  snprintf(response->key_id, sizeof response->key_id, "%s", credential->id);
  if (credential->revoked_s != 0) {
    refuse(response, 403, "key_revoked",
           credential->kind == AUTHD_SECRET ? "This secret was revoked."
                                            : "This domain key was revoked.");
    return false;
  }
  if (credential->kind == AUTHD_DOMAIN_KEY && !authd_origin_allowed(credential->domains, origin)) {
    refuse_origin(response, origin);
    return false;
  }
  return true;
}

/* What follows "Bearer " in an Authorization header, NULL if nothing does. The scheme's case does
 * not count (RFC 9110, section 11.1). */
static const char *bearer_token(const char *value) {
  static const char scheme[] = "bearer ";
  for (size_t i = 0; value != NULL && i < sizeof scheme - 1; i++)
    if ((value[i] | 0x20) != scheme[i])
      return NULL;
  return value != NULL ? value + sizeof scheme - 1 : NULL;
}

/* The access token of a request and the credential behind it. False if it was refused. */
static bool check_bearer(const authd_api *api, const authd_request *request,
                         authd_credential *credential, authd_response *response) {
  authd_api_key key;
  authd_claims claims;
  if (!check_api_key(api, request, &key, response))
    return false;
  const char *token = bearer_token(header(request, "Authorization"));
  if (token == NULL) {
    add_header(response, "WWW-Authenticate", "Bearer");
    refuse(response, 401, "token_missing", "Send the header Authorization: Bearer <access token>.");
    return false;
  }
  authd_token_state state =
      authd_token_check(&api->signer, token, api->now_s(api->clock_state), &claims);
  if (state != AUTHD_TOKEN_VALID) {
    refuse_as_gateway(response, state == AUTHD_TOKEN_EXPIRED ? "token_expired" : "token_invalid");
    return false;
  }
  if (strcmp(claims.api_key_id, key.id) != 0) {
    refuse_as_gateway(response, "token_of_another_key");
    return false;
  }
  authd_found found = api->store.get_credential(api->store.state, claims.credential_id, credential);
  if (found == AUTHD_STORE_ERROR) {
    fail_by_store(api, response);
    return false;
  }
  if (found == AUTHD_MISSING) {
    refuse_as_gateway(response, "credential_gone");
    return false;
  }
  return check_credential(request, credential, response);
}

/* ---------------------------------------------------------------------------------------------------
 * The endpoints. */

static void grant(const authd_api *api, const authd_credential *credential, bool with_apis,
                  authd_response *response) {
  authd_claims claims = {.issued_s = api->now_s(api->clock_state)};
  claims.expires_s = claims.issued_s + api->lifetime_s;
  memcpy(claims.credential_id, credential->id, sizeof claims.credential_id);
  memcpy(claims.api_key_id, credential->api_key_id, sizeof claims.api_key_id);
  char *token = authd_token_issue(&api->signer, &claims);
  if (token == NULL) {
    fail(response, "no access token could be signed");
    return;
  }
  cJSON *json = cJSON_CreateObject();
  cJSON_AddItemToObject(json, "accessToken", cJSON_CreateStringReference(token));
  cJSON_AddNumberToObject(json, "expiration", (double)claims.expires_s);
  cJSON_AddNumberToObject(json, "expires_in", (double)api->lifetime_s);
  if (with_apis)
    cJSON_AddRawToObject(json, "apis", api->apis_json);
  set_json(response, 200, json);
  iauth__wipe(token, strlen(token));
  free(token);
}

static bool is_json_type(const char *type) {
  static const char json[] = "application/json";
  if (type == NULL)
    return false;
  for (size_t i = 0; i < sizeof json - 1; i++)
    if ((type[i] | 0x20) != (json[i] | 0x20))
      return false;
  return strchr("; \t", type[sizeof json - 1]) != NULL; /* also at its end */
}

/* One JSON text and nothing behind it; NULL otherwise. A NUL, which would cut a key short where C
 * reads it, is not taken in any spelling. */
static cJSON *parse_body(const char *body, size_t len) {
  static const char escaped_nul[] = "\\u0000";
  for (size_t i = 0; i < len; i++)
    if (body[i] == '\0' || (len - i >= 6 && memcmp(body + i, escaped_nul, 6) == 0))
      return NULL;
  const char *end = NULL;
  cJSON *json = cJSON_ParseWithLengthOpts(body, len, &end, false);
  while (json != NULL && end < body + len)
    if (strchr(" \t\r\n", *end++) == NULL) {
      cJSON_Delete(json);
      json = NULL;
    }
  return json;
}

/* The one credential in the body of /auth: its field's value, borrowed from `json`, and its kind.
 * NULL if it was refused. */
static char *read_credential(const cJSON *json, authd_credential_kind *kind,
                             authd_response *response) {
  const cJSON *secret = cJSON_GetObjectItemCaseSensitive(json, "secret");
  const cJSON *domain_key = cJSON_GetObjectItemCaseSensitive(json, "domainKey");
  if (!cJSON_IsObject(json)) {
    refuse(response, 400, "bad_request", "The body is not a JSON object.");
  } else if ((secret == NULL) == (domain_key == NULL)) {
    refuse(response, 400, "bad_request", "Send either \"secret\" or \"domainKey\" in the body.");
  } else {
    *kind = secret != NULL ? AUTHD_SECRET : AUTHD_DOMAIN_KEY;
    char *value = cJSON_GetStringValue(secret != NULL ? secret : domain_key);
    if (value != NULL && *value != '\0')
      return value;
    refuse(response, 400, "bad_request", "The key in the body is not a non-empty string.");
  }
  return NULL;
}

static void auth_with(const authd_api *api, const authd_request *request, const authd_api_key *key,
                      authd_credential_kind kind, const char *value, authd_response *response) {
  char hash[AUTHD_VALUE_SIZE];
  authd_credential credential;
  if (kind == AUTHD_SECRET) {
    if (!authd_hash_secret(&api->signer, value, hash)) {
      fail(response, "no hash could be made");
      return;
    }
    value = hash;
  }
  authd_found found = api->store.find_credential(api->store.state, kind, value, &credential);
  if (found == AUTHD_STORE_ERROR)
    fail_by_store(api, response);
  else if (found == AUTHD_MISSING || strcmp(credential.api_key_id, key->id) != 0)
    refuse(response, 400, "credentials_rejected",
           kind == AUTHD_SECRET ? "Secret token not valid" : "Domain key not valid");
  else if (check_credential(request, &credential, response))
    grant(api, &credential, true, response);
}

static void post_auth(const authd_api *api, const authd_request *request,
                      authd_response *response) {
  authd_api_key key;
  authd_credential_kind kind;
  if (!check_api_key(api, request, &key, response))
    return;
  if (!is_json_type(header(request, "Content-Type"))) {
    refuse(response, 415, "bad_request", "Send the body as Content-Type: application/json.");
    return;
  }
  cJSON *json = parse_body(request->body, request->body_len);
  char *value = read_credential(json, &kind, response);
  if (value != NULL) {
    auth_with(api, request, &key, kind, value, response);
    iauth__wipe(value, strlen(value));
  }
  cJSON_Delete(json);
}

static void post_refresh(const authd_api *api, const authd_request *request,
                         authd_response *response) {
  authd_credential credential;
  if (check_bearer(api, request, &credential, response))
    grant(api, &credential, false, response);
}

static void get_apis(const authd_api *api, const authd_request *request, authd_response *response) {
  authd_credential credential;
  if (!check_bearer(api, request, &credential, response))
    return;
  cJSON *json = cJSON_CreateObject();
  cJSON_AddRawToObject(json, "apis", api->apis_json);
  set_json(response, 200, json);
}

static void get_jwks(const authd_api *api, const authd_request *request, authd_response *response) {
  (void)request;
  response->status = 200;
  response->body = authd_token_jwks(&api->signer);
  add_header(response, "Content-Type", "application/jwk-set+json");
  add_header(response, "Cache-Control", "max-age=60");
}

static void get_health(const authd_api *api, const authd_request *request,
                       authd_response *response) {
  (void)request;
  authd_api_key key;
  if (api->store.find_api_key(api->store.state, "", &key) == AUTHD_STORE_ERROR) {
    fail_by_store(api, response);
    return;
  }
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "status", "ok");
  set_json(response, 200, json);
}

static const struct {
  const char *path, *method;
  void (*handle)(const authd_api *, const authd_request *, authd_response *);
} endpoints[] = {
    {"/v1/auth", "POST", post_auth}, {"/v1/refreshToken", "POST", post_refresh},
    {"/v1/apis", "GET", get_apis},   {"/.well-known/jwks.json", "GET", get_jwks},
    {"/healthz", "GET", get_health},
};

bool authd_path_known(const char *path) {
  for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++)
    if (strcmp(path, endpoints[i].path) == 0)
      return true;
  return false;
}

void authd_handle(const authd_api *api, const authd_request *request, authd_response *response) {
  memset(response, 0, sizeof *response);
  response->reason = "";
  response->problem = "";
  add_cors(request, response);
  if (strcmp(request->method, "OPTIONS") == 0) {
    preflight(response);
    return;
  }
  for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++) {
    if (strcmp(request->path, endpoints[i].path) != 0)
      continue;
    if (strcmp(request->method, endpoints[i].method) != 0) {
      bool post = strcmp(endpoints[i].method, "POST") == 0;
      add_header(response, "Allow", post ? "POST, OPTIONS" : "GET, OPTIONS");
      refuse(response, 405, "bad_request", post ? "Use POST here." : "Use GET here.");
    } else if (request->body_too_large) {
      refuse(response, 413, "bad_request", "The body is larger than 16 KB.");
    } else {
      endpoints[i].handle(api, request, response);
    }
    return;
  }
  refuse(response, 404, "not_found", "There is no such endpoint.");
}
