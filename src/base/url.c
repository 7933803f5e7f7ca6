/* The parts of a URL; see url.h. */
#include "base/url.h"

#include <string.h>

#include "base/ascii.h"

bool iauth__slice_equal(iauth__slice one, iauth__slice other) {
  if (one.len != other.len)
    return false;
  for (size_t i = 0; i < one.len; i++)
    if (iauth__lower(one.start[i]) != iauth__lower(other.start[i]))
      return false;
  return true;
}

static void advance(iauth__slice *text, size_t len) {
  text->start += len;
  text->len -= len;
}

bool iauth__slice_skip(iauth__slice *text, const char *prefix) {
  iauth__slice expected = {prefix, strlen(prefix)};
  if (text->len < expected.len || !iauth__slice_equal((iauth__slice){text->start, expected.len}, expected))
    return false;
  advance(text, expected.len);
  return true;
}

static bool is_host_char(char c) {
  char lower = iauth__lower(c);
  return (lower >= 'a' && lower <= 'z') || iauth__is_digit(c) || c == '-' || c == '_' || c == '.';
}

/* The length of the host at the beginning, in characters. */
static size_t host_len(iauth__slice text) {
  size_t len = 0;
  if (text.len > 0 && text.start[0] == '[') {
    const char *end = memchr(text.start, ']', text.len);
    return end != NULL ? (size_t)(end - text.start) + 1 : 0;
  }
  while (len < text.len && is_host_char(text.start[len]))
    len++;
  return len;
}

bool iauth__url_read_host(iauth__slice text, iauth__url *out) {
  out->host = (iauth__slice){text.start, host_len(text)};
  advance(&text, out->host.len);
  out->port = (iauth__slice){NULL, 0};
  if (iauth__slice_skip(&text, ":")) {
    out->port.start = text.start;
    while (out->port.len < text.len && iauth__is_digit(text.start[out->port.len]))
      out->port.len++;
    advance(&text, out->port.len);
  }
  out->rest = text;
  return out->host.len > 0;
}

bool iauth__url_read(iauth__slice text, iauth__url *out) {
  out->https = iauth__slice_skip(&text, "https://");
  return (out->https || iauth__slice_skip(&text, "http://")) && iauth__url_read_host(text, out);
}

long iauth__url_port(iauth__slice digits) {
  long port = 0;
  for (size_t i = 0; i < digits.len && port <= 65535; i++)
    port = port * 10 + (digits.start[i] - '0');
  return port >= 1 && port <= 65535 ? port : -1;
}

bool iauth__url_ipv4(iauth__slice host, unsigned char address[4]) {
  size_t i = 0;
  for (int part = 0; part < 4; part++) {
    if (part > 0 && (i == host.len || host.start[i++] != '.'))
      return false;
    int value = 0;
    size_t start = i;
    while (i < host.len && iauth__is_digit(host.start[i]) && i - start < 3)
      value = value * 10 + (host.start[i++] - '0');
    if (i == start || value > 255 || (host.start[start] == '0' && i - start > 1))
      return false;
    address[part] = (unsigned char)value;
  }
  return i == host.len;
}
