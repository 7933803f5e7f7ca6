/* Tokens of a crowd: a domain key that is asked for more than AUTHD_POOL_TOKENS tokens in a second
 * hands out those that it made first once more. Pure but for memory, which is bounded; wiped before
 * it is given back.
 *
 * A domain key's token says nothing of who asked: those of one second differ by their jti alone,
 * and anyone may have one who may have another. A signature takes longer than all the rest of an
 * answer, so this is what a crowd saves. What is asked for less often is never shared, tokens of
 * secrets are not at all, and nobody who shows a token gets the same one back. What a product's API
 * does to a token by its text, a limit or a refusal, meets all who share it. */
#ifndef AUTHD_TOKEN_POOL_H
#define AUTHD_TOKEN_POOL_H

#include "server/token.h"

#define AUTHD_POOL_TOKENS 8 /* of a domain key in a second */

typedef struct authd_token_pool authd_token_pool;

/* NULL without memory. Release it with authd_token_pool_free; NULL is fine there. */
authd_token_pool *authd_token_pool_new(void);
void authd_token_pool_free(authd_token_pool *pool);

/* A token with these claims by the signing key with this public half, but not `shown` (NULL: any);
 * borrowed until the next call. NULL: make one, and put it here. Which domain keys may have tokens
 * now is the caller's to check, each time. */
const char *authd_token_pool_take(authd_token_pool *pool, const authd_claims *claims,
                                  const unsigned char public_key[AUTHD_KEY_SIZE],
                                  const char *shown);

/* Keeps a copy for others who ask in this second. Without memory, or where too many domain keys are
 * asked, it does not. */
void authd_token_pool_put(authd_token_pool *pool, const authd_claims *claims,
                          const unsigned char public_key[AUTHD_KEY_SIZE], const char *token);

#endif
