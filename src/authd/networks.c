/* IP addresses; see networks.h. */
#define _POSIX_C_SOURCE 200809L
#include "authd/networks.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_mapped(const authd_address *address) { return memcmp(address->bytes, mapped, sizeof mapped) == 0; }

/* Reads `len` bytes of text. Sets *bits to the number of bits before the address itself: 96 for
 * IPv4, 0 for IPv6. */
static bool read_address(const char *text, size_t len, authd_address *out, unsigned *bits) {
  char copy[AUTHD_ADDRESS_SIZE];
  if (len >= sizeof copy)
    return false;
  memcpy(copy, text, len);
  copy[len] = '\0';
  memcpy(out->bytes, mapped, sizeof mapped);
  *bits = 96;
  if (inet_pton(AF_INET, copy, out->bytes + sizeof mapped) == 1)
    return true;
  *bits = 0;
  return inet_pton(AF_INET6, copy, out->bytes) == 1;
}

bool authd_networks_add(authd_networks *networks, const char *text) {
  const char *slash = strchr(text, '/');
  authd_address address;
  unsigned before, bits;
  if (networks->count == AUTHD_NETWORKS_MAX ||
      !read_address(text, slash != NULL ? (size_t)(slash - text) : strlen(text), &address, &before))
    return false;
  bits = 128;
  if (slash != NULL) {
    size_t digits = strspn(slash + 1, "0123456789");
    if (digits == 0 || digits > 3 || slash[1 + digits] != '\0')
      return false;
    bits = before + (unsigned)strtoul(slash + 1, NULL, 10);
  }
  if (bits > 128)
    return false;
  networks->networks[networks->count].address = address;
  networks->networks[networks->count++].bits = bits;
  return true;
}

static bool has_same_bits(const authd_address *one, const authd_address *other, unsigned bits) {
  unsigned whole = bits / 8, rest = bits % 8;
  if (memcmp(one->bytes, other->bytes, whole) != 0)
    return false;
  return rest == 0 || ((one->bytes[whole] ^ other->bytes[whole]) >> (8 - rest)) == 0;
}

bool authd_networks_contain(const authd_networks *networks, const authd_address *address) {
  for (size_t i = 0; networks != NULL && i < networks->count; i++)
    if (has_same_bits(&networks->networks[i].address, address, networks->networks[i].bits))
      return true;
  return false;
}

authd_address authd_address_of(const struct sockaddr *address) {
  authd_address out = {{0}};
  if (address != NULL && address->sa_family == AF_INET) {
    memcpy(out.bytes, mapped, sizeof mapped);
    memcpy(out.bytes + sizeof mapped, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
  } else if (address != NULL && address->sa_family == AF_INET6) {
    memcpy(out.bytes, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
  }
  return out;
}

static void write_address(const authd_address *address, char text[AUTHD_ADDRESS_SIZE]) {
  bool ipv4 = is_mapped(address);
  if (inet_ntop(ipv4 ? AF_INET : AF_INET6, address->bytes + (ipv4 ? sizeof mapped : 0), text, AUTHD_ADDRESS_SIZE) ==
      NULL)
    text[0] = '\0';
}

void authd_client_address(const authd_networks *trusted, const struct sockaddr *peer, const char *forwarded,
                          char client[AUTHD_ADDRESS_SIZE]) {
  authd_address address = authd_address_of(peer), before;
  size_t end = forwarded != NULL ? strlen(forwarded) : 0;
  unsigned bits;
  /* Reads from the right, because each proxy appends the address that it got the request from. Addresses further left
   * may be forged. */
  while (end > 0 && authd_networks_contain(trusted, &address)) {
    size_t begin = end;
    while (begin > 0 && forwarded[begin - 1] != ',')
      begin--;
    size_t from = begin, to = end;
    while (from < to && strchr(" \t", forwarded[from]) != NULL)
      from++;
    while (to > from && strchr(" \t", forwarded[to - 1]) != NULL)
      to--;
    if (!read_address(forwarded + from, to - from, &before, &bits))
      break;
    address = before;
    end = begin > 0 ? begin - 1 : 0;
  }
  write_address(&address, client);
}
