/* Base URLs; see base_url.h for the grammar. */
#include "base/base_url.h"

#include <string.h>

#include "base/ascii.h"
#include "base/url.h"

static bool is_word(iauth__slice text, const char *word) {
  return iauth__slice_equal(text, (iauth__slice){word, strlen(word)});
}

/* Removes a scheme and its "://" from the beginning. */
static bool skip_scheme(iauth__slice *text, iauth__slice *scheme) {
  const char *at = text->at;
  if (!iauth__is_letter(*at))
    return false;
  while (iauth__is_letter(*at) || iauth__is_digit(*at) || *at == '+' || *at == '-' || *at == '.')
    at++;
  *scheme = (iauth__slice){text->at, (size_t)(at - text->at)};
  *text = (iauth__slice){at, text->len - scheme->len};
  return iauth__slice_skip(text, "://");
}

/* True if a URL parser reads this label as a number. */
static bool is_number(iauth__slice label) {
  bool hex = iauth__slice_skip(&label, "0x");
  size_t digits = 0;
  while (digits < label.len && (hex ? iauth__is_hex(label.at[digits]) : iauth__is_digit(label.at[digits])))
    digits++;
  return digits == label.len;
}

/* Labels separated by single dots. One dot may follow the last label. */
static bool is_name(iauth__slice host, bool *loopback) {
  size_t end = host.at[host.len - 1] == '.' ? host.len - 1 : host.len, start = 0; /* of the last label */
  for (size_t i = 0; i < end; i++) {
    if (host.at[i] != '.')
      continue;
    if (i == start)
      return false;
    start = i + 1;
  }
  if (start == end)
    return false;
  *loopback = is_word(host, "localhost");
  if (!is_number((iauth__slice){host.at + start, end - start}))
    return true;
  unsigned char address[4];
  if (!iauth__url_ipv4(host, address))
    return false;
  *loopback = address[0] == 127;
  return true;
}

/* Groups of up to four hexadecimal digits in brackets. */
static bool is_ipv6(iauth__slice host, bool *loopback) {
  const char *at = host.at + 1;
  int groups = 0, last = 0;
  bool shortened = false, zeros = true; /* true if all groups before the last one are zero */
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
      last = last * 16 + iauth__hex_value(*at);
    if (at == start)
      return false;
    groups++;
  }
  *loopback = zeros && last == 1 && at[-1] != ':';
  return shortened ? groups < 8 : groups == 8;
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
  iauth__slice text = {url, strlen(url)}, scheme;
  iauth__url parts;
  bool loopback = false;
  if (text.len > IAUTH__BASE_URL_MAX || !skip_scheme(&text, &scheme) || !iauth__url_read_host(text, &parts) ||
      !(parts.host.at[0] == '[' ? is_ipv6(parts.host, &loopback) : is_name(parts.host, &loopback)) ||
      (parts.port.at != NULL && iauth__url_port(parts.port) < 0) || !is_path(parts.rest.at))
    return IAUTH__BASE_URL_INVALID;
  if (is_word(scheme, "https") || (is_word(scheme, "http") && (loopback || allow_insecure)))
    return IAUTH__BASE_URL_OK;
  return IAUTH__BASE_URL_INSECURE;
}
