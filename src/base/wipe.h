/* Overwriting memory that held a credential. */
#ifndef IAUTH_WIPE_H
#define IAUTH_WIPE_H

#include <stddef.h>

/* Overwrites `size` bytes with zeros, in a way that the compiler may not leave out. */
void iauth__wipe(void *ptr, size_t size);

#endif
