/* Throttle and quota; see limits.h. */
#include "authapi/limits.h"

#include <stdlib.h>

#include "base/hash_table.h"

#define GROUPS 2 /* the number of values in authapi_group */

/* The requests of the current period. */
typedef struct {
  int64_t period; /* number of the period, counted from 1970 */
  int64_t requests;
} counter;

/* The counters of an API key in one group. */
typedef struct {
  counter throttle, quota;
} counters;

struct authapi_limiter {
  authapi_limit throttle, quota;
  iauth__hash_table *groups[GROUPS]; /* each maps API key IDs to counters */
};

authapi_limiter *authapi_limiter_new(authapi_limit throttle, authapi_limit quota) {
  authapi_limiter *limiter = calloc(1, sizeof *limiter);
  if (limiter == NULL)
    return NULL;
  limiter->throttle = throttle;
  limiter->quota = quota;
  for (size_t i = 0; i < GROUPS; i++)
    if ((limiter->groups[i] = iauth__hash_table_new(sizeof(counters))) == NULL) {
      authapi_limiter_free(limiter);
      return NULL;
    }
  return limiter;
}

void authapi_limiter_free(authapi_limiter *limiter) {
  if (limiter == NULL)
    return;
  for (size_t i = 0; i < GROUPS; i++)
    iauth__hash_table_free(limiter->groups[i]);
  free(limiter);
}

/* Starts a new period if the clock is in another one. A clock that was set back starts a new period as well. False if
 * the current period has no requests left. */
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
  counters *counted = iauth__hash_table_add(limiter->groups[group], api_key_id);
  if (counted == NULL)
    return;
  bool throttle = has_room(&limiter->throttle, &counted->throttle, now_s);
  bool quota = has_room(&limiter->quota, &counted->quota, now_s);
  if (!quota)
    state->exceeded = &state->quota; /* if both refuse, the quota has the longer wait */
  else if (!throttle)
    state->exceeded = &state->throttle;
  if (state->exceeded == NULL) {
    counted->throttle.requests++;
    counted->quota.requests++;
  }
  state->throttle = usage_of(&limiter->throttle, &counted->throttle);
  state->quota = usage_of(&limiter->quota, &counted->quota);
}

/* The larger of two usages of the same limit. */
static authapi_usage larger(authapi_usage one, authapi_usage other) {
  return other.percent > one.percent ? other : one;
}

void authapi_limiter_usage(authapi_limiter *limiter, const char *api_key_id, int64_t now_s,
                           authapi_limits_state *state) {
  *state = (authapi_limits_state){{-1, 0}, {-1, 0}, NULL};
  for (size_t i = 0; i < GROUPS; i++) {
    const counters *counted = iauth__hash_table_find(limiter->groups[i], api_key_id);
    counter throttle = {0}, quota = {0};
    if (counted != NULL) {
      throttle = counted->throttle;
      quota = counted->quota;
    }
    has_room(&limiter->throttle, &throttle, now_s);
    has_room(&limiter->quota, &quota, now_s);
    state->throttle = larger(state->throttle, usage_of(&limiter->throttle, &throttle));
    state->quota = larger(state->quota, usage_of(&limiter->quota, &quota));
  }
}
