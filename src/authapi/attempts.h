/* Wrong admin tokens: an address that sends several of them must wait, each time longer. Pure. */
#ifndef AUTHAPI_ATTEMPTS_H
#define AUTHAPI_ATTEMPTS_H

#include <stdint.h>

#define AUTHAPI_ATTEMPTS_FREE 5      /* wrong tokens from one address before it must wait */
#define AUTHAPI_ATTEMPTS_WAIT_MAX 60 /* seconds */

/* All zero at first. If the table is full, the address whose wait ends first is dropped. */
typedef struct {
  struct {
    char client[48];
    unsigned failures;
    int64_t until_s; /* the wait ends at this time, in Unix seconds */
  } clients[64];
} authapi_attempts;

/* The seconds that this address must still wait; 0 if it may ask now. */
int64_t authapi_attempts_wait_s(const authapi_attempts *attempts, const char *client, int64_t now_s);

void authapi_attempts_failed(authapi_attempts *attempts, const char *client, int64_t now_s);
void authapi_attempts_succeeded(authapi_attempts *attempts, const char *client);

#endif
