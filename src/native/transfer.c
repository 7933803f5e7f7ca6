/* Sends requests of the core as libcurl transfers; see transfer.h. */
#define _POSIX_C_SOURCE 200809L
#include "native/transfer.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base_url.h"
#include "base/wipe.h"
#include "core/headers.h"

#define HEADERS_MAX 16384 /* bytes; longer headers are ignored */

typedef struct {
  char *bytes; /* limit + 1 bytes are allocated */
  size_t len, limit;
} buffer;

struct transfer {
  CURLM *multi;
  CURL *easy;
  bool uses_proxy; /* true: through the proxy that the program named */
  struct curl_slist *headers_out;
  buffer headers, body;
  char *header_values; /* at least as large as `headers` may become */
  char problem[CURL_ERROR_SIZE];
};

/* Appends as much as there is room for. The limit of a body is one byte more than the core accepts, so the core sees
 * that the body is too large. */
static size_t append(buffer *buffer, const char *bytes, size_t len) {
  size_t room = buffer->limit - buffer->len;
  size_t taken = len < room ? len : room;
  memcpy(buffer->bytes + buffer->len, bytes, taken);
  buffer->len += taken;
  return taken;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *user) {
  transfer *transfer = user;
  size_t len = size * count;
  if (len >= 5 && strncasecmp(bytes, "HTTP/", 5) == 0)
    transfer->headers.len = 0; /* the earlier headers belong to an interim response, such as 100 */
  else if (transfer->headers.limit - transfer->headers.len >= len)
    append(&transfer->headers, bytes, len);
  return len;
}

/* libcurl ends the transfer if this function takes less than it was offered. */
static size_t on_body(char *bytes, size_t size, size_t count, void *user) {
  transfer *transfer = user;
  return append(&transfer->body, bytes, size * count);
}

/* Child processes of the application must not inherit the connection. */
static int on_socket(void *user, curl_socket_t socket, curlsocktype purpose) {
  (void)user;
  (void)purpose;
  return fcntl(socket, F_SETFD, FD_CLOEXEC) == -1 ? CURL_SOCKOPT_ERROR : CURL_SOCKOPT_OK;
}

static bool make_buffer(buffer *buffer, size_t limit) {
  buffer->limit = limit;
  buffer->bytes = malloc(limit + 1);
  return buffer->bytes != NULL;
}

static bool add_header(transfer *transfer, const char *name, const char *value) {
  size_t name_len = strlen(name), value_len = strlen(value);
  char *line = malloc(name_len + 2 + value_len + 1);
  if (line == NULL)
    return false;
  memcpy(line, name, name_len);
  memcpy(line + name_len, ": ", 2);
  memcpy(line + name_len + 2, value, value_len + 1);
  struct curl_slist *longer = curl_slist_append(transfer->headers_out, line);
  iauth__wipe(line, strlen(line));
  free(line);
  if (longer == NULL)
    return false;
  transfer->headers_out = longer;
  return true;
}

static bool add_headers(transfer *transfer, const char *const *headers) {
  bool has_type = false;
  for (; *headers != NULL; headers += 2) {
    has_type = has_type || strcasecmp(headers[0], "Content-Type") == 0;
    if (!add_header(transfer, headers[0], headers[1]))
      return false;
  }
  /* An empty value removes a header that libcurl would add by itself. */
  struct curl_slist *longer = curl_slist_append(transfer->headers_out, "Expect:");
  if (longer != NULL && !has_type)
    longer = curl_slist_append(longer, "Content-Type:");
  if (longer == NULL)
    return false;
  transfer->headers_out = longer;
  return add_header(transfer, "Accept", "application/json");
}

static bool set_options(transfer *transfer, const iauth_request *request, const char *proxy, const char *ca_file) {
  CURL *easy = transfer->easy;
  bool ok = curl_easy_setopt(easy, CURLOPT_URL, request->url) == CURLE_OK &&
            curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
  /* Redirects are not followed, because the headers hold credentials. */
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->problem);
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
  ok = ok && curl_easy_setopt(easy, CURLOPT_USERAGENT, "inbenta-auth/" INBENTA_AUTH_VERSION) == CURLE_OK;
  if (strcmp(request->method, "POST") == 0) {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)request->body_len);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body != NULL ? request->body : "");
  }
  /* Plain http to this machine sends the secret in clear text. No proxy may see it, and a proxy could not connect back
   * to this machine. */
  bool stays_here =
      strncmp(request->url, "http:", 5) == 0 && iauth__check_base_url(request->url, false) == IAUTH__BASE_URL_OK;
  transfer->uses_proxy = proxy != NULL && !stays_here;
  if (stays_here)
    ok = ok && curl_easy_setopt(easy, CURLOPT_NOPROXY, "*") == CURLE_OK;
  else if (proxy != NULL)
    ok = ok && curl_easy_setopt(easy, CURLOPT_PROXY, proxy) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_NOPROXY, "") == CURLE_OK; /* overrides the variable no_proxy */
  if (ca_file != NULL)
    ok = ok && curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file) == CURLE_OK;
  return ok && add_headers(transfer, request->headers) &&
         curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers_out) == CURLE_OK;
}

transfer *transfer_start(CURLM *multi, const iauth_request *request, const char *proxy, const char *ca_file) {
  transfer *made = calloc(1, sizeof *made);
  if (made == NULL)
    return NULL;
  made->easy = curl_easy_init();
  made->header_values = malloc(HEADERS_MAX);
  if (made->easy != NULL && made->header_values != NULL && make_buffer(&made->headers, HEADERS_MAX) &&
      make_buffer(&made->body, IAUTH_BODY_MAX + 1) && set_options(made, request, proxy, ca_file) &&
      curl_multi_add_handle(multi, made->easy) == CURLM_OK) {
    made->multi = multi;
    return made;
  }
  transfer_free(made);
  return NULL;
}

bool transfer_owns(const transfer *transfer, const CURL *easy) { return transfer != NULL && transfer->easy == easy; }

/* The reason why there is no response. */
static inbenta_auth_error reason_of(const transfer *transfer, CURLcode result) {
  long connect_status = 0; /* the proxy's response to CONNECT */
  curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_CONNECTCODE, &connect_status);
  if (connect_status >= 300)
    return INBENTA_AUTH_PROXY;
  switch (result) {
  case CURLE_COULDNT_RESOLVE_HOST:
    return INBENTA_AUTH_DNS;
  case CURLE_COULDNT_CONNECT:
    return transfer->uses_proxy ? INBENTA_AUTH_PROXY : INBENTA_AUTH_NETWORK;
  case CURLE_COULDNT_RESOLVE_PROXY:
  case CURLE_PROXY:
    return INBENTA_AUTH_PROXY;
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_ISSUER_ERROR:
  case CURLE_SSL_CACERT_BADFILE:
    return INBENTA_AUTH_CERTIFICATE;
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_SSL_CIPHER:
  case CURLE_USE_SSL_FAILED:
    return INBENTA_AUTH_TLS;
  default:
    return INBENTA_AUTH_NETWORK;
  }
}

/* True if libcurl's message may be shown. A message about a wrong proxy quotes the proxy's URL with the password, and may
 * cut it off. */
static bool is_message_public(CURLcode result, const char *message) {
  if (strstr(message, "proxy") != NULL || strchr(message, '@') != NULL)
    return false;
  switch (result) {
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_COULDNT_CONNECT:
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_ISSUER_ERROR:
  case CURLE_SSL_CACERT_BADFILE:
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_SSL_CIPHER:
  case CURLE_GOT_NOTHING:
  case CURLE_RECV_ERROR:
  case CURLE_SEND_ERROR:
  case CURLE_PARTIAL_FILE:
    return true;
  default:
    return false;
  }
}

const char *transfer_problem(const transfer *transfer, CURLcode result) {
  return is_message_public(result, transfer->problem) ? transfer->problem : "";
}

inbenta_auth_error transfer_complete(const transfer *transfer, CURLcode result, iauth_client *client, uint32_t id) {
  bool too_large = transfer->body.len > IAUTH_BODY_MAX; /* the transfer was stopped, but the core can decide */
  if (result == CURLE_OK || too_large) {
    long status = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    iauth_response response = {
        .status = (int)status,
        .body = transfer->body.bytes,
        .body_len = transfer->body.len,
    };
    iauth__read_headers(transfer->headers.bytes, transfer->headers.len, transfer->header_values, &response);
    iauth_respond(client, id, &response);
    return INBENTA_AUTH_OK;
  }
  inbenta_auth_error reason = reason_of(transfer, result);
  if (result == CURLE_OUT_OF_MEMORY)
    iauth_fail(client, id, IAUTH_ERR_NO_MEMORY);
  else if (reason == INBENTA_AUTH_NETWORK || reason == INBENTA_AUTH_DNS)
    iauth_fail(client, id, IAUTH_ERR_NETWORK);
  else
    iauth_fail(client, id, IAUTH_ERR_UNTRUSTED_ROUTE); /* callers are answered immediately */
  return reason;
}

static void free_buffer(buffer *buffer) {
  if (buffer->bytes != NULL)
    iauth__wipe(buffer->bytes, buffer->len);
  free(buffer->bytes);
}

void transfer_free(transfer *transfer) {
  if (transfer == NULL)
    return;
  if (transfer->multi != NULL)
    curl_multi_remove_handle(transfer->multi, transfer->easy);
  curl_easy_cleanup(transfer->easy);
  for (struct curl_slist *line = transfer->headers_out; line != NULL; line = line->next)
    iauth__wipe(line->data, strlen(line->data));
  curl_slist_free_all(transfer->headers_out);
  free_buffer(&transfer->headers);
  free_buffer(&transfer->body);
  free(transfer->header_values);
  free(transfer);
}
