/* A bare HTTP client for tests. It sends exactly the bytes of the test. A failure ends the running cmocka test. */
#ifndef WIRE_H
#define WIRE_H

#include <stddef.h>

#define WIRE_ANSWER_SIZE 16384

/* Connects to a port of 127.0.0.1. The caller closes the socket. */
int wire_connect(unsigned short port);

/* Sends all bytes, or fewer if the other side closes first. */
void wire_send(int socket, const char *bytes, size_t len);

/* Reads one answer with its body and returns the status; 0 if the other side closed first. */
int wire_receive(int socket, char answer[WIRE_ANSWER_SIZE]);

/* Sends one request on a new connection. `headers` are lines that end in \r\n, or "". */
int wire_request(unsigned short port, const char *method, const char *path, const char *headers, const char *body,
                 char answer[WIRE_ANSWER_SIZE]);

#endif
