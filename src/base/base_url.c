/* Base URLs; see base_url.h for the grammar. Each skip_ function moves *text behind what it takes. */
#include "base/base_url.h"

#include <string.h>

#include "base/ascii.h"
#include "base/url.h"

/* Whether the characters from `text` to `end` are `word`, whatever their case. */
static bool is_word(const char *text, const char *end, const char *word) {
  return iauth__slice_equal((iauth__slice){text, (size_t)(end - text)}, (iauth__slice){word, strlen(word)});
}

/* ---------------------------------------------------------------------------------------------------
 * Hosts. */

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
  *loopback = is_word(host, at, "localhost");
  const char *end = at[-1] == '.' ? at - 1 : at;
  if (!is_number(label, end))
    return true;
  unsigned char address[4];
  bool ipv4 = iauth__url_ipv4((iauth__slice){host, (size_t)(at - host)}, address);
  *loopback = ipv4 && address[0] == 127;
  return ipv4;
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
  const char *digits = *text + 1, *end = digits;
  while (iauth__is_digit(*end))
    end++;
  *text = end;
  return iauth__url_port((iauth__slice){digits, (size_t)(end - digits)}) > 0;
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
  const char *scheme_end = at;
  if (strncmp(at, "://", 3) != 0)
    return IAUTH__BASE_URL_INVALID;
  at += 3;
  bool loopback = false;
  if (!(*at == '[' ? skip_ipv6(&at, &loopback) : skip_name(&at, &loopback)) || !skip_port(&at) || !is_path(at))
    return IAUTH__BASE_URL_INVALID;
  if (is_word(url, scheme_end, "https") || (is_word(url, scheme_end, "http") && (loopback || allow_insecure)))
    return IAUTH__BASE_URL_OK;
  return IAUTH__BASE_URL_INSECURE;
}
