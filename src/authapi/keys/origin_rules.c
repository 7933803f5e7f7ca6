/* The origins that a domain key allows; see origin_rules.h. */
#include "authapi/keys/origin_rules.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/url.h"

#define ADDRESS_SIZE INET6_ADDRSTRLEN
#define HOST_MAX 253 /* characters of a host name (RFC 1035, in its text form) */

typedef iauth__slice slice;

typedef struct {
  bool https;
  bool wildcard; /* `host` is the part after "*." */
  slice host;
  long port;
} origin;

/* Takes host and port. False if more text follows. */
static bool copy_url(const iauth__url *url, origin *out) {
  out->https = url->https;
  out->host = url->host;
  out->port = url->https ? 443 : 80;
  if (url->host.len > HOST_MAX || url->rest.len > 0)
    return false;
  if (url->port.start == NULL)
    return true;
  out->port = iauth__url_port(url->port);
  /* No browser writes a port with a leading zero. */
  return out->port > 0 && url->port.start[0] != '0';
}

/* scheme://host[:port], http or https. */
static bool parse_origin(slice text, origin *out) {
  iauth__url url;
  out->wildcard = false;
  return iauth__url_read(text, &url) && copy_url(&url, out);
}

/* Parses a list entry that was checked when it was stored. */
static bool parse_entry(slice text, origin *out) {
  iauth__url url = {.https = true};
  if (memchr(text.start, '/', text.len) != NULL)
    return parse_origin(text, out);
  out->wildcard = iauth__slice_skip(&text, "*.");
  return iauth__url_read_host(text, &url) && copy_url(&url, out);
}

/* True for "a..b", ".a" and "a.". No list entry has such a host, and a wildcard must not match it. */
static bool has_empty_label(slice host) {
  bool empty = true;
  for (size_t i = 0; i < host.len; i++) {
    if (empty && host.start[i] == '.')
      return true;
    empty = host.start[i] == '.';
  }
  return empty;
}

static bool matches(const origin *entry, const origin *requested) {
  if (entry->https != requested->https || entry->port != requested->port)
    return false;
  if (!entry->wildcard)
    return iauth__slice_equal(entry->host, requested->host);
  /* At least one character and a dot precede the entry's host. */
  if (requested->host.len < entry->host.len + 2)
    return false;
  slice end = {requested->host.start + requested->host.len - entry->host.len, entry->host.len};
  return end.start[-1] == '.' && iauth__slice_equal(entry->host, end);
}

bool authapi_origin_allowed(const char *domains, const char *text) {
  origin requested, entry;
  if (text == NULL || strlen(text) > AUTHAPI_ORIGIN_MAX || !parse_origin((slice){text, strlen(text)}, &requested) ||
      has_empty_label(requested.host))
    return false;
  for (const char *line = domains; *line != '\0';) {
    size_t len = strcspn(line, "\n");
    if (parse_entry((slice){line, len}, &entry) && matches(&entry, &requested))
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

const char *authapi_origin_logged(const char *origin) {
  static const char letters_and_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-.";
  if (origin == NULL || strcmp(origin, "null") == 0)
    return origin;
  size_t scheme = strspn(origin, letters_and_digits);
  bool good = authapi_origin_printable(origin) && scheme > 0 && strncmp(origin + scheme, "://", 3) == 0 &&
              strpbrk(origin + scheme + 3, "/\\?#@") == NULL;
  return good ? origin : "(not an origin)";
}

/* WHATWG URL, "IPv6 serializer". inet_ntop does not work here: it writes the last 32 bits of a mapped address with
 * dots. Browsers never do that. */
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

/* True if a browser writes this IPv6 address in the same way. Any other spelling would never match. */
static bool is_canonical_ipv6(slice text) {
  unsigned char address[16];
  char given[ADDRESS_SIZE], canonical[ADDRESS_SIZE];
  if (text.len >= sizeof given)
    return false;
  for (size_t i = 0; i < text.len; i++)
    given[i] = iauth__lower(text.start[i]);
  given[text.len] = '\0';
  if (inet_pton(AF_INET6, given, address) != 1)
    return false;
  write_ipv6(address, canonical);
  return strcmp(given, canonical) == 0;
}

/* WHATWG URL, "ends in a number": such a host counts as an IPv4 address. */
static bool ends_in_number(slice host) {
  size_t start = host.len;
  while (start > 0 && host.start[start - 1] != '.')
    start--;
  slice label = {host.start + start, host.len - start};
  if (iauth__slice_skip(&label, "0x"))
    return true; /* "0x" alone is zero; after "0x", other characters than hexadecimal digits are a mistake */
  for (size_t i = 0; i < label.len; i++)
    if (!iauth__is_digit(label.start[i]))
      return false;
  return label.len > 0;
}

static const char *host_problem(const origin *entry) {
  slice host = entry->host;
  if (host.start[0] == '[') {
    if (!is_canonical_ipv6((slice){host.start + 1, host.len - 2}))
      return "Write the IPv6 address as browsers do: lower case, shortest form, for example [::1].";
    return entry->wildcard ? "An address has no subdomains. Remove \"*.\"." : NULL;
  }
  if (has_empty_label(host))
    return "The host has an empty label. Remove the extra dot.";
  size_t label = 0;
  for (size_t i = 0; i <= host.len; i++, label++) {
    if (i == host.len || host.start[i] == '.') {
      if (label > 63)
        return "A part of the host is longer than 63 characters.";
      label = (size_t)-1;
    }
  }
  if (ends_in_number(host)) {
    unsigned char address[4];
    if (!iauth__url_ipv4(host, address))
      return "Write the IPv4 address as four decimal numbers, for example 127.0.0.1.";
    if (entry->wildcard)
      return "An address has no subdomains. Remove \"*.\".";
  }
  return NULL;
}

/* "com" is nobody's host, and "*.com" is everybody's. In a private network, a name without a dot can be meant; then it
 * must be written as a full origin. */
static const char *wildcard_problem(const origin *entry) {
  slice host = entry->host;
  if (host.start[0] == '[' || memchr(host.start, '.', host.len) != NULL ||
      iauth__slice_equal(host, (slice){"localhost", sizeof "localhost" - 1}))
    return NULL;
  return entry->wildcard ? "This would allow every site of a top-level domain. Write *.example.com."
                         : "A host has a dot, for example www.example.com. For a host without a dot, write its full "
                           "origin: https://HOST.";
}

/* Why the text after "://" is not a host with an optional port. */
static const char *authority_problem(const char *authority) {
  if (strchr(authority, '@') != NULL)
    return "An origin has no user. Remove the text before the @.";
  if (strpbrk(authority, "/?#\\") != NULL)
    return "An origin has no path. Remove everything after the host and port.";
  size_t host = authority[0] == '[' ? strcspn(authority, "]") : strcspn(authority, ":");
  const char *colon = strchr(authority + host, ':');
  if (host > 0 && colon != NULL)
    return "The port is a number from 1 to 65535, without leading zeros.";
  return "The host is missing, is too long or has an invalid character.";
}

const char *authapi_domain_problem(const char *text) {
  origin entry;
  slice all = {text, strlen(text)};
  if (all.len == 0)
    return "The domain is empty. Give a host such as www.example.com.";
  if (all.len > AUTHAPI_ORIGIN_MAX)
    return "The domain is too long.";
  if (strcmp(text, "*") == 0 || strcmp(text, "null") == 0)
    return "A domain key cannot allow every origin. List each host.";
  bool full = strchr(text, '/') != NULL;
  if (!full && text[0] != '[' && strchr(text, ':') != NULL)
    return "A port needs a full origin. Write https://HOST:PORT or http://HOST:PORT.";
  if (full && strchr(text, '*') != NULL)
    return "A wildcard has no scheme and no port. Write *.example.com.";
  if (!parse_entry(all, &entry)) {
    if (!full)
      return "The host has an invalid character. Write it like www.example.com.";
    slice rest = all;
    if (!iauth__slice_skip(&rest, "https://") && !iauth__slice_skip(&rest, "http://"))
      return "Write a host such as www.example.com, or an origin that begins with https:// or "
             "http://.";
    return authority_problem(rest.start);
  }
  const char *problem = host_problem(&entry);
  return problem == NULL && !full ? wildcard_problem(&entry) : problem;
}
