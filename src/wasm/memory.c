/* malloc for one client in a memory of fixed size: first fit over blocks that lie one behind the
 * other. There are a few dozen small blocks at any time, so walking them costs nothing, and this is
 * a tenth of the code of Emscripten's smallest allocator, which every page would load. */
#include "wasm/memory.h"

#include <stdint.h>
#include <stdlib.h>

typedef struct {
  uint32_t size; /* to the next block, this header included; a multiple of 8 */
  uint32_t used;
} block;

extern block __heap_base[]; /* from the linker: where the stack and the static data end */

static block *heap_end(void) { return (block *)(__builtin_wasm_memory_size(0) << 16); }

static block *next_block(block *at) { return (block *)((char *)at + at->size); }

/* The first free block of at least `size` bytes, its header included. Joins free neighbours on its way. */
static block *find_block(size_t size) {
  block *end = heap_end();
  if (__heap_base->size == 0) /* memory starts as zeros: the first call */
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

/* The bytes of a block for `size`. Whatever does not fit stays too large. */
static size_t block_size(size_t size) {
  return size < UINT32_MAX / 2 ? (size + sizeof(block) + 7) & ~(size_t)7 : UINT32_MAX;
}

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

/* What was in there may have been a key or a token. */
void free(void *ptr) {
  if (ptr == NULL)
    return;
  block *freed = (block *)ptr - 1;
  freed->used = false;
  __builtin_memset(ptr, 0, freed->size - sizeof *freed);
}
