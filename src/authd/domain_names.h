/* What inbenta-authd knows about domain names: punycode from libidn2, public suffixes from libpsl. libpsl takes its own
 * list or the system's, whichever is newer. */
#ifndef AUTHD_DOMAIN_NAMES_H
#define AUTHD_DOMAIN_NAMES_H

#include "authapi/keys/domains.h"

extern const authapi_domain_names authd_domain_names;

#endif
