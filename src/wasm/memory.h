/* The room in the memory of fixed size that a client lives in. */
#ifndef IAUTH_WASM_MEMORY_H
#define IAUTH_WASM_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* Whether malloc would find `size` bytes. */
bool has_room(size_t size);

#endif
