/* base64url without padding; see base64url.h. */
#include "base/base64url.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t iauth__base64url_encode(const void *bytes, size_t len, char *out) {
  const unsigned char *in = bytes;
  size_t written = 0;
  unsigned bits = 0;
  int count = 0;
  for (size_t i = 0; i < len; i++) {
    bits = (bits << 8 | in[i]) & 0xffff;
    for (count += 8; count >= 6; count -= 6)
      out[written++] = alphabet[bits >> (count - 6) & 63];
  }
  if (count > 0)
    out[written++] = alphabet[bits << (6 - count) & 63];
  out[written] = '\0';
  return written;
}

/* The value of each ASCII character; -1 for a character that is not in the alphabet. */
static const signed char values[128] = {
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 62, -1, -1, 52, 53, 54, 55,
    56, 57, 58, 59, 60, 61, -1, -1, -1, -1, -1, -1, -1, 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12,
    13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, -1, -1, -1, -1, 63, -1, 26, 27, 28, 29, 30, 31, 32,
    33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, -1, -1, -1, -1, -1,
};

long iauth__base64url_decode(const char *text, size_t len, void *out, size_t size) {
  unsigned char *bytes = out;
  size_t written = 0;
  unsigned bits = 0;
  int count = 0;
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)text[i];
    int value = c < sizeof values ? values[c] : -1;
    if (value < 0)
      return -1;
    bits = (bits << 6 | (unsigned)value) & 0xffff;
    count += 6;
    if (count >= 8) {
      count -= 8;
      if (written == size)
        return -1;
      bytes[written++] = (unsigned char)(bits >> count);
    }
  }
  if (count == 6 || (bits & ((1u << count) - 1)) != 0)
    return -1;
  return (long)written;
}
