/* The few functions of libc that the core uses, in their shortest form. Those of Emscripten are faster for long
 * strings, but three times as large, and every page loads them. */
#include <stdlib.h>
#include <string.h>

void *calloc(size_t count, size_t size) {
  void *made = malloc(count * size); /* no overflow: only emscripten_fetch calls this, for one struct */
  if (made != NULL)
    __builtin_memset(made, 0, count * size);
  return made;
}

size_t strlen(const char *text) {
  const char *end = text;
  while (*end != '\0')
    end++;
  return (size_t)(end - text);
}

char *strcpy(char *restrict to, const char *restrict from) { return __builtin_memcpy(to, from, strlen(from) + 1); }

char *strdup(const char *text) {
  char *copy = malloc(strlen(text) + 1);
  return copy != NULL ? strcpy(copy, text) : NULL;
}

int strncmp(const char *a, const char *b, size_t size) {
  for (; size > 0; size--, a++, b++)
    if (*a != *b || *a == '\0')
      return (unsigned char)*a - (unsigned char)*b;
  return 0;
}

int strcmp(const char *a, const char *b) {
  for (; *a == *b; a++, b++)
    if (*a == '\0')
      return 0;
  return (unsigned char)*a - (unsigned char)*b;
}

char *strchr(const char *text, int wanted) {
  while (*text != (char)wanted)
    if (*text++ == '\0')
      return NULL;
  return (char *)text;
}
