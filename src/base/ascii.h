/* ASCII characters. The locale does not matter. The functions are inline because each is only a comparison or two. */
#ifndef IAUTH_ASCII_H
#define IAUTH_ASCII_H

#include <stdbool.h>

static inline bool iauth__is_digit(char c) { return c >= '0' && c <= '9'; }

/* The lower-case letter for A to Z. Any other character is returned unchanged. */
static inline char iauth__lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c; }

static inline bool iauth__is_letter(char c) {
  c = iauth__lower(c);
  return c >= 'a' && c <= 'z';
}

static inline bool iauth__is_hex(char c) {
  c = iauth__lower(c);
  return iauth__is_digit(c) || (c >= 'a' && c <= 'f');
}

/* The value of a hexadecimal digit; only for a character that iauth__is_hex accepts. */
static inline int iauth__hex_value(char c) { return iauth__is_digit(c) ? c - '0' : iauth__lower(c) - 'a' + 10; }

#endif
