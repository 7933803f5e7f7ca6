/* Access tokens: JWTs signed with EdDSA (RFC 7519, RFC 8037). Pure but for the signer.
 *
 * A token's header must be, byte for byte, the one that we write for one of our keys: so it chooses
 * the key by its name, and there is no algorithm to confuse. */
#ifndef AUTHD_TOKEN_H
#define AUTHD_TOKEN_H

#include <stdint.h>

#include "server/base64url.h"
#include "server/signer.h"

#define AUTHD_ID_SIZE 24 /* "dk_" and random characters, with the NUL */
#define AUTHD_KID_SIZE (AUTHD_BASE64URL_LEN(8) + 1)
#define AUTHD_JWKS_MAX_AGE_S 60 /* for how long verifiers may keep the public keys */

typedef struct {
  char credential_id[AUTHD_ID_SIZE]; /* the secret or domain key behind the token */
  char api_key_id[AUTHD_ID_SIZE];
  int64_t issued_s; /* Unix seconds */
  int64_t expires_s;
} authd_claims;

typedef enum { AUTHD_TOKEN_VALID, AUTHD_TOKEN_EXPIRED, AUTHD_TOKEN_INVALID } authd_token_state;

/* Makes a token, unique by a random jti. The caller frees it; NULL if the signer or memory fails.
 */
char *authd_token_issue(const authd_signer *signer, const authd_key *key,
                        const authd_claims *claims);

/* Checks signature and expiry at `now_s`, by the one of `count` keys that the token names; *claims
 * is set unless the token is INVALID. */
authd_token_state authd_token_check(const authd_signer *signer, const authd_key *keys, size_t count,
                                    const char *token, int64_t now_s, authd_claims *claims);

/* The public keys as JWK set (RFC 7517). The caller frees it; NULL without memory. */
char *authd_token_jwks(const authd_key *keys, size_t count);

/* How tokens and the JWK set name a key: by the first bytes of its public half, which are as good
 * as random. */
void authd_key_id(const authd_key *key, char kid[AUTHD_KID_SIZE]);

/* A new random identifier, `prefix` in front. False if the signer fails. */
bool authd_new_id(const authd_signer *signer, const char *prefix, char id[AUTHD_ID_SIZE]);

#endif
