/* Builds requests; see request.h. */
#include "core/request.h"

#include <string.h>

#include "core/memory.h"

/* Appends "name":"value". The value is printable ASCII, so only quotes and backslashes are escaped (RFC 8259, section
 * 7). */
static char *append_member(char *at, const char *name, const char *value) {
  at = iauth__append(iauth__append(iauth__append(at, "\""), name), "\":\"");
  for (; *value != '\0'; value++) {
    if (*value == '"' || *value == '\\')
      *at++ = '\\';
    *at++ = *value;
  }
  return iauth__append(at, "\"");
}

/* Appends the body of /auth (docs/wire.md "Requests"). The build for browsers has no code for secrets, because a secret
 * must not be in a page. */
static char *append_auth(char *at, const iauth__identity *identity) {
  at = iauth__append(at, "{");
#ifndef IAUTH_BROWSER
  if (identity->flow == IAUTH_FLOW_SECRET) {
    at = append_member(at, "secret", identity->credential);
    if (*identity->personal_secret != '\0')
      at = append_member(iauth__append(at, ","), "user_personal_secret", identity->personal_secret);
    return iauth__append(at, "}");
  }
#endif
  return iauth__append(append_member(at, identity->domain_key_name, identity->credential), "}");
}

/* Bytes for the longest path, the fixed names in a body, the quotes and braces, and the NULs. */
#define REQUEST_OVERHEAD 96

/* Bytes for all strings of a request with this credential. An escaped character takes two bytes. */
static size_t text_size(const iauth__identity *identity, const char *credential) {
  return strlen(identity->endpoint) + strlen(identity->domain_key_name) +
         2 * (strlen(credential) + strlen(identity->personal_secret)) + REQUEST_OVERHEAD;
}

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

  char *at = request->text = iauth__alloc(host, text_size(identity, credential));
  if (at == NULL)
    return IAUTH_ERR_NO_MEMORY;
  request->public.method = kind == IAUTH_REQUEST_APIS ? "GET" : "POST";
  request->public.url = at;
  at = iauth__append(at, identity->endpoint);
  while (at[-1] == '/')
    at--;
  at = iauth__append(at, is_auth ? "/auth" : kind == IAUTH_REQUEST_REFRESH ? "/refreshToken" : "/apis");
  const char **header = request->headers;
  header[0] = "x-inbenta-key";
  header[1] = identity->api_key;
  if (is_auth) {
    header[2] = "Content-Type";
    header[3] = "application/json";
    request->public.body = ++at;
    at = append_auth(at, identity);
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
