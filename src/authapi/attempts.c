/* Wrong admin tokens; see attempts.h. */
#include "authapi/attempts.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define CLIENTS (sizeof((authapi_attempts *)0)->clients / sizeof *((authapi_attempts *)0)->clients)

/* The index of a client, or CLIENTS if it is not in the table. */
static size_t find(const authapi_attempts *attempts, const char *client) {
  size_t which = 0;
  while (which < CLIENTS && strcmp(attempts->clients[which].client, client) != 0)
    which++;
  return which;
}

int64_t authapi_attempts_wait_s(const authapi_attempts *attempts, const char *client, int64_t now_s) {
  size_t which = find(attempts, client);
  int64_t wait_s = which < CLIENTS ? attempts->clients[which].until_s - now_s : 0;
  /* If the clock was set back, the end of the wait is far away. */
  return wait_s > 0 && wait_s <= AUTHAPI_ATTEMPTS_WAIT_MAX ? wait_s : 0;
}

void authapi_attempts_failed(authapi_attempts *attempts, const char *client, int64_t now_s) {
  size_t which = find(attempts, client);
  if (which == CLIENTS) {
    which = 0;
    for (size_t i = 1; i < CLIENTS; i++)
      if (attempts->clients[i].until_s < attempts->clients[which].until_s)
        which = i;
    snprintf(attempts->clients[which].client, sizeof attempts->clients[which].client, "%s", client);
    attempts->clients[which].failures = 0;
  }
  unsigned failures = ++attempts->clients[which].failures;
  int64_t wait_s = 0;
  if (failures >= AUTHAPI_ATTEMPTS_FREE) {
    unsigned doublings = failures - AUTHAPI_ATTEMPTS_FREE;
    wait_s = doublings < 6 ? (int64_t)1 << doublings : AUTHAPI_ATTEMPTS_WAIT_MAX;
  }
  attempts->clients[which].until_s = now_s + wait_s;
}

void authapi_attempts_succeeded(authapi_attempts *attempts, const char *client) {
  size_t which = find(attempts, client);
  if (which < CLIENTS)
    memset(&attempts->clients[which], 0, sizeof attempts->clients[which]);
}
