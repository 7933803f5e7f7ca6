/* Taking connections; see acceptor.h. */
#define _GNU_SOURCE /* accept4, pipe2 */
#include "authd/acceptor.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define AGAIN_MS 5

struct authd_acceptor {
  int listening;
  int ending[2]; /* a pipe: closed at one end, its other end is readable */
  pthread_t thread;
  bool started;
  authd_taker taker;
};

static void close_ending(authd_acceptor *acceptor, int end) {
  if (acceptor->ending[end] >= 0)
    close(acceptor->ending[end]);
  acceptor->ending[end] = -1;
}

/* Takes all that wait. False if there is no more room, or no file for another one. */
static bool take_all(const authd_acceptor *acceptor) {
  const authd_taker *taker = &acceptor->taker;
  while (taker->has_room(taker->user)) {
    struct sockaddr_storage from;
    socklen_t size = sizeof from;
    int socket = accept4(acceptor->listening, (struct sockaddr *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket >= 0)
      taker->take(taker->user, socket, (const struct sockaddr *)&from, size);
    else if (errno == EAGAIN || errno == EWOULDBLOCK)
      return true;
    else if (errno != EINTR && errno != ECONNABORTED)
      return false;
  }
  return false;
}

static void *accept_connections(void *state) {
  authd_acceptor *acceptor = state;
  struct pollfd ends[] = {{.fd = acceptor->ending[0], .events = POLLIN}, {.fd = acceptor->listening, .events = POLLIN}};
  bool room = true;
  while (ends[0].revents == 0) {
    ends[0].revents = ends[1].revents = 0;
    /* Without room it is not told of those that wait, or it would not rest. */
    if (poll(ends, room ? 2 : 1, room ? -1 : AGAIN_MS) >= 0 && ends[0].revents == 0)
      room = take_all(acceptor);
  }
  return NULL;
}

static bool begin_listening(authd_acceptor *acceptor, const struct sockaddr *address, socklen_t size,
                            unsigned short *port) {
  struct sockaddr_storage at;
  socklen_t at_size = sizeof at;
  acceptor->listening = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (acceptor->listening < 0)
    return false;
  (void)setsockopt(acceptor->listening, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
  if (bind(acceptor->listening, address, size) != 0 || listen(acceptor->listening, SOMAXCONN) != 0 ||
      getsockname(acceptor->listening, (struct sockaddr *)&at, &at_size) != 0)
    return false;
  *port =
      ntohs(at.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&at)->sin6_port : ((struct sockaddr_in *)&at)->sin_port);
  return true;
}

authd_acceptor *authd_acceptor_new(const struct sockaddr *address, socklen_t size, unsigned short *port) {
  authd_acceptor *acceptor = calloc(1, sizeof *acceptor);
  if (acceptor == NULL)
    return NULL;
  acceptor->listening = acceptor->ending[0] = acceptor->ending[1] = -1;
  if (pipe2(acceptor->ending, O_CLOEXEC) == 0 && begin_listening(acceptor, address, size, port))
    return acceptor;
  int why = errno;
  authd_acceptor_free(acceptor);
  errno = why;
  return NULL;
}

bool authd_acceptor_start(authd_acceptor *acceptor, const authd_taker *taker) {
  acceptor->taker = *taker;
  errno = pthread_create(&acceptor->thread, NULL, accept_connections, acceptor);
  acceptor->started = errno == 0;
  return acceptor->started;
}

void authd_acceptor_free(authd_acceptor *acceptor) {
  if (acceptor == NULL)
    return;
  close_ending(acceptor, 1);
  if (acceptor->started)
    pthread_join(acceptor->thread, NULL);
  close_ending(acceptor, 0);
  if (acceptor->listening >= 0)
    close(acceptor->listening);
  free(acceptor);
}
