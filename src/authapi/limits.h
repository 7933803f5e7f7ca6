/* How much an API key may ask: the throttle for bursts, the quota for long periods. Pure but for
 * memory.
 *
 * Both are the same: so many requests in each period. Periods begin at multiples of their length
 * since 1970, for all keys and instances alike. Each group of endpoints counts for itself (docs/wire.md
 * "Refusals"). An instance counts what itself is asked, and starts at nothing. */
#ifndef AUTHAPI_LIMITS_H
#define AUTHAPI_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  int64_t requests; /* 0: no limit */
  int64_t period_s;
} authapi_limit;

typedef enum { AUTHAPI_GROUP_AUTH, AUTHAPI_GROUP_REFRESH } authapi_group;

/* How far a limit is used up. */
typedef struct {
  int percent;     /* -1: there is no such limit */
  int64_t reset_s; /* Unix seconds: when the next period begins */
} authapi_usage;

typedef struct {
  authapi_usage throttle, quota;
  const authapi_usage *exceeded; /* the one that refuses this request, or NULL */
} authapi_limits_state;

typedef struct authapi_limiter authapi_limiter;

/* NULL without memory. Release it with authapi_limiter_free; NULL is fine there. */
authapi_limiter *authapi_limiter_new(authapi_limit throttle, authapi_limit quota);
void authapi_limiter_free(authapi_limiter *limiter);

/* Counts a request of an API key, unless a limit refuses it. Only IDs of keys that there are may be
 * given: each takes memory until the end. Without memory nothing is refused. */
void authapi_limiter_count(authapi_limiter *limiter, const char *api_key_id, authapi_group group, int64_t now_s,
                           authapi_limits_state *state);

/* How far an API key's limits are used up, in the group where that is more; counts nothing. */
void authapi_limiter_look(authapi_limiter *limiter, const char *api_key_id, int64_t now_s, authapi_limits_state *state);

#endif
