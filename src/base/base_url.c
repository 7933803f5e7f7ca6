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
  const char *p = text->start;
  if (!iauth__is_letter(*p))
    return false;
  while (iauth__is_letter(*p) || iauth__is_digit(*p) || *p == '+' || *p == '-' || *p == '.')
    p++;
  *scheme = (iauth__slice){text->start, (size_t)(p - text->start)};
  *text = (iauth__slice){p, text->len - scheme->len};
  return iauth__slice_skip(text, "://");
}

/* True if a URL parser reads this label as a number. */
static bool is_number(iauth__slice label) {
  bool hex = iauth__slice_skip(&label, "0x");
  size_t digits = 0;
  while (digits < label.len && (hex ? iauth__is_hex(label.start[digits]) : iauth__is_digit(label.start[digits])))
    digits++;
  return digits == label.len;
}

/* Labels separated by single dots. One dot may follow the last label. */
static bool is_name(iauth__slice host, bool *loopback) {
  size_t end = host.start[host.len - 1] == '.' ? host.len - 1 : host.len, start = 0; /* of the last label */
  for (size_t i = 0; i < end; i++) {
    if (host.start[i] != '.')
      continue;
    if (i == start)
      return false;
    start = i + 1;
  }
  if (start == end)
    return false;
  *loopback = is_word(host, "localhost");
  if (!is_number((iauth__slice){host.start + start, end - start}))
    return true;
  unsigned char address[4];
  if (!iauth__url_ipv4(host, address))
    return false;
  *loopback = address[0] == 127;
  return true;
}

/* Groups of up to four hexadecimal digits in brackets. */
static bool is_ipv6(iauth__slice host, bool *loopback) {
  const char *p = host.start + 1;
  int groups = 0, last = 0;
  bool shortened = false, zeros = true; /* true if all groups before the last one are zero */
  while (*p != ']') {
    if (p[0] == ':' && p[1] == ':' && !shortened) {
      shortened = true;
      p += 2;
      continue;
    }
    if (groups > 0 && p[-1] != ':' && *p++ != ':')
      return false;
    const char *start = p;
    zeros = zeros && last == 0;
    for (last = 0; iauth__is_hex(*p) && p - start < 4; p++)
      last = last * 16 + iauth__hex_value(*p);
    if (p == start)
      return false;
    groups++;
  }
  *loopback = zeros && last == 1 && p[-1] != ':';
  return shortened ? groups < 8 : groups == 8;
}

static bool is_path(const char *p) {
  if (*p != '\0' && *p != '/')
    return false;
  for (; *p != '\0'; p++) {
    bool escaped = *p == '%' && iauth__is_hex(p[1]) && iauth__is_hex(p[2]);
    if (!escaped && !iauth__is_letter(*p) && !iauth__is_digit(*p) && strchr("-._~!$&'()*+,;=:@/", *p) == NULL)
      return false;
  }
  return true;
}

iauth__base_url iauth__check_base_url(const char *url, bool allow_insecure) {
  iauth__slice text = {url, strlen(url)}, scheme;
  iauth__url parts;
  bool loopback = false;
  if (text.len > IAUTH__BASE_URL_MAX || !skip_scheme(&text, &scheme) || !iauth__url_read_host(text, &parts) ||
      !(parts.host.start[0] == '[' ? is_ipv6(parts.host, &loopback) : is_name(parts.host, &loopback)) ||
      (parts.port.start != NULL && iauth__url_port(parts.port) < 0) || !is_path(parts.rest.start))
    return IAUTH__BASE_URL_INVALID;
  if (is_word(scheme, "https") || (is_word(scheme, "http") && (loopback || allow_insecure)))
    return IAUTH__BASE_URL_OK;
  return IAUTH__BASE_URL_INSECURE;
}
