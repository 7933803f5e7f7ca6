/* The cryptography that the handlers use. It is a parameter: OpenSSL natively, Node's crypto under wasm. */
#ifndef AUTHAPI_SIGNER_H
#define AUTHAPI_SIGNER_H

#include <stdbool.h>
#include <stddef.h>

#define AUTHAPI_KEY_SIZE 32       /* bytes of an Ed25519 key, public or private (RFC 8032) */
#define AUTHAPI_SIGNATURE_SIZE 64 /* bytes of an Ed25519 signature */
#define AUTHAPI_HASH_SIZE 32      /* bytes of a SHA-256 hash */

/* An opened Ed25519 key pair. `state` belongs to the signer that opened it. */
typedef struct {
  void *state;
  unsigned char public_key[AUTHAPI_KEY_SIZE];
} authapi_key;

typedef struct {
  void *state;
  /* Opens a private key. The caller still owns `private_key`. False if the key cannot be used. Otherwise release the
   * opened key with close_key, which wipes it. */
  bool (*open_key)(void *state, const unsigned char private_key[AUTHAPI_KEY_SIZE], authapi_key *key);
  void (*close_key)(void *state, authapi_key *key);
  bool (*sign)(void *state, const authapi_key *key, const void *data, size_t len,
               unsigned char signature[AUTHAPI_SIGNATURE_SIZE]);
  bool (*verify)(void *state, const authapi_key *key, const void *data, size_t len,
                 const unsigned char signature[AUTHAPI_SIGNATURE_SIZE]);
  bool (*sha256)(void *state, const void *data, size_t len, unsigned char hash[AUTHAPI_HASH_SIZE]);
  /* Writes cryptographically secure random bytes. */
  bool (*random)(void *state, void *out, size_t len);
} authapi_signer;

/* The native signer, with OpenSSL. It does not need to be released. */
authapi_signer authd_signer_openssl(void);

#endif
