/* Reads header lines; see headers.h. */
#include "core/headers.h"

#include <string.h>

#include "base/ascii.h"

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/* Finds the value in a line. `name` is in lower case. False if the line has another name. */
static bool match_header(const char *line, const char *end, const char *name, const char **value, size_t *len) {
  for (; *name != '\0'; name++, line++)
    if (line == end || iauth__lower(*line) != *name)
      return false;
  if (line == end || *line++ != ':')
    return false;
  while (line < end && is_space(*line))
    line++;
  while (end > line && is_space(end[-1]))
    end--;
  *value = line;
  *len = (size_t)(end - line);
  return true;
}

/* Writes all values of one name to `values`. Returns the number of bytes with the NUL, or 0 if there is no such line.
 * `values` never overflows, because a line is longer than its value, a comma, a space and a NUL. */
static size_t join_values(const char *lines, size_t len, const char *name, char *values) {
  size_t used = 0;
  for (const char *line = lines, *end; line < lines + len; line = end + 1) {
    const char *value;
    size_t value_len;
    end = memchr(line, '\n', len - (size_t)(line - lines));
    if (end == NULL)
      end = lines + len;
    if (!match_header(line, end, name, &value, &value_len))
      continue;
    if (used > 0) {
      values[used - 1] = ',';
      values[used++] = ' ';
    }
    memcpy(values + used, value, value_len);
    used += value_len;
    values[used++] = '\0';
  }
  return used;
}

void iauth__read_headers(const char *lines, size_t len, char *values, iauth_response *response) {
  static const char *const names[] = {
#define IAUTH_HEADER(name, text) text,
      IAUTH_RESPONSE_HEADERS(IAUTH_HEADER)
#undef IAUTH_HEADER
  };
  for (int i = 0; i < IAUTH_HEADERS; i++) {
    size_t used = join_values(lines, len, names[i], values);
    response->headers[i] = used > 0 ? values : "";
    values += used;
  }
}
