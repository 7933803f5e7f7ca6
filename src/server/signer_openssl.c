/* The native signer: Ed25519 and SHA-256 by OpenSSL. The key lives in `state`, an EVP_PKEY. */
#include "server/signer.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

static bool sign(void *state, const void *data, size_t len,
                 unsigned char signature[AUTHD_SIGNATURE_SIZE]) {
  size_t size = AUTHD_SIGNATURE_SIZE;
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  bool ok = context != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL, state) == 1 &&
            EVP_DigestSign(context, signature, &size, data, len) == 1;
  EVP_MD_CTX_free(context);
  return ok;
}

static bool verify(void *state, const void *data, size_t len,
                   const unsigned char signature[AUTHD_SIGNATURE_SIZE]) {
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  bool ok = context != NULL && EVP_DigestVerifyInit(context, NULL, NULL, NULL, state) == 1 &&
            EVP_DigestVerify(context, signature, AUTHD_SIGNATURE_SIZE, data, len) == 1;
  EVP_MD_CTX_free(context);
  return ok;
}

static bool sha256(void *state, const void *data, size_t len, unsigned char hash[AUTHD_HASH_SIZE]) {
  (void)state;
  return EVP_Digest(data, len, hash, NULL, EVP_sha256(), NULL) == 1;
}

bool authd_openssl_random(void *state, void *out, size_t len) {
  (void)state;
  return RAND_bytes(out, (int)len) == 1;
}

bool authd_signer_openssl_init(authd_signer *signer,
                               const unsigned char private_key[AUTHD_KEY_SIZE]) {
  size_t size = AUTHD_KEY_SIZE;
  *signer = (authd_signer){
      .state = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, private_key, AUTHD_KEY_SIZE),
      .sign = sign,
      .verify = verify,
      .sha256 = sha256,
      .random = authd_openssl_random,
  };
  return signer->state != NULL &&
         EVP_PKEY_get_raw_public_key(signer->state, signer->public_key, &size) == 1;
}

void authd_signer_openssl_clean_up(authd_signer *signer) {
  EVP_PKEY_free(signer->state); /* OpenSSL wipes it */
  signer->state = NULL;
}
