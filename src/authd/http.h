/* The native HTTP host: libmicrohttpd in front of the handlers. */
#ifndef AUTHD_HTTP_H
#define AUTHD_HTTP_H

#include "authapi/access_log.h"
#include "authapi/endpoints.h"
#include "authapi/management.h"
#include "authd/tls.h"

typedef struct authd_http authd_http;

/* Starts serving on a thread of its own. `address` is an IP address; port 0 takes a free one, *port
 * is the one that is used. `admin` answers under /admin/; NULL: nothing is there. One line for each
 * request goes to `log`, unless it is NULL. With `tls` it serves https, TLS 1.2 or newer, and
 * shows what authd_certificate_show was given before, else plain http. All are borrowed until
 * authd_http_stop. NULL on failure; then errno may say why. */
authd_http *authd_http_start(const authapi *api, const authapi_management *admin, const authd_tls *tls,
                             const char *address, unsigned short *port, const authapi_log *log);

/* Calls `act` between two requests, when nobody else uses what the handlers use, and returns what
 * it returns. */
bool authd_http_between(authd_http *http, bool (*act)(void *user), void *user);

/* Takes no new connections, gives requests that have begun two seconds to finish, then closes and
 * frees. */
void authd_http_stop(authd_http *http);

#endif
