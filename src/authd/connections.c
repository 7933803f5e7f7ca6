/* Open connections; see connections.h. A thread checks all of them once per second. They are in a list that is searched
 * from the start: 10,000 entries take some microseconds. */
#define _POSIX_C_SOURCE 200809L
#include "authd/connections.h"

#include <errno.h>
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
};

struct authd_connections {
  unsigned limit;
  const authd_networks *trusted;
  authd_connection *first;
  pthread_mutex_t mutex;
  pthread_cond_t ended;
  pthread_t thread;
  bool ending;
};

static int64_t now_s(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec;
}

/* Only shuts down the socket. libmicrohttpd treats it like a client that left, and closes it. */
static void shut_down_late(authd_connections *connections) {
  int64_t latest_s = now_s() - AUTHD_REQUEST_DEADLINE_S;
  for (authd_connection *connection = connections->first; connection != NULL; connection = connection->next)
    if (connection->since_s < latest_s) {
      shutdown(connection->file, SHUT_RDWR);
      connection->since_s = INT64_MAX;
    }
}

static void *watch(void *state) {
  authd_connections *connections = state;
  pthread_mutex_lock(&connections->mutex);
  while (!connections->ending) {
    struct timespec next;
    clock_gettime(CLOCK_MONOTONIC, &next);
    next.tv_sec++;
    pthread_cond_timedwait(&connections->ended, &connections->mutex, &next);
    shut_down_late(connections);
  }
  pthread_mutex_unlock(&connections->mutex);
  return NULL;
}

static void release(authd_connections *connections) {
  pthread_cond_destroy(&connections->ended);
  pthread_mutex_destroy(&connections->mutex);
  free(connections);
}

authd_connections *authd_connections_new(unsigned limit, const authd_networks *trusted) {
  pthread_condattr_t monotonic;
  authd_connections *connections = calloc(1, sizeof *connections);
  if (connections == NULL)
    return NULL;
  connections->limit = limit;
  connections->trusted = trusted;
  pthread_mutex_init(&connections->mutex, NULL);
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&connections->ended, &monotonic);
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
  pthread_cond_signal(&connections->ended);
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

authd_connection *authd_connections_add(authd_connections *connections, int file, const struct sockaddr *address) {
  authd_connection *added = malloc(sizeof *added);
  if (added == NULL)
    return NULL;
  *added = (authd_connection){.file = file, .group = group_of(authd_address_of(address)), .since_s = now_s()};
  pthread_mutex_lock(&connections->mutex);
  added->next = connections->first;
  if (added->next != NULL)
    added->next->previous = added;
  connections->first = added;
  pthread_mutex_unlock(&connections->mutex);
  return added;
}

void authd_connections_remove(authd_connections *connections, authd_connection *connection) {
  if (connection == NULL)
    return;
  pthread_mutex_lock(&connections->mutex);
  if (connection->previous != NULL)
    connection->previous->next = connection->next;
  else
    connections->first = connection->next;
  if (connection->next != NULL)
    connection->next->previous = connection->previous;
  pthread_mutex_unlock(&connections->mutex);
  free(connection);
}

void authd_connections_restart(authd_connections *connections, authd_connection *connection) {
  if (connection == NULL)
    return;
  pthread_mutex_lock(&connections->mutex);
  connection->since_s = now_s();
  pthread_mutex_unlock(&connections->mutex);
}
