/* A client for tests; see net.h. */
#define _POSIX_C_SOURCE 200809L
#include "net.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int net_exchange(unsigned short port, const char *request, size_t len, char *answer, size_t size) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
  const struct timeval patience = {.tv_sec = 20}; /* a loaded machine is slow */
  int client = socket(AF_INET, SOCK_STREAM, 0), status = -1;
  size_t got = 0;
  ssize_t count;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (connect(client, (const struct sockaddr *)&at, sizeof at) == 0) {
    while (len > 0 && (count = send(client, request, len, MSG_NOSIGNAL)) > 0) {
      request += count;
      len -= (size_t)count;
    }
    while (got < size - 1 && (count = recv(client, answer + got, size - 1 - got, 0)) > 0)
      got += (size_t)count;
    status = 0;
  }
  close(client);
  answer[got] = '\0';
  if (strncmp(answer, "HTTP/1.", 7) == 0)
    status = atoi(answer + 9);
  return status;
}

int net_exchange_text(unsigned short port, const char *request, char *answer, size_t size) {
  return net_exchange(port, request, strlen(request), answer, size);
}
