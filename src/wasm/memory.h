/* The memory of a client. It has a fixed size. */
#ifndef IAUTH_WASM_MEMORY_H
#define IAUTH_WASM_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* True if malloc would succeed for `size` bytes. */
bool has_room(size_t size);

#endif
