/* Management over HTTP, and the page for it: handlers without I/O, as those of the Auth API are.
 *
 * Each path is a command's words, "/admin/domain-keys/revoke", and answers what the command prints
 * with --json; GET lists. Who asks shows the admin token as bearer. There is no CORS here: only the
 * page that is served beside it may ask, so no answer has an Access-Control header, and a request
 * that a browser sends for another site is refused. */
#ifndef AUTHAPI_MANAGEMENT_H
#define AUTHAPI_MANAGEMENT_H

#include "authapi/attempts.h"
#include "authapi/endpoints.h"

#define AUTHAPI_ADMIN_TOKEN_MIN 32 /* characters */
#define AUTHAPI_ADMIN_TOKEN_MAX 256

/* Only the token's hash is kept. */
typedef struct {
  const authapi *api;
  unsigned char token_hash[AUTHAPI_HASH_SIZE];
  authapi_attempts *attempts; /* the host's, zeroed at first; NULL: nobody has to wait */
} authapi_management;

/* Why this cannot be an admin token, as a sentence that says what to do; NULL if it can. Static
 * text. */
const char *authapi_management_token_problem(const char *token);

/* `api` is borrowed, `token` is not. False if no hash could be made. */
bool authapi_management_init(authapi_management *admin, const authapi *api, const char *token);

/* Whether a path is of management: "/admin" and what is under it. */
bool authapi_management_is_for(const char *path);

/* Whether there is something at this path, so that it may be logged. */
bool authapi_management_path_known(const char *path);

/* Answers a request for such a path; always fills *response. Release it with
 * authapi_response_clean_up. */
void authapi_management_handle(const authapi_management *admin, const authapi_request *request,
                               authapi_response *response);

#endif
