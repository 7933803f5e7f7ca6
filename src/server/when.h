/* Points in time, as JSON and logs tell them. */
#ifndef AUTHD_WHEN_H
#define AUTHD_WHEN_H

#include <stdint.h>

#define AUTHD_WHEN_SIZE 32

/* Unix seconds as UTC in ISO 8601, "2026-11-24T09:30:00Z". */
void authd_when(int64_t unix_s, char text[AUTHD_WHEN_SIZE]);

#endif
