/* Signatures that are known to be good, so that a token which was made or checked here before costs
 * no public-key operation again. Pure but for memory, which is bounded, and the signer.
 *
 * Known are SHA-256 hashes of public key, signature and what was signed: no token can be read from
 * them, and nothing is to be forgotten when a key is given up, because whoever checks a token says
 * by which key. */
#ifndef AUTHD_VERIFIED_H
#define AUTHD_VERIFIED_H

#include "server/signer.h"

typedef struct authd_verified authd_verified;

/* Does its work with `signer`, which is borrowed. NULL without memory. Release it with
 * authd_verified_free; NULL is fine there. */
authd_verified *authd_verified_new(const authd_signer *signer);
void authd_verified_free(authd_verified *verified);

/* The same signer, but it remembers. Good as long as `verified` is. */
authd_signer authd_verified_signer(authd_verified *verified);

#endif
