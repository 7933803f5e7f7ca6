/* Overwrites memory that held a credential. */
#ifndef IAUTH_WIPE_H
#define IAUTH_WIPE_H

#include <stddef.h>

/* Overwrites `size` bytes with zeros. The compiler cannot optimize this away. */
void iauth__wipe(void *ptr, size_t size);

#endif
