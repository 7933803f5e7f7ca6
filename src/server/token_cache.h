/* Tokens that are known to be good, so that one which was made or checked here before costs no
 * public-key operation again. Pure but for memory, which is bounded, and the signer.
 *
 * What is kept of a token is its SHA-256 hash, what it says, and the public half of the key that it
 * was signed with: it is known only while that is one of the keys in use. Whether it has expired,
 * and whether its credential may still be used, is looked at each time. */
#ifndef AUTHD_TOKEN_CACHE_H
#define AUTHD_TOKEN_CACHE_H

#include "server/token.h"

#define AUTHD_TOKEN_CACHE_SIZE 16384 /* tokens; all told 2.2 MB */

typedef struct authd_token_cache authd_token_cache;

/* NULL without memory. Release it with authd_token_cache_free; NULL is fine there. */
authd_token_cache *authd_token_cache_new(void);
void authd_token_cache_free(authd_token_cache *cache);

/* As authd_token_issue; the token is known from then on. `cache` NULL: nothing is. */
char *authd_token_cache_issue(authd_token_cache *cache, const authd_signer *signer,
                              const authd_key *key, const authd_claims *claims);

/* As authd_token_check; a token that is valid is known from then on. `cache` NULL: nothing is. */
authd_token_state authd_token_cache_check(authd_token_cache *cache, const authd_signer *signer,
                                          const authd_key *keys, size_t count, const char *token,
                                          int64_t now_s, authd_claims *claims);

#endif
