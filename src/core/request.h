/* Requests as they go over the wire (docs/wire.md "Requests"). */
#ifndef IAUTH_REQUEST_H
#define IAUTH_REQUEST_H

#include "core/iauth.h"

/* A request with the memory that it points into. */
typedef struct {
  iauth_request public;
  const char *headers[7]; /* three pairs and the end */
  char *text;             /* all strings that are made for it */
} iauth__request;

/* Who is asking; all NUL-terminated, borrowed for the request's life. */
typedef struct {
  const char *endpoint; /* checked, without a slash at the end */
  const char *api_key;
  const char *credential;
  const char *domain_key_name; /* never "" */
  const char *personal_secret; /* "" if there is none */
  iauth_flow flow;
} iauth__identity;

/* Builds a request of a kind. `access_token` is used for those that carry one. Returns 0 or
 * NO_MEMORY; either way the caller calls iauth__request_clean_up. */
iauth_error iauth__request_init(iauth__request *request, const iauth_host *host, const iauth__identity *identity,
                                iauth_request_kind kind, uint32_t id, const char *access_token);

/* Wipes and releases. Fine on a zeroed request and twice. */
void iauth__request_clean_up(iauth__request *request, const iauth_host *host);

#endif
