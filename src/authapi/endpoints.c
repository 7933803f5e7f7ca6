/* The Auth API's handlers; see endpoints.h. */
#include "authapi/endpoints.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authapi/keys/access_token.h"
#include "authapi/keys/credentials.h"
#include "authapi/messages.h"
#include "base/wipe.h"

/* ---------------------------------------------------------------------------------------------------
 * Responses. */

/* Refuses as the gateway in front of the API does (docs/wire.md, section "Refusals"). */
static void refuse_as_gateway(authapi_response *response, const char *reason) {
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "Message", "User is not authorized to access this resource with an explicit deny");
  response->reason = reason;
  authapi_set_json(response, 403, json);
}

void authapi_write_audit(const authapi *api, const char *event, const char *by, const authapi_request *request,
                         const authapi_response *response) {
  const authapi_audit_event audit_event = {
      .time_s = api->now_s(api->clock_state),
      .event = event,
      .by = by,
      .status = response->status,
      .known_caller = response->known_caller,
      .client = request->client,
      .key = response->key_id,
      .token = response->token_id,
      .origin = authapi_origin_logged(authapi_header(request, "Origin")),
      .reason = response->reason,
      .changed = response->changed,
  };
  authapi_audit_write(api->audit, &audit_event);
}

/* ---------------------------------------------------------------------------------------------------
 * CORS (docs/wire.md, section "CORS"; WHATWG Fetch, "CORS protocol"). */

/* Lets the page read every response, above all a refusal: the developer sees "origin not allowed" and not a blank
 * network error. This exposes nothing: there are no cookies, and the POST itself checks the origin. */
static void add_cors(const authapi_request *request, authapi_response *response) {
  const char *origin = authapi_header(request, "Origin");
  authapi_add_header(response, "Vary", "Origin");
  authapi_add_header(response, "X-Content-Type-Options", "nosniff");
  if (origin == NULL || !authapi_origin_printable(origin))
    return;
  authapi_add_header(response, "Access-Control-Allow-Origin", origin);
  authapi_add_header(response, "Access-Control-Expose-Headers",
                     "Retry-After, Date, x-quota-usage, x-quota-reset, x-throttle-usage, x-throttle-reset");
}

/* A preflight does not carry the key, so it succeeds for any origin. It succeeds on any path, so that a page with a
 * wrong endpoint can read the 404. */
static void preflight(authapi_response *response) {
  response->status = 204;
  authapi_add_header(response, "Access-Control-Allow-Methods", "GET, POST, OPTIONS");
  authapi_add_header(response, "Access-Control-Allow-Headers",
                     "x-inbenta-key, authorization, content-type, x-inbenta-env, x-inbenta-source, "
                     "x-inbenta-user-type");
  authapi_add_header(response, "Access-Control-Max-Age", "600");
}

/* ---------------------------------------------------------------------------------------------------
 * Checking the caller. */

static void add_number(authapi_response *response, const char *name, int64_t number) {
  char text[24];
  snprintf(text, sizeof text, "%lld", (long long)number);
  authapi_add_header(response, name, text);
}

static void add_usage(authapi_response *response, const authapi_usage *usage, const char *percent, const char *reset) {
  if (usage->percent < 0)
    return;
  add_number(response, percent, usage->percent);
  add_number(response, reset, usage->reset_s);
}

/* Counts the request even if it is refused later. False if a limit refused the request. */
static bool check_limits(const authapi *api, const authapi_api_key *key, authapi_group group,
                         authapi_response *response) {
  authapi_limits_state state;
  if (api->limiter == NULL)
    return true;
  int64_t now_s = api->now_s(api->clock_state);
  authapi_limiter_count(api->limiter, key->id, group, now_s, &state);
  add_usage(response, &state.throttle, "x-throttle-usage", "x-throttle-reset");
  add_usage(response, &state.quota, "x-quota-usage", "x-quota-reset");
  if (state.exceeded == NULL)
    return true;
  bool quota = state.exceeded == &state.quota;
  add_number(response, "Retry-After", state.exceeded->reset_s - now_s);
  authapi_refuse(response, 429, quota ? "quota_exceeded" : "rate_limited",
                 quota ? "The quota of this API key is used up. Wait for the time in Retry-After."
                       : "This API key sent too many requests. Wait for the time in Retry-After.");
  return false;
}

/* Finds the API key of the request and counts the request for `group`. False if the request was refused. */
static bool check_api_key(const authapi *api, const authapi_request *request, authapi_group group, authapi_api_key *key,
                          authapi_response *response) {
  const char *value = authapi_header(request, "x-inbenta-key");
  authapi_found found = value == NULL ? AUTHAPI_MISSING : api->store.find_api_key(api->store.state, value, key);
  if (found == AUTHAPI_STORE_ERROR)
    authapi_store_failed(&api->store, response);
  else if (found == AUTHAPI_MISSING)
    refuse_as_gateway(response, "api_key_unknown");
  else {
    response->known_caller = true;
    memcpy(response->key_id, key->id, sizeof response->key_id);
  }
  if (found == AUTHAPI_FOUND && key->revoked_s != 0) {
    refuse_as_gateway(response, "api_key_revoked");
    return false;
  }
  return found == AUTHAPI_FOUND && check_limits(api, key, group, response);
}

static void refuse_origin(authapi_response *response, const char *origin) {
  char message[AUTHAPI_ORIGIN_MAX + 80];
  if (origin == NULL)
    snprintf(message, sizeof message, "A domain key works only in browsers, but the request has no Origin.");
  else if (!authapi_origin_printable(origin))
    snprintf(message, sizeof message, "No browser sends this Origin.");
  else
    snprintf(message, sizeof message, "Origin %s is not on this domain key's list of domains.", origin);
  authapi_refuse(response, 403, "origin_not_allowed", message);
}

/* Checks that this request may use the credential now. False if the request was refused. */
static bool check_credential(const authapi *api, const authapi_request *request, const authapi_credential *credential,
                             authapi_response *response) {
  const char *origin = authapi_header(request, "Origin");
  memcpy(response->key_id, credential->id, sizeof response->key_id);
  if (credential->revoked_s != 0) {
    authapi_refuse(response, 403, "key_revoked",
                   credential->kind == AUTHAPI_SECRET ? "This secret was revoked." : "This domain key was revoked.");
    return false;
  }
  /* For a client, expired is the same as revoked: it needs another secret. */
  if (authapi_is_expired(credential, api->now_s(api->clock_state))) {
    authapi_refuse(response, 403, "key_revoked", "This secret has expired: another one replaced it.");
    return false;
  }
  if (credential->kind == AUTHAPI_DOMAIN_KEY && !authapi_origin_allowed(credential->domains, origin)) {
    refuse_origin(response, origin);
    return false;
  }
  authapi_last_used_record(api->last_used, credential, api->now_s(api->clock_state));
  return true;
}

/* The keys that access tokens are signed with. NULL if there are none; then the request was refused. */
static const authapi_signing_keys *signing_keys_of(const authapi *api, authapi_response *response) {
  authapi_found found =
      authapi_signing_keys_update(api->keys, &api->store, &api->signer, api->lifetime_s, api->now_s(api->clock_state));
  if (found == AUTHAPI_FOUND)
    return api->keys;
  if (found == AUTHAPI_STORE_ERROR)
    authapi_store_failed(&api->store, response);
  else
    authapi_fail(response, "there is no signing key that can be used");
  return NULL;
}

/* Finds the credential that belongs to the access token of a request. False if the request was refused. */
static bool check_bearer(const authapi *api, const authapi_request *request, authapi_group group,
                         authapi_credential *credential, authapi_response *response) {
  authapi_api_key key;
  authapi_claims claims;
  if (!check_api_key(api, request, group, &key, response))
    return false;
  const char *token = authapi_bearer_token(authapi_header(request, "Authorization"));
  if (token == NULL) {
    authapi_add_header(response, "WWW-Authenticate", "Bearer");
    authapi_refuse(response, 401, "token_missing", "Send the header Authorization: Bearer <access token>.");
    return false;
  }
  const authapi_signing_keys *signing_keys = signing_keys_of(api, response);
  if (signing_keys == NULL)
    return false;
  authapi_token_state state = authapi_token_check(&api->signer, signing_keys->keys, signing_keys->count, token,
                                                  api->now_s(api->clock_state), &claims);
  if (state != AUTHAPI_TOKEN_INVALID)
    memcpy(response->token_id, claims.token_id, sizeof response->token_id);
  if (state != AUTHAPI_TOKEN_VALID) {
    refuse_as_gateway(response, state == AUTHAPI_TOKEN_EXPIRED ? "token_expired" : "token_invalid");
    return false;
  }
  if (strcmp(claims.api_key_id, key.id) != 0) {
    refuse_as_gateway(response, "token_of_another_key");
    return false;
  }
  authapi_found found = api->store.get_credential(api->store.state, claims.credential_id, credential);
  if (found == AUTHAPI_STORE_ERROR) {
    authapi_store_failed(&api->store, response);
    return false;
  }
  if (found == AUTHAPI_MISSING) {
    refuse_as_gateway(response, "credential_gone");
    return false;
  }
  return check_credential(api, request, credential, response);
}

/* ---------------------------------------------------------------------------------------------------
 * The endpoints. */

bool authapi_apis_read(const char *text, authapi_apis *apis) {
  *apis = strcmp(text, "missing") == 0 ? AUTHAPI_APIS_MISSING : AUTHAPI_APIS_EMPTY;
  return *apis == AUTHAPI_APIS_MISSING || strcmp(text, "empty") == 0;
}

static const char *apis_of(const authapi *api) { return api->apis == AUTHAPI_APIS_EMPTY ? "[]" : api->apis_json; }

/* {"accessToken":"…","expiration":…,"expires_in":…,"apis":{…}}. No value needs an escape: a token has none of JSON's
 * special characters, and the products' addresses are JSON already. The buffer has the exact size, so that no copy of a
 * token stays in memory. */
static char *print_grant(const char *token, const authapi_claims *claims, const char *apis_json) {
  static const char format[] = "{\"accessToken\":\"%s\",\"expiration\":%lld,\"expires_in\":%lld%s%s}";
  const char *name = apis_json != NULL ? ",\"apis\":" : "";
  const char *apis = apis_json != NULL ? apis_json : "";
  size_t size = sizeof format + strlen(token) + 2 * 20 + strlen(name) + strlen(apis);
  char *text = malloc(size);
  if (text != NULL)
    snprintf(text, size, format, token, (long long)claims->expires_s, (long long)(claims->expires_s - claims->issued_s),
             name, apis);
  return text;
}

static void answer_grant(const char *token, const authapi_claims *claims, const char *apis_json,
                         authapi_response *response) {
  response->body = print_grant(token, claims, apis_json);
  response->status = response->body != NULL ? 200 : 500;
  authapi_add_header(response, "Content-Type", "application/json");
  authapi_add_header(response, "Cache-Control", "no-store");
}

/* Answers with a token. If `apis_json` is NULL, the answer has no products. */
static void grant(const authapi *api, const authapi_credential *credential, const char *apis_json,
                  authapi_response *response) {
  const authapi_signing_keys *signing_keys = signing_keys_of(api, response);
  if (signing_keys == NULL)
    return;
  authapi_claims claims = {.issued_s = api->now_s(api->clock_state)};
  claims.expires_s = claims.issued_s + api->lifetime_s;
  memcpy(claims.credential_id, credential->id, sizeof claims.credential_id);
  memcpy(claims.api_key_id, credential->api_key_id, sizeof claims.api_key_id);
  char *token = authapi_token_issue(&api->signer, &signing_keys->keys[signing_keys->signing], &claims);
  if (token == NULL) {
    authapi_fail(response, "no access token could be signed");
    return;
  }
  memcpy(response->token_id, claims.token_id, sizeof response->token_id);
  answer_grant(token, &claims, apis_json, response);
  iauth__wipe(token, strlen(token));
  free(token);
}

/* The members of the body of /auth, borrowed from its JSON. */
struct credentials {
  authapi_credential_kind kind;
  const char *value;
  const char *personal_secret; /* NULL if it was not sent */
};

static bool is_named(const cJSON *member, const char *name) { return strcmp(member->string, name) == 0; }

/* The documentation does not name the member for a domain key, so both spellings are accepted (docs/wire.md, section
 * "Requests"). */
static bool is_domain_key(const cJSON *member) {
  return is_named(member, "domainKey") || is_named(member, "domain_key");
}

/* Finds the one credential in `json`, and the optional members. False if the request was refused. `hint` is the message
 * if there is not one credential; NULL: a general one. */
static bool read_credentials(const cJSON *json, const char *hint, struct credentials *given,
                             authapi_response *response) {
  const cJSON *member, *key = NULL, *personal_secret = NULL;
  int keys = 0;
  if (!cJSON_IsObject(json)) {
    authapi_refuse(response, 400, "bad_request", hint != NULL ? hint : "The body is neither a JSON object nor a form.");
    return false;
  }
  cJSON_ArrayForEach(member, json) {
    if (is_named(member, "secret") || is_domain_key(member)) {
      key = member;
      keys++;
    } else if (is_named(member, "user_personal_secret")) {
      personal_secret = member;
    }
  }
  if (keys != 1) {
    authapi_refuse(response, 400, "bad_request",
                   hint != NULL ? hint : "Send either \"secret\" or \"domainKey\" in the body, once.");
    return false;
  }
  given->kind = is_domain_key(key) ? AUTHAPI_DOMAIN_KEY : AUTHAPI_SECRET;
  given->value = cJSON_GetStringValue(key);
  given->personal_secret = NULL;
  if (personal_secret != NULL) /* a value that is not a string is wrong */
    given->personal_secret = cJSON_IsString(personal_secret) ? personal_secret->valuestring : "";
  if (given->value == NULL || *given->value == '\0') {
    authapi_refuse(response, 400, "bad_request", "The key in the body is not a non-empty string.");
    return false;
  }
  return true;
}

/* A personal secret must match the configured one. It is allowed together with a secret, never with a domain key
 * (docs/wire.md, section "Requests"). False if the request was refused. */
static bool check_personal_secret(const authapi *api, const struct credentials *given, authapi_response *response) {
  const char *configured = api->personal_secret;
  if (given->personal_secret == NULL)
    return true;
  if (given->kind == AUTHAPI_DOMAIN_KEY)
    authapi_refuse(response, 422, "credentials_rejected",
                   "A user personal secret cannot be sent together with a domain key.");
  else if (configured == NULL || strcmp(given->personal_secret, configured) != 0)
    authapi_refuse(response, 422, "credentials_rejected", "User personal secret not valid");
  else
    return true;
  return false;
}

static void authenticate(const authapi *api, const authapi_request *request, const authapi_api_key *key,
                         const struct credentials *given, authapi_response *response) {
  char hash[AUTHAPI_VALUE_SIZE];
  authapi_credential credential;
  const char *value = given->value;
  if (given->kind == AUTHAPI_SECRET) {
    if (!authapi_hash_secret(&api->signer, value, hash)) {
      authapi_fail(response, "the hash failed");
      return;
    }
    value = hash;
  }
  authapi_found found = api->store.find_credential(api->store.state, given->kind, value, &credential);
  if (found == AUTHAPI_STORE_ERROR)
    authapi_store_failed(&api->store, response);
  else if (found == AUTHAPI_MISSING || strcmp(credential.api_key_id, key->id) != 0)
    authapi_refuse(response, 400, "credentials_rejected",
                   given->kind == AUTHAPI_SECRET ? "Secret token not valid" : "Domain key not valid");
  else if (check_credential(api, request, &credential, response) && check_personal_secret(api, given, response))
    grant(api, &credential, api->apis != AUTHAPI_APIS_MISSING ? apis_of(api) : NULL, response);
}

/* A message if the body of a form looks like JSON: curl -d sends a form, unless told otherwise. */
static const char *json_in_form(const char *body, size_t len) {
  while (len > 0 && strchr(" \t\r\n", *body) != NULL)
    body++, len--;
  return len > 0 && *body == '{' ? "The body looks like JSON, but was sent as a form. Add the header Content-Type: "
                                   "application/json."
                                 : NULL;
}

static void post_auth(const authapi *api, const authapi_request *request, authapi_response *response) {
  authapi_api_key key;
  struct credentials given;
  if (!check_api_key(api, request, AUTHAPI_GROUP_AUTH, &key, response))
    return;
  const char *type = authapi_header(request, "Content-Type");
  bool is_form = authapi_is_form_type(type);
  if (!is_form && !authapi_is_json_type(type)) {
    authapi_refuse(response, 415, "bad_request",
                   "Send the body as Content-Type: application/json or application/x-www-form-urlencoded.");
    return;
  }
  cJSON *json = (is_form ? authapi_parse_form : authapi_parse_body)(request->body, request->body_len);
  const char *hint = is_form ? json_in_form(request->body, request->body_len) : NULL;
  if (read_credentials(json, hint, &given, response))
    authenticate(api, request, &key, &given, response);
  authapi_wipe_strings(json);
  cJSON_Delete(json);
}

static void post_refresh(const authapi *api, const authapi_request *request, authapi_response *response) {
  authapi_credential credential;
  if (check_bearer(api, request, AUTHAPI_GROUP_REFRESH, &credential, response))
    grant(api, &credential, NULL, response);
}

static void get_apis(const authapi *api, const authapi_request *request, authapi_response *response) {
  authapi_credential credential;
  if (!check_bearer(api, request, AUTHAPI_GROUP_AUTH, &credential, response))
    return;
  cJSON *json = cJSON_CreateObject();
  cJSON_AddRawToObject(json, "apis", apis_of(api));
  authapi_set_json(response, 200, json);
}

static void get_jwks(const authapi *api, const authapi_request *request, authapi_response *response) {
  (void)request;
  char max_age[32];
  const authapi_signing_keys *signing_keys = signing_keys_of(api, response);
  if (signing_keys == NULL)
    return;
  snprintf(max_age, sizeof max_age, "max-age=%d", AUTHAPI_JWKS_MAX_AGE_S);
  response->body = authapi_token_jwks(signing_keys->keys, signing_keys->count);
  response->status = response->body != NULL ? 200 : 500;
  authapi_add_header(response, "Content-Type", "application/jwk-set+json");
  authapi_add_header(response, "Cache-Control", max_age);
}

static void get_health(const authapi *api, const authapi_request *request, authapi_response *response) {
  (void)request;
  authapi_api_key key;
  if (api->store.find_api_key(api->store.state, "", &key) == AUTHAPI_STORE_ERROR) {
    authapi_refuse(response, 503, "store_unavailable", "The database is not responding. The log has the reason.");
    response->problem = api->store.problem(api->store.state);
    return;
  }
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "status", "ok");
  if (api->audit != NULL && api->audit->missing > 0)
    cJSON_AddStringToObject(json, "audit", "failing");
  authapi_set_json(response, 200, json);
}

typedef struct {
  const char *path, *method;
  void (*handle)(const authapi *, const authapi_request *, authapi_response *);
  const char *event;  /* its name in the audit log; NULL: not logged */
  bool only_refusals; /* only refusals are logged */
} endpoint;

static const endpoint endpoints[] = {
    {"/v1/auth", "POST", post_auth, "token grant", false},
    {"/v1/refreshToken", "POST", post_refresh, "token refresh", false},
    {"/v1/apis", "GET", get_apis, "apis read", true},
    {"/.well-known/jwks.json", "GET", get_jwks, NULL, true},
    {"/healthz", "GET", get_health, NULL, true},
};

/* The endpoint at `path`, or NULL. */
static const endpoint *find_endpoint(const char *path) {
  for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++)
    if (strcmp(path, endpoints[i].path) == 0)
      return &endpoints[i];
  return NULL;
}

bool authapi_path_known(const char *path) { return find_endpoint(path) != NULL; }

static void handle_endpoint(const authapi *api, const authapi_request *request, const endpoint *found,
                            authapi_response *response) {
  bool post = strcmp(found->method, "POST") == 0;
  bool head = !post && strcmp(request->method, "HEAD") == 0; /* like GET; the host does not send the body */
  if (!head && strcmp(request->method, found->method) != 0) {
    authapi_add_header(response, "Allow", post ? "POST, OPTIONS" : "GET, HEAD, OPTIONS");
    authapi_refuse(response, 405, "bad_request", post ? "Use POST here." : "Use GET here.");
  } else if (request->body_too_large) {
    authapi_refuse(response, 413, "bad_request", "The body is larger than 16 KB.");
  } else {
    found->handle(api, request, response);
  }
  if (found->event != NULL && (response->status >= 400 || !found->only_refusals))
    authapi_write_audit(api, found->event, "client", request, response);
}

/* Sets what all responses have in common. True if the response is complete. */
static bool begin_answer(const authapi_request *request, authapi_response *response) {
  authapi_begin_response(response);
  add_cors(request, response);
  bool is_preflight = strcmp(request->method, "OPTIONS") == 0;
  if (is_preflight)
    preflight(response);
  return is_preflight;
}

void authapi_refuse_with(const authapi_request *request, int status, authapi_response *response) {
  if (!begin_answer(request, response))
    authapi_refuse(response, status, "injected", "A test requested this response.");
}

void authapi_handle(const authapi *api, const authapi_request *request, authapi_response *response) {
  const endpoint *found = find_endpoint(request->path);
  if (begin_answer(request, response))
    return;
  if (found != NULL)
    handle_endpoint(api, request, found, response);
  else
    authapi_refuse(response, 404, "not_found", "There is no such endpoint.");
}
