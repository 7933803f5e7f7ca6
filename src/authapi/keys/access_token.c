/* Access tokens; see access_token.h. */
#define _POSIX_C_SOURCE 200809L
#include "authapi/keys/access_token.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLAIMS_MAX 512
#define TOKEN_MAX 2048
#define HEADER_MAX 128

void authapi_key_id(const authapi_key *key, char kid[AUTHAPI_KID_SIZE]) {
  iauth__base64url_encode(key->public_key, 8, kid);
}

/* Writes the encoded header, which names the key. Returns its length. */
static size_t write_header(const authapi_key *key, char out[HEADER_MAX]) {
  char kid[AUTHAPI_KID_SIZE], json[80];
  authapi_key_id(key, kid);
  int len = snprintf(json, sizeof json, "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"%s\"}", kid);
  return iauth__base64url_encode(json, (size_t)len, out);
}

bool authapi_new_id(const authapi_signer *signer, const char *prefix, char id[AUTHAPI_ID_SIZE]) {
  unsigned char bytes[12];
  size_t len = strlen(prefix);
  if (!signer->random(signer->state, bytes, sizeof bytes))
    return false;
  memcpy(id, prefix, len);
  iauth__base64url_encode(bytes, sizeof bytes, id + len);
  return true;
}

char *authapi_token_issue(const authapi_signer *signer, const authapi_key *key, authapi_claims *claims) {
  char json[CLAIMS_MAX], token[TOKEN_MAX];
  unsigned char signature[AUTHAPI_SIGNATURE_SIZE];
  if (!authapi_new_id(signer, "", claims->token_id))
    return NULL;
  int json_len = snprintf(json, sizeof json, "{\"sub\":\"%s\",\"key\":\"%s\",\"iat\":%lld,\"exp\":%lld,\"jti\":\"%s\"}",
                          claims->credential_id, claims->api_key_id, (long long)claims->issued_s,
                          (long long)claims->expires_s, claims->token_id);
  size_t len = write_header(key, token);
  token[len++] = '.';
  len += iauth__base64url_encode(json, (size_t)json_len, token + len);
  if (!signer->sign(signer->state, key, token, len, signature))
    return NULL;
  token[len++] = '.';
  iauth__base64url_encode(signature, sizeof signature, token + len);
  return strdup(token);
}

static bool copy_string(const cJSON *json, const char *name, char out[AUTHAPI_ID_SIZE]) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);
  if (!cJSON_IsString(item) || strlen(item->valuestring) >= AUTHAPI_ID_SIZE)
    return false;
  strcpy(out, item->valuestring);
  return true;
}

static bool copy_time(const cJSON *json, const char *name, int64_t *out) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);
  if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble < 1e15))
    return false;
  *out = (int64_t)item->valuedouble;
  return true;
}

static bool read_claims(const char *text, size_t len, authapi_claims *claims) {
  char json_text[CLAIMS_MAX];
  long json_len = iauth__base64url_decode(text, len, json_text, sizeof json_text);
  if (json_len < 0)
    return false;
  cJSON *json = cJSON_ParseWithLength(json_text, (size_t)json_len);
  bool ok = copy_string(json, "sub", claims->credential_id) && copy_string(json, "key", claims->api_key_id) &&
            copy_time(json, "iat", &claims->issued_s) && copy_time(json, "exp", &claims->expires_s);
  if (!copy_string(json, "jti", claims->token_id))
    claims->token_id[0] = '\0';
  cJSON_Delete(json);
  return ok;
}

/* Checks that the token starts with the header of one of our keys. Returns the part after the header and sets *key to
 * that key. NULL for any other header. */
static const char *skip_header(const char *token, const authapi_key *keys, size_t count, const authapi_key **key) {
  char header[HEADER_MAX];
  for (size_t i = 0; i < count; i++) {
    size_t len = write_header(&keys[i], header);
    if (strncmp(token, header, len) == 0 && token[len] == '.') {
      *key = &keys[i];
      return token + len + 1;
    }
  }
  return NULL;
}

authapi_token_state authapi_token_check(const authapi_signer *signer, const authapi_key *keys, size_t count,
                                        const char *token, int64_t now_s, authapi_claims *claims) {
  const authapi_key *key;
  unsigned char signature[AUTHAPI_SIGNATURE_SIZE];
  const char *body = strlen(token) < TOKEN_MAX ? skip_header(token, keys, count, &key) : NULL;
  const char *dot = body != NULL ? strchr(body, '.') : NULL;
  if (dot == NULL)
    return AUTHAPI_TOKEN_INVALID;
  if (iauth__base64url_decode(dot + 1, strlen(dot + 1), signature, sizeof signature) != AUTHAPI_SIGNATURE_SIZE ||
      !signer->verify(signer->state, key, token, (size_t)(dot - token), signature) ||
      !read_claims(body, (size_t)(dot - body), claims))
    return AUTHAPI_TOKEN_INVALID;
  return now_s < claims->expires_s ? AUTHAPI_TOKEN_VALID : AUTHAPI_TOKEN_EXPIRED;
}

char *authapi_token_jwks(const authapi_key *keys, size_t count) {
  char kid[AUTHAPI_KID_SIZE], x[IAUTH__BASE64URL_LEN(AUTHAPI_KEY_SIZE) + 1];
  cJSON *json = cJSON_CreateObject(), *array = cJSON_AddArrayToObject(json, "keys");
  for (size_t i = 0; i < count; i++) {
    cJSON *key = cJSON_CreateObject();
    authapi_key_id(&keys[i], kid);
    iauth__base64url_encode(keys[i].public_key, AUTHAPI_KEY_SIZE, x);
    cJSON_AddStringToObject(key, "kty", "OKP");
    cJSON_AddStringToObject(key, "crv", "Ed25519");
    cJSON_AddStringToObject(key, "use", "sig");
    cJSON_AddStringToObject(key, "alg", "EdDSA");
    cJSON_AddStringToObject(key, "kid", kid);
    cJSON_AddStringToObject(key, "x", x);
    cJSON_AddItemToArray(array, key);
  }
  char *text = cJSON_PrintUnformatted(json);
  cJSON_Delete(json);
  return text;
}
