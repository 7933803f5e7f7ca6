/* Tokens of a crowd; see token_pool.h. A table of domain keys, each with its tokens in a ring. */
#define _POSIX_C_SOURCE 200809L
#include "server/token_pool.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

#define PLACES 1024
#define PROBES 8 /* places that a domain key may have */

typedef struct {
  authd_claims claims;
  unsigned char public_key[AUTHD_KEY_SIZE];
  char *tokens[AUTHD_POOL_TOKENS];
  size_t count; /* 0: nothing is here */
  size_t next;
} place;

struct authd_token_pool {
  place places[PLACES];
};

authd_token_pool *authd_token_pool_new(void) { return calloc(1, sizeof(authd_token_pool)); }

static void clear(place *place) {
  for (size_t i = 0; i < place->count; i++) {
    iauth__wipe(place->tokens[i], strlen(place->tokens[i]));
    free(place->tokens[i]);
  }
  place->count = place->next = 0;
}

void authd_token_pool_free(authd_token_pool *pool) {
  if (pool == NULL)
    return;
  for (size_t i = 0; i < PLACES; i++)
    clear(&pool->places[i]);
  free(pool);
}

/* Nobody chooses an ID, so any hash will do: FNV-1a. */
static size_t first_place(const char *id) {
  uint32_t hash = 2166136261u;
  for (; *id != '\0'; id++)
    hash = (hash ^ (unsigned char)*id) * 16777619u;
  return (hash ^ hash >> 16) % PLACES;
}

static bool is_for(const place *place, const authd_claims *claims,
                   const unsigned char public_key[AUTHD_KEY_SIZE]) {
  return place->count > 0 && place->claims.issued_s == claims->issued_s &&
         place->claims.expires_s == claims->expires_s &&
         strcmp(place->claims.credential_id, claims->credential_id) == 0 &&
         strcmp(place->claims.api_key_id, claims->api_key_id) == 0 &&
         memcmp(place->public_key, public_key, AUTHD_KEY_SIZE) == 0;
}

static place *find(authd_token_pool *pool, const authd_claims *claims,
                   const unsigned char public_key[AUTHD_KEY_SIZE]) {
  size_t first = first_place(claims->credential_id);
  for (size_t i = 0; i < PROBES; i++)
    if (is_for(&pool->places[(first + i) % PLACES], claims, public_key))
      return &pool->places[(first + i) % PLACES];
  return NULL;
}

/* A place for these claims: one that is empty, or of another second. NULL if there is none. */
static place *make_room(authd_token_pool *pool, const authd_claims *claims,
                        const unsigned char public_key[AUTHD_KEY_SIZE]) {
  size_t first = first_place(claims->credential_id);
  for (size_t i = 0; i < PROBES; i++) {
    place *place = &pool->places[(first + i) % PLACES];
    if (place->count > 0 && place->claims.issued_s == claims->issued_s)
      continue;
    clear(place);
    place->claims = *claims;
    memcpy(place->public_key, public_key, AUTHD_KEY_SIZE);
    return place;
  }
  return NULL;
}

const char *authd_token_pool_take(authd_token_pool *pool, const authd_claims *claims,
                                  const unsigned char public_key[AUTHD_KEY_SIZE],
                                  const char *shown) {
  place *place = find(pool, claims, public_key);
  if (place == NULL || place->count < AUTHD_POOL_TOKENS)
    return NULL;
  const char *token = place->tokens[place->next++ % AUTHD_POOL_TOKENS];
  if (shown != NULL && strcmp(token, shown) == 0)
    token = place->tokens[place->next++ % AUTHD_POOL_TOKENS];
  return token;
}

void authd_token_pool_put(authd_token_pool *pool, const authd_claims *claims,
                          const unsigned char public_key[AUTHD_KEY_SIZE], const char *token) {
  place *place = find(pool, claims, public_key);
  if (place == NULL)
    place = make_room(pool, claims, public_key);
  if (place == NULL || place->count == AUTHD_POOL_TOKENS)
    return;
  place->tokens[place->count] = strdup(token);
  if (place->tokens[place->count] != NULL)
    place->count++;
}
