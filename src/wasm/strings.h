/* Strings as they come from JavaScript: one behind the other, each with its NUL. */
#ifndef IAUTH_WASM_STRINGS_H
#define IAUTH_WASM_STRINGS_H

#include <string.h>

/* The string behind `text`. */
static inline const char *behind(const char *text) { return text + strlen(text) + 1; }

/* A token's apis, behind the token: "name\0url\0…\0", up to an empty name. */
static inline const char *apis_of(const char *token, size_t *len) {
  const char *apis = behind(token), *end = apis;
  while (*end != '\0')
    end = behind(end);
  *len = (size_t)(end - apis);
  return apis;
}

#endif
