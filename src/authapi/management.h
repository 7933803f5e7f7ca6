/* Management over HTTP and the admin page: handlers without I/O, like those of the Auth API.
 *
 * Each path mirrors the words of a command, for example "/admin/domain-keys/revoke". The response is what the command
 * prints with --json. GET lists keys. The caller sends the admin token as bearer. There is no CORS here: only the page
 * that this server sends may ask. So no response has an Access-Control header, and a request that a browser sends for
 * another site is refused. */
#ifndef AUTHAPI_MANAGEMENT_H
#define AUTHAPI_MANAGEMENT_H

#include "authapi/attempts.h"
#include "authapi/endpoints.h"

#define AUTHAPI_ADMIN_TOKEN_MIN 32 /* characters */
#define AUTHAPI_ADMIN_TOKEN_MAX 256

/* Only the hash of the token is stored. */
typedef struct {
  const authapi *api;
  unsigned char token_hash[AUTHAPI_HASH_SIZE];
  authapi_attempts *attempts; /* owned by the host, zeroed at first; NULL: nobody must wait */
} authapi_management;

/* Why this text cannot be an admin token, as a sentence with the remedy; NULL if it can. Static text. */
const char *authapi_management_token_problem(const char *token);

/* `api` is borrowed; `token` is not needed after the call. False if the hash failed. */
bool authapi_management_init(authapi_management *admin, const authapi *api, const char *token);

/* True for "/admin" and all paths below it. */
bool authapi_is_management_path(const char *path);

/* True if there is a route at this path. Only such a path may be logged. */
bool authapi_management_path_known(const char *path);

/* Handles a request for such a path and always fills *response. Release it with authapi_response_clean_up. */
void authapi_management_handle(const authapi_management *admin, const authapi_request *request,
                               authapi_response *response);

#endif
