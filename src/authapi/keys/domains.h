/* The list of domains of a key. People write entries; this converts them to the form that browsers send, and checks
 * them. */
#ifndef AUTHAPI_DOMAINS_H
#define AUTHAPI_DOMAINS_H

#include "authapi/store/store.h"

/* What the program around the Auth API knows about domain names. */
typedef struct {
  /* Converts a host name from UTF-8 to non-transitional punycode (UTS #46), as browsers do. The caller frees the result.
   * NULL if no browser would accept the name, or if there is no memory. */
  char *(*to_ascii)(const char *host);
  /* True for a name in ASCII under which anybody can register a name, such as "co.uk" and "github.io"
   * (publicsuffix.org). NULL in the emulator, which has no list. */
  bool (*is_public_suffix)(const char *host);
} authapi_domain_names;

/* Appends an entry in UTF-8 to `domains`, which holds one entry per line. Returns NULL, or why the entry was rejected
 * as a sentence with the remedy. Static text. */
const char *authapi_add_domain(char domains[AUTHAPI_DOMAINS_SIZE], const char *entry,
                               const authapi_domain_names *names);

#endif
