/* The list of domains of a key, as people write it: brought to what browsers send, and checked. */
#ifndef AUTHD_DOMAINS_H
#define AUTHD_DOMAINS_H

#include "server/store.h"

/* Appends an entry, in UTF-8, to a list of one a line. NULL, or why it was not taken, as a sentence
 * that says what to do: static text. */
const char *authd_add_domain(char domains[AUTHD_DOMAINS_SIZE], const char *entry);

#endif
