/* The connections that are open: so many of one address, and each request within a time, so that slow
 * clients of one address do not shut others out. */
#ifndef AUTHD_CONNECTIONS_H
#define AUTHD_CONNECTIONS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "authd/networks.h"

#define AUTHD_CONNECTIONS_OF_ONE 256 /* of one IPv4 address, or of one IPv6 network of 64 bits */
#define AUTHD_REQUEST_DEADLINE_S 30  /* from a connection's begin, or the answer before, to the answer */

typedef struct authd_connections authd_connections;
typedef struct authd_connection authd_connection;

/* At most `limit` connections of one address, unless it is one of `trusted`, which is borrowed. NULL
 * without memory or a thread. */
authd_connections *authd_connections_new(unsigned limit, const authd_networks *trusted);
void authd_connections_free(authd_connections *connections);

/* Whether one more of this address is taken. Any thread may call these functions. */
bool authd_connections_accept(authd_connections *connections, const struct sockaddr *address);

/* Notes a connection, whose socket is `file`. NULL without memory: then it has no deadline. Release it
 * with authd_connections_remove before the socket is closed; NULL is fine there. */
authd_connection *authd_connections_add(authd_connections *connections, int file, const struct sockaddr *address);
void authd_connections_remove(authd_connections *connections, authd_connection *connection);

/* A request was answered: the time for the next one begins. NULL is fine. */
void authd_connections_restart(authd_connections *connections, authd_connection *connection);

#endif
