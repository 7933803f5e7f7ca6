/* Builds the requests to the Auth API (docs/wire.md "Requests"). */
#ifndef IAUTH_REQUEST_H
#define IAUTH_REQUEST_H

#include "core/iauth.h"

/* A request together with its memory. */
typedef struct {
  iauth_request public;
  const char *headers[7]; /* up to three pairs and NULL */
  char *text;             /* the memory of the strings that were built */
} iauth__request;

/* The keys and the endpoint of a client. The strings must outlive the request. */
typedef struct {
  const char *endpoint; /* checked; it may end in slashes */
  const char *api_key;
  const char *credential;
  const char *domain_key_name; /* never "" */
  const char *personal_secret; /* "" if there is none */
  iauth_flow flow;
} iauth__identity;

/* Builds a request. `access_token` is used for all kinds except IAUTH_REQUEST_AUTH. Returns 0 or NO_MEMORY; in both
 * cases the caller calls iauth__request_clean_up. */
iauth_error iauth__request_init(iauth__request *request, const iauth_host *host, const iauth__identity *identity,
                                iauth_request_kind kind, uint32_t id, const char *access_token);

/* Wipes and releases. The request may be all zero, and may be cleaned up twice. */
void iauth__request_clean_up(iauth__request *request, const iauth_host *host);

#endif
