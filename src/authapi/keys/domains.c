/* The list of domains of a key; see domains.h. */
#define _POSIX_C_SOURCE 200809L
#include "authapi/keys/domains.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "authapi/keys/origin_rules.h"

/* Converts the host in an entry to punycode, as browsers send it. */
static char *entry_to_ascii(const char *entry, const authapi_domain_names *names) {
  const char *host = strstr(entry, "://");
  host = host != NULL ? host + 3 : strncmp(entry, "*.", 2) == 0 ? entry + 2 : entry;
  size_t head = (size_t)(host - entry), len = strcspn(host, ":/");
  char *name = strndup(host, len), *joined = NULL;
  char *ascii = name != NULL ? names->to_ascii(name) : NULL;
  if (ascii != NULL) {
    size_t size = strlen(entry) + strlen(ascii) + 1;
    joined = malloc(size);
    if (joined != NULL)
      snprintf(joined, size, "%.*s%s%s", (int)head, entry, ascii, host + len);
  }
  free(name);
  free(ascii);
  return joined;
}

/* True if the host has characters that a browser converts or refuses. This includes punycode, because browsers refuse
 * punycode that decodes to nothing. */
static bool needs_idna(const char *entry) {
  for (const char *p = entry; *p != '\0'; p++)
    if ((unsigned char)*p > 127 || strncasecmp(p, "xn--", 4) == 0)
      return true;
  return false;
}

/* A wildcard for a public suffix would admit the sites of strangers. */
static const char *suffix_problem(const char *entry, const authapi_domain_names *names) {
  bool too_wide = strncmp(entry, "*.", 2) == 0 && names->is_public_suffix != NULL && names->is_public_suffix(entry + 2);
  return too_wide ? "Anybody can have a site there, because it is a public suffix: put your own name before it, as "
                    "*.NAME.SUFFIX, or list each host."
                  : NULL;
}

const char *authapi_add_domain(char domains[AUTHAPI_DOMAINS_SIZE], const char *entry,
                               const authapi_domain_names *names) {
  char *ascii = needs_idna(entry) ? entry_to_ascii(entry, names) : strdup(entry);
  if (ascii == NULL)
    return "not a host name that can be written in ASCII";
  const char *problem = authapi_domain_problem(ascii);
  size_t used = strlen(domains);
  if (problem == NULL)
    problem = suffix_problem(ascii, names);
  if (problem == NULL && used + strlen(ascii) + 2 > AUTHAPI_DOMAINS_SIZE)
    problem = "too many domains for one key";
  if (problem == NULL)
    snprintf(domains + used, AUTHAPI_DOMAINS_SIZE - used, "%s\n", ascii);
  free(ascii);
  return problem;
}
