/* A client that sends exactly the bytes that it is given, for tests of the HTTP host. */
#ifndef TEST_NET_H
#define TEST_NET_H

#include <stddef.h>

/* Sends `len` bytes to 127.0.0.1:`port` and reads until the server closes or is silent for 20 s, up
 * to `size` - 1 bytes, which end in NUL. Returns the HTTP status, 0 if there was none, -1 if nobody
 * listens. */
int net_exchange(unsigned short port, const char *request, size_t len, char *answer, size_t size);

/* The same for a text. */
int net_ask(unsigned short port, const char *request, char *answer, size_t size);

#endif
