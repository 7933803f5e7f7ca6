/* Fuzzes sequences of events, with the schedules of tests/c/core/schedule.h. */
#include "schedule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  schedule_run(data, size);
  return 0;
}
