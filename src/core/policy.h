/* When to refresh, how long to wait: the numbers of docs/architecture.md "Rules of the state machine". Pure. */
#ifndef IAUTH_POLICY_H
#define IAUTH_POLICY_H

#include <stdint.h>

#define IAUTH__MIN_INTERVAL_MS 1000         /* between the starts of two requests for a token, whoever asks */
#define IAUTH__BACKGROUND_INTERVAL_MS 10000 /* the same while nobody waits */
#define IAUTH__REFUSAL_CACHE_MS 5000        /* a refusal answers callers for at least this long without a request */
#define IAUTH__BACKOFF_MAX_MS 60000         /* a forced refresh waits no longer than this for a server */
#define IAUTH__FAILURES_AT_ONCE 6           /* so many requests may fail at the pace of the backoff … */
#define IAUTH__FAILURE_MS 46000             /* … and one more each 46 s: 85 an hour, whatever is granted in between */
#define IAUTH__SERVER_WAIT_MAX_MS 3600000   /* the longest wait that a server can ask for */
#define IAUTH__HANGING_MS 2000              /* then a caller gets the valid token instead of waiting for a new one */
#define IAUTH__REST_AFTER_MS 3600000        /* or two lifetimes: then a client that nobody uses stops refreshing */
#define IAUTH__WAKE_INTERVAL_MS 120000      /* between wake-ups that end a wait; two may follow each other at once */
#define IAUTH__SAME_MS 1000                 /* by so much a token must outlive itself to be news */
#define IAUTH__HEARD_ATTEMPTS_MAX 1000      /* what another client may claim */
#define IAUTH__NAP_MAX_MS 60000             /* timers compare clocks at least this often */
#define IAUTH__TIMEOUT_MS 10000
#define IAUTH__LIFETIME_MAX_MS INT64_C(315360000000) /* ten years */

/* The remaining validity at which a token is refreshed: clamp(max(60 s, 15 % of the lifetime), 0,
 * half the lifetime), less up to a third of it by `random`, so that tabs and users spread out. */
int64_t iauth__refresh_when_ms(int64_t lifetime_ms, uint32_t random);

/* The remaining validity that satisfies a caller who asked for `min_validity_ms`. A token whose
 * whole life is short cannot give more than a part of it: a quarter, below every refresh lead, so
 * that a caller never waits for a refresh that was not due. */
int64_t iauth__enough_ms(int64_t min_validity_ms, int64_t lifetime_ms);

/* The wait after `attempts` failures in a row (1 or more), for callers: equal jitter, that is between half and all of 1 s,
 * 2 s, 4 s … 60 s. In the end that is 80 requests an hour. */
int64_t iauth__backoff_ms(int attempts, uint32_t random);

/* The same while nobody waits: once to almost twice the ceiling, in the end 60 to 118 s. A crowd
 * that lost its server comes back spread over two minutes, and at a rate that falls slowly. */
int64_t iauth__background_backoff_ms(int attempts, uint32_t random);

int64_t iauth__min(int64_t a, int64_t b);
int64_t iauth__max(int64_t a, int64_t b);

#endif
