/* The native HTTP host; see http.h.
 *
 * A few threads of libmicrohttpd share the connections. Only one handler runs at a time, because one thread at a time
 * may use the store's connection. A slow client occupies a connection, never a thread. With one thread, 10,000 clients
 * that connect at the same time would wait for seconds: libmicrohttpd accepts one connection each time it checks all
 * the others. epoll is not used: with it, version 0.9.75 misses a client that leaves directly after its last bytes, and
 * keeps the connection until its timeout. */
#define _POSIX_C_SOURCE 200809L
#include "authd/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "authapi/messages.h"
#include "authd/certificate.h"
#include "authd/connections.h"
#include "authd/framing.h"
#include "authd/hosts.h"
#include "base/dates.h"
#include "base/wipe.h"

#define SERVING_THREADS 4
#define CONNECTION_TIMEOUT_S 15
#define CONNECTION_LIMIT 10400
#define OTHER_FILES 64          /* for the store, the log and the listening socket */
#define STOP_TIMEOUT_MS 2000    /* time for slow clients to finish a request during shutdown */
#define PROBLEM_SIZE 512        /* bytes of a failure's description in the log */
#define CONNECTION_MEMORY 16384 /* bytes for the headers of one connection; zeroed for each request */

struct authd_http {
  const authapi *api;
  const authapi_management *admin;
  authd_http_options options;
  const authd_log *log;
  struct MHD_Daemon *daemon;
  authd_connections *connections;
  int64_t unknown_callers_at_s; /* the second in which requests of unknown callers are counted */
  unsigned unknown_callers;     /* number of such requests in that second */
  unsigned long left_out;       /* lines that were not written because there were too many */
  atomic_int open_exchanges;    /* requests that are being read or answered */
  pthread_mutex_t in_use;       /* held while a request uses the handlers, or between authd_http_pause and _resume */
};

/* A request while it is read. */
struct exchange {
  char *body;
  size_t len;
  bool too_large;
};

/* The header to find, and its value. */
struct search {
  const char *name, *value;
  size_t name_size;
};

static enum MHD_Result visit_header(void *user, enum MHD_ValueKind kind, const char *name, size_t name_size,
                                    const char *value, size_t value_size) {
  struct search *search = user;
  (void)kind;
  (void)value_size;
  if (name_size == search->name_size && strcasecmp(name, search->name) == 0)
    search->value = search->value != NULL || value == NULL ? "" : value;
  return MHD_YES;
}

static const char *header_of(void *state, const char *name) {
  struct search search = {.name = name, .name_size = strlen(name)};
  MHD_get_connection_values_n(state, MHD_HEADER_KIND, visit_header, &search);
  return search.value;
}

static double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void release_body(void *body) {
  iauth__wipe(body, strlen(body));
  free(body);
}

/* Takes ownership of the body of the response. */
static enum MHD_Result queue(struct MHD_Connection *connection, authapi_response *response) {
  struct MHD_Response *mhd_response =
      response->body != NULL
          ? MHD_create_response_from_buffer_with_free_callback(strlen(response->body), response->body, release_body)
          : MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
  if (mhd_response == NULL)
    return MHD_NO;
  response->body = NULL;
  for (size_t i = 0; i < response->header_count; i++)
    MHD_add_response_header(mhd_response, response->headers[i].name, response->headers[i].value);
  enum MHD_Result result = MHD_queue_response(connection, (unsigned)response->status, mhd_response);
  MHD_destroy_response(mhd_response);
  return result;
}

/* Keeps as much as fits. The rest is read and dropped, so that the client can read the response. */
static void append_body(struct exchange *exchange, const char *data, size_t size) {
  if (size > AUTHAPI_BODY_MAX - exchange->len) {
    exchange->too_large = true;
    return;
  }
  if (exchange->body == NULL)
    exchange->body = malloc(AUTHAPI_BODY_MAX);
  if (exchange->body == NULL) {
    exchange->too_large = true;
    return;
  }
  memcpy(exchange->body + exchange->len, data, size);
  exchange->len += size;
}

/* Answers 400 and closes the connection, because the start of its next request is unknown. The handlers are not called,
 * because this is not a valid request. */
static enum MHD_Result refuse_framing(struct MHD_Connection *connection, const char *problem) {
  char body[256];
  snprintf(body, sizeof body, "{\"error\":{\"code\":400,\"message\":\"%s\",\"reason\":\"bad_request\"}}", problem);
  struct MHD_Response *mhd_response = MHD_create_response_from_buffer(strlen(body), body, MHD_RESPMEM_MUST_COPY);
  if (mhd_response == NULL)
    return MHD_NO;
  MHD_add_response_header(mhd_response, "Content-Type", "application/json");
  MHD_add_response_header(mhd_response, "Cache-Control", "no-store");
  MHD_add_response_header(mhd_response, "Connection", "close");
  enum MHD_Result result = MHD_queue_response(connection, 400, mhd_response);
  MHD_destroy_response(mhd_response);
  return result;
}

static const struct sockaddr *peer_of(struct MHD_Connection *connection) {
  return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
}

/* True if the access log gets a line for this request. Anybody can send requests without a known key and without the
 * admin token, so the number of their lines per second is limited. Sets *left_out to the number of requests without a line since the last line. */
static bool is_logged(authd_http *http, const authapi_response *response, int64_t now_s, unsigned long *left_out) {
  if (!response->known_caller) {
    if (http->unknown_callers_at_s != now_s) {
      http->unknown_callers_at_s = now_s;
      http->unknown_callers = 0;
    }
    if (http->unknown_callers++ >= AUTHAPI_UNKNOWN_CALLERS_PER_SECOND) {
      http->left_out++;
      return false;
    }
  }
  *left_out = http->left_out;
  http->left_out = 0;
  return true;
}

static void log_left_out(const authd_log *log, int64_t now_s, unsigned long left_out) {
  char date[IAUTH__DATE_SIZE];
  iauth__write_date(now_s, date);
  authd_log_writer_print(log->writer,
                         log->json ? "{\"time\":\"%s\",\"left_out\":%lu}\n"
                                   : "%s %lu requests of unknown callers were not logged\n",
                         date, left_out);
}

/* Refuses management under foreign host names. The page of a stranger may point its own host name to our address (DNS
 * rebinding). Then the page has the same origin as the admin page, but it cannot change the Host header. Other
 * endpoints need no such check: a browser cannot be misused, because every request must send its credential. */
static void handle_admin(const authd_http *http, const authapi_request *request, authapi_response *response) {
  if (authd_host_allowed(header_of(request->header_state, "Host"), http->options.allowed_hosts)) {
    authapi_management_handle(http->admin, request, response);
    return;
  }
  authapi_begin_response(response);
  authapi_refuse(response, 421, "host_not_allowed",
                 "The management interface does not accept this host name. Use localhost, an IP address or a name from "
                 "--allow-host.");
}

/* Called when the headers of a request are complete, then for each part of its body, then at its end. */
static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *data, size_t *size, void **state) {
  authd_http *http = user;
  struct exchange *exchange = *state;
  if (exchange == NULL) {
    const char *problem = authd_framing_problem(connection, url, version);
    if (problem != NULL)
      return refuse_framing(connection, problem);
    *state = calloc(1, sizeof *exchange);
    if (*state == NULL)
      return MHD_NO;
    atomic_fetch_add(&http->open_exchanges, 1);
    return MHD_YES;
  }
  if (*size > 0) {
    append_body(exchange, data, *size);
    *size = 0;
    return MHD_YES;
  }
  char client[AUTHD_ADDRESS_SIZE];
  authd_client_address(http->options.trusted, peer_of(connection), header_of(connection, "X-Forwarded-For"), client);
  const authapi_request request = {
      .client = client,
      .method = method,
      .path = authapi_target_path(url),
      .header = header_of,
      .header_state = connection,
      .body = exchange->body != NULL ? exchange->body : "",
      .body_len = exchange->len,
      .body_too_large = exchange->too_large,
  };
  authapi_response response;
  char problem[PROBLEM_SIZE];
  pthread_mutex_lock(&http->in_use);
  double start_ms = now_ms();
  if (http->admin != NULL && authapi_is_management_path(request.path))
    handle_admin(http, &request, &response);
  else
    authapi_handle(http->api, &request, &response);
  double duration_ms = now_ms() - start_ms;
  if (response.problem[0] != '\0') { /* the next use of the store may change it */
    snprintf(problem, sizeof problem, "%s", response.problem);
    response.problem = problem;
  }
  int64_t now_s = http->api->now_s(http->api->clock_state);
  unsigned long left_out = 0;
  bool logged = http->log != NULL && is_logged(http, &response, now_s, &left_out);
  pthread_mutex_unlock(&http->in_use);
  if (left_out > 0)
    log_left_out(http->log, now_s, left_out);
  if (logged) {
    char line[AUTHAPI_LOG_LINE_MAX];
    size_t len = authapi_access_log_line(http->log->json, now_s, &request, &response, duration_ms, line);
    authd_log_writer_put(http->log->writer, line, len);
  }
  enum MHD_Result result = queue(connection, &response);
  authapi_response_clean_up(&response);
  return result;
}

static void on_completed(void *user, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code) {
  authd_http *http = user;
  struct exchange *exchange = *state;
  (void)code;
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  if (info != NULL)
    authd_connections_restart(http->connections, info->socket_context);
  if (exchange == NULL)
    return;
  atomic_fetch_sub(&http->open_exchanges, 1);
  if (exchange->body != NULL)
    iauth__wipe(exchange->body, exchange->len); /* the body held a credential */
  free(exchange->body);
  free(exchange);
  *state = NULL;
}

static enum MHD_Result on_accept(void *user, const struct sockaddr *address, socklen_t size) {
  authd_http *http = user;
  (void)size;
  return authd_connections_accept(http->connections, address) ? MHD_YES : MHD_NO;
}

static void on_connection(void *user, struct MHD_Connection *connection, void **state,
                          enum MHD_ConnectionNotificationCode code) {
  authd_http *http = user;
  if (code == MHD_CONNECTION_NOTIFY_STARTED) {
    int file = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    *state = authd_connections_add(http->connections, file, peer_of(connection));
  } else {
    authd_connections_remove(http->connections, *state);
    *state = NULL;
  }
}

/* The limit of open connections. Each connection is a file, so the soft limit of files is raised to the hard limit. 0 if
 * that is too low for a server. */
static unsigned connection_limit(void) {
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0)
    return OTHER_FILES;
  rlim_t wanted = CONNECTION_LIMIT + OTHER_FILES;
  if (files.rlim_cur < wanted) {
    files.rlim_cur = files.rlim_max < wanted ? files.rlim_max : wanted;
    (void)setrlimit(RLIMIT_NOFILE, &files);
    (void)getrlimit(RLIMIT_NOFILE, &files);
  }
  if (files.rlim_cur >= wanted)
    return CONNECTION_LIMIT;
  return files.rlim_cur >= AUTHD_FILES_MIN ? (unsigned)files.rlim_cur - OTHER_FILES : 0;
}

/* libmicrohttpd reads requests as strictly as it can without refusing real clients. The option has another name since
 * 0.9.77. */
#if MHD_VERSION >= 0x00097701
#define STRICTNESS MHD_OPTION_CLIENT_DISCIPLINE_LVL, (int)1
#else
#define STRICTNESS MHD_OPTION_STRICT_FOR_CLIENT, (int)1
#endif

static void release(authd_http *http) {
  authd_connections_free(http->connections);
  authd_certificate_clean_up();
  pthread_mutex_destroy(&http->in_use);
  free(http);
}

/* Returns a socket that listens at the address, or -1 and sets errno: libmicrohttpd's newer versions lose it. */
static int open_listener(const struct sockaddr *address, socklen_t size) {
  int listener = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener < 0)
    return -1;
  (void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
  if (address->sa_family == AF_INET6)
    (void)setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &(int){1}, sizeof(int));
  if (bind(listener, address, size) == 0 && listen(listener, SOMAXCONN) == 0)
    return listener;
  int saved_errno = errno;
  close(listener);
  errno = saved_errno;
  return -1;
}

authd_http *authd_http_start(const authapi *api, const authapi_management *admin, const authd_tls *tls,
                             const authd_http_options *options, const char *address, unsigned short *port,
                             const authd_log *log) {
  struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(*port)};
  struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons(*port)};
  const struct sockaddr *socket_address = (const struct sockaddr *)&ipv4;
  socklen_t socket_address_size = sizeof ipv4;
  unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC;
  if (inet_pton(AF_INET, address, &ipv4.sin_addr) != 1) {
    if (inet_pton(AF_INET6, address, &ipv6.sin6_addr) != 1)
      return NULL;
    socket_address = (const struct sockaddr *)&ipv6;
    socket_address_size = sizeof ipv6;
  }
  /* No RSA key exchange: a key that leaks later must not decrypt recorded traffic. */
  static char versions[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA";
  struct MHD_OptionItem tls_options[] = {{MHD_OPTION_END, 0, NULL}, {0}, {0}};
  if (tls != NULL) {
    flags |= MHD_USE_TLS;
    tls_options[0] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)authd_certificate_retrieve};
    tls_options[1] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0, versions};
    tls_options[2] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
  }
  unsigned limit = connection_limit(), per_address = limit / 4;
  if (limit == 0) {
    errno = EMFILE;
    return NULL;
  }
  authd_http *http = malloc(sizeof *http);
  if (http == NULL)
    return NULL;
  *http = (authd_http){.api = api, .admin = admin, .log = log};
  if (options != NULL)
    http->options = *options;
  atomic_init(&http->open_exchanges, 0);
  pthread_mutex_init(&http->in_use, NULL);
  http->connections =
      authd_connections_new(per_address < AUTHD_CONNECTIONS_PER_ADDRESS ? per_address : AUTHD_CONNECTIONS_PER_ADDRESS,
                            limit, http->options.trusted);
  if (http->connections == NULL) {
    release(http);
    return NULL;
  }
  int listener = open_listener(socket_address, socket_address_size);
  if (listener < 0) {
    int saved_errno = errno;
    release(http);
    errno = saved_errno;
    return NULL;
  }
  http->daemon = MHD_start_daemon(
      flags, 0, on_accept, http, on_request, http, MHD_OPTION_ARRAY, tls_options, MHD_OPTION_LISTEN_SOCKET, listener,
      MHD_OPTION_THREAD_POOL_SIZE, (unsigned)SERVING_THREADS, MHD_OPTION_NOTIFY_COMPLETED, on_completed, http,
      MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONNECTION_TIMEOUT_S, MHD_OPTION_CONNECTION_LIMIT, limit,
      MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
      STRICTNESS, MHD_OPTION_UNESCAPE_CALLBACK, authd_framing_unescape, NULL, MHD_OPTION_END);
  if (http->daemon == NULL) {
    int saved_errno = errno;
    close(listener);
    release(http);
    errno = saved_errno;
    return NULL;
  }
  struct sockaddr_storage bound = {0};
  socklen_t bound_size = sizeof bound;
  (void)getsockname(listener, (struct sockaddr *)&bound, &bound_size);
  *port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                            : ((struct sockaddr_in *)&bound)->sin_port);
  return http;
}

void authd_http_pause(authd_http *http) { pthread_mutex_lock(&http->in_use); }

void authd_http_resume(authd_http *http) { pthread_mutex_unlock(&http->in_use); }

void authd_http_stop(authd_http *http) {
  int listener = MHD_quiesce_daemon(http->daemon);
  if (listener >= 0)
    close(listener);
  /* Idle keep-alive connections are not waited for. */
  double deadline_ms = now_ms() + STOP_TIMEOUT_MS;
  while (atomic_load(&http->open_exchanges) > 0 && now_ms() < deadline_ms)
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
  MHD_stop_daemon(http->daemon);
  release(http);
}
