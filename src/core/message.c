/* What a server says in its refusal, made fit to be shown; see message.h. */
#include "core/message.h"

#include <string.h>

#include "core/memory.h"

/* The length of the longest secret that stands at `text`, 0 if none does. The longest, because one may begin like
 * another. */
static size_t secret_at(const char *text, const char *const *secrets) {
  size_t longest = 0;
  for (; *secrets != NULL; secrets++) {
    size_t len = strlen(*secrets);
    if (len >= IAUTH__SECRET_MIN && len > longest && strncmp(text, *secrets, len) == 0)
      longest = len;
  }
  return longest;
}

/* The bytes of the character at `text` (RFC 3629), 0 if it is no UTF-8. *printable is false for control characters, line
 * separators and what turns the direction of writing. */
static size_t character_at(const char *text, bool *printable) {
  const unsigned char *byte = (const unsigned char *)text;
  size_t len = *byte < 0x80 ? 1 : *byte < 0xc2 ? 0 : *byte < 0xe0 ? 2 : *byte < 0xf0 ? 3 : *byte < 0xf5 ? 4 : 0;
  uint32_t code = len < 2 ? *byte : *byte & (0x7fu >> len);
  for (size_t i = 1; i < len; i++) {
    if ((byte[i] & 0xc0) != 0x80)
      return 0;
    code = code << 6 | (byte[i] & 0x3f);
  }
  *printable = code >= ' ' && (code < 0x7f || code >= 0xa0) && (code < 0x2028 || code > 0x202e) &&
               (code < 0x2066 || code > 0x2069);
  return len;
}

iauth__message *iauth__message_new(const iauth_host *host, const char *text, const char *const *secrets) {
  if (text == NULL || *text == '\0' || *text == '<')
    return NULL;
  iauth__message *made = iauth__alloc(host, sizeof *made);
  if (made == NULL)
    return NULL;
  size_t used = 0;
  while (*text != '\0') {
    bool printable = true;
    const char *shown = "***";
    size_t taken = secret_at(text, secrets), len = 3;
    if (taken == 0) {
      shown = text;
      taken = len = character_at(text, &printable);
    }
    if (!printable || taken == 0) {
      shown = " ";
      len = 1;
      taken += taken == 0;
    }
    if (used + len > IAUTH_MESSAGE_MAX)
      break;
    memcpy(made->text + used, shown, len);
    used += len;
    text += taken;
  }
  made->text[used] = '\0';
  return made;
}
