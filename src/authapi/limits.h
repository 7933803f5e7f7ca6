/* Limits the requests of each API key: the throttle for short periods, the quota for long ones. Pure but for memory.
 *
 * Both work the same way: they allow a number of requests per period. A period starts at a multiple of its length since
 * 1970, for all keys and instances. Each group of endpoints is counted separately (docs/wire.md, section "Refusals").
 * An instance counts only its own requests, and starts at zero. */
#ifndef AUTHAPI_LIMITS_H
#define AUTHAPI_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  int64_t requests; /* 0: no limit */
  int64_t period_s;
} authapi_limit;

typedef enum { AUTHAPI_GROUP_AUTH, AUTHAPI_GROUP_REFRESH } authapi_group;

/* The usage of a limit. */
typedef struct {
  int percent;     /* -1: there is no such limit */
  int64_t reset_s; /* start of the next period in Unix seconds */
} authapi_usage;

typedef struct {
  authapi_usage throttle, quota;
  const authapi_usage *exceeded; /* the limit that refuses this request, or NULL */
} authapi_limits_state;

typedef struct authapi_limiter authapi_limiter;

/* NULL if there is no memory. Release it with authapi_limiter_free, which accepts NULL. */
authapi_limiter *authapi_limiter_new(authapi_limit throttle, authapi_limit quota);
void authapi_limiter_free(authapi_limiter *limiter);

/* Counts a request of an API key, unless a limit refuses it. Pass only IDs of existing keys, because each ID takes
 * memory for as long as the limiter lives. If there is no memory, no request is refused. */
void authapi_limiter_count(authapi_limiter *limiter, const char *api_key_id, authapi_group group, int64_t now_s,
                           authapi_limits_state *state);

/* The usage of an API key's limits, in the group with the higher usage. Counts nothing. */
void authapi_limiter_usage(authapi_limiter *limiter, const char *api_key_id, int64_t now_s,
                           authapi_limits_state *state);

#endif
