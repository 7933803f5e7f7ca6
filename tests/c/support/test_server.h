/* A running Auth API for a test: an SQLite store in memory with one API key and one domain key for
 * https://www.example.com, and a log in a temporary file. */
#ifndef TEST_SERVER_H
#define TEST_SERVER_H

#include <stdio.h>

#include "authapi/keys/credentials.h"
#include "authd/http.h"

typedef struct {
  authapi api;
  authapi_signing_keys keys;
  authapi_api_key key;
  authapi_credential domain_key;
  authd_http *http; /* NULL once it is stopped */
  authd_log log;
  unsigned short port;
  char *log_text; /* after test_server_stop */
  FILE *log_file; /* NULL if the log goes elsewhere */
} test_server;

/* Starts it on a free port. False on failure. Release it with test_server_clean_up. */
bool test_server_start(test_server *at);

/* The same with the store in this SQLite file. */
bool test_server_start_in(test_server *at, const char *path);

/* The same with the log in this file descriptor, which is borrowed. test_server_stop then returns NULL. */
bool test_server_start_with_log(test_server *at, int file);

/* Stops it, so that the log is complete, and reads the log. It may be stopped already. */
const char *test_server_stop(test_server *at);

void test_server_clean_up(test_server *at);

/* Seconds of a clock that is never set. */
double test_server_now_s(void);

#endif
