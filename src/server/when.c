/* Points in time; see when.h. */
#define _POSIX_C_SOURCE 200809L
#include "server/when.h"

#include <time.h>

void authd_when(int64_t unix_s, char text[AUTHD_WHEN_SIZE]) {
  struct tm utc;
  time_t when = (time_t)unix_s;
  gmtime_r(&when, &utc);
  strftime(text, AUTHD_WHEN_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc);
}
