/* What the handlers need of cryptography, handed in: OpenSSL natively, Node's crypto under wasm. */
#ifndef AUTHD_SIGNER_H
#define AUTHD_SIGNER_H

#include <stdbool.h>
#include <stddef.h>

#define AUTHD_KEY_SIZE 32       /* bytes of an Ed25519 key, public or private (RFC 8032) */
#define AUTHD_SIGNATURE_SIZE 64 /* bytes of an Ed25519 signature */
#define AUTHD_HASH_SIZE 32      /* bytes of a SHA-256 hash */

typedef struct {
  void *state;
  unsigned char public_key[AUTHD_KEY_SIZE];
  bool (*sign)(void *state, const void *data, size_t len,
               unsigned char signature[AUTHD_SIGNATURE_SIZE]);
  bool (*verify)(void *state, const void *data, size_t len,
                 const unsigned char signature[AUTHD_SIGNATURE_SIZE]);
  bool (*sha256)(void *state, const void *data, size_t len, unsigned char hash[AUTHD_HASH_SIZE]);
  /* Bytes that nobody can guess. */
  bool (*random)(void *state, void *out, size_t len);
} authd_signer;

/* The native signer, on OpenSSL, with a private key that the caller keeps. False if OpenSSL refuses
 * it. Release it with authd_signer_openssl_clean_up, which wipes the key. */
bool authd_signer_openssl_init(authd_signer *signer,
                               const unsigned char private_key[AUTHD_KEY_SIZE]);
void authd_signer_openssl_clean_up(authd_signer *signer);

/* `len` bytes from OpenSSL's generator. */
bool authd_openssl_random(void *state, void *out, size_t len);

#endif
