/* Taking connections: all that come, but none without room. */
#include "authd/acceptor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static atomic_int taken;
static atomic_bool room;

static bool has_room(void *user) {
  (void)user;
  return atomic_load(&room);
}

static void take(void *user, int socket, const struct sockaddr *from, socklen_t from_size) {
  (void)user;
  if (from->sa_family == AF_INET && from_size == sizeof(struct sockaddr_in))
    atomic_fetch_add(&taken, 1);
  close(socket);
}

static struct sockaddr_in loopback(unsigned short port) {
  return (struct sockaddr_in){
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int reach(unsigned short port) {
  const struct sockaddr_in address = loopback(port);
  int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(client, (const struct sockaddr *)&address, sizeof address) == 0)
    return client;
  close(client);
  return -1;
}

static void pause_ms(long ms) { nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL); }

/* Waits until so many were taken, two seconds at most. */
static void assert_taken(int count) {
  for (int i = 0; i < 400 && atomic_load(&taken) != count; i++)
    pause_ms(5);
  assert_int_equal(atomic_load(&taken), count);
}

static void takes_what_comes_while_there_is_room(void **state) {
  (void)state;
  unsigned short port = 0;
  struct sockaddr_in address = loopback(0);
  authd_acceptor *acceptor = authd_acceptor_new((const struct sockaddr *)&address, sizeof address, &port);
  assert_non_null(acceptor);
  assert_int_not_equal(port, 0);
  atomic_store(&room, true);
  atomic_store(&taken, 0);
  assert_true(authd_acceptor_start(acceptor, &(authd_taker){has_room, take, NULL}));

  int clients[8];
  for (int i = 0; i < 8; i++)
    clients[i] = reach(port);
  assert_taken(8);
  atomic_store(&room, false);
  int waits = reach(port);
  pause_ms(100);
  assert_taken(8);
  atomic_store(&room, true);
  assert_taken(9);

  /* Another one may not listen there, and nobody may afterwards. */
  address.sin_port = htons(port);
  unsigned short same = port;
  assert_null(authd_acceptor_new((const struct sockaddr *)&address, sizeof address, &same));
  assert_int_equal(errno, EADDRINUSE);
  authd_acceptor_free(acceptor);
  assert_int_equal(reach(port), -1);
  close(waits);
  for (int i = 0; i < 8; i++)
    close(clients[i]);
}

static void not_started(void **state) {
  (void)state;
  unsigned short port = 0;
  const struct sockaddr_in address = loopback(0);
  authd_acceptor_free(authd_acceptor_new((const struct sockaddr *)&address, sizeof address, &port));
  authd_acceptor_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_what_comes_while_there_is_room),
      cmocka_unit_test(not_started),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
