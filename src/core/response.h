/* Answers of the Auth API, checked step by step, one error for each step. Pure but for memory.
 *
 * JSON is parsed with cJSON, whose allocation hooks are global: a host that wants its own allocator
 * there calls cJSON_InitHooks once. What cJSON held of a token is wiped before it is freed. */
#ifndef IAUTH_RESPONSE_H
#define IAUTH_RESPONSE_H

#include "core/iauth.h"

/* What an answer of 200 grants. Strings are owned; release them with iauth__grant_clean_up. */
typedef struct {
  const char *access_token; /* NULL for /apis */
  double expiration;        /* Unix seconds, 0 if the answer left it out */
  int64_t expires_in_ms;
  const char *apis; /* "name\0url\0…", NULL if the answer left them out */
  size_t apis_len;
} iauth__grant;

/* What an answer means. One of status 200 is checked for content type, size, JSON, token,
 * expires_in and apis, in this order: 0, and *grant is what it grants, or BAD_CONTENT_TYPE,
 * BODY_TOO_LARGE, BAD_JSON, BAD_TOKEN, BAD_EXPIRES_IN, BAD_APIS or NO_MEMORY. Every other answer is
 * a refusal, never 0. *grant is zeroed if there is none. */
iauth_error iauth__check_response(const iauth_host *host, iauth_request_kind kind, iauth_flow flow,
                                  const iauth_response *response, iauth__grant *grant);

void iauth__grant_clean_up(iauth__grant *grant, const iauth_host *host);

/* How long the server asks to wait, 0 if it does not: Retry-After in seconds or as HTTP date (RFC
 * 9110, sections 10.2.3 and 5.6.7), else, with a 429, x-throttle-reset. Points in time are compared
 * with the answer's own Date where it can be read, so that this machine's clock does not matter. */
int64_t iauth__retry_after_ms(const iauth_response *response, int64_t wall_ms);

/* Reads the x-quota-* and x-throttle-* headers. False if there are none. */
bool iauth__check_quota(const iauth_response *response, iauth_quota *quota);

#endif
