/* Base URLs; see base_url.h. */
#include "base/base_url.h"

#include <string.h>

#include "base/ascii.h"

/* Skips `prefix` (lower case) at *text whatever the case there. */
static bool skip(const char **text, const char *prefix) {
  const char *at = *text;
  for (; *prefix != '\0'; prefix++, at++)
    if (iauth__lower(*at) != *prefix)
      return false;
  *text = at;
  return true;
}

static bool ends_with(const char *text, size_t len, const char *end) {
  size_t end_len = strlen(end);
  if (len < end_len)
    return false;
  for (size_t i = 0; i < end_len; i++)
    if (iauth__lower(text[len - end_len + i]) != end[i])
      return false;
  return true;
}

/* Four decimal numbers, the first 127, none above 255 or with a leading zero (which browsers read
 * as octal, so that text and address would differ). */
static bool is_loopback_ipv4(const char *host, size_t len) {
  const char *at = host, *end = host + len;
  for (int part = 0; part < 4; part++) {
    if (part > 0 && (at == end || *at++ != '.'))
      return false;
    int value = 0;
    const char *start = at;
    while (at < end && iauth__is_digit(*at) && at - start < 3)
      value = value * 10 + (*at++ - '0');
    if (at == start || value > 255 || (*start == '0' && at - start > 1) || (part == 0 && value != 127))
      return false;
  }
  return at == end;
}

static bool is_loopback(const char *host, size_t len) {
  return (len == 9 && ends_with(host, len, "localhost")) || ends_with(host, len, ".localhost") ||
         (len == 5 && memcmp(host, "[::1]", 5) == 0) || is_loopback_ipv4(host, len);
}

static bool is_host_char(char c) {
  c = iauth__lower(c);
  return (c >= 'a' && c <= 'z') || iauth__is_digit(c) || c == '-' || c == '.';
}

static bool is_ipv6_char(char c) {
  c = iauth__lower(c);
  return (c >= 'a' && c <= 'f') || iauth__is_digit(c) || c == ':';
}

/* Skips a host, in brackets or not. */
static bool skip_host(const char **text) {
  const char *at = *text;
  if (*at == '[') {
    for (at++; is_ipv6_char(*at);)
      at++;
    if (*at++ != ']')
      return false;
  } else {
    while (is_host_char(*at))
      at++;
  }
  if (at == *text)
    return false;
  *text = at;
  return true;
}

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

/* The rest of a base URL: nothing, or a path without query, fragment, backslash, escapes or spaces.
 */
static bool is_path(const char *text) {
  if (*text != '\0' && *text != '/')
    return false;
  for (; *text != '\0'; text++)
    if (!is_host_char(*text) && strchr("/_~", *text) == NULL)
      return false;
  return true;
}

iauth__base_url iauth__check_base_url(const char *url, bool allow_insecure) {
  if (strlen(url) > IAUTH__BASE_URL_MAX)
    return IAUTH__BASE_URL_INVALID;
  const char *at = url;
  bool secure = skip(&at, "https://");
  if (!secure && !skip(&at, "http://"))
    return IAUTH__BASE_URL_INVALID;
  const char *host = at;
  if (!skip_host(&at))
    return IAUTH__BASE_URL_INVALID;
  size_t host_len = (size_t)(at - host);
  if (!skip_port(&at) || !is_path(at))
    return IAUTH__BASE_URL_INVALID;
  if (!secure && !allow_insecure && !is_loopback(host, host_len))
    return IAUTH__BASE_URL_INSECURE;
  return IAUTH__BASE_URL_OK;
}
