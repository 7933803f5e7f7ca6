/* Checks responses of the Auth API step by step. Each step has its own error. Pure but for memory. */
#ifndef IAUTH_RESPONSE_H
#define IAUTH_RESPONSE_H

#include "core/body.h"
#include "core/iauth.h"

/* Finds out what a response means. The caller releases *grant with iauth__token_clean_up, whatever is returned.
 *
 * Status 200: checks the content type, size, JSON, token, expires_in and apis, in this order. Returns 0 and fills
 * *grant, or returns BAD_CONTENT_TYPE, BODY_TOO_LARGE, BAD_JSON, BAD_TOKEN, BAD_EXPIRES_IN, BAD_APIS or NO_MEMORY. An
 * API without a usable name and URL is left out. If `apis` is not an object, it counts as missing. In *grant,
 * lifetime_ms is expires_in, access_token is NULL for /apis, `expiration` is 0 if missing, and the times of expiry are
 * not set.
 *
 * Any other status is a refusal: never returns 0, and *grant is empty. */
iauth_error iauth__check_response(const iauth_host *host, iauth_request_kind kind, const iauth_response *response,
                                  const iauth__body *body, iauth_token *grant);

/* Wipes and releases the strings of a token that owns them. It may be all zero. */
void iauth__token_clean_up(const iauth_token *token, const iauth_host *host);

/* Copies the usable ones of `apis` ("name\0url\0…") into *grant. Returns 0 or NO_MEMORY. */
iauth_error iauth__copy_apis(const iauth_host *host, const char *apis, size_t apis_len, iauth_token *grant);

/* How long the server asks to wait: 0 if it does not ask, at most an hour. This is the longest of all values of
 * Retry-After, in seconds or as HTTP date (RFC 9110, sections 10.2.3 and 5.6.7), and of the time until the reset of
 * each limit of `quota` whose usage is 100 %. A 429 without usages and without Retry-After waits until x-throttle-reset. */
int64_t iauth__server_wait_ms(const iauth_response *response, const iauth_quota *quota, int64_t wall_ms);

/* Reads the x-quota-* and x-throttle-* headers. False if there are none. */
bool iauth__read_quota(const iauth_response *response, iauth_quota *quota);

#endif
