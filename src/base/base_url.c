/* Base URLs; see base_url.h for the grammar. Each skip_ function moves *text behind what it takes. */
#include "base/base_url.h"

#include <string.h>

#include "base/ascii.h"

/* Whether the `len` characters at `text` are `word` (lower case), whatever their case. */
static bool is_word(const char *text, size_t len, const char *word) {
  if (len != strlen(word))
    return false;
  while (len-- > 0)
    if (iauth__lower(text[len]) != word[len])
      return false;
  return true;
}

/* ---------------------------------------------------------------------------------------------------
 * Hosts. */

/* One of the four numbers of an IPv4 address, or -1. */
static int skip_ipv4_part(const char **text) {
  const char *start = *text, *at = start;
  int value = 0;
  while (iauth__is_digit(*at) && at - start < 3)
    value = value * 10 + (*at++ - '0');
  *text = at;
  return at == start || value > 255 || (*start == '0' && at - start > 1) ? -1 : value;
}

/* Four numbers with dots between them, and nothing else up to `end`. */
static bool is_ipv4(const char *at, const char *end, bool *loopback) {
  for (int part = 0; part < 4; part++) {
    if (part > 0 && *at++ != '.')
      return false;
    int value = skip_ipv4_part(&at);
    if (value < 0)
      return false;
    if (part == 0)
      *loopback = value == 127;
  }
  return at == end;
}

static bool is_label_char(char c) { return iauth__is_letter(c) || iauth__is_digit(c) || c == '-' || c == '_'; }

/* Whether a URL parser would read this label as a number. */
static bool is_number(const char *label, const char *end) {
  bool hex = label[0] == '0' && iauth__lower(label[1]) == 'x';
  if (hex)
    label += 2;
  while (label < end && (hex ? iauth__is_hex(*label) : iauth__is_digit(*label)))
    label++;
  return label == end;
}

static bool skip_name(const char **text, bool *loopback) {
  const char *host = *text, *at = host, *label;
  do {
    label = at;
    while (is_label_char(*at))
      at++;
    if (at == label)
      return false;
  } while (*at == '.' && is_label_char(*++at));
  *text = at;
  *loopback = is_word(host, (size_t)(at - host), "localhost");
  const char *end = at[-1] == '.' ? at - 1 : at;
  return !is_number(label, end) || is_ipv4(host, at, loopback);
}

/* Groups of up to four hexadecimal digits, up to the bracket. */
static bool skip_ipv6(const char **text, bool *loopback) {
  const char *at = *text + 1;
  int groups = 0, last = 0;
  bool shortened = false, zeros = true; /* whether all groups before the last one are zero */
  while (*at != ']') {
    if (at[0] == ':' && at[1] == ':' && !shortened) {
      shortened = true;
      at += 2;
      continue;
    }
    if (groups > 0 && at[-1] != ':' && *at++ != ':')
      return false;
    const char *start = at;
    zeros = zeros && last == 0;
    for (last = 0; iauth__is_hex(*at) && at - start < 4; at++)
      last = last * 16 + (iauth__is_digit(*at) ? *at - '0' : iauth__lower(*at) - 'a' + 10);
    if (at == start)
      return false;
    groups++;
  }
  *text = at + 1;
  *loopback = zeros && last == 1 && at[-1] != ':';
  return shortened ? groups < 8 : groups == 8;
}

/* ---------------------------------------------------------------------------------------------------
 * The rest. */

static bool skip_port(const char **text) {
  if (**text != ':')
    return true;
  const char *at = *text + 1;
  int port = 0;
  while (iauth__is_digit(*at) && port <= 65535)
    port = port * 10 + (*at++ - '0');
  *text = at;
  return port >= 1 && port <= 65535;
}

static bool is_path(const char *at) {
  if (*at != '\0' && *at != '/')
    return false;
  for (; *at != '\0'; at++) {
    if (*at == '%' && iauth__is_hex(at[1]) && iauth__is_hex(at[2]))
      at += 2;
    else if (!iauth__is_letter(*at) && !iauth__is_digit(*at) && strchr("-._~!$&'()*+,;=:@/", *at) == NULL)
      return false;
  }
  return true;
}

iauth__base_url iauth__check_base_url(const char *url, bool allow_insecure) {
  if (strlen(url) > IAUTH__BASE_URL_MAX || !iauth__is_letter(*url))
    return IAUTH__BASE_URL_INVALID;
  const char *at = url;
  while (iauth__is_letter(*at) || iauth__is_digit(*at) || *at == '+' || *at == '-' || *at == '.')
    at++;
  size_t scheme_len = (size_t)(at - url);
  if (strncmp(at, "://", 3) != 0)
    return IAUTH__BASE_URL_INVALID;
  at += 3;
  bool loopback = false;
  if (!(*at == '[' ? skip_ipv6(&at, &loopback) : skip_name(&at, &loopback)) || !skip_port(&at) || !is_path(at))
    return IAUTH__BASE_URL_INVALID;
  if (is_word(url, scheme_len, "https") || (is_word(url, scheme_len, "http") && (loopback || allow_insecure)))
    return IAUTH__BASE_URL_OK;
  return IAUTH__BASE_URL_INSECURE;
}
