/* Memory through the host's allocator, which wipes what is released. */
#ifndef IAUTH_MEMORY_H
#define IAUTH_MEMORY_H

#include "core/iauth.h"

void *iauth__alloc(const iauth_host *host, size_t size);

/* Copies `size` bytes. NULL if there is no memory. */
void *iauth__copy(const iauth_host *host, const void *bytes, size_t size);

/* Writes a string and a NUL; returns where the NUL is. */
char *iauth__append(char *at, const char *text);

/* Through the host, which wipes. NULL is fine. */
void iauth__release(const iauth_host *host, const void *ptr);

#endif
