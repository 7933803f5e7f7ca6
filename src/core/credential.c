/* The characters of a credential; see credential.h. */
#include "core/credential.h"

bool iauth__is_credential(const char *text) {
  const char *at = text;
  if (text == NULL)
    return false;
  while (*at > ' ' && *at <= '~')
    at++;
  bool quoted = at - text > 1 && (*text == '"' || *text == '\'') && at[-1] == *text;
  return *at == '\0' && at > text && at - text <= IAUTH_CREDENTIAL_MAX && !quoted;
}
