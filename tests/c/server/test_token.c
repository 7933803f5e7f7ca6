/* Access tokens: what was signed is read back, what was not is refused. */
#define _POSIX_C_SOURCE 200809L
#include "cmocka_all.h"
#include "server/base64url.h"
#include "server/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const unsigned char key[AUTHD_KEY_SIZE] = {1, 2, 3};
static const unsigned char other_key[AUTHD_KEY_SIZE] = {3, 2, 1};
static const authd_claims claims = {"dk_1", "ak_1", 1000, 2000};

static authd_signer signer, other;

static int set_up(void **state) {
  (void)state;
  return authd_signer_openssl_init(&signer, key) && authd_signer_openssl_init(&other, other_key)
             ? 0
             : -1;
}

static int tear_down(void **state) {
  (void)state;
  authd_signer_openssl_clean_up(&signer);
  authd_signer_openssl_clean_up(&other);
  return 0;
}

static void round_trip(void **state) {
  (void)state;
  authd_claims read;
  char *token = authd_token_issue(&signer, &claims), *second = authd_token_issue(&signer, &claims);
  assert_string_not_equal(token, second);
  assert_int_equal(authd_token_check(&signer, token, 1999, &read), AUTHD_TOKEN_VALID);
  assert_string_equal(read.credential_id, "dk_1");
  assert_string_equal(read.api_key_id, "ak_1");
  assert_int_equal(read.issued_s, 1000);
  assert_int_equal(read.expires_s, 2000);
  assert_int_equal(authd_token_check(&signer, token, 2000, &read), AUTHD_TOKEN_EXPIRED);
  free(token);
  free(second);
}

/* Every single character changed in turn. */
static void tampered(void **state) {
  (void)state;
  authd_claims read;
  char *token = authd_token_issue(&signer, &claims);
  for (size_t i = 0; i < strlen(token); i++) {
    char kept = token[i];
    token[i] = kept == 'A' ? 'B' : 'A';
    assert_int_equal(authd_token_check(&signer, token, 1500, &read), AUTHD_TOKEN_INVALID);
    token[i] = kept;
  }
  for (size_t len = 0; len < strlen(token); len++) {
    char *part = strndup(token, len);
    assert_int_equal(authd_token_check(&signer, part, 1500, &read), AUTHD_TOKEN_INVALID);
    free(part);
  }
  assert_int_equal(authd_token_check(&signer, token, 1500, &read), AUTHD_TOKEN_VALID);
  assert_int_equal(authd_token_check(&other, token, 1500, &read), AUTHD_TOKEN_INVALID);
  free(token);
}

/* Signed with our own key, but not by us: other headers and odd claims. */
static void forged(void **state) {
  (void)state;
  char kid[16];
  authd_base64url_encode(signer.public_key, 8, kid);
  char ours[80];
  snprintf(ours, sizeof ours, "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"%s\"}", kid);
  static const char good[] = "{\"sub\":\"dk_1\",\"key\":\"ak_1\",\"iat\":1,\"exp\":2000}";
  const struct {
    const char *header, *body;
    authd_token_state state;
  } cases[] = {
      {ours, good, AUTHD_TOKEN_VALID},
      {"{\"alg\":\"none\"}", good, AUTHD_TOKEN_INVALID},
      {"{\"alg\":\"HS256\",\"typ\":\"JWT\"}", good, AUTHD_TOKEN_INVALID},
      {"{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"AAAAAAAAAAA\"}", good, AUTHD_TOKEN_INVALID},
      {"{\"alg\":\"EdDSA\",\"typ\":\"JWT\"}", good, AUTHD_TOKEN_INVALID},
      {ours, "{}", AUTHD_TOKEN_INVALID},
      {ours, "[]", AUTHD_TOKEN_INVALID},
      {ours, "x", AUTHD_TOKEN_INVALID},
      {ours, "{\"sub\":\"dk_1\",\"key\":\"ak_1\",\"iat\":1,\"exp\":\"2000\"}", AUTHD_TOKEN_INVALID},
      {ours, "{\"sub\":\"dk_1\",\"key\":\"ak_1\",\"iat\":-1,\"exp\":2000}", AUTHD_TOKEN_INVALID},
      {ours, "{\"sub\":\"dk_1\",\"key\":\"ak_1\",\"iat\":1,\"exp\":1e300}", AUTHD_TOKEN_INVALID},
      {ours, "{\"sub\":1,\"key\":\"ak_1\",\"iat\":1,\"exp\":2000}", AUTHD_TOKEN_INVALID},
      {ours, "{\"sub\":\"an identifier that is too long\",\"key\":\"a\",\"iat\":1,\"exp\":2000}",
       AUTHD_TOKEN_INVALID},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char token[1024];
    unsigned char signature[AUTHD_SIGNATURE_SIZE];
    authd_claims read;
    size_t len = authd_base64url_encode(cases[i].header, strlen(cases[i].header), token);
    token[len++] = '.';
    len += authd_base64url_encode(cases[i].body, strlen(cases[i].body), token + len);
    assert_true(signer.sign(signer.state, token, len, signature));
    token[len++] = '.';
    authd_base64url_encode(signature, sizeof signature, token + len);
    if (authd_token_check(&signer, token, 1500, &read) != cases[i].state)
      fail_msg("%s %s", cases[i].header, cases[i].body);
  }
}

static bool no_random(void *state, void *out, size_t len) {
  (void)state;
  (void)out;
  (void)len;
  return false;
}

static void without_randomness(void **state) {
  (void)state;
  authd_signer broken = signer;
  broken.random = no_random;
  assert_null(authd_token_issue(&broken, &claims));
}

static void jwks(void **state) {
  (void)state;
  char x[64];
  char *text = authd_token_jwks(&signer);
  authd_base64url_encode(signer.public_key, sizeof signer.public_key, x);
  assert_non_null(strstr(text, x));
  assert_null(strstr(text, "\"d\""));
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(round_trip), cmocka_unit_test(tampered),           cmocka_unit_test(forged),
      cmocka_unit_test(jwks),       cmocka_unit_test(without_randomness),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
