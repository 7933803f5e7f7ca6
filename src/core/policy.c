/* The numbers of the state machine; see policy.h. */
#include "core/policy.h"

/* Inlining would make the wasm 80 bytes larger, because these functions have many callers. */
#define NOINLINE __attribute__((noinline))

NOINLINE int64_t iauth__min(int64_t a, int64_t b) { return a < b ? a : b; }

NOINLINE int64_t iauth__max(int64_t a, int64_t b) { return a > b ? a : b; }

/* A random part of `span`: 0 for random 0, all of it for the largest `random`. */
static int64_t random_share(int64_t span, uint32_t random) {
  return (int64_t)((double)span * ((double)random / 4294967295.0));
}

int64_t iauth__refresh_lead_ms(int64_t lifetime_ms, uint32_t random) {
  int64_t lead = iauth__min(iauth__max(60000, lifetime_ms / 20 * 3), lifetime_ms / 2);
  return lead - random_share(lead / 3, random);
}

int64_t iauth__required_validity_ms(int64_t min_validity_ms, int64_t lifetime_ms) {
  return iauth__min(min_validity_ms, lifetime_ms / 4);
}

/* 1 s, 2 s, 4 s … 60 s. The seventh is the longest. */
static int64_t backoff_ceiling_ms(int attempts) {
  return iauth__min(INT64_C(1000) << iauth__min(attempts - 1, 6), IAUTH__BACKOFF_MAX_MS);
}

int64_t iauth__backoff_ms(int attempts, uint32_t random) {
  int64_t half = backoff_ceiling_ms(attempts) / 2;
  return half + random_share(half, random);
}

int64_t iauth__background_backoff_ms(int attempts, uint32_t random) {
  int64_t ceiling = backoff_ceiling_ms(attempts);
  return ceiling + random_share(ceiling / 32 * 31, random);
}
