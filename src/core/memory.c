/* Memory from the host; see memory.h. */
#include "core/memory.h"

#include <string.h>

void *iauth__alloc(const iauth_host *host, size_t size) { return host->alloc(host->user, size); }

char *iauth__copy(const iauth_host *host, const char *text) {
  char *copy = iauth__alloc(host, strlen(text) + 1);
  return copy != NULL ? strcpy(copy, text) : NULL;
}

char *iauth__append(char *at, const char *text) {
  while ((*at = *text++) != '\0')
    at++;
  return at;
}

void iauth__release(const iauth_host *host, const void *ptr) { host->release(host->user, (void *)ptr); }
