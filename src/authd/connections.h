/* The open connections. Their number per address is limited, and each request has a deadline, which shrinks when most
 * places are taken. So slow clients do not shut others out. */
#ifndef AUTHD_CONNECTIONS_H
#define AUTHD_CONNECTIONS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "authd/networks.h"

#define AUTHD_CONNECTIONS_PER_ADDRESS 256 /* connections of one IPv4 address, or of one IPv6 /64 network */
#define AUTHD_REQUEST_DEADLINE_S 30       /* until the response; starts at the connection or the previous response */

typedef struct authd_connections authd_connections;
typedef struct authd_connection authd_connection;

/* Makes a table for `places` connections that allows at most `limit` of them per address. When more than half of the
 * places are taken, those that have waited longest for a whole request are closed. Addresses in `trusted`, which is
 * borrowed, have no limit and do not count; their connections keep the whole time. NULL if there is no memory or no
 * thread. */
authd_connections *authd_connections_new(unsigned limit, unsigned places, const authd_networks *trusted);
void authd_connections_free(authd_connections *connections);

/* True if one more connection of this address is allowed. Any thread may call this and the functions below. */
bool authd_connections_accept(authd_connections *connections, const struct sockaddr *address);

/* Adds a connection with the socket `file`. NULL if there is no memory; then the connection has no deadline. Call
 * authd_connections_remove before the socket is closed; it accepts NULL. */
authd_connection *authd_connections_add(authd_connections *connections, int file, const struct sockaddr *address);
void authd_connections_remove(authd_connections *connections, authd_connection *connection);

/* Restarts the deadline after a response. `connection` may be NULL. */
void authd_connections_restart(authd_connections *connections, authd_connection *connection);

#endif
