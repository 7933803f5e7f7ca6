/* Fuzzing of sequences of events: the lives of tests/c/core/schedule.h, led by coverage. */
#include "schedule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  schedule_run(data, size);
  return 0;
}
