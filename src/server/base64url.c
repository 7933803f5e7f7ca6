/* base64url without padding; see base64url.h. */
#include "server/base64url.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t authd_base64url_encode(const void *bytes, size_t len, char *out) {
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

long authd_base64url_decode(const char *text, size_t len, void *out, size_t size) {
  unsigned char *bytes = out;
  size_t written = 0;
  unsigned bits = 0;
  int count = 0;
  for (size_t i = 0; i < len; i++) {
    const char *at = text[i] != '\0' ? strchr(alphabet, text[i]) : NULL;
    if (at == NULL)
      return -1;
    bits = (bits << 6 | (unsigned)(at - alphabet)) & 0xffff;
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
