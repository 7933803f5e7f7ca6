/* Answers of the Auth API, checked step by step, one error for each step. Pure but for memory. */
#ifndef IAUTH_RESPONSE_H
#define IAUTH_RESPONSE_H

#include "core/iauth.h"
#include "core/message.h"

/* What an answer of 200 grants. Strings are owned; release them with iauth__grant_clean_up. */
typedef struct {
  const char *access_token; /* NULL for /apis */
  double expiration;        /* Unix seconds, 0 if the answer left it out */
  int64_t expires_in_ms;
  const char *apis; /* "name\0url\0…", NULL if the answer left them out */
  size_t apis_len;
  iauth__message *message; /* of a refusal, or NULL */
} iauth__grant;

/* What an answer means. One of status 200 is checked for content type, size, JSON, token,
 * expires_in and apis, in this order: 0, and *grant is what it grants, or BAD_CONTENT_TYPE,
 * BODY_TOO_LARGE, BAD_JSON, BAD_TOKEN, BAD_EXPIRES_IN, BAD_APIS or NO_MEMORY. Every other answer is
 * a refusal, never 0, with no more than a message in *grant. Of apis, those are left out that cannot be used; all of them
 * count as missing where they are no object. `secrets` are what a message may not hold, with NULL at the end. */
iauth_error iauth__check_response(const iauth_host *host, iauth_request_kind kind, const char *const *secrets,
                                  const iauth_response *response, iauth__grant *grant);

void iauth__grant_clean_up(iauth__grant *grant, const iauth_host *host);

/* Copies those apis ("name\0url\0…") that can be used into *grant. 0 or NO_MEMORY. */
iauth_error iauth__copy_apis(const iauth_host *host, const char *apis, size_t apis_len, iauth__grant *grant);

/* How long the server asks to wait, 0 if it does not, at most an hour: the longest Retry-After, in seconds or as HTTP date
 * (RFC 9110, sections 10.2.3 and 5.6.7), and the reset of each limit whose usage is at 100 %, whichever is later. A 429
 * that tells no usage and no Retry-After waits for x-throttle-reset. */
int64_t iauth__server_wait_ms(const iauth_response *response, int64_t wall_ms);

/* Reads the x-quota-* and x-throttle-* headers. False if there are none. */
bool iauth__check_quota(const iauth_response *response, iauth_quota *quota);

#endif
