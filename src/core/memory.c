/* Memory through the host's allocator; see memory.h. */
#include "core/memory.h"

#include <string.h>

void *iauth__alloc(const iauth_host *host, size_t size) { return host->alloc(host->user, size); }

char *iauth__copy(const iauth_host *host, const char *bytes, size_t len) {
  char *copy = iauth__alloc(host, len + 1);
  if (copy == NULL)
    return NULL;
  memcpy(copy, bytes, len);
  copy[len] = '\0';
  return copy;
}

void iauth__wipe(void *ptr, size_t size) {
  memset(ptr, 0, size);
  __asm__ volatile("" : : "r"(ptr) : "memory"); /* as if somebody read it */
}

void iauth__wipe_release(const iauth_host *host, void *ptr, size_t size) {
  if (ptr == NULL)
    return;
  iauth__wipe(ptr, size);
  host->release(host->user, ptr);
}

void iauth__wipe_release_string(const iauth_host *host, char *string) {
  if (string != NULL)
    iauth__wipe_release(host, string, strlen(string));
}
