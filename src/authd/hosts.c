/* Host names and addresses; see hosts.h. */
#define _POSIX_C_SOURCE 200809L
#include "authd/hosts.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#define NAME_SIZE 256
/* RFC 1035, 2.3.4 */
#define HOST_LEN_MAX 253
#define LABEL_LEN_MAX 63

bool authd_is_loopback(const char *address) {
  struct in_addr ipv4;
  struct in6_addr ipv6;
  if (inet_pton(AF_INET, address, &ipv4) == 1)
    return (ntohl(ipv4.s_addr) >> 24) == 127;
  return inet_pton(AF_INET6, address, &ipv6) == 1 && IN6_IS_ADDR_LOOPBACK(&ipv6);
}

static bool is_address(const char *name) {
  unsigned char address[sizeof(struct in6_addr)];
  return inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
}

/* RFC 6761, 6.3: "localhost" and all names below it are this machine. */
static bool is_localhost(const char *name) {
  static const char localhost[] = "localhost";
  size_t len = strlen(name), tail = sizeof localhost - 1;
  return len >= tail && strcasecmp(name + len - tail, localhost) == 0 && (len == tail || name[len - tail - 1] == '.');
}

/* Copies the host without its port and without the brackets of an IPv6 address. */
static bool read_name(const char *host, char name[NAME_SIZE]) {
  bool brackets = host[0] == '[';
  size_t len = brackets ? strcspn(++host, "]") : strcspn(host, ":");
  if (brackets && host[len] == '\0')
    return false;
  const char *rest = host + len + brackets;
  if (len == 0 || len >= NAME_SIZE || (*rest != '\0' && *rest != ':'))
    return false;
  memcpy(name, host, len);
  name[len] = '\0';
  return true;
}

bool authd_host_allowed(const char *host, const cJSON *allowed) {
  char name[NAME_SIZE];
  if (host == NULL)
    return true;
  if (!read_name(host, name))
    return false;
  bool good = is_address(name) || is_localhost(name);
  const cJSON *entry;
  cJSON_ArrayForEach(entry, allowed) good = good || strcasecmp(name, entry->valuestring) == 0;
  return good;
}

bool authd_is_host(const char *name) {
  static const char characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  size_t total = strlen(name);
  if (is_address(name))
    return true;
  bool good = total > 0 && total <= HOST_LEN_MAX;
  for (const char *label = name; good; label++) {
    size_t len = strspn(label, characters);
    good = len > 0 && len <= LABEL_LEN_MAX;
    label += len;
    if (*label != '.')
      return good && *label == '\0';
  }
  return false;
}
