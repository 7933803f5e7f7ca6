/* Base URLs; see base_url.h. */
#include "base/base_url.h"

#include <string.h>

#include "base/ascii.h"
#include "base/url.h"

static bool ends_with(iauth__slice text, const char *end) {
  iauth__slice expected = {end, strlen(end)};
  return text.len >= expected.len &&
         iauth__slice_equal((iauth__slice){text.at + text.len - expected.len, expected.len}, expected);
}

static bool is_loopback(iauth__slice host) {
  unsigned char address[4];
  return (host.len == 9 && ends_with(host, "localhost")) || ends_with(host, ".localhost") ||
         (host.len == 5 && ends_with(host, "[::1]")) || (iauth__url_ipv4(host, address) && address[0] == 127);
}

/* What may be in the brackets of an IPv6 address. */
static bool is_ipv6_char(char c) {
  char lower = iauth__lower(c);
  return (lower >= 'a' && lower <= 'f') || iauth__is_digit(c) || c == ':';
}

static bool is_host(iauth__slice host) {
  if (host.at[0] != '[')
    return memchr(host.at, '_', host.len) == NULL;
  for (size_t i = 1; i < host.len - 1; i++)
    if (!is_ipv6_char(host.at[i]))
      return false;
  return true;
}

/* The rest of a base URL: nothing, or a path without query, fragment, backslash, escapes or spaces. */
static bool is_path(const char *text) {
  static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-./_~";
  return (*text == '\0' || *text == '/') && text[strspn(text, allowed)] == '\0';
}

iauth__base_url iauth__check_base_url(const char *url, bool allow_insecure) {
  iauth__url parts;
  size_t len = strlen(url);
  if (len > IAUTH__BASE_URL_MAX || !iauth__url_read((iauth__slice){url, len}, &parts) || !is_host(parts.host) ||
      (parts.port.at != NULL && iauth__url_port(parts.port) < 0) || !is_path(parts.rest.at))
    return IAUTH__BASE_URL_INVALID;
  if (!parts.https && !allow_insecure && !is_loopback(parts.host))
    return IAUTH__BASE_URL_INSECURE;
  return IAUTH__BASE_URL_OK;
}
