/* Overwrites memory; see wipe.h. */
#include "base/wipe.h"

#include <string.h>

void iauth__wipe(void *ptr, size_t size) {
  memset(ptr, 0, size);
  __asm__ volatile("" : : "r"(ptr) : "memory"); /* makes the compiler assume that the memory is read */
}
