/* IP addresses and networks: the proxies whose X-Forwarded-For is trusted. */
#ifndef AUTHD_NETWORKS_H
#define AUTHD_NETWORKS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define AUTHD_NETWORKS_MAX 16
#define AUTHD_ADDRESS_SIZE 46 /* an IPv6 address as text, with the NUL */

/* An IPv6 address. An IPv4 address is stored as mapped address (RFC 4291, 2.5.5.2). */
typedef struct {
  unsigned char bytes[16];
} authd_address;

typedef struct {
  struct {
    authd_address address;
    unsigned bits; /* of the address, from the left */
  } networks[AUTHD_NETWORKS_MAX];
  size_t count;
} authd_networks;

/* Adds an address or a network, for example "10.0.0.1", "10.0.0.0/8", or an IPv6 one. False for any other text, or if
 * the list is full. */
bool authd_networks_add(authd_networks *networks, const char *text);

/* True if a network in the list contains the address. `networks` may be NULL, which is an empty list. */
bool authd_networks_contain(const authd_networks *networks, const authd_address *address);

/* The IP address of a socket address; zeroed if it is not an IP address. */
authd_address authd_address_of(const struct sockaddr *address);

/* The address of the client. This is the peer. If the peer is a trusted proxy, it is the last address of
 * X-Forwarded-For that is not a trusted proxy. `forwarded` is the value of that header, or NULL. */
void authd_client_address(const authd_networks *trusted, const struct sockaddr *peer, const char *forwarded,
                          char client[AUTHD_ADDRESS_SIZE]);

#endif
