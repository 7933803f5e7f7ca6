/* Throttle and quota; see limits.h. */
#include "authapi/limits.h"

#include <stdlib.h>
#include <string.h>

#include "authapi/keys/access_token.h"

#define BUCKETS 1024

/* What was asked in the current period. */
typedef struct {
  int64_t period; /* its number since 1970 */
  int64_t requests;
} counter;

struct entry {
  struct entry *next;
  char api_key_id[AUTHAPI_ID_SIZE];
  authapi_group group;
  counter throttle, quota;
};

struct authapi_limiter {
  authapi_limit throttle, quota;
  struct entry *buckets[BUCKETS];
};

authapi_limiter *authapi_limiter_new(authapi_limit throttle, authapi_limit quota) {
  authapi_limiter *limiter = calloc(1, sizeof *limiter);
  if (limiter == NULL)
    return NULL;
  limiter->throttle = throttle;
  limiter->quota = quota;
  return limiter;
}

void authapi_limiter_free(authapi_limiter *limiter) {
  if (limiter == NULL)
    return;
  for (size_t i = 0; i < BUCKETS; i++)
    while (limiter->buckets[i] != NULL) {
      struct entry *entry = limiter->buckets[i];
      limiter->buckets[i] = entry->next;
      free(entry);
    }
  free(limiter);
}

/* Nobody chooses an ID, so any hash will do: FNV-1a. */
static size_t bucket_of(const char *api_key_id, authapi_group group) {
  uint32_t hash = 2166136261u ^ (uint32_t)group;
  for (; *api_key_id != '\0'; api_key_id++)
    hash = (hash ^ (unsigned char)*api_key_id) * 16777619u;
  return hash % BUCKETS;
}

/* Where the entry of a key and group is, or would be. */
static struct entry **find(authapi_limiter *limiter, const char *api_key_id, authapi_group group) {
  struct entry **link = &limiter->buckets[bucket_of(api_key_id, group)];
  while (*link != NULL && ((*link)->group != group || strcmp((*link)->api_key_id, api_key_id) != 0))
    link = &(*link)->next;
  return link;
}

/* The entry of a key and group, made if there is none; NULL without memory. */
static struct entry *entry_of(authapi_limiter *limiter, const char *api_key_id, authapi_group group) {
  struct entry **link = find(limiter, api_key_id, group);
  if (*link == NULL && (*link = calloc(1, sizeof **link)) != NULL) {
    (*link)->group = group;
    strncpy((*link)->api_key_id, api_key_id, AUTHAPI_ID_SIZE - 1);
  }
  return *link;
}

/* Begins a new period if one has begun. False if nothing is left of this one. A clock that is set
 * back begins one, too. */
static bool has_room(const authapi_limit *limit, counter *count, int64_t now_s) {
  if (limit->requests == 0)
    return true;
  int64_t period = now_s / limit->period_s;
  if (count->period != period)
    *count = (counter){period, 0};
  return count->requests < limit->requests;
}

static authapi_usage usage_of(const authapi_limit *limit, const counter *count) {
  if (limit->requests == 0)
    return (authapi_usage){-1, 0};
  return (authapi_usage){(int)(count->requests * 100 / limit->requests), (count->period + 1) * limit->period_s};
}

void authapi_limiter_count(authapi_limiter *limiter, const char *api_key_id, authapi_group group, int64_t now_s,
                           authapi_limits_state *state) {
  *state = (authapi_limits_state){{-1, 0}, {-1, 0}, NULL};
  struct entry *entry = entry_of(limiter, api_key_id, group);
  if (entry == NULL)
    return;
  bool throttle = has_room(&limiter->throttle, &entry->throttle, now_s);
  bool quota = has_room(&limiter->quota, &entry->quota, now_s);
  if (!quota)
    state->exceeded = &state->quota; /* the longer wait of the two */
  else if (!throttle)
    state->exceeded = &state->throttle;
  if (state->exceeded == NULL) {
    entry->throttle.requests++;
    entry->quota.requests++;
  }
  state->throttle = usage_of(&limiter->throttle, &entry->throttle);
  state->quota = usage_of(&limiter->quota, &entry->quota);
}

/* Of two usages of one limit. */
static authapi_usage larger(authapi_usage one, authapi_usage other) {
  return other.percent > one.percent ? other : one;
}

void authapi_limiter_look(authapi_limiter *limiter, const char *api_key_id, int64_t now_s,
                          authapi_limits_state *state) {
  static const authapi_group groups[] = {AUTHAPI_GROUP_AUTH, AUTHAPI_GROUP_REFRESH};
  *state = (authapi_limits_state){{-1, 0}, {-1, 0}, NULL};
  for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
    const struct entry *entry = *find(limiter, api_key_id, groups[i]);
    counter throttle = {0}, quota = {0};
    if (entry != NULL) {
      throttle = entry->throttle;
      quota = entry->quota;
    }
    has_room(&limiter->throttle, &throttle, now_s);
    has_room(&limiter->quota, &quota, now_s);
    state->throttle = larger(state->throttle, usage_of(&limiter->throttle, &throttle));
    state->quota = larger(state->quota, usage_of(&limiter->quota, &quota));
  }
}
