/* What the handlers need of cryptography, handed in: OpenSSL natively, Node's crypto under wasm. */
#ifndef AUTHD_SIGNER_H
#define AUTHD_SIGNER_H

#include <stdbool.h>
#include <stddef.h>

#define AUTHD_KEY_SIZE 32       /* bytes of an Ed25519 key, public or private (RFC 8032) */
#define AUTHD_SIGNATURE_SIZE 64 /* bytes of an Ed25519 signature */
#define AUTHD_HASH_SIZE 32      /* bytes of a SHA-256 hash */

/* An Ed25519 key pair, open. Only the signer that opened it knows what `state` is. */
typedef struct {
  void *state;
  unsigned char public_key[AUTHD_KEY_SIZE];
} authd_key;

typedef struct {
  void *state;
  /* Opens a private key, which the caller keeps. False if it cannot be used; otherwise release it
   * with close_key, which wipes it. */
  bool (*open_key)(void *state, const unsigned char private_key[AUTHD_KEY_SIZE], authd_key *key);
  void (*close_key)(void *state, authd_key *key);
  bool (*sign)(void *state, const authd_key *key, const void *data, size_t len,
               unsigned char signature[AUTHD_SIGNATURE_SIZE]);
  bool (*verify)(void *state, const authd_key *key, const void *data, size_t len,
                 const unsigned char signature[AUTHD_SIGNATURE_SIZE]);
  bool (*sha256)(void *state, const void *data, size_t len, unsigned char hash[AUTHD_HASH_SIZE]);
  /* Bytes that nobody can guess. */
  bool (*random)(void *state, void *out, size_t len);
} authd_signer;

/* The native signer, on OpenSSL. It holds nothing that is to be released. */
authd_signer authd_signer_openssl(void);

#endif
