/* Headers; see headers.h. */
#include "core/headers.h"

#include <string.h>

#include "base/ascii.h"

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/* The value in a line that has this name, NULL if it has another one. */
static char *value_of(char *line, const char *name) {
  for (; *name != '\0'; name++, line++)
    if (iauth__lower(*line) != *name)
      return NULL;
  if (*line++ != ':')
    return NULL;
  while (is_space(*line))
    line++;
  return line;
}

void iauth__read_headers(char *lines, size_t len, iauth_response *response) {
  static const char *const names[] = {
#define IAUTH_HEADER(name, text) text,
      IAUTH_RESPONSE_HEADERS(IAUTH_HEADER)
#undef IAUTH_HEADER
  };
  for (int i = 0; i < IAUTH_HEADERS; i++)
    response->headers[i] = "";
  for (char *line = lines, *end; line < lines + len; line = end + 1) {
    end = memchr(line, '\n', len - (size_t)(line - lines));
    if (end == NULL)
      end = lines + len;
    char *last = end;
    *end = '\0';
    while (last > line && is_space(last[-1]))
      *--last = '\0';
    for (int i = 0; i < IAUTH_HEADERS; i++) {
      char *value = value_of(line, names[i]);
      if (value != NULL && *response->headers[i] == '\0')
        response->headers[i] = value;
    }
  }
}
