/* Text to number; see number.h. */
#include "base/number.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/ascii.h"

/* Multiplies by 10^exponent, in steps of up to 10^22. A double holds such a step exactly, so each step rounds once. */
static double scale(double value, int exponent) {
  while (exponent != 0) {
    double power = 1;
    int step = 0;
    bool down = exponent < 0;
    for (; step < 22 && exponent != 0; step++) {
      exponent += down ? 1 : -1;
      power *= 10;
    }
    value = down ? value / power : value * power;
  }
  return value;
}

/* Skips digits and adds them to *value, up to 19 significant digits. Returns how many digits were not added. */
static int skip_digits(const char **text, const char *end, uint64_t *value) {
  int ignored = 0;
  for (; *text < end && iauth__is_digit(**text); ++*text) {
    if (*value < UINT64_C(900000000000000000))
      *value = *value * 10 + (uint64_t)(**text - '0');
    else
      ignored++;
  }
  return ignored;
}

double iauth__parse_number(const char *text, size_t len) {
  const char *p = text, *end = text + len;
  uint64_t digits = 0, power = 0;
  bool negative = len > 0 && *p == '-', down = false;
  if (len > IAUTH__NUMBER_MAX)
    return NAN;
  p += negative;
  const char *integer = p;
  int exponent = skip_digits(&p, end, &digits);
  if (p == integer || (*integer == '0' && p - integer > 1))
    return NAN;
  if (p < end && *p == '.') {
    const char *fraction = ++p;
    int ignored = skip_digits(&p, end, &digits);
    if (p == fraction)
      return NAN;
    exponent -= (int)(p - fraction) - ignored;
  }
  if (p < end && iauth__lower(*p) == 'e') {
    if (++p < end && (*p == '-' || *p == '+'))
      down = *p++ == '-';
    const char *start = p;
    (void)skip_digits(&p, end, &power);
    if (p == start)
      return NAN;
    int bounded = power < 1000 ? (int)power : 1000; /* beyond this, a double is 0 or infinite */
    exponent += down ? -bounded : bounded;
  }
  if (p != end)
    return NAN;
  double value = scale((double)digits, exponent);
  return negative ? -value : value;
}

double iauth__strtod(const char *text, char **end) {
  size_t len = strlen(text);
  double value = iauth__parse_number(text, len);
  *end = (char *)text + (isnan(value) ? 0 : len);
  return isnan(value) ? 0 : value;
}
