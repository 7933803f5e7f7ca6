/* A running Auth API for a test: an SQLite store in memory with one API key and one domain key for
 * https://www.example.com, and a log in a temporary file. */
#ifndef TEST_SERVED_H
#define TEST_SERVED_H

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
  char *log_text; /* after served_stop */
  FILE *log_file; /* NULL if the log goes elsewhere */
} served;

/* Starts it on a free port. False on failure. Release it with served_clean_up. */
bool served_start(served *at);

/* The same with the store in this SQLite file. */
bool served_start_in(served *at, const char *path);

/* The same with the log in this file descriptor, which is borrowed. served_stop then returns NULL. */
bool served_start_with_log(served *at, int file);

/* Stops it, so that the log is complete, and reads the log. It may be stopped already. */
const char *served_stop(served *at);

void served_clean_up(served *at);

/* Seconds of a clock that is never set. */
double served_now_s(void);

#endif
