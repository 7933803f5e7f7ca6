/* Text to number; see number.h. */
#include "base/number.h"

#include <string.h>

#include "base/ascii.h"

static double scale(double value, int exponent) {
  /* Beyond these a double is 0 or infinite anyway; the loop must stay short for hostile exponents.
   */
  if (exponent > 400)
    exponent = 400;
  if (exponent < -400)
    exponent = -400;
  for (; exponent > 0; exponent--)
    value *= 10.0;
  for (; exponent < 0; exponent++)
    value /= 10.0;
  return value;
}

double iauth__strtod(const char *text, char **end) {
  const char *at = text;
  bool negative = *at == '-';
  if (negative)
    at++;
  const char *digits = at;
  double value = 0;
  int exponent = 0;
  while (iauth__is_digit(*at))
    value = value * 10.0 + (*at++ - '0');
  if (at == digits) {
    *end = (char *)text;
    return 0;
  }
  if (*at == '.') {
    for (at++; iauth__is_digit(*at); at++) {
      if (value < 1e17) { /* digits beyond are below a double's precision */
        value = value * 10.0 + (*at - '0');
        exponent--;
      }
    }
  }
  if (*at == 'e' || *at == 'E') {
    const char *mark = at++;
    bool down = *at == '-';
    if (*at == '-' || *at == '+')
      at++;
    if (!iauth__is_digit(*at)) {
      at = mark; /* "1e" is the number 1 followed by something else */
    } else {
      int power = 0;
      for (; iauth__is_digit(*at); at++)
        if (power < 1000)
          power = power * 10 + (*at - '0');
      exponent += down ? -power : power;
    }
  }
  *end = (char *)at;
  value = scale(value, value == 0 ? 0 : exponent);
  return negative ? -value : value;
}

bool iauth__parse_number(const char *text, size_t len, double *out) {
  char buffer[32];
  char *end;
  if (len == 0 || len >= sizeof buffer)
    return false;
  memcpy(buffer, text, len);
  buffer[len] = '\0';
  *out = iauth__strtod(buffer, &end);
  return end == buffer + len;
}
