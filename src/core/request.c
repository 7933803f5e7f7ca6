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

/* {"field":"value"}; value is printable ASCII, so quote and backslash are all there is to escape
 * (RFC 8259, section 7). */
static char *append_json(char *at, const char *field, const char *value) {
  at = iauth__append(iauth__append(iauth__append(at, "{\""), field), "\":\"");
  for (; *value != '\0'; value++) {
    if (*value == '"' || *value == '\\')
      *at++ = '\\';
    *at++ = *value;
  }
  return iauth__append(at, "\"}");
}

/* Bytes for the longest path, the names around a credential and what ends strings. */
#define REQUEST_OVERHEAD 64

iauth_error iauth__request_init(iauth__request *request, const iauth_host *host, const iauth__identity *identity,
                                iauth_request_kind kind, uint32_t id, const char *access_token) {
  bool is_auth = kind == IAUTH_REQUEST_AUTH;
  const char *credential = is_auth ? identity->credential : access_token;
  memset(request, 0, sizeof *request);
  request->public.kind = kind;
  request->public.id = id;
  request->public.headers = request->headers;
  if (kind == IAUTH_REQUEST_REAUTHORIZE)
    return IAUTH_OK;

  char *at = request->text = iauth__alloc(host, strlen(identity->endpoint) + 2 * strlen(credential) + REQUEST_OVERHEAD);
  if (at == NULL)
    return IAUTH_ERR_NO_MEMORY;
  request->public.method = kind == IAUTH_REQUEST_APIS ? "GET" : "POST";
  request->public.url = at;
  at = iauth__append(iauth__append(at, identity->endpoint), is_auth                         ? "/auth"
                                                            : kind == IAUTH_REQUEST_REFRESH ? "/refreshToken"
                                                                                            : "/apis");
  const char **header = request->headers;
  header[0] = "x-inbenta-key";
  header[1] = identity->api_key;
  if (is_auth) {
    header[2] = "Content-Type";
    header[3] = "application/json";
    request->public.body = ++at;
    at = append_json(at, credential_field(identity->flow), credential);
    request->public.body_len = (size_t)(at - request->public.body);
  } else {
    header[2] = "Authorization";
    header[3] = ++at;
    iauth__append(iauth__append(at, "Bearer "), credential);
  }
  return IAUTH_OK;
}

void iauth__request_clean_up(iauth__request *request, const iauth_host *host) {
  iauth__release(host, request->text);
  memset(request, 0, sizeof *request);
}
