/* Tokens that are known to be good; see token_cache.h. A table in which each hash has four places.
 */
#include "server/token_cache.h"

#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

#define PLACES 4
#define SETS (AUTHD_TOKEN_CACHE_SIZE / PLACES)
#define LEN_MAX 2048 /* characters; longer ones are none of ours, and not worth a hash */

typedef struct {
  unsigned char hash[AUTHD_HASH_SIZE];
  unsigned char public_key[AUTHD_KEY_SIZE];
  authd_claims claims;
  uint64_t used; /* when, by the cache's count; 0: nothing is here */
} entry;

struct authd_token_cache {
  uint64_t uses;
  entry sets[SETS][PLACES];
};

authd_token_cache *authd_token_cache_new(void) { return calloc(1, sizeof(authd_token_cache)); }

void authd_token_cache_free(authd_token_cache *cache) {
  if (cache != NULL)
    iauth__wipe(cache, sizeof *cache);
  free(cache);
}

/* The places of a hash, which is as good as random. */
static entry *set_of(authd_token_cache *cache, const unsigned char hash[AUTHD_HASH_SIZE]) {
  return cache->sets[(hash[0] | hash[1] << 8) % SETS];
}

static const entry *find(authd_token_cache *cache, const unsigned char hash[AUTHD_HASH_SIZE],
                         const authd_key *keys, size_t count) {
  entry *set = set_of(cache, hash);
  for (size_t i = 0; i < PLACES; i++) {
    if (set[i].used == 0 || memcmp(set[i].hash, hash, AUTHD_HASH_SIZE) != 0)
      continue;
    for (size_t key = 0; key < count; key++)
      if (memcmp(set[i].public_key, keys[key].public_key, AUTHD_KEY_SIZE) == 0) {
        set[i].used = ++cache->uses;
        return &set[i];
      }
  }
  return NULL;
}

/* In the place that was not used for longest. */
static void keep(authd_token_cache *cache, const unsigned char hash[AUTHD_HASH_SIZE],
                 const authd_key *key, const authd_claims *claims) {
  entry *oldest = set_of(cache, hash);
  for (entry *other = oldest + 1; other < set_of(cache, hash) + PLACES; other++)
    if (other->used < oldest->used)
      oldest = other;
  memcpy(oldest->hash, hash, AUTHD_HASH_SIZE);
  memcpy(oldest->public_key, key->public_key, AUTHD_KEY_SIZE);
  oldest->claims = *claims;
  oldest->used = ++cache->uses;
}

char *authd_token_cache_issue(authd_token_cache *cache, const authd_signer *signer,
                              const authd_key *key, const authd_claims *claims) {
  unsigned char hash[AUTHD_HASH_SIZE];
  char *token = authd_token_issue(signer, key, claims);
  if (token != NULL && cache != NULL && signer->sha256(signer->state, token, strlen(token), hash))
    keep(cache, hash, key, claims);
  return token;
}

authd_token_state authd_token_cache_check(authd_token_cache *cache, const authd_signer *signer,
                                          const authd_key *keys, size_t count, const char *token,
                                          int64_t now_s, authd_claims *claims) {
  unsigned char hash[AUTHD_HASH_SIZE];
  size_t len = strlen(token);
  if (cache == NULL || len > LEN_MAX || !signer->sha256(signer->state, token, len, hash))
    return authd_token_check(signer, keys, count, token, now_s, claims);
  const entry *known = find(cache, hash, keys, count);
  if (known != NULL) {
    *claims = known->claims;
    return now_s < claims->expires_s ? AUTHD_TOKEN_VALID : AUTHD_TOKEN_EXPIRED;
  }
  /* One key at a time, to learn which it is; that of another name is refused without a check. */
  authd_token_state state = AUTHD_TOKEN_INVALID;
  for (size_t i = 0; i < count && state == AUTHD_TOKEN_INVALID; i++) {
    state = authd_token_check(signer, &keys[i], 1, token, now_s, claims);
    if (state == AUTHD_TOKEN_VALID)
      keep(cache, hash, &keys[i], claims);
  }
  return state;
}
