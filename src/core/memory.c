/* Memory from the host; see memory.h. */
#include "core/memory.h"

#include <string.h>

void *iauth__alloc(const iauth_host *host, size_t size) { return host->alloc(host->user, size); }

void *iauth__copy(const iauth_host *host, const void *bytes, size_t size) {
  void *copy = iauth__alloc(host, size);
  return copy != NULL ? memcpy(copy, bytes, size) : NULL;
}

char *iauth__append(char *at, const char *text) {
  while ((*at = *text++) != '\0')
    at++;
  return at;
}

void iauth__release(const iauth_host *host, const void *ptr) { host->release(host->user, (void *)ptr); }
