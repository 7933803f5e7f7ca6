/* For each line "entry US origin" on standard input (US: the character 31) a character: 'x', the
 * entry is not taken; '1', it admits the origin; '0', it does not. */
#include <stdio.h>
#include <string.h>

#include "server/domains.h"
#include "server/origin.h"

int main(void) {
  static char line[4096], domains[AUTHD_DOMAINS_SIZE];
  while (fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    char *origin = strchr(line, 31);
    if (origin == NULL)
      return 1;
    *origin++ = '\0';
    domains[0] = '\0';
    if (authd_add_domain(domains, line) != NULL)
      putchar('x');
    else
      putchar(authd_origin_allowed(domains, origin) ? '1' : '0');
  }
  return 0;
}
