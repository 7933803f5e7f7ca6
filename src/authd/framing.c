/* Framing; see framing.h. */
#include "authd/framing.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* The headers that matter for framing. */
typedef struct {
  unsigned hosts, lengths, encodings;
  const char *host, *length, *encoding; /* the last value of each */
  const char *problem;
} headers;

static bool is_name(const char *name, size_t size, const char *expected) {
  return size == strlen(expected) && strncasecmp(name, expected, size) == 0;
}

/* RFC 9110, 5.6.2: token. */
static bool is_token(const char *name, size_t size) {
  static const char others[] = "!#$%&'*+-.^_`|~";
  for (size_t i = 0; i < size; i++) {
    char c = name[i], lower = (char)(c | 0x20);
    bool plain = (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z');
    if (!plain && (c == '\0' || strchr(others, c) == NULL))
      return false;
  }
  return size > 0;
}

/* RFC 9110, 5.5: no NUL, CR or LF, which a recipient must refuse or replace. Other control characters except tab are
 * not allowed either. */
static bool is_value(const char *value, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (((unsigned char)value[i] < ' ' && value[i] != '\t') || value[i] == 127)
      return false;
  return true;
}

static enum MHD_Result visit(void *user, enum MHD_ValueKind kind, const char *name, size_t name_size, const char *value,
                             size_t value_size) {
  headers *found = user;
  (void)kind;
  if (value == NULL) {
    value = "";
    value_size = 0;
  }
  if (!is_token(name, name_size))
    found->problem = "A header name has an invalid character.";
  else if (!is_value(value, value_size))
    found->problem = "A header value has a control character.";
  if (is_name(name, name_size, "Host")) {
    found->hosts++;
    found->host = value;
  } else if (is_name(name, name_size, "Content-Length")) {
    found->lengths++;
    found->length = value;
  } else if (is_name(name, name_size, "Transfer-Encoding")) {
    found->encodings++;
    found->encoding = value;
  }
  return found->problem == NULL ? MHD_YES : MHD_NO;
}

/* True for "host" or "host:port" without characters of other parts of a URL. */
static bool is_host(const char *host) {
  for (const char *p = host; *p != '\0'; p++)
    if (*p <= ' ' || *p > '~' || strchr("/\\?#@,\"<>", *p) != NULL)
      return false;
  return *host != '\0';
}

static const char *check_length(const headers *found, bool is_1_1) {
  if (found->lengths > 1)
    return "Content-Length was sent more than once.";
  if (found->encodings > 1)
    return "Transfer-Encoding was sent more than once.";
  if (found->lengths > 0 && found->encodings > 0)
    return "Content-Length and Transfer-Encoding exclude each other.";
  if (found->length != NULL && (*found->length == '\0' || strlen(found->length) > 18 ||
                                strspn(found->length, "0123456789") != strlen(found->length)))
    return "Content-Length is not a number.";
  if (found->encoding != NULL && (!is_1_1 || strcasecmp(found->encoding, "chunked") != 0))
    return "The only supported Transfer-Encoding is chunked, in HTTP/1.1.";
  return NULL;
}

const char *authd_framing_problem(struct MHD_Connection *connection, const char *target, const char *version) {
  headers found = {.problem = NULL};
  bool is_1_1 = strcmp(version, MHD_HTTP_VERSION_1_0) != 0; /* a later minor version is read as 1.1 */
  for (const char *p = target; *p != '\0'; p++)
    if (*p <= ' ' || *p > '~')
      return "The path has an invalid character.";
  MHD_get_connection_values_n(connection, MHD_HEADER_KIND, visit, &found);
  if (found.problem != NULL)
    return found.problem;
  if (found.hosts > 1 || (found.hosts == 0 && is_1_1))
    return "Send the header Host exactly once.";
  if (found.host != NULL && !is_host(found.host))
    return "The header Host is not a host.";
  return check_length(&found, is_1_1);
}

size_t authd_framing_unescape(void *state, struct MHD_Connection *connection, char *text) {
  (void)state, (void)connection;
  return strlen(text);
}
