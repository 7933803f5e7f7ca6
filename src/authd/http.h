/* The native HTTP host: libmicrohttpd in front of the handlers. */
#ifndef AUTHD_HTTP_H
#define AUTHD_HTTP_H

#include "authapi/access_log.h"
#include "authapi/endpoints.h"
#include "authapi/management.h"
#include "authd/log_writer.h"
#include "authd/networks.h"
#include "authd/tls.h"

typedef struct authd_http authd_http;

/* Who may come, and how. What it points to is borrowed until authd_http_stop. */
typedef struct {
  const authd_networks *trusted; /* proxies that say whom they ask for, and have no limit of connections; NULL: none */
  const cJSON *allowed_hosts;    /* an array of names under which /admin/ is reached; NULL: none */
} authd_http_options;

/* Where the line for each request goes. */
typedef struct {
  authd_log_writer *writer;
  bool json; /* one JSON object a line, for programs; else text, for people */
} authd_log;

/* Starts serving on threads of its own. `address` is an IP address; port 0 takes a free one, *port
 * is the one that is used. `admin` answers under /admin/; NULL: nothing is there. One line for each
 * request goes to `log`, unless it is NULL. With `tls` it serves https, TLS 1.2 or newer, and
 * shows what authd_certificate_show was given before, else plain http. All are borrowed until
 * authd_http_stop. NULL on failure; then errno may say why. */
authd_http *authd_http_start(const authapi *api, const authapi_management *admin, const authd_tls *tls,
                             const authd_http_options *options, const char *address, unsigned short *port,
                             const authd_log *log);

/* Waits for the request that is being handled; the next one waits until authd_http_resume. In
 * between the caller may use what the handlers use. Keep it short. */
void authd_http_pause(authd_http *http);
void authd_http_resume(authd_http *http);

/* Takes no new connections, gives requests that have begun two seconds to finish, then closes and
 * frees. */
void authd_http_stop(authd_http *http);

#endif
