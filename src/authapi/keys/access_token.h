/* Access tokens: JWTs signed with EdDSA (RFC 7519, RFC 8037). Pure but for the signer.
 *
 * The header of a token must be byte for byte the header that we write for one of our keys. So the header only selects
 * a key by name, and cannot select another algorithm. */
#ifndef AUTHAPI_ACCESS_TOKEN_H
#define AUTHAPI_ACCESS_TOKEN_H

#include <stdint.h>

#include "authapi/keys/signer.h"
#include "base/base64url.h"

#define AUTHAPI_ID_SIZE 24 /* "dk_" and random characters, with the NUL */
#define AUTHAPI_KID_SIZE (IAUTH__BASE64URL_LEN(8) + 1)
#define AUTHAPI_JWKS_MAX_AGE_S 60 /* verifiers may cache the public keys for this time */

typedef struct {
  char credential_id[AUTHAPI_ID_SIZE]; /* the secret or domain key behind the token */
  char api_key_id[AUTHAPI_ID_SIZE];
  char token_id[AUTHAPI_ID_SIZE]; /* "jti": the ID of this token in logs */
  int64_t issued_s;               /* Unix seconds */
  int64_t expires_s;
} authapi_claims;

typedef enum { AUTHAPI_TOKEN_VALID, AUTHAPI_TOKEN_EXPIRED, AUTHAPI_TOKEN_INVALID } authapi_token_state;

/* Issues a token with a random jti, and writes the jti to *claims. The caller frees the token; NULL if the signer or
 * the memory fails. */
char *authapi_token_issue(const authapi_signer *signer, const authapi_key *key, authapi_claims *claims);

/* Checks the signature, and the expiry at `now_s`. The token names one of the `count` keys. *claims is set unless the
 * result is INVALID. */
authapi_token_state authapi_token_check(const authapi_signer *signer, const authapi_key *keys, size_t count,
                                        const char *token, int64_t now_s, authapi_claims *claims);

/* The public keys as a JWK set (RFC 7517). The caller frees it; NULL if there is no memory. */
char *authapi_token_jwks(const authapi_key *keys, size_t count);

/* The name of a key in tokens and in the JWK set. It is made of the first bytes of the public half, which are as good
 * as random. */
void authapi_key_id(const authapi_key *key, char kid[AUTHAPI_KID_SIZE]);

/* Makes a random ID that begins with `prefix`. False if the signer fails. */
bool authapi_new_id(const authapi_signer *signer, const char *prefix, char id[AUTHAPI_ID_SIZE]);

#endif
