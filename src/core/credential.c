/* Which credentials may be used at all; see credential.h. */
#include "core/credential.h"

bool iauth__is_credential(const char *text, size_t len) {
  if (len == 0 || len > IAUTH_CREDENTIAL_MAX)
    return false;
  for (size_t i = 0; i < len; i++)
    if (text[i] <= ' ' || text[i] > '~')
      return false;
  return true;
}
