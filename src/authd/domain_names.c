/* Converts host names natively; see idna.h. */
#define _POSIX_C_SOURCE 200809L
#include "authd/idna.h"

#include <idn2.h>
#include <stddef.h>
#include <string.h>

char *authd_to_ascii(const char *host) {
  char *ascii = NULL, *copy = NULL;
  if (idn2_to_ascii_8z(host, &ascii, IDN2_NONTRANSITIONAL) == IDN2_OK)
    copy = strdup(ascii); /* only libidn2 can release its memory, so the caller gets a copy */
  idn2_free(ascii);
  return copy;
}
