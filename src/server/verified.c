/* Signatures that are known to be good; see verified.h. */
#include "server/verified.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SETS 16384
#define WAYS 4        /* places that a hash may have: all told 2 MB */
#define DATA_MAX 2048 /* longer data are not remembered */

struct authd_verified {
  const authd_signer *signer;
  unsigned char known[SETS][WAYS][AUTHD_HASH_SIZE];
};

authd_verified *authd_verified_new(const authd_signer *signer) {
  authd_verified *verified = calloc(1, sizeof *verified);
  if (verified != NULL)
    verified->signer = signer;
  return verified;
}

void authd_verified_free(authd_verified *verified) { free(verified); }

static bool hash_of(const authd_verified *verified, const authd_key *key, const void *data,
                    size_t len, const unsigned char signature[AUTHD_SIGNATURE_SIZE],
                    unsigned char hash[AUTHD_HASH_SIZE]) {
  unsigned char all[AUTHD_KEY_SIZE + AUTHD_SIGNATURE_SIZE + DATA_MAX];
  const authd_signer *signer = verified->signer;
  if (len > DATA_MAX)
    return false;
  memcpy(all, key->public_key, AUTHD_KEY_SIZE);
  memcpy(all + AUTHD_KEY_SIZE, signature, AUTHD_SIGNATURE_SIZE);
  memcpy(all + AUTHD_KEY_SIZE + AUTHD_SIGNATURE_SIZE, data, len);
  return signer->sha256(signer->state, all, AUTHD_KEY_SIZE + AUTHD_SIGNATURE_SIZE + len, hash);
}

/* The places of a hash, which is as good as random. */
static unsigned char (*set_of(authd_verified *verified,
                              const unsigned char hash[AUTHD_HASH_SIZE]))[AUTHD_HASH_SIZE] {
  return verified->known[(hash[0] | hash[1] << 8) % SETS];
}

static bool is_known(authd_verified *verified, const unsigned char hash[AUTHD_HASH_SIZE]) {
  unsigned char(*set)[AUTHD_HASH_SIZE] = set_of(verified, hash);
  for (size_t i = 0; i < WAYS; i++)
    if (memcmp(set[i], hash, AUTHD_HASH_SIZE) == 0)
      return true;
  return false;
}

/* In place of any other in the set, the oldest as likely as the newest: a token is refreshed once
 * in its life, so none is asked for more often than another. */
static void remember(authd_verified *verified, const unsigned char hash[AUTHD_HASH_SIZE]) {
  memcpy(set_of(verified, hash)[hash[2] % WAYS], hash, AUTHD_HASH_SIZE);
}

static bool open_key(void *state, const unsigned char private_key[AUTHD_KEY_SIZE], authd_key *key) {
  const authd_signer *signer = ((authd_verified *)state)->signer;
  return signer->open_key(signer->state, private_key, key);
}

static void close_key(void *state, authd_key *key) {
  const authd_signer *signer = ((authd_verified *)state)->signer;
  signer->close_key(signer->state, key);
}

static bool sign(void *state, const authd_key *key, const void *data, size_t len,
                 unsigned char signature[AUTHD_SIGNATURE_SIZE]) {
  authd_verified *verified = state;
  unsigned char hash[AUTHD_HASH_SIZE];
  if (!verified->signer->sign(verified->signer->state, key, data, len, signature))
    return false;
  if (hash_of(verified, key, data, len, signature, hash))
    remember(verified, hash);
  return true;
}

static bool verify(void *state, const authd_key *key, const void *data, size_t len,
                   const unsigned char signature[AUTHD_SIGNATURE_SIZE]) {
  authd_verified *verified = state;
  unsigned char hash[AUTHD_HASH_SIZE];
  bool hashed = hash_of(verified, key, data, len, signature, hash);
  if (hashed && is_known(verified, hash))
    return true;
  if (!verified->signer->verify(verified->signer->state, key, data, len, signature))
    return false;
  if (hashed)
    remember(verified, hash);
  return true;
}

static bool sha256(void *state, const void *data, size_t len, unsigned char hash[AUTHD_HASH_SIZE]) {
  const authd_signer *signer = ((authd_verified *)state)->signer;
  return signer->sha256(signer->state, data, len, hash);
}

static bool random_bytes(void *state, void *out, size_t len) {
  const authd_signer *signer = ((authd_verified *)state)->signer;
  return signer->random(signer->state, out, len);
}

authd_signer authd_verified_signer(authd_verified *verified) {
  return (authd_signer){.state = verified,
                        .open_key = open_key,
                        .close_key = close_key,
                        .sign = sign,
                        .verify = verify,
                        .sha256 = sha256,
                        .random = random_bytes};
}
