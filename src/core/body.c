/* Reads bodies with cJSON; see body.h. */
#include "core/body.h"

#include <math.h>
#include <string.h>

#include <cJSON.h>

#include "base/ascii.h"
#include "base/number.h"
#include "core/memory.h"

/* ---------------------------------------------------------------------------------------------------
 * Differences between cJSON and JSON.parse. */

#define ESCAPE_LEN 6 /* characters of \u1234 */

/* The number of an escape \u1234, or -1 if there are not four digits. */
static int code_unit(const char *escape, const char *end) {
  int code = 0;
  if (end - escape < ESCAPE_LEN || escape[0] != '\\' || escape[1] != 'u')
    return -1;
  for (int i = 2; i < ESCAPE_LEN; i++) {
    if (!iauth__is_hex(escape[i]))
      return -1;
    code = code * 16 + iauth__hex_value(escape[i]);
  }
  return code;
}

static bool is_surrogate(int code, int first) { return code >= first && code < first + 0x400; }

/* Replaces NULs and halves of surrogate pairs. False if the text has a control character or an escape without digits:
 * cJSON would accept them, but they are not JSON. */
static bool sanitize(char *text, size_t len) {
  bool in_string = false;
  for (char *at = text, *end = text + len; at < end; at++) {
    if ((unsigned char)*at < ' ' && (in_string || (*at != '\t' && *at != '\n' && *at != '\r')))
      return false;
    if (*at == '"')
      in_string = !in_string;
    if (*at != '\\')
      continue;
    if (at + 1 < end && at[1] != 'u') {
      at++;
      continue;
    }
    int code = code_unit(at, end);
    bool is_pair = is_surrogate(code, 0xd800) && is_surrogate(code_unit(at + ESCAPE_LEN, end), 0xdc00);
    if (code < 0)
      return false;
    if (code == 0 || (!is_pair && is_surrogate(code & ~0x400, 0xd800)))
      memcpy(at + 2, "fffd", 4);
    at += (is_pair ? 2 : 1) * ESCAPE_LEN - 1;
  }
  return true;
}

/* NULL if the text is not JSON, or if anything but white space follows the JSON. */
static cJSON *parse(const char *text, size_t len) {
  const char *end;
  cJSON *json = cJSON_ParseWithLengthOpts(text, len, &end, false);
  while (json != NULL && end < text + len && strchr(" \t\r\n", *end) != NULL)
    end++;
  if (json == NULL || end == text + len)
    return json;
  cJSON_Delete(json);
  return NULL;
}

/* ---------------------------------------------------------------------------------------------------
 * Members. */

/* The member with this name; the last one if there are several. NULL if there is none, or `json` is not an object. */
static const cJSON *find_member(const cJSON *json, const char *name) {
  const cJSON *found = NULL;
  for (const cJSON *item = cJSON_IsObject(json) ? json->child : NULL; item != NULL; item = item->next)
    if (strcmp(item->string, name) == 0)
      found = item;
  return found;
}

static const char *string_of(const cJSON *json, const char *name) {
  return cJSON_GetStringValue(find_member(json, name));
}

static double number_of(const cJSON *json, const char *name) {
  const cJSON *item = find_member(json, name);
  const char *text = cJSON_GetStringValue(item);
  double value = text != NULL ? iauth__parse_number(text, strlen(text)) : cJSON_GetNumberValue(item);
  return isnan(value) ? 0 : value;
}

static const char *message_of(const cJSON *json) {
  const char *found = string_of(find_member(json, "error"), "message");
  if (found == NULL)
    found = string_of(json, "error");
  if (found == NULL)
    found = string_of(json, "Message");
  if (found == NULL)
    found = string_of(json, "message");
  return found != NULL ? found : "";
}

/* True if a later member has the same name. */
static bool is_repeated(const cJSON *item) {
  for (const cJSON *next = item->next; next != NULL; next = next->next)
    if (strcmp(next->string, item->string) == 0)
      return true;
  return false;
}

/* Writes the products over the text. They fit, because each product has four quotes, a colon and a comma or brace more
 * in the text. */
static size_t write_apis(const cJSON *apis, char *list) {
  char *at = list;
  for (const cJSON *api = apis->child; api != NULL; api = api->next)
    if (cJSON_IsString(api) && *api->string != '\0' && *api->valuestring != '\0' && !is_repeated(api))
      at = iauth__append(iauth__append(at, api->string) + 1, api->valuestring) + 1;
  return (size_t)(at - list);
}

void iauth__body_init(iauth__body *body, const iauth_host *host, const iauth_response *response) {
  size_t len = response->body_len;
  *body = (iauth__body){.access_token = "", .message = ""};
  if (len > IAUTH_BODY_MAX) {
    body->form = FORM_TOO_LARGE;
    return;
  }
  char *text = body->text = iauth__alloc(host, len + 1); /* never 0 bytes: that may be NULL, too */
  if (text == NULL) {
    body->error = IAUTH_ERR_NO_MEMORY;
    return;
  }
  if (len > 0)
    memcpy(text, response->body, len);
  cJSON *json = body->json = sanitize(text, len) ? parse(text, len) : NULL;
  if (!cJSON_IsObject(json))
    return;
  const cJSON *apis = find_member(json, "apis"), *error = find_member(json, "error");
  const char *token = string_of(json, "accessToken"), *reason = string_of(error, "reason");
  body->form = FORM_OBJECT | (cJSON_IsObject(apis) ? FORM_APIS : 0) |
               (cJSON_IsArray(apis) && apis->child == NULL ? FORM_NO_APIS : 0) |
               (cJSON_IsObject(error) ? FORM_ERROR : 0) | (string_of(json, "Message") != NULL ? FORM_GATEWAY : 0);
  if (token != NULL)
    body->access_token = token;
  if (reason != NULL)
    body->reason = iauth_error_of_code(reason);
  body->expires_in = number_of(json, "expires_in");
  body->expiration = number_of(json, "expiration");
  body->message = message_of(json);
  body->apis = text;
  body->apis_len = cJSON_IsObject(apis) ? write_apis(apis, text) : 0;
}

void iauth__body_clean_up(iauth__body *body, const iauth_host *host) {
  cJSON_Delete(body->json);
  iauth__release(host, body->text);
}
