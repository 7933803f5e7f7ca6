/* The native signer: Ed25519 and SHA-256 with OpenSSL. The `state` of a key is an EVP_PKEY. */
#include "authapi/keys/signer.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

static bool open_key(void *state, const unsigned char private_key[AUTHAPI_KEY_SIZE], authapi_key *key) {
  size_t size = AUTHAPI_KEY_SIZE;
  (void)state;
  key->state = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, private_key, AUTHAPI_KEY_SIZE);
  if (key->state != NULL && EVP_PKEY_get_raw_public_key(key->state, key->public_key, &size) == 1)
    return true;
  EVP_PKEY_free(key->state);
  return false;
}

static void close_key(void *state, authapi_key *key) {
  (void)state;
  EVP_PKEY_free(key->state); /* OpenSSL wipes the key */
  key->state = NULL;
}

static bool sign(void *state, const authapi_key *key, const void *data, size_t len,
                 unsigned char signature[AUTHAPI_SIGNATURE_SIZE]) {
  size_t size = AUTHAPI_SIGNATURE_SIZE;
  (void)state;
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  bool ok = context != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL, key->state) == 1 &&
            EVP_DigestSign(context, signature, &size, data, len) == 1;
  EVP_MD_CTX_free(context);
  return ok;
}

static bool verify(void *state, const authapi_key *key, const void *data, size_t len,
                   const unsigned char signature[AUTHAPI_SIGNATURE_SIZE]) {
  (void)state;
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  bool ok = context != NULL && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->state) == 1 &&
            EVP_DigestVerify(context, signature, AUTHAPI_SIGNATURE_SIZE, data, len) == 1;
  EVP_MD_CTX_free(context);
  return ok;
}

/* Fetched once, because fetching takes OpenSSL longer than hashing a token. */
static EVP_MD *sha256_method;

static void fetch_sha256(void) { sha256_method = EVP_MD_fetch(NULL, "SHA256", NULL); }

static bool sha256(void *state, const void *data, size_t len, unsigned char hash[AUTHAPI_HASH_SIZE]) {
  static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
  (void)state;
  return CRYPTO_THREAD_run_once(&once, fetch_sha256) == 1 && sha256_method != NULL &&
         EVP_Digest(data, len, hash, NULL, sha256_method, NULL) == 1;
}

static bool random_bytes(void *state, void *out, size_t len) {
  (void)state;
  return RAND_bytes(out, (int)len) == 1;
}

authapi_signer authd_signer_openssl(void) {
  return (authapi_signer){
      .open_key = open_key,
      .close_key = close_key,
      .sign = sign,
      .verify = verify,
      .sha256 = sha256,
      .random = random_bytes,
  };
}
