/* The list of domains of a key. People write entries; this converts them to the form that browsers send, and checks
 * them. */
#ifndef AUTHAPI_DOMAINS_H
#define AUTHAPI_DOMAINS_H

#include "authapi/store/store.h"

/* Converts a host name from UTF-8 to non-transitional punycode (UTS #46), as browsers do. The caller frees the result.
 * NULL if no browser would accept the name, or if there is no memory. Each host passes its own function: libidn2
 * natively, Node's conversion in the emulator. */
typedef char *(*authapi_to_ascii)(const char *host);

/* Appends an entry in UTF-8 to `domains`, which holds one entry per line. Returns NULL, or why the entry was rejected
 * as a sentence with the remedy. Static text. */
const char *authapi_add_domain(char domains[AUTHAPI_DOMAINS_SIZE], const char *entry, authapi_to_ascii to_ascii);

#endif
