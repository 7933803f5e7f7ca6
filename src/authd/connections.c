/* Open connections; see connections.h. A thread checks them once per second, and whenever too many are open. They are in
 * a list, in the order of their deadlines: the latest is the first. The list is searched from the start to count those
 * of an address: 10,000 entries take some microseconds. */
#define _POSIX_C_SOURCE 200809L
#include "authd/connections.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct authd_connection {
  authd_connection *previous, *next;
  int file;
  authd_address group; /* connections of the same group are counted together */
  int64_t since_s;     /* on the monotonic clock */
  bool trusted;        /* of a trusted proxy */
  bool shut;           /* shut down, but not yet closed */
};

struct authd_connections {
  unsigned limit, most; /* per address; of all addresses before the oldest ones are shut down */
  const authd_networks *trusted;
  authd_connection *first, *last;
  unsigned open; /* those that are not of a trusted proxy, and not shut down */
  pthread_mutex_t mutex;
  pthread_cond_t changed; /* it ends, or too many connections are open */
  pthread_t thread;
  bool ending;
};

static int64_t now_s(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec;
}

/* Only shuts down the socket. libmicrohttpd treats it like a client that left, and closes it. */
static void shut_down(authd_connections *connections, authd_connection *connection) {
  shutdown(connection->file, SHUT_RDWR);
  connection->shut = true;
  connections->open -= !connection->trusted;
}

/* Shuts down the connections that are late. If there are too many, shuts down a sixth of them at once,
 * the oldest ones: libmicrohttpd is slow to close them one by one. It is also slow to accept a connection while it has
 * many, so half of the places stay free. */
static void shut_down_late(authd_connections *connections) {
  int64_t latest_s = now_s() - AUTHD_REQUEST_DEADLINE_S;
  unsigned enough = connections->open > connections->most ? connections->most - connections->most / 6 : UINT_MAX;
  for (authd_connection *connection = connections->last; connection != NULL; connection = connection->previous) {
    bool late = connection->since_s < latest_s;
    if (!late && connections->open <= enough)
      break;
    if (!connection->shut && (late || !connection->trusted))
      shut_down(connections, connection);
  }
}

static void *watch(void *state) {
  authd_connections *connections = state;
  pthread_mutex_lock(&connections->mutex);
  while (!connections->ending) {
    struct timespec next;
    clock_gettime(CLOCK_MONOTONIC, &next);
    next.tv_sec++;
    pthread_cond_timedwait(&connections->changed, &connections->mutex, &next);
    shut_down_late(connections);
  }
  pthread_mutex_unlock(&connections->mutex);
  return NULL;
}

static void release(authd_connections *connections) {
  pthread_cond_destroy(&connections->changed);
  pthread_mutex_destroy(&connections->mutex);
  free(connections);
}

authd_connections *authd_connections_new(unsigned limit, unsigned places, const authd_networks *trusted) {
  pthread_condattr_t monotonic;
  authd_connections *connections = calloc(1, sizeof *connections);
  if (connections == NULL)
    return NULL;
  connections->limit = limit;
  connections->most = places / 2;
  connections->trusted = trusted;
  pthread_mutex_init(&connections->mutex, NULL);
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&connections->changed, &monotonic);
  pthread_condattr_destroy(&monotonic);
  if (pthread_create(&connections->thread, NULL, watch, connections) == 0)
    return connections;
  release(connections);
  return NULL;
}

void authd_connections_free(authd_connections *connections) {
  if (connections == NULL)
    return;
  pthread_mutex_lock(&connections->mutex);
  connections->ending = true;
  pthread_cond_signal(&connections->changed);
  pthread_mutex_unlock(&connections->mutex);
  pthread_join(connections->thread, NULL);
  while (connections->first != NULL)
    authd_connections_remove(connections, connections->first);
  release(connections);
}

/* The group of an IPv6 address is its network, because one client can use all addresses of its network. */
static authd_address group_of(authd_address address) {
  static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (memcmp(address.bytes, mapped, sizeof mapped) != 0)
    memset(address.bytes + 8, 0, 8);
  return address;
}

bool authd_connections_accept(authd_connections *connections, const struct sockaddr *socket_address) {
  const authd_address address = authd_address_of(socket_address), group = group_of(address);
  unsigned count = 0;
  if (authd_networks_contain(connections->trusted, &address))
    return true;
  pthread_mutex_lock(&connections->mutex);
  for (const authd_connection *connection = connections->first; connection != NULL; connection = connection->next)
    count += memcmp(connection->group.bytes, group.bytes, sizeof group.bytes) == 0;
  pthread_mutex_unlock(&connections->mutex);
  return count < connections->limit;
}

/* Starts the connection's deadline: it is the latest one now. */
static void put_first(authd_connections *connections, authd_connection *connection) {
  connection->since_s = now_s();
  connection->previous = NULL;
  connection->next = connections->first;
  if (connection->next != NULL)
    connection->next->previous = connection;
  else
    connections->last = connection;
  connections->first = connection;
}

static void take_out(authd_connections *connections, authd_connection *connection) {
  if (connection->previous != NULL)
    connection->previous->next = connection->next;
  else
    connections->first = connection->next;
  if (connection->next != NULL)
    connection->next->previous = connection->previous;
  else
    connections->last = connection->previous;
}

authd_connection *authd_connections_add(authd_connections *connections, int file, const struct sockaddr *address) {
  authd_connection *added = malloc(sizeof *added);
  if (added == NULL)
    return NULL;
  const authd_address client = authd_address_of(address);
  *added = (authd_connection){
      .file = file, .group = group_of(client), .trusted = authd_networks_contain(connections->trusted, &client)};
  pthread_mutex_lock(&connections->mutex);
  put_first(connections, added);
  connections->open += !added->trusted;
  if (connections->open > connections->most)
    pthread_cond_signal(&connections->changed);
  pthread_mutex_unlock(&connections->mutex);
  return added;
}

void authd_connections_remove(authd_connections *connections, authd_connection *connection) {
  if (connection == NULL)
    return;
  pthread_mutex_lock(&connections->mutex);
  take_out(connections, connection);
  connections->open -= !connection->shut && !connection->trusted;
  pthread_mutex_unlock(&connections->mutex);
  free(connection);
}

void authd_connections_restart(authd_connections *connections, authd_connection *connection) {
  if (connection == NULL)
    return;
  pthread_mutex_lock(&connections->mutex);
  take_out(connections, connection);
  put_first(connections, connection);
  pthread_mutex_unlock(&connections->mutex);
}
