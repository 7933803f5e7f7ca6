/* Takes connections in a thread of its own. libmicrohttpd would take one at each look at all the
 * others: while thousands come at once, a look is long, and who came last would wait for seconds.
 */
#ifndef AUTHD_ACCEPTOR_H
#define AUTHD_ACCEPTOR_H

#include <stdbool.h>
#include <sys/socket.h>

typedef struct {
  /* Whether another connection may be taken now; asked again some milliseconds later. */
  bool (*has_room)(void *user);
  /* Owns the socket. */
  void (*take)(void *user, int socket, const struct sockaddr *from, socklen_t from_size);
  void *user;
} authd_taker;

typedef struct authd_acceptor authd_acceptor;

/* Listens; port 0 takes a free one, *port is the one that is used. `address` is an IPv4 or IPv6
 * address, of `size` bytes. NULL on failure; then errno says why. */
authd_acceptor *authd_acceptor_new(const struct sockaddr *address, socklen_t size, unsigned short *port);

/* From now on connections are given to `taker`, in another thread. False, and errno, on failure. */
bool authd_acceptor_start(authd_acceptor *acceptor, const authd_taker *taker);

/* Listens no more and frees; nothing is given to the taker afterwards. NULL is fine. */
void authd_acceptor_free(authd_acceptor *acceptor);

#endif
