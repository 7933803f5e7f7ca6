/* Fuzzes management over HTTP, with the right token. The first byte selects the path, the rest is the body. The command
 * could have written every stored value. */
#include <stdlib.h>
#include <string.h>

#include "authapi/keys/origin_rules.h"
#include "authapi/management.h"
#include "authd/domain_names.h"
#include "handlers.h"

static const char *header_of(void *state, const char *name) {
  (void)state;
  if (strcmp(name, "Authorization") == 0)
    return "Bearer 0123456789abcdef0123456789abcdef";
  return strcmp(name, "Content-Type") == 0 ? "application/json" : NULL;
}

/* Values that an input can contain. */
static void open_store(authapi_store *store) {
  static const authapi_api_key key = {.id = "ak_1", .name = "fuzz", .value = "K", .created_s = 1};
  static const authapi_credential credentials[] = {
      {.id = "D", .api_key_id = "ak_1", .kind = AUTHAPI_DOMAIN_KEY, .value = "domain"},
      {.id = "S", .api_key_id = "ak_1", .kind = AUTHAPI_SECRET, .value = "the hash"}};
  char problem[256];
  require(authapi_store_sqlite_open(store, ":memory:", true, problem, sizeof problem));
  require(store->add_api_key(store->state, &key) == AUTHAPI_FOUND);
  for (size_t i = 0; i < 2; i++)
    require(store->add_credential(store->state, &credentials[i]) == AUTHAPI_FOUND);
}

static void check_domains(void *user, const authapi_credential *credential) {
  static char domains[AUTHAPI_DOMAINS_SIZE];
  (void)user;
  strcpy(domains, credential->domains);
  for (char *line = strtok(domains, "\n"); line != NULL; line = strtok(NULL, "\n"))
    require(authapi_domain_problem(line) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const paths[] = {
      "/admin/api-keys",       "/admin/domain-keys",         "/admin/domain-keys/set-domains",
      "/admin/secrets",        "/admin/domain-keys/revoke",  "/admin/secrets/revoke",
      "/admin/secrets/rotate", "/admin/signing-keys/rotate",
  };
  static authapi_signing_keys signing_keys;
  static authapi api = {.keys = &signing_keys, .now_s = now_s};
  static authapi_management admin;
  if (size < 1)
    return 0;
  if (admin.api == NULL) {
    api.signer = authd_signer_openssl();
    api.names = authd_domain_names;
    require(authapi_management_init(&admin, &api, "0123456789abcdef0123456789abcdef"));
    open_store(&api.store);
  }
  /* A copy of its exact size, so that the sanitizer sees a read past its end. */
  char *body = malloc(size - 1);
  if (size > 1)
    memcpy(body, data + 1, size - 1);
  const authapi_request request = {
      .method = "POST", .path = paths[data[0] % 8], .header = header_of, .body = body, .body_len = size - 1};
  authapi_response response;
  authapi_management_handle(&admin, &request, &response);
  require(response.status >= 200 && response.status < 500);
  /* Of a secret nothing is told; in other answers an input may stand. */
  if ((request.path == paths[5] || request.path == paths[6]) && response.status < 300)
    require(strstr(response.body, "the hash") == NULL);
  if (response.status < 300) { /* a store that was written to makes room for a new one */
    require(api.store.list_credentials(api.store.state, AUTHAPI_DOMAIN_KEY, NULL, check_domains, NULL) ==
            AUTHAPI_FOUND);
    authapi_signing_keys_clean_up(&signing_keys, &api.signer);
    api.store.close(api.store.state);
    open_store(&api.store);
  }
  authapi_response_clean_up(&response);
  free(body);
  return 0;
}
