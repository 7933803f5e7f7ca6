/* Memory from the host's allocator, which wipes memory before it releases it. */
#ifndef IAUTH_MEMORY_H
#define IAUTH_MEMORY_H

#include "core/iauth.h"

/* Both return NULL if there is no memory. */
void *iauth__alloc(const iauth_host *host, size_t size);
char *iauth__copy(const iauth_host *host, const char *text);

/* Writes a string and a NUL at `at`. Returns the position of the NUL. */
char *iauth__append(char *at, const char *text);

/* Wipes and releases. `ptr` may be NULL. */
void iauth__release(const iauth_host *host, const void *ptr);

#endif
