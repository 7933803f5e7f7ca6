/* The numbers of the state machine: when to refresh and how long to wait. The rules are in docs/architecture.md "Rules
 * of the state machine". Pure. */
#ifndef IAUTH_POLICY_H
#define IAUTH_POLICY_H

#include <stdint.h>

#define IAUTH__MIN_INTERVAL_MS 1000         /* the least time between the starts of two requests */
#define IAUTH__BACKGROUND_INTERVAL_MS 10000 /* the same while no caller waits */
#define IAUTH__REFUSAL_CACHE_MS 5000        /* the least time that a refusal answers callers without a new request */
#define IAUTH__BACKOFF_MAX_MS 60000         /* also the longest wait of force_refresh for a server */
#define IAUTH__FAILURE_BURST 6              /* so many requests may fail with no wait but the backoff; then … */
#define IAUTH__FAILURE_INTERVAL_MS 46000    /* … one per 46 s: 85 an hour, even if others succeed in between */
#define IAUTH__SERVER_WAIT_MAX_MS 3600000   /* the longest wait that a server can ask for */
#define IAUTH__HANGING_MS 2000              /* after this wait, a caller gets the token that is still valid */
#define IAUTH__REST_AFTER_MS 3600000        /* after this time or two lifetimes, an unused client stops refreshing */
#define IAUTH__WAKE_INTERVAL_MS 120000      /* the time between wake-ups that end a wait, except the first two */
#define IAUTH__SAME_TOKEN_GAIN_MS 1000      /* a known token is new again only if it expires this much later */
#define IAUTH__SIBLING_ATTEMPTS_MAX 1000    /* the highest number that another client can report */
#define IAUTH__TIMER_MAX_MS 60000           /* the longest timer: the clocks are compared at least this often */
#define IAUTH__TIMEOUT_MS 10000             /* the default of all timeouts */
#define IAUTH__LIFETIME_MAX_MS INT64_C(315360000000) /* ten years */

/* The remaining validity at which a token is refreshed: 15 % of the lifetime, at least 60 s, at most half the lifetime.
 * `random` shortens it by up to a third, so that clients do not refresh all at the same time. */
int64_t iauth__refresh_lead_ms(int64_t lifetime_ms, uint32_t random);

/* The remaining validity that a caller gets who asks for `min_validity_ms`: that, but at most a quarter of the
 * lifetime. A quarter is less than the validity at which the background refreshes, so a caller never waits for a
 * refresh that is not due. */
int64_t iauth__required_validity_ms(int64_t min_validity_ms, int64_t lifetime_ms);

/* The wait of callers after `attempts` failures in a row (1 or more). Equal jitter: between half and all of 1 s, 2 s, 4
 * s … 60 s. In the end, that is 80 requests an hour. */
int64_t iauth__backoff_ms(int attempts, uint32_t random);

/* The wait while no caller waits: between the ceiling and almost twice the ceiling, in the end 60 to 118 s. After an
 * outage, the clients come back over two minutes and not all at once. */
int64_t iauth__background_backoff_ms(int attempts, uint32_t random);

int64_t iauth__min(int64_t a, int64_t b);
int64_t iauth__max(int64_t a, int64_t b);

#endif
