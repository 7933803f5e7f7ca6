/* Framing; see framing.h. */
#include "authd/framing.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/ascii.h"

/* The headers that matter for framing. */
typedef struct {
  unsigned hosts, lengths, encodings;
  const char *host, *length, *encoding; /* the last value of each */
  const char *problem;
} headers;

static bool is_name(const char *name, size_t size, const char *expected) {
  return size == strlen(expected) && strncasecmp(name, expected, size) == 0;
}

static bool is_letter_or_digit(char c) { return iauth__is_letter(c) || iauth__is_digit(c); }

/* RFC 9110, 5.6.2: token. */
static bool is_token(const char *name, size_t size) {
  static const char others[] = "!#$%&'*+-.^_`|~";
  for (size_t i = 0; i < size; i++) {
    if (!is_letter_or_digit(name[i]) && (name[i] == '\0' || strchr(others, name[i]) == NULL))
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

/* RFC 3986, 3.2.2: an address in brackets, or a name. */
static size_t host_size(const char *text) {
  static const char others[] = "-._~!$&'()*+;=";
  size_t size = 0;
  if (text[0] == '[') {
    char name[INET6_ADDRSTRLEN];
    unsigned char address[sizeof(struct in6_addr)];
    size = strcspn(++text, "]");
    if (text[size] != ']' || size >= sizeof name)
      return 0;
    memcpy(name, text, size);
    name[size] = '\0';
    return inet_pton(AF_INET6, name, address) == 1 ? size + 2 : 0;
  }
  for (; text[size] != '\0'; size++) {
    if (text[size] == '%') {
      if (!iauth__is_hex(text[size + 1]) || !iauth__is_hex(text[size + 2]))
        return 0;
    } else if (!is_letter_or_digit(text[size]) && strchr(others, text[size]) == NULL) {
      break;
    }
  }
  return size;
}

/* RFC 9110, 7.2: a host, then perhaps a colon and a port, which may be empty. */
static bool is_host(const char *text) {
  size_t size = host_size(text);
  const char *rest = text + size;
  return size > 0 && (*rest == '\0' || (*rest == ':' && strspn(rest + 1, "0123456789") == strlen(rest + 1)));
}

/* RFC 9112, 3.2.2: a target such as http://host/path names the host as well, and a client sends the same one twice. */
static const char *check_host(const headers *found, const char *target, bool is_1_1) {
  if (found->hosts > 1 || (found->hosts == 0 && is_1_1))
    return "Send the header Host exactly once.";
  if (found->host != NULL && !is_host(found->host))
    return "The header Host is not a host.";
  size_t scheme = strncasecmp(target, "http://", 7) == 0 ? 7 : strncasecmp(target, "https://", 8) == 0 ? 8 : 0;
  const char *authority = target + scheme;
  size_t size = strcspn(authority, "/?#");
  if (scheme > 0 && (found->host == NULL || !is_name(authority, size, found->host)))
    return "Host and the target name different hosts.";
  return NULL;
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
  const char *problem = check_host(&found, target, is_1_1);
  return problem != NULL ? problem : check_length(&found, is_1_1);
}

size_t authd_framing_unescape(void *state, struct MHD_Connection *connection, char *text) {
  (void)state, (void)connection;
  return strlen(text);
}
