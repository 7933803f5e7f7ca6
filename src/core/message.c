/* The message in a server's refusal; see message.h. */
#include "core/message.h"

#include <string.h>

#include "base/ascii.h"
#include "core/memory.h"

/* The length of `secret` in `text`, or 0 if `text` does not begin with it. A server may quote it in another spelling:
 * percent-encoded, as in a URL; with backslashes, as in JSON; or in the other letter case. */
static size_t match_secret(const char *text, const char *secret) {
  static const char digits[] = "0123456789abcdef";
  const char *at = text;
  for (; *secret != '\0'; secret++) {
    if (*at == '%' && iauth__lower(at[1]) == digits[*secret >> 4] && iauth__lower(at[2]) == digits[*secret & 15]) {
      at += 3;
      continue;
    }
    if (*at == '\\' && at[1] == *secret)
      at++;
    if (iauth__lower(*at++) != iauth__lower(*secret))
      return 0;
  }
  return (size_t)(at - text);
}

/* The length of the longest secret that `text` begins with, or 0. The longest one counts, because one secret may begin
 * with another. */
static size_t match_longest_secret(const char *text, const char *const *secrets) {
  size_t longest = 0;
  for (; *secrets != NULL; secrets++) {
    size_t len = strlen(*secrets) >= IAUTH__SECRET_MIN ? match_secret(text, *secrets) : 0;
    if (len > longest)
      longest = len;
  }
  return longest;
}

/* True if a character is invisible: a control character, a line separator, a change of the writing direction, or a
 * character without width (Unicode, general categories Cc, Cf, Zl, Zp). */
static bool is_invisible(uint32_t code) {
  return code < ' ' || (code >= 0x7f && code < 0xa0) || code == 0x61c || (code >= 0x200b && code < 0x2010) ||
         (code >= 0x2028 && code < 0x202f) || (code >= 0x2060 && code < 0x2070) || code == 0xfeff || code >= 0xe0000;
}

/* The number of bytes of the character at `text`. A byte that is not UTF-8 (RFC 3629) counts as the character 0: its
 * character is longer than necessary, half of a surrogate pair, or above U+10FFFF. */
static size_t read_character(const char *text, uint32_t *character) {
  const unsigned char *byte = (const unsigned char *)text;
  size_t len = *byte < 0x80 ? 1 : *byte < 0xe0 ? 2 : *byte < 0xf0 ? 3 : 4;
  uint32_t code = len == 1 ? *byte : *byte & (0x7fu >> len);
  *character = 0;
  for (size_t i = 1; i < len; i++) {
    if ((byte[i] & 0xc0) != 0x80)
      return 1;
    code = code << 6 | (byte[i] & 0x3f);
  }
#ifndef IAUTH_BROWSER /* in a page, TextEncoder wrote the text, so it is valid */
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if ((len > 1 && *byte < 0xc0) || *byte >= 0xf8 || code < least[len] || (code >= 0xd800 && code <= 0xdfff) ||
      code > 0x10ffff)
    return 1;
#endif
  *character = code;
  return len;
}

iauth__message *iauth__message_new(const iauth_host *host, const char *text, const char *const *secrets) {
  if (text == NULL)
    return NULL;
  iauth__message *made = iauth__alloc(host, sizeof *made);
  if (made == NULL)
    return NULL;
  size_t used = 0;
  while (*text != '\0') {
    const char *shown = "***";
    size_t taken = match_longest_secret(text, secrets);
    if (taken == 0) {
      uint32_t code;
      taken = read_character(text, &code);
      shown = is_invisible(code) ? " " : text;
    }
    size_t len = shown == text ? taken : strlen(shown);
    if (used + len > IAUTH_MESSAGE_MAX || (used == 0 && *shown == '<'))
      break;
    if (used > 0 || *shown != ' ') { /* no blanks before the first word */
      memcpy(made->text + used, shown, len);
      used += len;
    }
    text += taken;
  }
  made->text[used] = '\0';
  if (used > 0)
    return made;
  iauth__release(host, made);
  return NULL;
}
