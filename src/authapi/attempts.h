/* Wrong admin tokens: whoever shows several of them has to wait, longer each time. Pure. */
#ifndef AUTHAPI_ATTEMPTS_H
#define AUTHAPI_ATTEMPTS_H

#include <stdint.h>

#define AUTHAPI_ATTEMPTS_FREE 5      /* wrong tokens of one address before it has to wait */
#define AUTHAPI_ATTEMPTS_WAIT_MAX 60 /* seconds */

/* Begins zeroed. Of more addresses than fit, the one that may ask again first is forgotten. */
typedef struct {
  struct {
    char client[48];
    unsigned failures;
    int64_t until_s; /* it has to wait until then, in Unix seconds */
  } clients[64];
} authapi_attempts;

/* How many seconds this address still has to wait; 0: it may ask now. */
int64_t authapi_attempts_wait_s(const authapi_attempts *attempts, const char *client, int64_t now_s);

void authapi_attempts_failed(authapi_attempts *attempts, const char *client, int64_t now_s);
void authapi_attempts_succeeded(authapi_attempts *attempts, const char *client);

#endif
