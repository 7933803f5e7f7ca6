/* Dates; see dates.h. */
#include "base/dates.h"

#include <stdbool.h>
#include <string.h>

/* Days from 1970-01-01 to the first of a month, in the proleptic Gregorian calendar. Years start in March, so that the
 * leap day is the last day of a year. */
static int64_t days_before(int year, int month) {
  static const int before_month[] = {306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275};
  if (month < 2)
    year--;
  return (int64_t)year * 365 + year / 4 - year / 100 + year / 400 + before_month[month] - 719468;
}

/* Reads exactly `digits` decimal digits. */
static bool read_digits(const char *text, int digits, int *out) {
  *out = 0;
  for (int i = 0; i < digits; i++) {
    if (text[i] < '0' || text[i] > '9')
      return false;
    *out = *out * 10 + (text[i] - '0');
  }
  return true;
}

/* The index in `names` of the three-letter name at `text`. `count` if none of the `count` names matches. */
static int find_name(const char *text, const char *names, int count) {
  int i = 0;
  while (i < count && memcmp(names + 3 * i, text, 3) != 0)
    i++;
  return i;
}

int64_t iauth__parse_http_date(const char *text, size_t len) {
  int day, year, hour, minute, second;
  if (len != 29 || memcmp(text + 3, ", ", 2) != 0 || memcmp(text + 25, " GMT", 4) != 0 || text[7] != ' ' ||
      text[11] != ' ' || text[16] != ' ' || text[19] != ':' || text[22] != ':')
    return -1;
  if (!read_digits(text + 5, 2, &day) || !read_digits(text + 12, 4, &year) || !read_digits(text + 17, 2, &hour) ||
      !read_digits(text + 20, 2, &minute) || !read_digits(text + 23, 2, &second))
    return -1;
  int month = find_name(text + 8, "JanFebMarAprMayJunJulAugSepOctNovDec", 12);
  if (month == 12 || year < 1970 || day < 1 || hour > 23 || minute > 59 || second > 59)
    return -1;
  int64_t first = days_before(year, month), days = first + day - 1;
  int64_t next = month < 11 ? days_before(year, month + 1) : days_before(year + 1, 0);
  if (days >= next || find_name(text, "ThuFriSatSunMonTueWed", 7) != days % 7) /* 1970-01-01 was a Thursday */
    return -1;
  return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

/* Writes exactly `digits` decimal digits. Returns the position after them. */
static char *put_number(char *text, int digits, int64_t number) {
  for (int i = digits - 1; i >= 0; i--, number /= 10)
    text[i] = (char)('0' + number % 10);
  return text + digits;
}

/* strftime is not used: in wasm, the strftime of libc asks the host for the environment and its time zone. */
void iauth__write_date(int64_t unix_s, char text[IAUTH__DATE_SIZE]) {
  static const int64_t last_s = 253402300799; /* 9999-12-31T23:59:59Z */
  if (unix_s < 0)
    unix_s = 0;
  if (unix_s > last_s)
    unix_s = last_s;
  int64_t days = unix_s / 86400, second = unix_s % 86400;
  int year = 1970 + (int)(days / 366), month = 11; /* a lower bound: the right year is this one or a few later */
  while (days_before(year + 1, 0) <= days)
    year++;
  while (days_before(year, month) > days)
    month--;
  const struct {
    int digits;
    char after;
    int64_t number;
  } parts[] = {{4, '-', year},          {2, '-', month + 1},        {2, 'T', days - days_before(year, month) + 1},
               {2, ':', second / 3600}, {2, ':', second / 60 % 60}, {2, 'Z', second % 60}};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    text = put_number(text, parts[i].digits, parts[i].number);
    *text++ = parts[i].after;
  }
  *text = '\0';
}
