/* The native HTTP host. It connects libmicrohttpd with the handlers. */
#ifndef AUTHD_HTTP_H
#define AUTHD_HTTP_H

#include "authapi/access_log.h"
#include "authapi/endpoints.h"
#include "authapi/management.h"
#include "authd/log_writer.h"
#include "authd/networks.h"
#include "authd/tls.h"

#define AUTHD_FILES_MIN 128 /* a server must be allowed to have this many files and connections open */

typedef struct authd_http authd_http;

/* Options for access. All pointers are borrowed until authd_http_stop. */
typedef struct {
  const authd_networks *trusted; /* proxies: X-Forwarded-For is trusted, connections are not limited; NULL: none */
  const cJSON *allowed_hosts;    /* an array of additional host names for /admin/; NULL: none */
} authd_http_options;

/* The access log. */
typedef struct {
  authd_log_writer *writer;
  bool json; /* true: one JSON object per line, for programs; false: text, for people */
} authd_log;

/* Starts the server on its own threads. `address` is an IP address. Port 0 takes a free port; *port is set to the port
 * in use. `admin` handles /admin/; NULL disables it. `log` gets one line per request; it may be NULL. With `tls`, the
 * server uses https with TLS 1.2 or newer; call authd_certificate_use before. Without `tls`, it uses plain http. All
 * pointers are borrowed until authd_http_stop. NULL on failure; then errno may have the reason: EMFILE if fewer than
 * AUTHD_FILES_MIN files may be open. */
authd_http *authd_http_start(const authapi *api, const authapi_management *admin, const authd_tls *tls,
                             const authd_http_options *options, const char *address, unsigned short *port,
                             const authd_log *log);

/* Waits until no handler runs, and blocks handlers until authd_http_resume. In between, the caller may use the store
 * and everything else that handlers use. Keep this time short. */
void authd_http_pause(authd_http *http);
void authd_http_resume(authd_http *http);

/* Closes the listening socket, gives running requests two seconds to complete, then closes all connections and
 * frees. */
void authd_http_stop(authd_http *http);

#endif
