/* Domain names; see domain_names.h. */
#define _POSIX_C_SOURCE 200809L
#include "authd/domain_names.h"

#include <idn2.h>
#include <libpsl.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"

static char *to_ascii(const char *host) {
  char *ascii = NULL, *copy = NULL;
  if (idn2_to_ascii_8z(host, &ascii, IDN2_NONTRANSITIONAL) == IDN2_OK)
    copy = strdup(ascii); /* only libidn2 can release its memory, so the caller gets a copy */
  idn2_free(ascii);
  return copy;
}

/* The list is loaded each time: domains are rarely added, and the system's list is updated while the server runs. Its
 * last rule, "every name without a dot", is left out, because it would match localhost. */
static bool is_public_suffix(const char *host) {
  psl_ctx_t *list = psl_latest(NULL);
  char *lower = strdup(host);
  for (char *at = lower; at != NULL && *at != '\0'; at++)
    *at = iauth__lower(*at);
  bool found = lower != NULL && psl_is_public_suffix2(list, lower, PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE) == 1;
  free(lower);
  psl_free(list);
  return found;
}

const authapi_domain_names authd_domain_names = {to_ascii, is_public_suffix};
