/* Values of the command line in messages; see shown.h. */
#include "base/shown.h"

#include <stdbool.h>
#include <string.h>

#define CREDENTIAL_LEN 32 /* the shortest generated credential: 16 bytes in hex */

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define BASE64URL LOWER UPPER DIGITS "-_+="

/* How many of lower case, upper case and digits the first `len` characters have. */
static int kinds_in(const char *text, size_t len) {
  static const char *const kinds[] = {LOWER, UPPER, DIGITS};
  int count = 0;
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    count += strcspn(text, kinds[i]) < len;
  return count;
}

/* Base64url, hex, and each part of a JWT: longer than a name, and a mixture of kinds. */
static bool is_base64url(const char *run, size_t len) { return len >= CREDENTIAL_LEN && kinds_in(run, len) > 1; }

/* Base64 may have "/" as well, like a path. A path from the root hardly has "+" or "=", and other paths of this length
 * rarely have all kinds. */
static bool is_base64(const char *run, size_t len) {
  return len >= CREDENTIAL_LEN && kinds_in(run, len) == 3 && (run[0] != '/' || strcspn(run, "+=") < len);
}

/* True if `is_credential` is true for a part of `value` that is as long as its `characters` allow. */
static bool has_run(const char *value, const char *characters, bool (*is_credential)(const char *run, size_t len)) {
  bool found = false;
  while (!found && *(value += strcspn(value, characters)) != '\0') {
    size_t len = strspn(value, characters);
    found = is_credential(value, len);
    value += len;
  }
  return found;
}

const char *iauth__shown(const char *value) {
  bool hidden = has_run(value, BASE64URL, is_base64url) || has_run(value, BASE64URL "/", is_base64);
  return hidden ? "(a value that looks like a credential)" : value;
}
