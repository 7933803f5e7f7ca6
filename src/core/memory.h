/* Memory through the host's allocator. Whatever held a token or a key is wiped before it is
 * released. */
#ifndef IAUTH_MEMORY_H
#define IAUTH_MEMORY_H

#include "core/iauth.h"

void *iauth__alloc(const iauth_host *host, size_t size);

/* Copies `len` bytes and adds a NUL. NULL if there is no memory. */
char *iauth__copy(const iauth_host *host, const char *bytes, size_t len);

/* Overwrites in a way that the compiler may not leave out. */
void iauth__wipe(void *ptr, size_t size);

/* Wipes `size` bytes and releases. NULL is fine. */
void iauth__wipe_release(const iauth_host *host, void *ptr, size_t size);

/* The same for a NUL-terminated string. */
void iauth__wipe_release_string(const iauth_host *host, char *string);

#endif
