/* Management over HTTP, and the page for it: handlers without I/O, as those of the Auth API are.
 *
 * Each path is a command's words, "/admin/domain-keys/revoke", and answers what the command prints
 * with --json; GET lists. Who asks shows the admin token as bearer. There is no CORS here: only the
 * page that is served beside it may ask, so no answer has an Access-Control header, and a request
 * that a browser sends for another site is refused. */
#ifndef AUTHD_ADMIN_H
#define AUTHD_ADMIN_H

#include "server/api.h"

#define AUTHD_ADMIN_TOKEN_MIN 32 /* characters */
#define AUTHD_ADMIN_TOKEN_MAX 256

/* Only the token's hash is kept. */
typedef struct {
  const authd_api *api;
  unsigned char token_hash[AUTHD_HASH_SIZE];
} authd_admin;

/* Why this cannot be an admin token, as a sentence that says what to do; NULL if it can. Static
 * text. */
const char *authd_admin_token_problem(const char *token);

/* `api` is borrowed, `token` is not. False if no hash could be made. */
bool authd_admin_init(authd_admin *admin, const authd_api *api, const char *token);

/* Whether a path is of management: "/admin" and what is under it. */
bool authd_admin_is_for(const char *path);

/* Whether there is something at this path, so that it may be logged. */
bool authd_admin_path_known(const char *path);

/* Answers a request for such a path; always fills *response. Release it with
 * authd_response_clean_up. */
void authd_admin_handle(const authd_admin *admin, const authd_request *request,
                        authd_response *response);

#endif
