/* Requests to handlers, and headers of their responses, for tests. */
#ifndef TEST_EXCHANGE_H
#define TEST_EXCHANGE_H

#include <string.h>
#include <strings.h>

#include "authapi/exchange.h"

/* For a request whose header_state is name, value, …, NULL. */
static inline const char *lookup(void *state, const char *name) {
  for (const char *const *at = state; *at != NULL; at += 2)
    if (strcasecmp(*at, name) == 0)
      return at[1];
  return NULL;
}

/* `headers` as above; everything is borrowed. */
static inline authapi_request make_request(const char *method, const char *path, const char *const *headers,
                                           const char *body) {
  return (authapi_request){.method = method,
                           .path = path,
                           .header = lookup,
                           .header_state = (void *)headers,
                           .body = body,
                           .body_len = strlen(body),
                           .body_too_large = strlen(body) > AUTHAPI_BODY_MAX};
}

static inline const char *header_in(const authapi_response *response, const char *name) {
  for (size_t i = 0; i < response->header_count; i++)
    if (strcasecmp(response->headers[i].name, name) == 0)
      return response->headers[i].value;
  return "(none)";
}

#endif
