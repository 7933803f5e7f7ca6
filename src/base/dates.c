/* Dates; see dates.h. */
#define _POSIX_C_SOURCE 200809L
#include "base/dates.h"

#include <string.h>
#include <time.h>

/* Days from 1970-01-01 to the first of a month, in the proleptic Gregorian calendar. Years start in
 * March, so that the leap day is the last one of a year. */
static int64_t days_before(int year, int month) {
  static const int before_month[] = {306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275};
  if (month < 2)
    year--;
  return (int64_t)year * 365 + year / 4 - year / 100 + year / 400 + before_month[month] - 719468;
}

/* Reads exactly `digits` decimal digits. */
static bool number_at(const char *text, int digits, int *out) {
  *out = 0;
  for (int i = 0; i < digits; i++) {
    if (text[i] < '0' || text[i] > '9')
      return false;
    *out = *out * 10 + (text[i] - '0');
  }
  return true;
}

bool iauth__parse_http_date(const char *text, size_t len, int64_t *unix_s) {
  static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  int day, year, hour, minute, second, month = 0;
  if (len != 29 || memcmp(text + 3, ", ", 2) != 0 || memcmp(text + 25, " GMT", 4) != 0)
    return false;
  if (!number_at(text + 5, 2, &day) || !number_at(text + 12, 4, &year) || !number_at(text + 17, 2, &hour) ||
      !number_at(text + 20, 2, &minute) || !number_at(text + 23, 2, &second))
    return false;
  while (month < 12 && memcmp(months + 3 * month, text + 8, 3) != 0)
    month++;
  if (month == 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60)
    return false;
  *unix_s = (((days_before(year, month) + day - 1) * 24 + hour) * 60 + minute) * 60 + second;
  return true;
}

void iauth__write_date(int64_t unix_s, char text[IAUTH__DATE_SIZE]) {
  struct tm utc;
  time_t when = (time_t)unix_s;
  gmtime_r(&when, &utc);
  strftime(text, IAUTH__DATE_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc);
}
