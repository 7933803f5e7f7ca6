/* Keys in JSON; see describe.h. */
#define _POSIX_C_SOURCE 200809L
#include "authapi/describe.h"

#include <stdio.h>
#include <string.h>

#include "base/dates.h"

/* Adds a time. Leaves out 0, which means that the event has not happened. */
static void add_time(cJSON *json, const char *name, int64_t unix_s) {
  char text[IAUTH__DATE_SIZE];
  if (unix_s == 0)
    return;
  iauth__write_date(unix_s, text);
  cJSON_AddStringToObject(json, name, text);
}

void authapi_describe_domains(cJSON *json, const char *domains) {
  cJSON *array = cJSON_AddArrayToObject(json, "domains");
  char copy[AUTHAPI_DOMAINS_SIZE], *rest = copy, *line;
  snprintf(copy, sizeof copy, "%s", domains);
  while ((line = strtok_r(rest, "\n", &rest)) != NULL)
    cJSON_AddItemToArray(array, cJSON_CreateString(line));
}

cJSON *authapi_describe_api_key(const authapi_api_key *key) {
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "id", key->id);
  cJSON_AddStringToObject(json, "name", key->name);
  cJSON_AddStringToObject(json, "apiKey", key->value);
  add_time(json, "created", key->created_s);
  add_time(json, "lastUsed", key->last_used_s);
  cJSON_AddBoolToObject(json, "revoked", key->revoked_s != 0);
  return json;
}

cJSON *authapi_describe(const authapi_credential *credential) {
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "id", credential->id);
  cJSON_AddStringToObject(json, "apiKeyId", credential->api_key_id);
  if (credential->kind == AUTHAPI_DOMAIN_KEY) {
    cJSON_AddStringToObject(json, "domainKey", credential->value);
    authapi_describe_domains(json, credential->domains);
  }
  add_time(json, "created", credential->created_s);
  add_time(json, "expires", credential->expires_s);
  add_time(json, "lastUsed", credential->last_used_s);
  cJSON_AddBoolToObject(json, "revoked", credential->revoked_s != 0);
  return json;
}

cJSON *authapi_describe_new_secret(const authapi_credential *credential, const char *secret,
                                   const authapi_credential *replaces) {
  cJSON *json = authapi_describe(credential);
  cJSON_AddItemToObject(json, "secret", cJSON_CreateStringReference(secret));
  if (replaces != NULL) {
    cJSON_AddStringToObject(json, "replaces", replaces->id);
    add_time(json, "replacedExpires", replaces->expires_s);
  }
  return json;
}

struct listing {
  cJSON *list;
  const authapi_live *live;
};

static int64_t later(int64_t one_s, int64_t other_s) { return one_s > other_s ? one_s : other_s; }

static void add_percent(cJSON *json, const char *name, const authapi_usage *usage) {
  if (usage->percent >= 0)
    cJSON_AddNumberToObject(json, name, usage->percent);
}

static void add_api_key(void *user, const authapi_api_key *key) {
  const struct listing *listing = user;
  const authapi_live *live = listing->live;
  authapi_limits_state limits;
  authapi_api_key now = *key;
  if (live != NULL)
    now.last_used_s = later(key->last_used_s, authapi_last_used_get(live->last_used, key->id));
  cJSON *json = authapi_describe_api_key(&now);
  if (live != NULL && live->limiter != NULL) {
    authapi_limiter_usage(live->limiter, key->id, live->now_s, &limits);
    add_percent(json, "throttleUsage", &limits.throttle);
    add_percent(json, "quotaUsage", &limits.quota);
  }
  cJSON_AddItemToArray(listing->list, json);
}

static void add_credential(void *user, const authapi_credential *credential) {
  const struct listing *listing = user;
  authapi_credential now = *credential;
  if (listing->live != NULL)
    now.last_used_s = later(credential->last_used_s, authapi_last_used_get(listing->live->last_used, credential->id));
  cJSON_AddItemToArray(listing->list, authapi_describe(&now));
}

static authapi_found finish_list(authapi_found found, cJSON *array, cJSON **list) {
  if (found != AUTHAPI_FOUND)
    cJSON_Delete(array);
  *list = found == AUTHAPI_FOUND ? array : NULL;
  return found;
}

authapi_found authapi_list_api_keys(const authapi_store *store, const authapi_live *live, cJSON **list) {
  struct listing listing = {cJSON_CreateArray(), live};
  return finish_list(store->list_api_keys(store->state, add_api_key, &listing), listing.list, list);
}

authapi_found authapi_list_credentials(const authapi_store *store, const authapi_live *live,
                                       authapi_credential_kind kind, const char *api_key_id, cJSON **list) {
  struct listing listing = {cJSON_CreateArray(), live};
  return finish_list(store->list_credentials(store->state, kind, api_key_id, add_credential, &listing), listing.list,
                     list);
}

cJSON *authapi_describe_signing_key(const authapi_signing_keys *signing_keys, size_t index) {
  char kid[AUTHAPI_KID_SIZE];
  const char *state = index < signing_keys->signing    ? "accepted"
                      : index == signing_keys->signing ? "signing"
                                                       : "published";
  cJSON *json = cJSON_CreateObject();
  authapi_key_id(&signing_keys->keys[index], kid);
  cJSON_AddStringToObject(json, "kid", kid);
  cJSON_AddStringToObject(json, "state", state);
  add_time(json, "created", signing_keys->stored[index].created_s);
  add_time(json, "signsFrom", signing_keys->stored[index].signs_from_s);
  add_time(json, "acceptedUntil", authapi_signing_keys_retires_s(signing_keys, index));
  return json;
}

cJSON *authapi_describe_signing_keys(const authapi_signing_keys *signing_keys) {
  cJSON *list = cJSON_CreateArray();
  for (size_t i = 0; i < signing_keys->count; i++)
    cJSON_AddItemToArray(list, authapi_describe_signing_key(signing_keys, i));
  return list;
}
