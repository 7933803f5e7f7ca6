/* Shared by the fuzz targets of the local Auth API. */
#ifndef FUZZ_HANDLERS_H
#define FUZZ_HANDLERS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

static inline int64_t now_s(void *state) {
  (void)state;
  return 1000;
}

static inline void require(bool condition) {
  if (!condition)
    abort();
}

#endif
