/* Property tests: many random lives of a client (schedule.h). The seed is printed; to live one life
 * again: SCHEDULE_SEED=<seed> SCHEDULES=1 test_core_schedules */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "fake_host.h"
#include "schedule.h"

#define SCHEDULES 100000
#define BYTES_MAX 400

static uint64_t current_seed;

/* splitmix64: seeds that differ by one give unrelated sequences. */
static uint64_t random_next(uint64_t *state) {
  uint64_t value = *state += UINT64_C(0x9e3779b97f4a7c15);
  value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
  return value ^ value >> 31;
}

static void one_life(uint64_t seed) {
  uint8_t data[BYTES_MAX];
  uint64_t state = current_seed = seed;
  size_t size = random_next(&state) % BYTES_MAX;
  for (size_t i = 0; i < size; i++)
    data[i] = (uint8_t)(random_next(&state) >> 32);
  schedule_run(data, size);
}

static uint64_t number_of(const char *name, uint64_t otherwise) {
  const char *text = getenv(name);
  return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static void random_lives(void **state) {
  (void)state;
  uint64_t first = number_of("SCHEDULE_SEED", (uint64_t)time(NULL) * 1000000);
  uint64_t count = number_of("SCHEDULES", SCHEDULES);
  printf("%llu schedules, seeds from %llu\n", (unsigned long long)count, (unsigned long long)first);
  for (uint64_t i = 0; i < count; i++)
    one_life(first + i);
}

static int print_seed(void **state) {
  (void)state;
  printf("last seed %llu\n", (unsigned long long)current_seed);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(random_lives, print_seed)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
