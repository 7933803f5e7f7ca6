/* Access tokens: signed tokens are read back, all others are refused. */
#define _POSIX_C_SOURCE 200809L
#include "authapi/keys/access_token.h"
#include "base/base64url.h"
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const unsigned char private_keys[2][AUTHAPI_KEY_SIZE] = {{1, 2, 3}, {3, 2, 1}};
static authapi_claims claims = {.credential_id = "dk_1", .api_key_id = "ak_1", .issued_s = 1000, .expires_s = 2000};

static authapi_signer signer;
static authapi_key keys[2];

static int set_up(void **state) {
  (void)state;
  signer = authd_signer_openssl();
  return signer.open_key(signer.state, private_keys[0], &keys[0]) &&
                 signer.open_key(signer.state, private_keys[1], &keys[1])
             ? 0
             : -1;
}

static int tear_down(void **state) {
  (void)state;
  for (size_t i = 0; i < 2; i++)
    signer.close_key(signer.state, &keys[i]);
  return 0;
}

/* Checks with the first key only. */
static authapi_token_state check(const char *token, int64_t now_s, authapi_claims *read) {
  return authapi_token_check(&signer, keys, 1, token, now_s, read);
}

static void round_trip(void **state) {
  (void)state;
  authapi_claims read;
  char *token = authapi_token_issue(&signer, &keys[0], &claims),
       *second = authapi_token_issue(&signer, &keys[0], &claims);
  assert_string_not_equal(token, second);
  assert_int_equal(check(token, 1999, &read), AUTHAPI_TOKEN_VALID);
  assert_string_equal(read.credential_id, "dk_1");
  assert_string_equal(read.api_key_id, "ak_1");
  assert_int_equal(strlen(read.token_id), 16);
  assert_int_equal(read.issued_s, 1000);
  assert_int_equal(read.expires_s, 2000);
  assert_int_equal(check(token, 2000, &read), AUTHAPI_TOKEN_EXPIRED);
  free(token);
  free(second);
}

/* Each character is changed in turn. */
static void tampered(void **state) {
  (void)state;
  authapi_claims read;
  char *token = authapi_token_issue(&signer, &keys[0], &claims);
  for (size_t i = 0; i < strlen(token); i++) {
    char kept = token[i];
    token[i] = kept == 'A' ? 'B' : 'A';
    assert_int_equal(check(token, 1500, &read), AUTHAPI_TOKEN_INVALID);
    token[i] = kept;
  }
  for (size_t len = 0; len < strlen(token); len++) {
    char *part = strndup(token, len);
    assert_int_equal(check(part, 1500, &read), AUTHAPI_TOKEN_INVALID);
    free(part);
  }
  assert_int_equal(check(token, 1500, &read), AUTHAPI_TOKEN_VALID);
  assert_int_equal(authapi_token_check(&signer, keys + 1, 1, token, 1500, &read), AUTHAPI_TOKEN_INVALID);
  free(token);
}

/* Signed with our own key, but with other headers and odd claims. */
static void forged(void **state) {
  (void)state;
  char kid[AUTHAPI_KID_SIZE];
  authapi_key_id(&keys[0], kid);
  char ours[80];
  snprintf(ours, sizeof ours, "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"%s\"}", kid);
  static const char good[] = "{\"sub\":\"dk_1\",\"key\":\"ak_1\",\"iat\":1,\"exp\":2000}";
  const struct {
    const char *header, *body;
    authapi_token_state state;
  } cases[] = {
      {ours, good, AUTHAPI_TOKEN_VALID},
      {"{\"alg\":\"none\"}", good, AUTHAPI_TOKEN_INVALID},
      {"{\"alg\":\"HS256\",\"typ\":\"JWT\"}", good, AUTHAPI_TOKEN_INVALID},
      {"{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"AAAAAAAAAAA\"}", good, AUTHAPI_TOKEN_INVALID},
      {"{\"alg\":\"EdDSA\",\"typ\":\"JWT\"}", good, AUTHAPI_TOKEN_INVALID},
      {ours, "{}", AUTHAPI_TOKEN_INVALID},
      {ours, "[]", AUTHAPI_TOKEN_INVALID},
      {ours, "x", AUTHAPI_TOKEN_INVALID},
      {ours, "{\"sub\":\"dk_1\",\"key\":\"ak_1\",\"iat\":1,\"exp\":\"2000\"}", AUTHAPI_TOKEN_INVALID},
      {ours, "{\"sub\":\"dk_1\",\"key\":\"ak_1\",\"iat\":-1,\"exp\":2000}", AUTHAPI_TOKEN_INVALID},
      {ours, "{\"sub\":\"dk_1\",\"key\":\"ak_1\",\"iat\":1,\"exp\":1e300}", AUTHAPI_TOKEN_INVALID},
      {ours, "{\"sub\":1,\"key\":\"ak_1\",\"iat\":1,\"exp\":2000}", AUTHAPI_TOKEN_INVALID},
      {ours, "{\"sub\":\"an identifier that is too long\",\"key\":\"a\",\"iat\":1,\"exp\":2000}",
       AUTHAPI_TOKEN_INVALID},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char token[1024];
    unsigned char signature[AUTHAPI_SIGNATURE_SIZE];
    authapi_claims read;
    size_t len = iauth__base64url_encode(cases[i].header, strlen(cases[i].header), token);
    token[len++] = '.';
    len += iauth__base64url_encode(cases[i].body, strlen(cases[i].body), token + len);
    assert_true(signer.sign(signer.state, &keys[0], token, len, signature));
    token[len++] = '.';
    iauth__base64url_encode(signature, sizeof signature, token + len);
    if (check(token, 1500, &read) != cases[i].state)
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
  authapi_signer broken = signer;
  broken.random = no_random;
  assert_null(authapi_token_issue(&broken, &keys[0], &claims));
}

/* Each token is checked with the key that it names and no other, also if the names are swapped. */
static void several_keys(void **state) {
  (void)state;
  authapi_claims read;
  char *tokens[2], swapped[2048];
  for (size_t i = 0; i < 2; i++)
    tokens[i] = authapi_token_issue(&signer, &keys[i], &claims);
  assert_int_equal(authapi_token_check(&signer, keys, 0, tokens[0], 1500, &read), AUTHAPI_TOKEN_INVALID);
  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(authapi_token_check(&signer, keys, 2, tokens[i], 1500, &read), AUTHAPI_TOKEN_VALID);
    assert_int_equal(authapi_token_check(&signer, keys, 2, tokens[i], 2000, &read), AUTHAPI_TOKEN_EXPIRED);
    assert_int_equal(authapi_token_check(&signer, &keys[1 - i], 1, tokens[i], 1500, &read), AUTHAPI_TOKEN_INVALID);
    snprintf(swapped, sizeof swapped, "%.*s%s", (int)strcspn(tokens[1 - i], "."), tokens[1 - i],
             strchr(tokens[i], '.'));
    assert_int_equal(authapi_token_check(&signer, keys, 2, swapped, 1500, &read), AUTHAPI_TOKEN_INVALID);
  }
  free(tokens[0]);
  free(tokens[1]);
}

static void jwks(void **state) {
  (void)state;
  char x[64], kid[AUTHAPI_KID_SIZE];
  char *both = authapi_token_jwks(keys, 2), *one = authapi_token_jwks(keys, 1);
  for (size_t i = 0; i < 2; i++) {
    iauth__base64url_encode(keys[i].public_key, sizeof keys[i].public_key, x);
    authapi_key_id(&keys[i], kid);
    assert_non_null(strstr(both, x));
    assert_non_null(strstr(both, kid));
    assert_int_equal(strstr(one, x) != NULL, i == 0);
  }
  assert_null(strstr(both, "\"d\""));
  free(both);
  free(one);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(round_trip),   cmocka_unit_test(tampered), cmocka_unit_test(forged),
      cmocka_unit_test(several_keys), cmocka_unit_test(jwks),     cmocka_unit_test(without_randomness),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
