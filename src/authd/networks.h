/* IP addresses, and networks of them: the proxies that are trusted to say whom they ask for. */
#ifndef AUTHD_NETWORKS_H
#define AUTHD_NETWORKS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define AUTHD_NETWORKS_MAX 16
#define AUTHD_ADDRESS_SIZE 46 /* an IPv6 address as text, with the NUL */

/* An IPv6 address; an IPv4 address is mapped into one (RFC 4291, 2.5.5.2). */
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

/* Adds "10.0.0.1" or "10.0.0.0/8", or the same of IPv6. False for what is neither, or one too many. */
bool authd_networks_add(authd_networks *networks, const char *text);

/* `networks` may be NULL, which has none. */
bool authd_networks_have(const authd_networks *networks, const authd_address *address);

/* Zeroed for what is no IP socket. */
authd_address authd_address_of(const struct sockaddr *address);

/* Whom a request is from: the peer or, if that is a trusted proxy, the last address of X-Forwarded-For
 * that is not one. `forwarded` is the header's value, or NULL. */
void authd_client_address(const authd_networks *trusted, const struct sockaddr *peer, const char *forwarded,
                          char client[AUTHD_ADDRESS_SIZE]);

#endif
