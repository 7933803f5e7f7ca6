/* For each line "entry US origin" on standard input (US: the character 31) prints a character: 'x' if the
 * entry is rejected, '1' if it allows the origin, '0' if it does not. */
#include <stdio.h>
#include <string.h>

#include "authapi/keys/domains.h"
#include "authapi/keys/origin_rules.h"
#include "authd/domain_names.h"

int main(void) {
  static char line[4096], domains[AUTHAPI_DOMAINS_SIZE];
  while (fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    char *origin = strchr(line, 31);
    if (origin == NULL)
      return 1;
    *origin++ = '\0';
    domains[0] = '\0';
    if (authapi_add_domain(domains, line, &authd_domain_names) != NULL)
      putchar('x');
    else
      putchar(authapi_origin_allowed(domains, origin) ? '1' : '0');
  }
  return 0;
}
