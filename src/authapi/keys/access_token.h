/* Access tokens: JWTs signed with EdDSA (RFC 7519, RFC 8037). Pure but for the signer.
 *
 * A token's header must be, byte for byte, the one that we write for one of our keys: so it chooses
 * the key by its name, and there is no algorithm to confuse. */
#ifndef AUTHAPI_ACCESS_TOKEN_H
#define AUTHAPI_ACCESS_TOKEN_H

#include <stdint.h>

#include "authapi/keys/signer.h"
#include "base/base64url.h"

#define AUTHAPI_ID_SIZE 24 /* "dk_" and random characters, with the NUL */
#define AUTHAPI_KID_SIZE (IAUTH__BASE64URL_LEN(8) + 1)
#define AUTHAPI_JWKS_MAX_AGE_S 60 /* for how long verifiers may keep the public keys */

typedef struct {
  char credential_id[AUTHAPI_ID_SIZE]; /* the secret or domain key behind the token */
  char api_key_id[AUTHAPI_ID_SIZE];
  char token_id[AUTHAPI_ID_SIZE]; /* "jti": what logs call this token */
  int64_t issued_s;               /* Unix seconds */
  int64_t expires_s;
} authapi_claims;

typedef enum { AUTHAPI_TOKEN_VALID, AUTHAPI_TOKEN_EXPIRED, AUTHAPI_TOKEN_INVALID } authapi_token_state;

/* Makes a token, unique by a random jti, which is written to *claims. The caller frees it; NULL if the
 * signer or memory fails. */
char *authapi_token_issue(const authapi_signer *signer, const authapi_key *key, authapi_claims *claims);

/* Checks signature and expiry at `now_s`, by the one of `count` keys that the token names; *claims
 * is set unless the token is INVALID. */
authapi_token_state authapi_token_check(const authapi_signer *signer, const authapi_key *keys, size_t count,
                                        const char *token, int64_t now_s, authapi_claims *claims);

/* The public keys as JWK set (RFC 7517). The caller frees it; NULL without memory. */
char *authapi_token_jwks(const authapi_key *keys, size_t count);

/* How tokens and the JWK set name a key: by the first bytes of its public half, which are as good
 * as random. */
void authapi_key_id(const authapi_key *key, char kid[AUTHAPI_KID_SIZE]);

/* A new random identifier, `prefix` in front. False if the signer fails. */
bool authapi_new_id(const authapi_signer *signer, const char *prefix, char id[AUTHAPI_ID_SIZE]);

#endif
