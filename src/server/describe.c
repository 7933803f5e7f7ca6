/* Keys in JSON; see describe.h. */
#define _POSIX_C_SOURCE 200809L
#include "server/describe.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static void add_time(cJSON *json, const char *name, int64_t unix_s) {
  char text[32];
  struct tm utc;
  time_t when = (time_t)unix_s;
  gmtime_r(&when, &utc);
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  cJSON_AddStringToObject(json, name, text);
}

void authd_describe_domains(cJSON *json, const char *domains) {
  cJSON *array = cJSON_AddArrayToObject(json, "domains");
  char copy[AUTHD_DOMAINS_SIZE], *rest = copy, *line;
  snprintf(copy, sizeof copy, "%s", domains);
  while ((line = strtok_r(rest, "\n", &rest)) != NULL)
    cJSON_AddItemToArray(array, cJSON_CreateString(line));
}

cJSON *authd_describe_api_key(const authd_api_key *key) {
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "id", key->id);
  cJSON_AddStringToObject(json, "name", key->name);
  cJSON_AddStringToObject(json, "apiKey", key->value);
  add_time(json, "created", key->created_s);
  return json;
}

cJSON *authd_describe(const authd_credential *credential) {
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "id", credential->id);
  cJSON_AddStringToObject(json, "apiKeyId", credential->api_key_id);
  if (credential->kind == AUTHD_DOMAIN_KEY) {
    cJSON_AddStringToObject(json, "domainKey", credential->value);
    authd_describe_domains(json, credential->domains);
  }
  add_time(json, "created", credential->created_s);
  cJSON_AddBoolToObject(json, "revoked", credential->revoked_s != 0);
  return json;
}

static void add_api_key(void *list, const authd_api_key *key) {
  cJSON_AddItemToArray(list, authd_describe_api_key(key));
}

static void add_credential(void *list, const authd_credential *credential) {
  cJSON_AddItemToArray(list, authd_describe(credential));
}

static authd_found finish_list(authd_found found, cJSON **list) {
  if (found == AUTHD_FOUND)
    return found;
  cJSON_Delete(*list);
  *list = NULL;
  return found;
}

authd_found authd_list_api_keys(const authd_store *store, cJSON **list) {
  *list = cJSON_CreateArray();
  return finish_list(store->list_api_keys(store->state, add_api_key, *list), list);
}

authd_found authd_list_credentials(const authd_store *store, authd_credential_kind kind,
                                   const char *api_key_id, cJSON **list) {
  *list = cJSON_CreateArray();
  return finish_list(store->list_credentials(store->state, kind, api_key_id, add_credential, *list),
                     list);
}
