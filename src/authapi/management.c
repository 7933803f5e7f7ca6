/* Management over HTTP; see management.h. */
#define _POSIX_C_SOURCE 200809L
#include "authapi/management.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "authapi/describe.h"
#include "authapi/keys/credentials.h"
#include "authapi/keys/domains.h"
#include "authapi/messages.h"
#include "base/wipe.h"

/* The files of web/admin/. The build embeds them into the program (cmake/embed.cmake). */
extern const char authapi_admin_index_html[], authapi_admin_admin_css[], authapi_admin_admin_js[];

/* Allows what the page needs, and nothing that injected text could use: no inline script, no other host, no frame
 * around the page, no form that the browser sends by itself. */
static const char page_policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                                  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
                                  "require-trusted-types-for 'script'; trusted-types 'none'";
_Static_assert(sizeof page_policy <= AUTHAPI_ORIGIN_MAX, "a header's value is cut at this length");

/* ---------------------------------------------------------------------------------------------------
 * Checking the caller. */

const char *authapi_management_token_problem(const char *token) {
  size_t len = strlen(token);
  for (size_t i = 0; i < len; i++)
    if (token[i] <= ' ' || token[i] > '~')
      return "a token is one word of printable ASCII";
  if (len < AUTHAPI_ADMIN_TOKEN_MIN)
    return "a token has at least 32 characters; openssl rand -base64 32 makes one";
  return len > AUTHAPI_ADMIN_TOKEN_MAX ? "a token has at most 256 characters" : NULL;
}

bool authapi_management_init(authapi_management *admin, const authapi *api, const char *token) {
  admin->api = api;
  admin->attempts = NULL;
  return api->signer.sha256(api->signer.state, token, strlen(token), admin->token_hash);
}

/* Compares all bytes of the hashes, so that the time reveals neither a part of the token nor its length. */
static bool is_token(const authapi_management *admin, const char *token) {
  unsigned char hash[AUTHAPI_HASH_SIZE], different = 0;
  const authapi_signer *signer = &admin->api->signer;
  if (!signer->sha256(signer->state, token, strlen(token), hash))
    return false;
  for (size_t i = 0; i < sizeof hash; i++)
    different |= hash[i] ^ admin->token_hash[i];
  return different == 0;
}

/* True if `origin` is http or https on `host`, a value of Host. A proxy may add the default port, which browsers leave out. */
static bool is_origin_of(const char *origin, const char *host) {
  const char *end = strstr(origin, "://");
  if (end == NULL)
    return false;
  size_t len = strlen(end + 3);
  const char *port = strncmp(origin, "https:", 6) == 0 ? ":443" : ":80";
  return strncasecmp(end + 3, host, len) == 0 && (host[len] == '\0' || strcmp(host + len, port) == 0);
}

/* True if a page of another site sent the request. Browsers send the site that makes the request (W3C Fetch Metadata,
 * "The Sec-Fetch-Site HTTP Request Header"); other clients do not. Over plain http, browsers send only the origin. */
static bool is_cross_site(const authapi_request *request) {
  const char *site = authapi_header(request, "Sec-Fetch-Site"), *origin = authapi_header(request, "Origin");
  if (site != NULL)
    return strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
  const char *host = authapi_header(request, "Host");
  return origin != NULL && (host == NULL || !is_origin_of(origin, host));
}

/* False if the request was refused. */
static bool check_caller(const authapi_management *admin, const authapi_request *request, authapi_response *response) {
  if (is_cross_site(request)) {
    authapi_refuse(response, 403, "cross_site", "In a browser, only the page at /admin/ may send requests here.");
    return false;
  }
  int64_t now = admin->api->now_s(admin->api->clock_state);
  bool counted = admin->attempts != NULL && request->client != NULL;
  const char *token = authapi_bearer_token(authapi_header(request, "Authorization"));
  /* An address that must wait is refused even with the right token: otherwise the wait would not slow down guessing. */
  int64_t wait_s = counted && token != NULL ? authapi_attempts_wait_s(admin->attempts, request->client, now) : 0;
  if (wait_s > 0) {
    char seconds[24];
    snprintf(seconds, sizeof seconds, "%lld", (long long)wait_s);
    authapi_add_header(response, "Retry-After", seconds);
    authapi_refuse(response, 429, "too_many_attempts",
                   "Too many wrong admin tokens were sent. Wait for the time in Retry-After.");
    return false;
  }
  if (token != NULL && is_token(admin, token)) {
    if (counted)
      authapi_attempts_succeeded(admin->attempts, request->client);
    response->known_caller = true;
    return true;
  }
  if (token != NULL && counted)
    authapi_attempts_failed(admin->attempts, request->client, now);
  authapi_add_header(response, "WWW-Authenticate", "Bearer");
  if (token == NULL)
    authapi_refuse(response, 401, "token_missing", "Send the header Authorization: Bearer <admin token>.");
  else
    authapi_refuse(response, 401, "token_invalid", "This is not the admin token.");
  return false;
}

/* ---------------------------------------------------------------------------------------------------
 * Fields of the body, and the keys that they name. A function that returns NULL or false has refused the request. */

/* True if a field is there twice. Programs in front of this one may use the other of the two. */
static bool has_field_twice(const cJSON *body) {
  const cJSON *field, *later;
  cJSON_ArrayForEach(field, body) {
    for (later = field->next; later != NULL; later = later->next)
      if (strcmp(field->string, later->string) == 0)
        return true;
  }
  return false;
}

/* The caller deletes it. */
static cJSON *read_body(const authapi_request *request, authapi_response *response) {
  if (!authapi_is_json_type(authapi_header(request, "Content-Type"))) {
    authapi_refuse(response, 415, "bad_request", "Send the body as Content-Type: application/json.");
    return NULL;
  }
  cJSON *json = authapi_parse_body(request->body, request->body_len);
  bool is_object = cJSON_IsObject(json);
  if (is_object && !has_field_twice(json))
    return json;
  cJSON_Delete(json);
  authapi_refuse(response, 400, "bad_request",
                 is_object ? "The body has a field twice." : "The body is not a JSON object.");
  return NULL;
}

/* The text is borrowed from `body`. */
static const char *text_field(const cJSON *body, const char *name, authapi_response *response) {
  const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, name));
  if (text != NULL && *text != '\0')
    return text;
  char message[80];
  snprintf(message, sizeof message, "Give \"%s\" in the body: a string that is not empty.", name);
  authapi_refuse(response, 400, "bad_request", message);
  return NULL;
}

/* Reads a number of seconds. `default_s` is the default. */
static bool seconds_field(const cJSON *body, const char *name, int64_t default_s, int64_t *seconds,
                          authapi_response *response) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(body, name);
  double number = item != NULL ? cJSON_GetNumberValue(item) : (double)default_s;
  if (number >= 0 && number <= AUTHAPI_OVERLAP_MAX_S && number == (double)(int64_t)number) {
    *seconds = (int64_t)number;
    return true;
  }
  char message[80];
  snprintf(message, sizeof message, "\"%s\" must be a whole number of seconds from 0 to %d.", name,
           AUTHAPI_OVERLAP_MAX_S);
  authapi_refuse(response, 400, "bad_request", message);
  return false;
}

static void refuse_domain(const char *entry, const char *problem, authapi_response *response) {
  size_t size = strlen(entry) + strlen(problem) + 16;
  char *message = malloc(size);
  if (message != NULL)
    snprintf(message, size, "Domain %s: %s", entry, problem);
  authapi_refuse(response, 400, "bad_request", message != NULL ? message : problem);
  free(message);
}

static bool domains_field(const authapi *api, const cJSON *body, char domains[AUTHAPI_DOMAINS_SIZE],
                          authapi_response *response) {
  const cJSON *array = cJSON_GetObjectItemCaseSensitive(body, "domains"), *entry;
  domains[0] = '\0';
  cJSON_ArrayForEach(entry, array) {
    const char *text = cJSON_GetStringValue(entry);
    const char *problem = text != NULL ? authapi_add_domain(domains, text, &api->names) : "not a string";
    if (problem != NULL) {
      refuse_domain(text != NULL ? text : "(no string)", problem, response);
      return false;
    }
  }
  if (cJSON_IsArray(array) && domains[0] != '\0')
    return true;
  authapi_refuse(response, 400, "bad_request", "Give \"domains\" in the body: an array of at least one domain.");
  return false;
}

/* A person who revokes a key must know if it was revoked, so this message is more precise than a general error. The log
 * has the cause. */
static void store_failed(const authapi *api, authapi_response *response) {
  authapi_refuse(response, 500, "server_error",
                 "This was not done because the database failed. The server's log has the reason.");
  response->problem = api->store.problem(api->store.state);
}

/* Checks the result of a look-up. `missing` is the message if nothing was found. */
static bool check_found(const authapi *api, authapi_found found, const char *missing, authapi_response *response) {
  if (found == AUTHAPI_STORE_ERROR)
    store_failed(api, response);
  else if (found == AUTHAPI_MISSING)
    authapi_refuse(response, 404, "not_found", missing);
  return found == AUTHAPI_FOUND;
}

static bool api_key_field(const authapi *api, const cJSON *body, authapi_api_key *key, authapi_response *response) {
  const char *value = text_field(body, "apiKey", response);
  if (value == NULL ||
      !check_found(api, api->store.find_api_key(api->store.state, value, key), "There is no such API key.", response))
    return false;
  if (key->revoked_s == 0)
    return true;
  authapi_refuse(response, 409, "conflict", "This API key was revoked.");
  return false;
}

/* Accepts only IDs, because IDs are logged. The store could find a domain key by its value as well. */
static bool id_field(const authapi *api, const cJSON *body, authapi_credential_kind kind,
                     authapi_credential *credential, authapi_response *response) {
  const char *id = text_field(body, "id", response);
  if (id == NULL)
    return false;
  authapi_found found = api->store.get_credential(api->store.state, id, credential);
  if (found == AUTHAPI_FOUND && credential->kind != kind)
    found = AUTHAPI_MISSING;
  return check_found(
      api, found, kind == AUTHAPI_SECRET ? "There is no secret with this id." : "There is no domain key with this id.",
      response);
}

/* ---------------------------------------------------------------------------------------------------
 * The endpoints. `body` is NULL for GET. */

/* Answers after a change. */
static void answer(const authapi *api, authapi_response *response, int status, const char *id, cJSON *json) {
  snprintf(response->key_id, sizeof response->key_id, "%s", id);
  if (api->audit != NULL)
    response->changed = authapi_audit_pick(json);
  authapi_set_json(response, status, json);
}

/* Answers with a credential as it is in the store after a change. */
static void answer_changed(const authapi *api, authapi_found changed, const char *id, authapi_response *response) {
  authapi_credential credential;
  if (changed == AUTHAPI_FOUND)
    changed = api->store.get_credential(api->store.state, id, &credential);
  if (check_found(api, changed, "This key no longer exists.", response))
    answer(api, response, 200, credential.id, authapi_describe(&credential));
}

static void answer_list(const authapi *api, authapi_found found, cJSON *list, authapi_response *response) {
  if (found == AUTHAPI_FOUND)
    authapi_set_json(response, 200, list);
  else
    store_failed(api, response);
}

static int64_t now_s(const authapi *api) { return api->now_s(api->clock_state); }

static authapi_live live_of(const authapi *api) { return (authapi_live){api->last_used, api->limiter, now_s(api)}; }

static void list_api_keys(const authapi *api, const cJSON *body, authapi_response *response) {
  (void)body;
  cJSON *list;
  const authapi_live live = live_of(api);
  authapi_found found = authapi_list_api_keys(&api->store, &live, &list);
  answer_list(api, found, list, response);
}

static void list_credentials(const authapi *api, authapi_credential_kind kind, authapi_response *response) {
  cJSON *list;
  const authapi_live live = live_of(api);
  authapi_found found = authapi_list_credentials(&api->store, &live, kind, NULL, &list);
  answer_list(api, found, list, response);
}

static void list_secrets(const authapi *api, const cJSON *body, authapi_response *response) {
  (void)body;
  list_credentials(api, AUTHAPI_SECRET, response);
}

static void list_domain_keys(const authapi *api, const cJSON *body, authapi_response *response) {
  (void)body;
  list_credentials(api, AUTHAPI_DOMAIN_KEY, response);
}

static void create_api_key(const authapi *api, const cJSON *body, authapi_response *response) {
  authapi_api_key key;
  const char *name = text_field(body, "name", response);
  if (name == NULL)
    return;
  const char *problem = authapi_name_problem(name);
  if (problem != NULL)
    authapi_refuse(response, 400, "bad_request", problem);
  else if (authapi_make_api_key(&api->store, &api->signer, name, now_s(api), &key) != AUTHAPI_FOUND)
    store_failed(api, response);
  else
    answer(api, response, 201, key.id, authapi_describe_api_key(&key));
}

static void revoke_api_key(const authapi *api, const cJSON *body, authapi_response *response) {
  authapi_api_key key;
  const char *id = text_field(body, "id", response);
  if (id == NULL)
    return;
  authapi_found found = authapi_find_api_key(&api->store, id, &key);
  if (found == AUTHAPI_FOUND)
    found = api->store.revoke_api_key(api->store.state, key.id, now_s(api));
  if (found == AUTHAPI_FOUND)
    found = authapi_find_api_key(&api->store, key.id, &key);
  if (check_found(api, found, "There is no API key with this id.", response))
    answer(api, response, 200, key.id, authapi_describe_api_key(&key));
}

static void create_secret(const authapi *api, const cJSON *body, authapi_response *response) {
  authapi_api_key key;
  authapi_credential credential;
  char secret[AUTHAPI_SECRET_SIZE];
  if (!api_key_field(api, body, &key, response))
    return;
  if (authapi_make_secret(&api->store, &api->signer, key.id, now_s(api), secret, &credential) == AUTHAPI_FOUND)
    answer(api, response, 201, credential.id, authapi_describe_new_secret(&credential, secret, NULL));
  else
    store_failed(api, response);
  iauth__wipe(secret, sizeof secret);
}

static void rotate_secret(const authapi *api, const cJSON *body, authapi_response *response) {
  authapi_credential old, credential;
  char secret[AUTHAPI_SECRET_SIZE];
  int64_t overlap_s;
  if (!id_field(api, body, AUTHAPI_SECRET, &old, response) ||
      !seconds_field(body, "overlap", AUTHAPI_OVERLAP_S, &overlap_s, response))
    return;
  const char *problem = authapi_rotate_problem(&old, now_s(api));
  if (problem != NULL)
    authapi_refuse(response, 409, "conflict", problem);
  else if (authapi_rotate_secret(&api->store, &api->signer, &old, overlap_s, now_s(api), secret, &credential) ==
           AUTHAPI_FOUND)
    answer(api, response, 201, credential.id, authapi_describe_new_secret(&credential, secret, &old));
  else
    store_failed(api, response);
  iauth__wipe(secret, sizeof secret);
}

static void create_domain_key(const authapi *api, const cJSON *body, authapi_response *response) {
  authapi_api_key key;
  authapi_credential credential;
  char domains[AUTHAPI_DOMAINS_SIZE];
  if (!api_key_field(api, body, &key, response) || !domains_field(api, body, domains, response))
    return;
  if (authapi_make_domain_key(&api->store, &api->signer, key.id, domains, now_s(api), &credential) == AUTHAPI_FOUND)
    answer(api, response, 201, credential.id, authapi_describe(&credential));
  else
    store_failed(api, response);
}

static void set_domains(const authapi *api, const cJSON *body, authapi_response *response) {
  authapi_credential key;
  char domains[AUTHAPI_DOMAINS_SIZE];
  if (!id_field(api, body, AUTHAPI_DOMAIN_KEY, &key, response) || !domains_field(api, body, domains, response))
    return;
  authapi_found found = api->store.set_domains(api->store.state, key.id, domains);
  answer_changed(api, found, key.id, response);
}

static void revoke(const authapi *api, const cJSON *body, authapi_credential_kind kind, authapi_response *response) {
  authapi_credential credential;
  if (!id_field(api, body, kind, &credential, response))
    return;
  authapi_found found = api->store.revoke(api->store.state, kind, credential.id, now_s(api));
  answer_changed(api, found, credential.id, response);
}

static void revoke_secret(const authapi *api, const cJSON *body, authapi_response *response) {
  revoke(api, body, AUTHAPI_SECRET, response);
}

static void revoke_domain_key(const authapi *api, const cJSON *body, authapi_response *response) {
  revoke(api, body, AUTHAPI_DOMAIN_KEY, response);
}

/* Checks the result of a change of signing keys. False if the request was refused. */
static bool check_signing_keys(const authapi *api, authapi_found found, authapi_response *response) {
  if (found == AUTHAPI_STORE_ERROR)
    store_failed(api, response);
  else if (found == AUTHAPI_MISSING)
    authapi_refuse(response, 409, "conflict", authapi_signing_keys_conflict);
  return found == AUTHAPI_FOUND;
}

static void list_signing_keys(const authapi *api, const cJSON *body, authapi_response *response) {
  (void)body;
  if (check_signing_keys(api, authapi_signing_keys_read(api->keys, &api->store, &api->signer, now_s(api)), response))
    authapi_set_json(response, 200, authapi_describe_signing_keys(api->keys));
}

/* {"now":true} revokes all signing keys that existed before. */
static void rotate_signing_key(const authapi *api, const cJSON *body, authapi_response *response) {
  int64_t publish_s;
  char kid[AUTHAPI_KID_SIZE];
  const cJSON *now = cJSON_GetObjectItemCaseSensitive(body, "now");
  if (now != NULL && !cJSON_IsBool(now)) {
    authapi_refuse(response, 400, "bad_request", "\"now\" must be true or false.");
    return;
  }
  if (!seconds_field(body, "publish", AUTHAPI_PUBLISH_S, &publish_s, response))
    return;
  authapi_found found = cJSON_IsTrue(now)
                            ? authapi_signing_keys_replace(api->keys, &api->store, &api->signer, now_s(api))
                            : authapi_signing_keys_rotate(api->keys, &api->store, &api->signer, publish_s, now_s(api));
  if (!check_signing_keys(api, found, response))
    return;
  size_t added = api->keys->count - 1;
  authapi_key_id(&api->keys->keys[added], kid);
  answer(api, response, 201, kid, authapi_describe_signing_key(api->keys, added));
}

static void revoke_signing_key(const authapi *api, const cJSON *body, authapi_response *response) {
  const char *kid = text_field(body, "id", response);
  if (kid == NULL)
    return;
  authapi_found found = authapi_signing_keys_revoke(api->keys, &api->store, &api->signer, kid, now_s(api));
  if (check_found(api, found, "There is no signing key with this id in use.", response)) {
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "kid", kid);
    cJSON_AddBoolToObject(json, "revoked", true);
    answer(api, response, 200, kid, json);
  }
}

/* ---------------------------------------------------------------------------------------------------
 * The page. It contains nothing secret, so it needs no token. */

static void send_file(const char *type, const char *text, authapi_response *response) {
  response->status = 200;
  response->body = strdup(text);
  if (response->body == NULL)
    response->status = 500;
  authapi_add_header(response, "Content-Type", type);
  authapi_add_header(response, "Cache-Control", "no-cache");
  authapi_add_header(response, "Content-Security-Policy", page_policy);
  authapi_add_header(response, "Cross-Origin-Opener-Policy", "same-origin");
  authapi_add_header(response, "Cross-Origin-Resource-Policy", "same-origin");
  authapi_add_header(response, "Referrer-Policy", "no-referrer");
}

static void refuse_method(authapi_response *response, bool get, bool post) {
  authapi_add_header(response, "Allow", !post ? "GET, HEAD" : get ? "GET, HEAD, POST" : "POST");
  authapi_refuse(response, 405, "bad_request",
                 !post ? "Use GET here."
                 : get ? "Use GET or POST here."
                       : "Use POST here.");
}

/* ---------------------------------------------------------------------------------------------------
 * Routes. */

typedef struct {
  const char *path;
  const char *type, *text; /* of a file, else NULL */
  void (*get)(const authapi *, const cJSON *, authapi_response *);
  void (*post)(const authapi *, const cJSON *, authapi_response *);
  const char *event; /* its name in the audit log: the words of the command */
} route;

static const route routes[] = {
    {"/admin/", "text/html; charset=utf-8", authapi_admin_index_html, NULL, NULL, NULL},
    {"/admin/admin.css", "text/css; charset=utf-8", authapi_admin_admin_css, NULL, NULL, NULL},
    {"/admin/admin.js", "text/javascript; charset=utf-8", authapi_admin_admin_js, NULL, NULL, NULL},
    {"/admin/api-keys", NULL, NULL, list_api_keys, create_api_key, "api-key create"},
    {"/admin/api-keys/revoke", NULL, NULL, NULL, revoke_api_key, "api-key revoke"},
    {"/admin/secrets", NULL, NULL, list_secrets, create_secret, "secret create"},
    {"/admin/secrets/rotate", NULL, NULL, NULL, rotate_secret, "secret rotate"},
    {"/admin/secrets/revoke", NULL, NULL, NULL, revoke_secret, "secret revoke"},
    {"/admin/domain-keys", NULL, NULL, list_domain_keys, create_domain_key, "domain-key create"},
    {"/admin/domain-keys/set-domains", NULL, NULL, NULL, set_domains, "domain-key set-domains"},
    {"/admin/domain-keys/revoke", NULL, NULL, NULL, revoke_domain_key, "domain-key revoke"},
    {"/admin/signing-keys", NULL, NULL, list_signing_keys, NULL, NULL},
    {"/admin/signing-keys/rotate", NULL, NULL, NULL, rotate_signing_key, "signing-key rotate"},
    {"/admin/signing-keys/revoke", NULL, NULL, NULL, revoke_signing_key, "signing-key revoke"},
};

/* The route at `path`, or NULL. */
static const route *find_route(const char *path) {
  for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
    if (strcmp(path, routes[i].path) == 0)
      return &routes[i];
  return NULL;
}

bool authapi_is_management_path(const char *path) {
  return strcmp(path, "/admin") == 0 || strncmp(path, "/admin/", 7) == 0;
}

bool authapi_management_path_known(const char *path) { return strcmp(path, "/admin") == 0 || find_route(path) != NULL; }

/* HEAD is like GET (RFC 9110, 9.3.2); the host does not send the body. */
static bool is_read(const authapi_request *request) {
  return strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
}

/* Serves a file. `file` is NULL for "/admin": that path redirects to the page, because the page's links are relative to
 * its folder. */
static void handle_file(const authapi_request *request, const route *file, authapi_response *response) {
  if (!is_read(request)) {
    refuse_method(response, true, false);
  } else if (file != NULL) {
    send_file(file->type, file->text, response);
  } else {
    response->status = 308;
    authapi_add_header(response, "Location", "/admin/");
  }
}

/* Writes every change and every refusal to the audit log. Successful reads are not logged. */
static void write_audit(const authapi_management *admin, const authapi_request *request, const route *endpoint,
                        const authapi_response *response) {
  bool get = is_read(request);
  if (response->status >= 400 || !get)
    authapi_write_audit(admin->api, get || endpoint->event == NULL ? "list" : endpoint->event,
                        response->known_caller ? "admin" : "unknown", request, response);
}

static void handle_endpoint(const authapi_management *admin, const authapi_request *request, const route *endpoint,
                            authapi_response *response) {
  bool get = is_read(request) && endpoint->get != NULL;
  bool post = strcmp(request->method, "POST") == 0 && endpoint->post != NULL;
  if (!check_caller(admin, request, response))
    return;
  if (!get && !post) {
    refuse_method(response, endpoint->get != NULL, endpoint->post != NULL);
  } else if (request->body_too_large) {
    authapi_refuse(response, 413, "bad_request", "The body is larger than 16 KB.");
  } else if (get) {
    endpoint->get(admin->api, NULL, response);
  } else {
    cJSON *body = read_body(request, response);
    if (body != NULL)
      endpoint->post(admin->api, body, response);
    cJSON_Delete(body);
  }
}

void authapi_management_handle(const authapi_management *admin, const authapi_request *request,
                               authapi_response *response) {
  const route *found = find_route(request->path);
  authapi_begin_response(response);
  authapi_add_header(response, "X-Content-Type-Options", "nosniff");
  if (!authapi_management_path_known(request->path))
    authapi_refuse(response, 404, "not_found", "There is no such endpoint.");
  else if (found == NULL || found->text != NULL)
    handle_file(request, found, response);
  else {
    handle_endpoint(admin, request, found, response);
    write_audit(admin, request, found, response);
  }
}
