/* The list of domains of a key, as people write it: brought to what browsers send, and checked. */
#ifndef AUTHAPI_DOMAINS_H
#define AUTHAPI_DOMAINS_H

#include "authapi/store/store.h"

/* A host name in UTF-8 as non-transitional punycode (UTS #46): what browsers send. The caller frees
 * it; NULL for what no browser would take, or without memory. Each host hands in its own: libidn2
 * natively, Node's conversion in the emulator. */
typedef char *(*authapi_to_ascii)(const char *host);

/* Appends an entry, in UTF-8, to a list of one a line. NULL, or why it was not taken, as a sentence
 * that says what to do: static text. */
const char *authapi_add_domain(char domains[AUTHAPI_DOMAINS_SIZE], const char *entry, authapi_to_ascii to_ascii);

#endif
