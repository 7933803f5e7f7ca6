/* Strings from JavaScript: they follow each other, and each ends in a NUL. */
#ifndef IAUTH_WASM_STRINGS_H
#define IAUTH_WASM_STRINGS_H

#include <string.h>

/* The string after `text`. */
static inline const char *next_string(const char *text) { return text + strlen(text) + 1; }

/* The apis that follow a token: "name\0url\0…\0". An empty name ends them. */
static inline const char *apis_of(const char *token, size_t *len) {
  const char *apis = next_string(token), *end = apis;
  while (*end != '\0')
    end = next_string(end);
  *len = (size_t)(end - apis);
  return apis;
}

#endif
