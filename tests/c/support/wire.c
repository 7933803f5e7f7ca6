/* A bare HTTP client for tests; see wire.h. */
#define _POSIX_C_SOURCE 200809L
#include "wire.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "cmocka_all.h"

int wire_connect(unsigned short port) {
  const struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  const struct timeval timeout = {.tv_sec = 20};
  int connection = socket(AF_INET, SOCK_STREAM, 0);
  assert_true(connection >= 0);
  setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  if (connect(connection, (const struct sockaddr *)&address, sizeof address) != 0)
    fail_msg("cannot connect to port %u", port);
  return connection;
}

void wire_send(int socket, const char *bytes, size_t len) {
  while (len > 0) {
    ssize_t sent = send(socket, bytes, len, MSG_NOSIGNAL);
    if (sent <= 0)
      return;
    bytes += sent;
    len -= (size_t)sent;
  }
}

/* The position after the body; 0 while the headers are not complete. */
static size_t answer_size(const char *answer) {
  const char *body = strstr(answer, "\r\n\r\n");
  const char *length = strstr(answer, "Content-Length: ");
  if (body == NULL)
    return 0;
  return (size_t)(body + 4 - answer) + (length != NULL && length < body ? strtoul(length + 16, NULL, 10) : 0);
}

int wire_receive(int socket, char answer[WIRE_ANSWER_SIZE]) {
  size_t len = 0;
  answer[0] = '\0';
  while (answer_size(answer) == 0 || len < answer_size(answer)) {
    assert_true(len < WIRE_ANSWER_SIZE - 1);
    ssize_t got = recv(socket, answer + len, WIRE_ANSWER_SIZE - 1 - len, 0);
    if (got <= 0)
      return 0;
    len += (size_t)got;
    answer[len] = '\0';
  }
  return (int)strtol(answer + strlen("HTTP/1.1 "), NULL, 10);
}

int wire_request(unsigned short port, const char *method, const char *path, const char *headers, const char *body,
                 char answer[WIRE_ANSWER_SIZE]) {
  static char head[4096];
  int len = snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %zu\r\n%s\r\n", method,
                     path, strlen(body), headers);
  assert_in_range(len, 1, sizeof head - 1);
  int connection = wire_connect(port);
  wire_send(connection, head, (size_t)len);
  wire_send(connection, body, strlen(body));
  int status = wire_receive(connection, answer);
  close(connection);
  return status;
}
