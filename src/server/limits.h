/* How much an API key may ask: the throttle for bursts, the quota for long periods. Pure but for
 * memory.
 *
 * Both are the same: so many requests in each period. Periods begin at multiples of their length
 * since 1970, for all keys and instances alike. Each group of endpoints counts for itself (AUTH_API
 * "Errors"). An instance counts what itself is asked, and starts at nothing. */
#ifndef AUTHD_LIMITS_H
#define AUTHD_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  int64_t requests; /* 0: no limit */
  int64_t period_s;
} authd_limit;

typedef enum { AUTHD_GROUP_AUTH, AUTHD_GROUP_REFRESH } authd_group;

/* How far a limit is used up. */
typedef struct {
  int percent;     /* -1: there is no such limit */
  int64_t reset_s; /* Unix seconds: when the next period begins */
} authd_usage;

typedef struct {
  authd_usage throttle, quota;
  const authd_usage *exceeded; /* the one that refuses this request, or NULL */
} authd_limits_state;

typedef struct authd_limiter authd_limiter;

/* NULL without memory. Release it with authd_limiter_free; NULL is fine there. */
authd_limiter *authd_limiter_new(authd_limit throttle, authd_limit quota);
void authd_limiter_free(authd_limiter *limiter);

/* Counts a request of an API key, unless a limit refuses it. Only IDs of keys that there are may be
 * given: each takes memory until the end. Without memory nothing is refused. */
void authd_limiter_count(authd_limiter *limiter, const char *api_key_id, authd_group group,
                         int64_t now_s, authd_limits_state *state);

/* How far an API key's limits are used up, in the group where that is more; counts nothing. */
void authd_limiter_look(authd_limiter *limiter, const char *api_key_id, int64_t now_s,
                        authd_limits_state *state);

#endif
