/* A client that sends exactly the bytes that it is given, for tests of the HTTP host. */
#ifndef TEST_NET_H
#define TEST_NET_H

#include <stddef.h>

/* Sends `len` bytes to 127.0.0.1:`port`. Reads until the server closes or sends nothing for 20 s, at most `size` - 1 bytes,
 * and adds a NUL. Returns the HTTP status, 0 if there was none, or -1 if no server listens. */
int net_exchange(unsigned short port, const char *request, size_t len, char *answer, size_t size);

/* The same for a text. */
int net_exchange_text(unsigned short port, const char *request, char *answer, size_t size);

#endif
