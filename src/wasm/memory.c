/* malloc for one client in a memory of fixed size. The blocks follow each other, and the first free one that is large
 * enough is taken. There are only a few dozen blocks, so the search is fast. This is a tenth of the code of
 * Emscripten's smallest allocator, and every page loads it. */
#include "wasm/memory.h"

#include <stdint.h>
#include <stdlib.h>

typedef struct {
  uint32_t size; /* bytes to the next block, with this header; a multiple of 8 */
  uint32_t used;
} block;

extern block __heap_base[]; /* set by the linker: the end of the stack and the static data */

static block *heap_end(void) { return (block *)(__builtin_wasm_memory_size(0) << 16); }

static block *next_block(block *at) { return (block *)((char *)at + at->size); }

/* The first free block of at least `size` bytes with its header, or NULL. Joins free neighbours as it passes them. */
static block *find_block(size_t size) {
  block *end = heap_end();
  if (__heap_base->size == 0) /* this is the first call: memory is all zero at first */
    __heap_base->size = (uint32_t)((char *)end - (char *)__heap_base);
  for (block *at = __heap_base; at < end; at = next_block(at)) {
    if (at->used)
      continue;
    for (block *next; (next = next_block(at)) < end && !next->used;)
      at->size += next->size;
    if (at->size >= size)
      return at;
  }
  return NULL;
}

/* The size of a block for `size` bytes. Nobody asks for 4 GB, so it does not overflow. */
static size_t block_size(size_t size) { return (size + sizeof(block) + 7) & ~(size_t)7; }

bool has_room(size_t size) { return find_block(block_size(size)) != NULL; }

void *malloc(size_t size) {
  size = block_size(size);
  block *at = find_block(size);
  if (at == NULL)
    return NULL;
  if (at->size > size) {
    block *rest = (block *)((char *)at + size);
    *rest = (block){at->size - (uint32_t)size, false};
    at->size = (uint32_t)size;
  }
  at->used = true;
  return at + 1;
}

/* Wipes the memory, because it may have held a key or a token. */
void free(void *ptr) {
  if (ptr == NULL)
    return;
  block *freed = (block *)ptr - 1;
  freed->used = false;
  __builtin_memset(ptr, 0, freed->size - sizeof *freed);
}
