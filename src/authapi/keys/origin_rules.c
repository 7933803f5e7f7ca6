/* Which origins a domain key admits; see origin_rules.h. */
#include "authapi/keys/origin_rules.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"

#define ADDRESS_SIZE INET6_ADDRSTRLEN
#define HOST_MAX 253 /* characters of a host name (RFC 1035, in its text form) */

typedef struct {
  const char *at;
  size_t len;
} slice;

typedef struct {
  bool https;
  bool wildcard; /* host is what stands behind "*." */
  slice host;
  long port;
} origin;

static bool is_host_char(char c) {
  c = iauth__lower(c);
  return (c >= 'a' && c <= 'z') || iauth__is_digit(c) || c == '-' || c == '_' || c == '.';
}

static bool equal(slice a, slice b) {
  if (a.len != b.len)
    return false;
  for (size_t i = 0; i < a.len; i++)
    if (iauth__lower(a.at[i]) != iauth__lower(b.at[i]))
      return false;
  return true;
}

static bool skip(slice *text, const char *prefix) {
  slice head = {text->at, strlen(prefix)};
  if (text->len < head.len || !equal(head, (slice){prefix, head.len}))
    return false;
  text->at += head.len;
  text->len -= head.len;
  return true;
}

/* Takes host and port off `rest`, which must be used up by them. */
static bool parse_host_and_port(slice rest, origin *out) {
  size_t len = 0;
  if (rest.len > 0 && rest.at[0] == '[') {
    const char *end = memchr(rest.at, ']', rest.len);
    if (end == NULL)
      return false;
    len = (size_t)(end - rest.at) + 1;
  } else {
    while (len < rest.len && is_host_char(rest.at[len]))
      len++;
  }
  out->host = (slice){rest.at, len};
  out->port = out->https ? 443 : 80;
  if (len == 0 || len > HOST_MAX)
    return false;
  if (len == rest.len)
    return true;
  /* No browser writes a port with a leading zero, and 0 is no port. */
  if (rest.at[len++] != ':' || len == rest.len || rest.len - len > 5 || rest.at[len] == '0')
    return false;
  for (out->port = 0; len < rest.len; len++) {
    if (!iauth__is_digit(rest.at[len]))
      return false;
    out->port = out->port * 10 + (rest.at[len] - '0');
  }
  return out->port <= 65535;
}

/* scheme://host[:port], http or https. */
static bool parse_origin(slice text, origin *out) {
  out->wildcard = false;
  out->https = skip(&text, "https://");
  if (!out->https && !skip(&text, "http://"))
    return false;
  return parse_host_and_port(text, out);
}

/* A list entry that was found good when it was written. */
static bool parse_entry(slice text, origin *out) {
  if (memchr(text.at, '/', text.len) != NULL)
    return parse_origin(text, out);
  out->https = true;
  out->wildcard = skip(&text, "*.");
  return parse_host_and_port(text, out);
}

/* "a..b", ".a" and "a.": no list entry has such a host, and a wildcard must not swallow one. */
static bool has_empty_label(slice host) {
  bool empty = true;
  for (size_t i = 0; i < host.len; i++) {
    if (empty && host.at[i] == '.')
      return true;
    empty = host.at[i] == '.';
  }
  return empty;
}

static bool matches(const origin *entry, const origin *asked) {
  if (entry->https != asked->https || entry->port != asked->port)
    return false;
  if (!entry->wildcard)
    return equal(entry->host, asked->host);
  /* At least one character and a dot before the entry's host. */
  if (asked->host.len < entry->host.len + 2)
    return false;
  slice end = {asked->host.at + asked->host.len - entry->host.len, entry->host.len};
  return end.at[-1] == '.' && equal(entry->host, end);
}

bool authapi_origin_allowed(const char *domains, const char *text) {
  origin asked, entry;
  if (text == NULL || strlen(text) > AUTHAPI_ORIGIN_MAX || !parse_origin((slice){text, strlen(text)}, &asked) ||
      has_empty_label(asked.host))
    return false;
  for (const char *line = domains; *line != '\0';) {
    size_t len = strcspn(line, "\n");
    if (parse_entry((slice){line, len}, &entry) && matches(&entry, &asked))
      return true;
    line += len + (line[len] == '\n');
  }
  return false;
}

bool authapi_origin_printable(const char *text) {
  size_t len = strlen(text);
  if (len == 0 || len > AUTHAPI_ORIGIN_MAX)
    return false;
  for (size_t i = 0; i < len; i++)
    if (text[i] <= ' ' || text[i] > '~')
      return false;
  return true;
}

static void write_ipv4(const unsigned char address[4], char out[ADDRESS_SIZE]) {
  snprintf(out, ADDRESS_SIZE, "%d.%d.%d.%d", address[0], address[1], address[2], address[3]);
}

/* WHATWG URL, "IPv6 serializer". inet_ntop will not do: it writes the last 32 bits of a mapped
 * address with dots, browsers never do. */
static void write_ipv6(const unsigned char address[16], char out[ADDRESS_SIZE]) {
  unsigned piece[8];
  int best = 0, best_len = 1, len = 0; /* a single zero is not compressed */
  for (int i = 0; i < 8; i++) {
    piece[i] = (unsigned)address[2 * i] << 8 | address[2 * i + 1];
    len = piece[i] == 0 ? len + 1 : 0;
    if (len > best_len) {
      best = i + 1 - len;
      best_len = len;
    }
  }
  for (int i = 0; i < 8; i++) {
    if (best_len > 1 && i == best) {
      out += sprintf(out, "%s", i == 0 ? "::" : ":");
      i += best_len - 1;
    } else {
      out += sprintf(out, i < 7 ? "%x:" : "%x", piece[i]);
    }
  }
}

/* Whether a browser writes this address just so; any other spelling would never match. */
static bool is_canonical_address(int family, slice text) {
  unsigned char address[16];
  char given[ADDRESS_SIZE], canonical[ADDRESS_SIZE];
  if (text.len >= sizeof given)
    return false;
  for (size_t i = 0; i < text.len; i++)
    given[i] = iauth__lower(text.at[i]);
  given[text.len] = '\0';
  if (inet_pton(family, given, address) != 1)
    return false;
  if (family == AF_INET)
    write_ipv4(address, canonical);
  else
    write_ipv6(address, canonical);
  return strcmp(given, canonical) == 0;
}

/* WHATWG URL "ends in a number": such a host is an IPv4 address, whatever it looks like. */
static bool ends_in_number(slice host) {
  size_t start = host.len;
  while (start > 0 && host.at[start - 1] != '.')
    start--;
  slice label = {host.at + start, host.len - start};
  if (skip(&label, "0x"))
    return true; /* "0x" alone is zero; and with other than hexadecimal digits it is a mistake */
  for (size_t i = 0; i < label.len; i++)
    if (!iauth__is_digit(label.at[i]))
      return false;
  return label.len > 0;
}

static const char *host_problem(const origin *entry) {
  slice host = entry->host;
  if (host.at[0] == '[') {
    if (!is_canonical_address(AF_INET6, (slice){host.at + 1, host.len - 2}))
      return "Write the IPv6 address as browsers do: lower case, shortest form, for example [::1].";
    return entry->wildcard ? "An address has no sub-domains: leave out \"*.\"." : NULL;
  }
  if (has_empty_label(host))
    return "The host has an empty label: remove the extra dot.";
  size_t label = 0;
  for (size_t i = 0; i <= host.len; i++, label++) {
    if (i == host.len || host.at[i] == '.') {
      if (label > 63)
        return "A part of the host is longer than 63 characters.";
      label = (size_t)-1;
    }
  }
  if (ends_in_number(host)) {
    if (!is_canonical_address(AF_INET, host))
      return "Write the IPv4 address as four decimal numbers, for example 127.0.0.1.";
    if (entry->wildcard)
      return "An address has no sub-domains: leave out \"*.\".";
  }
  return NULL;
}

/* Why what stands behind "://" is no host with maybe a port. */
static const char *authority_problem(const char *authority) {
  if (strchr(authority, '@') != NULL)
    return "An origin has no user: leave out what stands before the @.";
  if (strpbrk(authority, "/?#\\") != NULL)
    return "An origin has no path: leave out what follows the host and port.";
  size_t host = authority[0] == '[' ? strcspn(authority, "]") : strcspn(authority, ":");
  const char *colon = strchr(authority + host, ':');
  if (host > 0 && colon != NULL)
    return "The port is a number from 1 to 65535, without leading zeros.";
  return "The host is missing, too long, or has a character that no host has.";
}

const char *authapi_domain_problem(const char *text) {
  origin entry;
  slice all = {text, strlen(text)};
  if (all.len == 0)
    return "The domain is empty: give a host such as www.example.com.";
  if (all.len > AUTHAPI_ORIGIN_MAX)
    return "The domain is too long.";
  if (strcmp(text, "*") == 0 || strcmp(text, "null") == 0)
    return "A domain key cannot admit every origin: list each host.";
  bool full = strchr(text, '/') != NULL;
  if (!full && text[0] != '[' && strchr(text, ':') != NULL)
    return "A port needs a full origin: write https://HOST:PORT or http://HOST:PORT.";
  if (full && strchr(text, '*') != NULL)
    return "A wildcard stands alone: write *.example.com, without scheme or port.";
  if (!parse_entry(all, &entry)) {
    if (!full)
      return "The host has a character that no host has; write it like www.example.com.";
    slice rest = all;
    if (!skip(&rest, "https://") && !skip(&rest, "http://"))
      return "Write a host such as www.example.com, or an origin that begins with https:// or "
             "http://.";
    return authority_problem(rest.at);
  }
  return host_problem(&entry);
}
