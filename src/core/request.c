/* Requests as they go over the wire; see request.h. */
#include "core/request.h"

#include <string.h>

#include "core/memory.h"

/* The name of the credential in the body of /auth. "domainKey" is assumed: Inbenta's public pages
 * say only "in the request body" (AUTH_API "Endpoints"). A browser has no business with secrets, so
 * its build does not even know the word. */
static const char *credential_field(iauth_flow flow) {
#ifndef IAUTH_BROWSER
  if (flow == IAUTH_FLOW_SECRET)
    return "secret";
#endif
  (void)flow;
  return "domainKey";
}

static char *join(const iauth_host *host, const char *a, const char *b) {
  size_t a_len = strlen(a), b_len = strlen(b);
  char *joined = iauth__alloc(host, a_len + b_len + 1);
  if (joined == NULL)
    return NULL;
  memcpy(joined, a, a_len);
  memcpy(joined + a_len, b, b_len + 1);
  return joined;
}

/* {"field":"value"}; value is printable ASCII, so quote and backslash are all there is to escape
 * (RFC 8259, section 7). */
static char *json_object(const iauth_host *host, const char *field, const char *value) {
  char *json = iauth__alloc(host, strlen(field) + 2 * strlen(value) + sizeof "{\"\":\"\"}");
  if (json == NULL)
    return NULL;
  char *at = json;
  *at++ = '{';
  *at++ = '"';
  for (; *field != '\0'; field++)
    *at++ = *field;
  *at++ = '"';
  *at++ = ':';
  *at++ = '"';
  for (; *value != '\0'; value++) {
    if (*value == '"' || *value == '\\')
      *at++ = '\\';
    *at++ = *value;
  }
  memcpy(at, "\"}", 3);
  return json;
}

iauth_error iauth__request_init(iauth__request *request, const iauth_host *host,
                                const iauth__identity *identity, iauth_request_kind kind,
                                uint32_t id, const char *access_token) {
  memset(request, 0, sizeof *request);
  request->public.kind = kind;
  request->public.id = id;
  request->public.headers = request->headers;
  if (kind == IAUTH_REQUEST_REAUTHORIZE)
    return IAUTH_OK;

  const char *path = kind == IAUTH_REQUEST_AUTH      ? "/auth"
                     : kind == IAUTH_REQUEST_REFRESH ? "/refreshToken"
                                                     : "/apis";
  request->public.method = kind == IAUTH_REQUEST_APIS ? "GET" : "POST";
  request->public.url = request->url = join(host, identity->endpoint, path);
  if (request->url == NULL)
    return IAUTH_ERR_NO_MEMORY;

  const char **header = request->headers;
  *header++ = "x-inbenta-key";
  *header++ = identity->api_key;
  if (kind == IAUTH_REQUEST_AUTH) {
    *header++ = "Content-Type";
    *header++ = "application/json";
    request->public.body = request->body =
        json_object(host, credential_field(identity->flow), identity->credential);
    if (request->body == NULL)
      return IAUTH_ERR_NO_MEMORY;
    request->public.body_len = strlen(request->body);
  } else {
    *header++ = "Authorization";
    *header++ = request->bearer = join(host, "Bearer ", access_token);
    if (request->bearer == NULL)
      return IAUTH_ERR_NO_MEMORY;
  }
  return IAUTH_OK;
}

void iauth__request_clean_up(iauth__request *request, const iauth_host *host) {
  iauth__wipe_release_string(host, request->url);
  iauth__wipe_release_string(host, request->bearer);
  iauth__wipe_release_string(host, request->body);
  memset(request, 0, sizeof *request);
}
