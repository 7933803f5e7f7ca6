/* Overwriting memory; see wipe.h. */
#include "base/wipe.h"

#include <string.h>

void iauth__wipe(void *ptr, size_t size) {
  memset(ptr, 0, size);
  __asm__ volatile("" : : "r"(ptr) : "memory"); /* as if somebody read it */
}
