/* Keys in JSON; see describe.h. */
#define _POSIX_C_SOURCE 200809L
#include "server/describe.h"

#include <stdio.h>
#include <string.h>

#include "server/when.h"

/* Leaves out what has not come (0). */
static void add_time(cJSON *json, const char *name, int64_t unix_s) {
  char text[AUTHD_WHEN_SIZE];
  if (unix_s == 0)
    return;
  authd_when(unix_s, text);
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
  add_time(json, "lastUsed", key->last_used_s);
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
  add_time(json, "expires", credential->expires_s);
  add_time(json, "lastUsed", credential->last_used_s);
  cJSON_AddBoolToObject(json, "revoked", credential->revoked_s != 0);
  return json;
}

cJSON *authd_describe_new_secret(const authd_credential *credential, const char *secret,
                                 const authd_credential *replaces) {
  cJSON *json = authd_describe(credential);
  cJSON_AddItemToObject(json, "secret", cJSON_CreateStringReference(secret));
  if (replaces != NULL) {
    cJSON_AddStringToObject(json, "replaces", replaces->id);
    add_time(json, "replacedExpires", replaces->expires_s);
  }
  return json;
}

/* A list that grows. */
struct growing {
  cJSON *list;
  const authd_live *live;
};

static int64_t later(int64_t one_s, int64_t other_s) { return one_s > other_s ? one_s : other_s; }

static void add_percent(cJSON *json, const char *name, const authd_usage *usage) {
  if (usage->percent >= 0)
    cJSON_AddNumberToObject(json, name, usage->percent);
}

static void add_api_key(void *user, const authd_api_key *key) {
  const struct growing *growing = user;
  const authd_live *live = growing->live;
  authd_limits_state limits;
  authd_api_key now = *key;
  if (live != NULL)
    now.last_used_s = later(key->last_used_s, authd_uses_last(live->uses, key->id));
  cJSON *json = authd_describe_api_key(&now);
  if (live != NULL && live->limiter != NULL) {
    authd_limiter_look(live->limiter, key->id, live->now_s, &limits);
    add_percent(json, "throttleUsage", &limits.throttle);
    add_percent(json, "quotaUsage", &limits.quota);
  }
  cJSON_AddItemToArray(growing->list, json);
}

static void add_credential(void *user, const authd_credential *credential) {
  const struct growing *growing = user;
  authd_credential now = *credential;
  if (growing->live != NULL)
    now.last_used_s =
        later(credential->last_used_s, authd_uses_last(growing->live->uses, credential->id));
  cJSON_AddItemToArray(growing->list, authd_describe(&now));
}

static authd_found finish_list(authd_found found, cJSON *grown, cJSON **list) {
  if (found != AUTHD_FOUND)
    cJSON_Delete(grown);
  *list = found == AUTHD_FOUND ? grown : NULL;
  return found;
}

authd_found authd_list_api_keys(const authd_store *store, const authd_live *live, cJSON **list) {
  struct growing growing = {cJSON_CreateArray(), live};
  return finish_list(store->list_api_keys(store->state, add_api_key, &growing), growing.list, list);
}

authd_found authd_list_credentials(const authd_store *store, const authd_live *live,
                                   authd_credential_kind kind, const char *api_key_id,
                                   cJSON **list) {
  struct growing growing = {cJSON_CreateArray(), live};
  return finish_list(
      store->list_credentials(store->state, kind, api_key_id, add_credential, &growing),
      growing.list, list);
}

cJSON *authd_describe_signing_key(const authd_ring *ring, size_t which) {
  char kid[AUTHD_KID_SIZE];
  const char *state = which < ring->signing    ? "accepted"
                      : which == ring->signing ? "signing"
                                               : "published";
  cJSON *json = cJSON_CreateObject();
  authd_key_id(&ring->keys[which], kid);
  cJSON_AddStringToObject(json, "kid", kid);
  cJSON_AddStringToObject(json, "state", state);
  add_time(json, "created", ring->told[which].created_s);
  add_time(json, "signsFrom", ring->told[which].signs_from_s);
  add_time(json, "acceptedUntil", authd_ring_retires_s(ring, which));
  return json;
}

cJSON *authd_describe_ring(const authd_ring *ring) {
  cJSON *list = cJSON_CreateArray();
  for (size_t i = 0; i < ring->count; i++)
    cJSON_AddItemToArray(list, authd_describe_signing_key(ring, i));
  return list;
}
