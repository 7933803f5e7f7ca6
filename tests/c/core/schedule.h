/* A random life of a client: what happens to it is read from bytes, so that the property tests feed
 * it from a seeded generator and the fuzzer from its corpus.
 *
 * It checks all along: never an expired token handed out, never two requests at once, never more
 * requests than the minimum interval allows, every waiter answered exactly once and in time. */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

/* Lives through `size` bytes of events, then through two calm minutes, then ends. A violation fails
 * a cmocka assertion. */
void schedule_run(const uint8_t *data, size_t size);

#endif
